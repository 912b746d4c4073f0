//! What went over the wire, message by message, as an implementer of the protocol wants to read it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Hex, Printable};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::args::TraceLevel;
use crate::calendar::Stamp;
use crate::report::{Text, in_milliseconds};

/// One message, or part of one.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "message")]
pub struct Line<'a> {
    /// When the connection was open.
    pub started: Stamp,
    /// What the user named.
    pub target: &'a str,
    /// The peer's address.
    pub address: SocketAddr,
    /// Milliseconds since then.
    pub at_ms: f64,
    /// Who sent it.
    pub direction: Direction,
    /// Its name.
    pub message: String,
    /// Its length on the wire.
    pub bytes: usize,
    /// What it says.
    #[serde(serialize_with = "as_map")]
    pub fields: Fields,
    /// Every byte, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<Text<Hex<'a>>>,
}

/// What a message says: names and values, in the order of the wire.
pub type Fields = Vec<(&'static str, Value)>;

fn as_map<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// We.
    Sent,
    /// The peer.
    Received,
}

/// What makes up a line, before it is known whose it is.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Since the connection was open.
    pub at: Duration,
    /// Who sent it.
    pub direction: Direction,
    /// Its name.
    pub message: String,
    /// What it says.
    pub fields: Fields,
    /// The bytes it consists of.
    pub bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// What came and belongs to no message that could be read.
    pub fn unread(bytes: &'a [u8], at: Duration) -> Self {
        let shown = &bytes[..bytes.len().min(64)];
        Self {
            at,
            direction: Direction::Received,
            message: "(unread)".to_owned(),
            fields: vec![("starts_with", Printable(shown).to_string().into())],
            bytes,
        }
    }

    /// The line, as much of it as was asked for.
    pub fn into_line(self, (target, address): (&'a str, SocketAddr), started: Stamp, level: TraceLevel) -> Line<'a> {
        Line {
            started,
            target,
            address,
            at_ms: in_milliseconds(self.at),
            direction: self.direction,
            message: self.message,
            bytes: self.bytes.len(),
            fields: self.fields,
            hex: (level == TraceLevel::Hex).then_some(Text(Hex(self.bytes))),
        }
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

impl Line<'_> {
    /// For people: one line, and the bytes below it.
    pub fn write_human(&self, out: &mut Vec<u8>) {
        let arrow = match self.direction {
            Direction::Sent => "->",
            Direction::Received => "<-",
        };
        let _ = write!(out, "{} {:>9.3} ms {arrow} {:<12} {:>5} B", self.address, self.at_ms, self.message, self.bytes);
        for (name, value) in &self.fields {
            let _ = match value {
                Value::String(text) if !text.contains(' ') && !text.is_empty() => write!(out, "  {name} {text}"),
                value => write!(out, "  {name} {value}"),
            };
        }
        out.push(b'\n');
        if let Some(Text(Hex(bytes))) = self.hex {
            write_dump(bytes, out);
        }
    }
}

/// Sixteen bytes a line, with their offset and what is printable of them.
fn write_dump(bytes: &[u8], out: &mut Vec<u8>) {
    for (row, bytes) in bytes.chunks(16).enumerate() {
        let _ = write!(out, "    {:04x} ", row * 16);
        for byte in bytes {
            let _ = write!(out, " {byte:02x}");
        }
        let padding = 3 * (16 - bytes.len());
        let _ = write!(out, "{:padding$}  ", "");
        out.extend(bytes.iter().map(|byte| if (b' '..=b'~').contains(byte) { *byte } else { b'.' }));
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::write_dump;

    #[test]
    fn a_dump_shows_offsets_bytes_and_text() {
        let mut out = Vec::new();
        write_dump(b"\xf9\xbe\xb4\xd9version\0\0\0\0\0\x1b[2J", &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "    0000  f9 be b4 d9 76 65 72 73 69 6f 6e 00 00 00 00 00  ....version.....\n    \
             0010  1b 5b 32 4a                                      .[2J\n"
        );
    }
}
