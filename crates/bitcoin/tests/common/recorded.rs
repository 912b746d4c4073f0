//! Recorded sessions with real nodes: see `data/transcripts/README.md`.

use std::fs;

use serde_json::Value;
use testing::Recorded;

/// The bytes that the node sent, and those sent to it.
pub(crate) fn recorded(file: &str) -> Recorded {
    Recorded::read(env!("CARGO_MANIFEST_DIR"), file)
}

/// The keys of an encrypted session, and its plaintext.
pub(crate) fn keys(file: &str) -> Value {
    let path = format!("{}/tests/data/transcripts/{file}.keys.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("the keys are there")).expect("one object")
}

/// The bytes of a hexadecimal text.
pub(crate) fn hex(digits: &Value) -> Vec<u8> {
    testing::hex(digits.as_str().expect("text"))
}
