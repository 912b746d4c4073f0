//! Messages on the wire, for people and as JSON.

use std::io::Write as _;

use handshake::Hex;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::write_json;
use crate::args::TraceLevel;
use probe::destination::Destination;
use probe::report::{Text, in_milliseconds};
use probe::stamp::Stamp;
use probe::trace::{Direction, Entry, Fields, Line};

/// A message. The JSON form is stable: fields are added, never renamed.
#[derive(Serialize)]
#[serde(tag = "type", rename = "message")]
struct Message<'a> {
    started: Stamp,
    target: &'a str,
    address: &'a Destination,
    at_ms: f64,
    direction: &'static str,
    message: &'a str,
    bytes: usize,
    #[serde(serialize_with = "as_map")]
    fields: &'a Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Text<Hex<'a>>>,
}

fn as_map<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
}

/// One object, with the bytes at that trace level.
pub fn write_object(out: &mut Vec<u8>, line: &Line<'_>, level: Option<TraceLevel>) {
    let Line { started, target, address, entry: Entry { at, direction, message, fields, bytes } } = line;
    let message = Message {
        started: *started,
        target,
        address,
        at_ms: in_milliseconds(*at),
        direction: direction.name(),
        message,
        bytes: bytes.len(),
        fields,
        hex: (level == Some(TraceLevel::Hex)).then_some(Text(Hex(bytes))),
    };
    write_json(out, &message);
}

/// For people: one line, and the bytes below it at that trace level.
pub fn write_human(out: &mut Vec<u8>, line: &Line<'_>, level: Option<TraceLevel>) {
    let Line { address, entry: Entry { at, direction, message, fields, bytes }, .. } = line;
    let arrow = match direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    };
    let at_ms = in_milliseconds(*at);
    let _ = write!(out, "{address} {at_ms:>9.3} ms {arrow} {message:<12} {:>5} B", bytes.len());
    for (name, value) in fields {
        let _ = match value {
            Value::String(text) if !text.contains(' ') && !text.is_empty() => write!(out, "  {name} {text}"),
            value => write!(out, "  {name} {value}"),
        };
    }
    out.push(b'\n');
    if level == Some(TraceLevel::Hex) {
        write_dump(bytes, out);
    }
}

/// A hex dump: sixteen bytes per line, with the offset and the printable characters.
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
