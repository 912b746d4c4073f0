//! What bitnodes exports, as a JSON schema says it, and an independent reader of that.

use boon::{Compiler, Schemas};
use serde_json::Value;

/// What is wrong with a whole export.
pub fn fault_of(export: &Value) -> Option<String> {
    const NAME: &str = "bitnodes.schema.json";
    let schema = serde_json::from_str(include_str!("../data/bitnodes.schema.json")).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource(NAME, schema).unwrap();
    let schema = compiler.compile(NAME, &mut schemas).unwrap();
    schemas.validate(export, schema).err().map(|error| format!("{error:#}"))
}
