//! The export of bitnodes as a JSON schema, and an independent reader of it.

use boon::{Compiler, Schemas};
use serde_json::Value;

/// The fault of an export, if it has one.
pub fn fault_of(export: &Value) -> Option<String> {
    const NAME: &str = "bitnodes.schema.json";
    let schema = serde_json::from_str(include_str!("../data/bitnodes.schema.json")).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource(NAME, schema).unwrap();
    let schema = compiler.compile(NAME, &mut schemas).unwrap();
    schemas.validate(export, schema).err().map(|error| format!("{error:#}"))
}
