//! Text from a peer, made fit to print.

use core::fmt::{self, Write as _};

/// Bytes that a peer chose, for a terminal, a log or a report.
///
/// Printable ASCII stands for itself, a backslash is doubled, and every other byte is shown as `\xNN`. So nothing a
/// peer says can move a cursor, start a line, reverse the reading order or pass for something else, and no byte of
/// it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b'\\' => f.write_str("\\\\")?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Printable;

    #[test]
    fn nothing_but_printable_ascii_comes_out() {
        assert_eq!(Printable(b"/Satoshi:27.0.0(\"x\")/").to_string(), "/Satoshi:27.0.0(\"x\")/");
        assert_eq!(Printable(b"a\x1b[2J\nb\\ \xff\xc3\xa9").to_string(), "a\\x1b[2J\\x0ab\\\\ \\xff\\xc3\\xa9");
        let every: [u8; 256] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        assert!(Printable(&every).to_string().bytes().all(|b| (b' '..=b'~').contains(&b)));
    }
}
