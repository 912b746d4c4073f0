//! External text, in a form that no file format, terminal or spreadsheet misreads.

use std::fmt;

use handshake::Printable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a text before escaping, at most: the length of a user agent. (Core: net.h MAX_SUBVERSION_LENGTH)
pub const MAX_TEXT_LEN: usize = 256;

/// A user agent, a reason, a source: at most [`MAX_TEXT_LEN`] bytes that another program chose.
///
/// It is stored as [`Printable`] shows it, in printable ASCII only, so it is the same text in the database, in every
/// file and on the screen. No byte is lost: [`EscapedText::to_bytes`] converts it back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EscapedText(Box<str>);

impl EscapedText {
    /// The text of these bytes. Bytes after the first [`MAX_TEXT_LEN`] are cut off.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(MAX_TEXT_LEN)];
        Self(Printable(bytes).to_string().into())
    }

    /// Parses an escaped text; `None` if it has more than [`MAX_TEXT_LEN`] bytes.
    ///
    /// `\\` and `\xNN` are escapes. Any other backslash stands for itself, since files of other programs have no
    /// escapes, and so does any byte that is not ASCII.
    #[must_use]
    pub fn read(shown: &[u8]) -> Option<Self> {
        let bytes = unescape(shown);
        (bytes.len() <= MAX_TEXT_LEN).then(|| Self::of(&bytes))
    }

    /// The same for a text that may be longer, such as one from another database; the rest is cut off.
    #[must_use]
    pub fn read_cut(shown: &[u8]) -> Self {
        Self::of(&unescape(shown))
    }

    /// The escaped form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The original bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        unescape(self.0.as_bytes())
    }
}

/// Makes a [`EscapedText`] text safe for a spreadsheet, which runs a cell that begins with `=`, `+`, `-` or `@` as a formula.
/// The first character becomes an escape, so the text stays the same. (OWASP: CSV Injection)
pub fn disarm(shown: &mut String) {
    if let Some(first @ (b'=' | b'+' | b'-' | b'@')) = shown.bytes().next() {
        shown.replace_range(..1, &format!("\\x{first:02x}"));
    }
}

/// Reverts the escapes of [`Printable`].
fn unescape(mut shown: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    while let Some((&first, mut rest)) = shown.split_first() {
        let mut byte = first;
        match (first, rest) {
            (b'\\', [b'\\', after @ ..]) => rest = after,
            (b'\\', [b'x', high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) {
                    (byte, rest) = (high << 4 | low, after);
                }
            }
            _ => {}
        }
        bytes.push(byte);
        shown = rest;
    }
    bytes
}

fn nibble(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

impl From<&str> for EscapedText {
    fn from(text: &str) -> Self {
        Self::of(text.as_bytes())
    }
}

impl fmt::Display for EscapedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for EscapedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Serialize for EscapedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EscapedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shown = String::deserialize(deserializer)?;
        Self::read(shown.as_bytes())
            .ok_or_else(|| serde::de::Error::custom(format_args!("a text of more than {MAX_TEXT_LEN} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{EscapedText, MAX_TEXT_LEN, disarm};

    proptest! {
        #[test]
        fn every_byte_comes_back(bytes in vec(any::<u8>(), 0..=MAX_TEXT_LEN)) {
            let text = EscapedText::of(&bytes);
            prop_assert!(text.as_str().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(text.to_bytes(), bytes);
            prop_assert_eq!(EscapedText::read(text.as_str().as_bytes()), Some(text));
        }
    }

    #[test]
    fn a_formula_is_disarmed_and_the_same_text() {
        for (text, disarmed) in [("=1+1", r"\x3d1+1"), ("@a", r"\x40a"), ("/a=b/", "/a=b/"), ("", "")] {
            let mut shown = text.to_owned();
            disarm(&mut shown);
            assert_eq!(shown, disarmed);
            assert_eq!(EscapedText::read(shown.as_bytes()), Some(text.into()));
        }
    }

    #[test]
    fn a_text_is_bounded() {
        assert_eq!(EscapedText::of(&[b'a'; 300]).as_str().len(), MAX_TEXT_LEN);
        assert_eq!(EscapedText::read(&[b'a'; 300]), None);
        assert!(EscapedText::read(EscapedText::of(&[0; 300]).as_str().as_bytes()).is_some());
    }

    #[test]
    fn a_backslash_of_another_program_stands_for_itself() {
        assert_eq!(EscapedText::read(br"/a\b\xzz\/").unwrap().to_bytes(), br"/a\b\xzz\/");
        assert_eq!(EscapedText::read("/é/".as_bytes()).unwrap().as_str(), r"/\xc3\xa9/");
    }
}
