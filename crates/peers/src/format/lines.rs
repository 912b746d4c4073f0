//! Lines of any bytes, each with its number and of a limited length.

use std::io::{self, BufRead, Read};

/// Bytes of a line, at most. Our lines have at most about 18,000: an introduction of 16 KiB, and a user agent of 256 bytes,
/// each escaped twice.
const MAX_LINE_LEN: u64 = 64 * 1024;

/// Editors and spreadsheets may put it at the start of a text. (UTF-8)
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file, from 1, without line ends and byte order mark. A line that is too long is `None`.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    line: u64,
    is_over: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0, is_over: false }
    }

    fn read(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        (&mut self.input).take(MAX_LINE_LEN).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE_LEN {
            self.input.skip_until(b'\n')?;
            return Ok(Some(None));
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if self.line == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Some(Some(line)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = (u64, io::Result<Option<Vec<u8>>>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.line += 1;
        let line = self.read().transpose();
        // After an error nothing is certain.
        self.is_over = !matches!(line, Some(Ok(_)));
        line.map(|line| (self.line, line))
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_counted() {
        let text = [b"\xef\xbb\xbfa\r\n".as_slice(), &[b'b'; 70_000], b"\n\nc"].concat();
        let lines: Vec<_> = Lines::new(text.as_slice()).map(|(line, bytes)| (line, bytes.unwrap())).collect();
        let of = |bytes: &[u8]| Some(bytes.to_vec());
        assert_eq!(lines, [(1, of(b"a")), (2, None), (3, of(b"")), (4, of(b"c"))]);
    }
}
