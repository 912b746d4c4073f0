//! Rows of a JSON file, one after the other, in memory that does not grow with the file.
//!
//! ```text
//! [ ["1.2.3.4", 8333, …], {"address": …, "port": …}, "1.2.3.4:8333" ]           rows in an array
//! { "timestamp": …, "nodes": { "1.2.3.4:8333": [70016, …], … } }                 rows by name, in an object in an object
//! ```
//! A row holds only plain values. So a bracket within a row, or a line end within a text, shows that the row was
//! truncated. The rows after it are read, and no byte is read twice.

use std::io::{self, BufRead};

/// Bytes of a row, at most. All formats need at most about 2000: a user agent of 256 bytes, each escaped.
pub(super) const MAX_ROW_LEN: usize = 64 * 1024;

/// The content at a place where a row may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// An array or an object, with its raw text, and its name if it has one.
    Values { name: Option<Vec<u8>>, json: Vec<u8> },
    /// A text, raw, with its quotes.
    Text(Vec<u8>),
    /// Something else: truncated, too long, or not JSON.
    Bad,
}

/// The rows of a file, each with the number of the line where it begins.
#[derive(Debug)]
pub(super) struct Rows<R> {
    input: R,
    reading: Reading,
    is_over: bool,
}

/// The state of reading.
#[derive(Debug)]
struct Reading {
    line: u64,
    /// The depth of rows: 1 in an array, 2 in an object. Known after the first bracket.
    rows_at: u32,
    depth: u32,
    part: Part,
    /// The line where that part begins.
    begun: u64,
    bytes: Vec<u8>,
    in_text: bool,
    is_escaped: bool,
    name: Option<Vec<u8>>,
}

/// The part that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Bytes between rows.
    Between,
    /// A text between rows: a row, or the name of one.
    Text,
    /// A number or a word between rows.
    Word,
    /// A row.
    Row,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(input: R) -> Self {
        let reading = Reading {
            line: 1,
            rows_at: 0,
            depth: 0,
            part: Part::Between,
            begun: 1,
            bytes: Vec::new(),
            in_text: false,
            is_escaped: false,
            name: None,
        };
        Self { input, reading, is_over: false }
    }

    /// Reads up to the end of the next row.
    fn read(&mut self) -> io::Result<Option<(u64, Row)>> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                self.is_over = true;
                // A file that ends within a row was truncated.
                let Reading { part, begun, .. } = self.reading;
                return Ok((part == Part::Row).then_some((begun, Row::Bad)));
            }
            let found = chunk.iter().enumerate().find_map(|(at, byte)| Some((at + 1, self.reading.take(*byte)?)));
            let (taken, row) = found.map_or((chunk.len(), None), |(taken, row)| (taken, Some(row)));
            self.input.consume(taken);
            if row.is_some() {
                return Ok(row);
            }
        }
    }
}

impl Reading {
    /// Takes the next byte. Returns the row that it ends, if any.
    fn take(&mut self, byte: u8) -> Option<(u64, Row)> {
        let line = self.line;
        self.line += u64::from(byte == b'\n');
        if self.in_text {
            return self.take_of_text(byte);
        }
        let ended = match (self.part, byte) {
            (Part::Word, b',' | b']' | b'}' | b'\n') => self.end_word(),
            _ => None,
        };
        match byte {
            b'"' => {
                self.in_text = true;
                if self.part == Part::Between {
                    self.begin(Part::Text, line);
                }
                self.push(byte);
            }
            b'[' | b'{' if self.part == Part::Row => {
                let cut = (self.begun, Row::Bad);
                self.name = None;
                self.begin(Part::Row, line);
                self.push(byte);
                return Some(cut);
            }
            b'[' | b'{' if self.rows_at > 0 && self.depth >= self.rows_at => {
                self.begin(Part::Row, line);
                self.push(byte);
            }
            b'[' | b'{' => {
                if self.rows_at == 0 {
                    self.rows_at = if byte == b'[' { 1 } else { 2 };
                }
                self.depth += 1;
                self.name = None;
            }
            b']' | b'}' if self.part == Part::Row => {
                self.push(byte);
                return Some(self.end_row());
            }
            // An array holds rows to the end of the file; an extra bracket comes from a truncated row.
            b'}' if self.rows_at == 2 => self.depth = self.depth.saturating_sub(1).max(1),
            b']' | b'}' => {}
            b',' if self.part != Part::Row => self.name = None,
            b':' if self.part != Part::Row => {}
            _ if byte.is_ascii_whitespace() && self.part != Part::Row => {}
            // The byte order mark at the start.
            _ if self.depth == 0 => {}
            _ => {
                if self.part == Part::Between {
                    self.begin(Part::Word, line);
                }
                self.push(byte);
            }
        }
        ended
    }

    fn take_of_text(&mut self, byte: u8) -> Option<(u64, Row)> {
        if byte == b'\n' {
            // A valid text contains no line end.
            self.in_text = false;
            self.is_escaped = false;
            self.part = Part::Between;
            self.name = None;
            return Some((self.begun, Row::Bad));
        }
        self.push(byte);
        if byte != b'"' || self.is_escaped {
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return None;
        }
        self.in_text = false;
        if self.part != Part::Text {
            return None;
        }
        self.part = Part::Between;
        let text = self.whole();
        // In an object, the text is a name, or a value that is not needed.
        if self.rows_at == 1 {
            return Some((self.begun, text.map_or(Row::Bad, Row::Text)));
        }
        self.name = text;
        None
    }

    fn end_word(&mut self) -> Option<(u64, Row)> {
        self.part = Part::Between;
        (self.depth >= self.rows_at).then_some((self.begun, Row::Bad))
    }

    fn end_row(&mut self) -> (u64, Row) {
        self.part = Part::Between;
        let name = self.name.take();
        let row = self.whole().map_or(Row::Bad, |json| Row::Values { name, json });
        (self.begun, row)
    }

    fn begin(&mut self, part: Part, line: u64) {
        self.part = part;
        self.begun = line;
        self.bytes.clear();
    }

    /// Keeps one byte more than allowed, to detect that the row is too long.
    fn push(&mut self, byte: u8) {
        if self.bytes.len() <= MAX_ROW_LEN {
            self.bytes.push(byte);
        }
    }

    fn whole(&mut self) -> Option<Vec<u8>> {
        (self.bytes.len() <= MAX_ROW_LEN).then(|| self.bytes.clone())
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = io::Result<(u64, Row)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let row = self.read();
        // After an error nothing is certain.
        self.is_over |= row.is_err();
        row.transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use proptest::sample::select;

    use super::{MAX_ROW_LEN, Row, Rows};

    /// Each row as text; `!` is a bad row.
    fn rows(file: &[u8]) -> Vec<(u64, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let shown = |row| match row {
            Row::Values { name: None, json } => text(json),
            Row::Values { name: Some(name), json } => format!("{}:{}", text(name), text(json)),
            Row::Text(json) => text(json),
            Row::Bad => "!".to_owned(),
        };
        Rows::new(file).map(|row| row.unwrap()).map(|(line, row)| (line, shown(row))).collect()
    }

    fn on_lines(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|(line, row)| (*line, (*row).to_owned())).collect()
    }

    #[test]
    fn rows_of_an_array_are_found_in_any_layout() {
        assert_eq!(rows(b"[[1,2],[\"a]\\\"[\",3]]"), on_lines(&[(1, "[1,2]"), (1, "[\"a]\\\"[\",3]")]));
        assert_eq!(
            rows(b"\xef\xbb\xbf[\n{\"a\":1},\n\"b\"\n,3\n]\n"),
            on_lines(&[(2, "{\"a\":1}"), (3, "\"b\""), (4, "!")])
        );
        assert_eq!(rows(b"[\n  [\n    1,\n    2\n  ]\n]"), on_lines(&[(2, "[\n    1,\n    2\n  ]")]));
        assert_eq!(rows(b"[]"), []);
        assert_eq!(rows(b""), []);
    }

    #[test]
    fn rows_of_an_object_have_names() {
        let file = b"{\"timestamp\":1,\"x\":\"y\",\"nodes\":{\"a\":[1],\n\"b\":[2,\"c\"]},\"z\":{\"q\":{\"w\":3}}}";
        assert_eq!(rows(file), on_lines(&[(1, "\"a\":[1]"), (2, "\"b\":[2,\"c\"]"), (2, "\"q\":{\"w\":3}")]));
    }

    #[test]
    fn a_bad_row_spoils_no_other() {
        assert_eq!(rows(b"[[1,[2],3],[4]]"), on_lines(&[(1, "!"), (1, "[2]"), (1, "!"), (1, "[4]")]));
        assert_eq!(rows(b"[\n[1,\n[2],\n[\"x\n[3]\n"), on_lines(&[(2, "!"), (3, "[2]"), (4, "!"), (5, "[3]")]));
        assert_eq!(rows(b"[[1],[2"), on_lines(&[(1, "[1]"), (1, "!")]));
        assert_eq!(rows(b"{\"n\":{\"a\":[1,[2]],\"b\":[3]}}"), on_lines(&[(1, "!"), (1, "[2]"), (1, "\"b\":[3]")]));
    }

    #[test]
    fn a_row_that_is_too_long_is_skipped() {
        let long = format!("[[{}],\n[2]]", "1,".repeat(MAX_ROW_LEN));
        assert_eq!(rows(long.as_bytes()), on_lines(&[(1, "!"), (2, "[2]")]));
        let name = format!("{{\"n\":{{\"{}\":[1]}}}}", "a".repeat(MAX_ROW_LEN));
        assert_eq!(rows(name.as_bytes()), on_lines(&[(1, "[1]")]));
    }

    proptest! {
        #[test]
        fn any_file_is_read_to_its_end_however_it_is_cut(
            file in vec(select(&b"[]{}\":,\\\n 1a"[..]), 0..200),
            size in 1..50usize,
        ) {
            let whole: Vec<_> = Rows::new(&file[..]).map(|row| row.unwrap()).collect();
            let cut: Vec<_> = Rows::new(BufReader::with_capacity(size, &file[..])).map(|row| row.unwrap()).collect();
            prop_assert_eq!(&whole, &cut);
            prop_assert!(whole.len() <= file.len() + 1);
        }

        #[test]
        fn no_bytes_make_it_panic(file in vec(any::<u8>(), 0..300)) {
            prop_assert!(Rows::new(&file[..]).count() <= file.len() + 1);
        }
    }
}
