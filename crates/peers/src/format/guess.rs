//! Detects the format of a file from its start.

use crate::format::Format;

impl Format {
    /// The format of a file with this start. If it looks like none of the others, it is a list.
    #[must_use]
    pub fn guess(start: &[u8]) -> Self {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        match start {
            [b'{', ..] if has_object(start, b"\"nodes\"") => Self::Bitnodes,
            [b'{', rest @ ..] if has_object(rest.trim_ascii_start(), b"\"new\"") => Self::Rpc,
            [b'{', ..] => Self::JsonLines,
            // The bracket of an address is followed by hex digits.
            [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'{', ..]) => Self::Rpc,
            [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'[' | b']' | b'"', ..]) => Self::Bitnodes,
            _ => start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find_map(of_line).unwrap_or(Self::List),
        }
    }
}

/// Whether an object of this name begins anywhere in `start`.
fn has_object(start: &[u8], name: &[u8]) -> bool {
    let mut rest = start;
    while let Some(at) = rest.windows(name.len()).position(|window| window == name) {
        rest = &rest[at + name.len()..];
        let value = rest.trim_ascii_start().strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        if value.starts_with(b"{") {
            return true;
        }
    }
    false
}

/// The format that a line shows, if it shows one.
fn of_line(line: &[u8]) -> Option<Format> {
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    match line {
        [] => None,
        [b'#', ..] => line.ends_with(b"svcs  version").then_some(Format::Dnsseed),
        _ if line.contains(&b'%') && words.count() >= 11 => Some(Format::Dnsseed),
        // A header with a column of this name.
        _ if line.split(|byte| *byte == b',').any(|column| column == b"address") => Some(Format::Csv),
        _ => Some(Format::List),
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format;

    #[test]
    fn a_file_is_known_by_its_beginning() {
        for (start, format) in [
            ("", Format::List),
            ("# seeds\n\n1.2.3.4:8333 # AS1, 99%\n", Format::List),
            ("[2a00::1]:8333\n", Format::List),
            ("seed.example\n", Format::List),
            ("{\"address\":", Format::JsonLines),
            ("\u{feff}{\"address\":", Format::JsonLines),
            ("services,address\r\n", Format::Csv),
            ("address\n", Format::Csv),
            ("[\n[\"1.2.3.4\",", Format::Bitnodes),
            ("[[\"1.2.3.4\",", Format::Bitnodes),
            ("[]\n", Format::Bitnodes),
            ("{\"timestamp\":1,\n \"nodes\" : {\"1.2.3.4:8333\":[", Format::Bitnodes),
            ("{\"address\":\"1.2.3.4:1\",\"nodes\":7}", Format::JsonLines),
            ("[\n  {\n    \"time\": 1,", Format::Rpc),
            ("{\n  \"new\": {\n", Format::Rpc),
            ("[\"1.2.3.4:8333\"]", Format::Bitnodes),
            ("- 1.2.3.4:8333\n", Format::List),
            (
                "# address   good  lastSuccess  %(2h)  %(8h)  %(1d)  %(7d)  %(30d)  blocks  svcs  version\n",
                Format::Dnsseed,
            ),
            ("# made today\n1.2.3.4:1 1 1700000000 1% 1% 1% 1% 1% 9 9 70016 \"/a/\"\n", Format::Dnsseed),
        ] {
            assert_eq!(Format::guess(start.as_bytes()), format, "{start:?}");
        }
    }

    #[test]
    fn what_is_written_is_recognised() {
        let standard = crate::Standard { port: 1, version: 1, height: 1, routable: |_| true };
        for (name, format) in Format::ALL {
            let mut file = Vec::new();
            let mut exporter = crate::Exporter::new(format, standard, &mut file);
            let peer = crate::Peer::new("bitcoin".into(), "[2a00::1]:1".parse().unwrap(), crate::Time(1));
            exporter.write(&peer).unwrap();
            exporter.finish().unwrap();
            assert_eq!(Format::guess(&file), format, "{name}");
        }
    }
}
