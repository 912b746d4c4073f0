//! Recorded sessions with real nodes: see `data/transcripts/README.md`.

use std::fs;

use serde_json::Value;

/// What the node sent, `in`, or got, `out`.
pub(crate) fn recorded(file: &str, direction: &str) -> Vec<u8> {
    let lines = read(&format!("{file}.jsonl"));
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("one object a line"));
    lines.filter(|line| line["dir"] == direction).flat_map(|line| hex(&line["hex"])).collect()
}

/// The keys of an encrypted session, and what was said in it.
pub(crate) fn keys(file: &str) -> Value {
    serde_json::from_str(&read(&format!("{file}.keys.json"))).expect("one object")
}

fn read(file: &str) -> String {
    let path = format!("{}/tests/data/transcripts/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).expect("the transcript is there")
}

/// The bytes of a text of hexadecimal digits.
pub(crate) fn hex(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().expect("text");
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}
