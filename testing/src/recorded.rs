//! Recorded connections with real nodes: one JSON object per line.
//!
//! ```text
//! {"meta": {…}}                  settings of both sides; not in every transcript
//! {"dir": "in", "hex": "…"}      bytes that the node sent
//! {"dir": "out", "hex": "…"}     bytes sent to it
//! ```

use std::fs;

use handshake::read_hex;
use serde_json::Value;

/// A recorded connection.
#[derive(Debug)]
pub struct Recorded {
    /// The settings of both sides; null if the transcript has none.
    pub meta: Value,
    /// All bytes that the node sent.
    pub heard: Vec<u8>,
    /// The bytes sent to it, piece by piece.
    pub said: Vec<Vec<u8>>,
}

impl Recorded {
    /// The transcript of this name in a crate, whose folder is its `CARGO_MANIFEST_DIR`.
    ///
    /// # Panics
    /// If it is missing, or cannot be read.
    #[must_use]
    pub fn read(folder: &str, name: &str) -> Self {
        let path = format!("{folder}/tests/data/transcripts/{name}.jsonl");
        let text = fs::read_to_string(path).expect("the transcript is there");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
        let pieces = |direction: &str| -> Vec<Vec<u8>> {
            let lines = lines.iter().filter(|line| line["dir"] == direction);
            lines.map(|line| hex(line["hex"].as_str().expect("text"))).collect()
        };
        let meta = lines.first().map_or(Value::Null, |line| line["meta"].clone());
        Self { meta, heard: pieces("in").concat(), said: pieces("out") }
    }
}

/// The bytes of a hexadecimal text.
///
/// # Panics
/// If it is not hexadecimal.
#[must_use]
pub fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.flat_map(|pair| read_hex::<1>(pair).expect("two hexadecimal digits a byte")).collect()
}
