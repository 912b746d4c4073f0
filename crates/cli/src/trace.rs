//! What went over the wire, message by message, as an implementer of the protocol wants to read it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use handshake::Printable;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::args::TraceLevel;
use crate::report::in_milliseconds;

/// One message, or part of one.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "message")]
pub struct Line<'a> {
    /// What the user named.
    pub target: &'a str,
    /// The peer's address.
    pub address: SocketAddr,
    /// Milliseconds since the connection was open.
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
    /// Every byte, in hex, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
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
    pub fn into_line(self, target: &str, address: SocketAddr, level: TraceLevel) -> Line<'_> {
        Line {
            target,
            address,
            at_ms: in_milliseconds(self.at),
            direction: self.direction,
            message: self.message,
            bytes: self.bytes.len(),
            fields: self.fields,
            hex: (level == TraceLevel::Hex).then(|| hex(self.bytes)),
        }
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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
        if let Some(hex) = &self.hex {
            write_dump(hex, out);
        }
    }
}

/// Sixteen bytes a line, with their offset and what is printable of them.
fn write_dump(hex: &str, out: &mut Vec<u8>) {
    for (row, digits) in hex.as_bytes().chunks(32).enumerate() {
        let pairs = digits.chunks(2).map(|pair| String::from_utf8_lossy(pair));
        let mut text = String::new();
        let _ = write!(out, "    {:04x} ", row * 16);
        for pair in pairs {
            let _ = write!(out, " {pair}");
            let byte = u8::from_str_radix(&pair, 16).unwrap_or_default();
            text.push(if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' });
        }
        let padding = 3 * (16 - digits.len() / 2);
        let _ = writeln!(out, "{:padding$}  {text}", "");
    }
}

#[cfg(test)]
mod tests {
    use super::write_dump;

    #[test]
    fn a_dump_shows_offsets_bytes_and_text() {
        let mut out = Vec::new();
        write_dump(&super::hex(b"\xf9\xbe\xb4\xd9version\0\0\0\0\0\x1b[2J"), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "    0000  f9 be b4 d9 76 65 72 73 69 6f 6e 00 00 00 00 00  ....version.....\n    \
             0010  1b 5b 32 4a                                      .[2J\n"
        );
    }
}
