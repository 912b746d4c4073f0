//! Text from a peer, made safe to print.

use alloc::boxed::Box;
use core::fmt;

/// Bytes that a peer chose, for a terminal, a log or a report.
///
/// Printable ASCII is shown as it is, a backslash is doubled, and every other byte is shown as `\xNN`. So no text of a
/// peer can move a cursor, start a line, reverse the reading order or imitate other text, and no byte is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
        // Almost no text needs an escape.
        if self.0.iter().all(plain) {
            return f.write_str(str::from_utf8(self.0).expect("printable ASCII is UTF-8"));
        }
        for run in self.0.chunk_by(|a, b| plain(a) && plain(b)) {
            match run {
                [b'\\'] => f.write_str("\\\\")?,
                [byte] if !plain(byte) => write!(f, "\\x{byte:02x}")?,
                _ => f.write_str(str::from_utf8(run).expect("printable ASCII is UTF-8"))?,
            }
        }
        Ok(())
    }
}

/// Text that a peer chose, stored: any bytes, shown with [`Printable`]. At most as long as the message that carried it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Box<[u8]>);

impl Text {
    /// The bytes as they were sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
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
