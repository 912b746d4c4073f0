//! A peer's introduction as its protocol told it: one JSON object.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Bytes of an introduction, at most. Those of Bitcoin have some 400, and a libp2p node with many protocols and
/// addresses some 4,000. A longer one is not kept, so that no peer fills the disk.
pub const MAX_INTRODUCTION_LEN: usize = 16 * 1024;

/// A peer's introduction, whole, as the program reports it: a JSON object on one line, in printable ASCII.
#[derive(Clone)]
pub struct Introduction(Box<RawValue>);

impl Introduction {
    /// The introduction in this JSON; `None` if it is not one object in printable ASCII, or is longer than
    /// [`MAX_INTRODUCTION_LEN`].
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        let is_plain = json.len() <= MAX_INTRODUCTION_LEN && json.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let is_object = json.starts_with('{');
        (is_plain && is_object).then(|| RawValue::from_string(json.to_owned()).ok().map(Self))?
    }

    /// The object.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Introduction {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Introduction {}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As the object that it is.
impl Serialize for Introduction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Introduction, MAX_INTRODUCTION_LEN};

    #[test]
    fn only_one_short_plain_object_is_an_introduction() {
        let whole = r#"{"height":18446744073709551615,"user_agent":"/x\\x1b/","list":[1,{}]}"#;
        let read = Introduction::read(whole).unwrap();
        assert_eq!((read.as_str(), serde_json::to_string(&read).unwrap().as_str()), (whole, whole));
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_INTRODUCTION_LEN));
        for bad in ["", "7", "[]", "null", "{}{}", "{\"a\":1", "{\n}", "{\"a\":\"\u{7f}\"}", "{\"a\":\"é\"}", &long] {
            assert_eq!(Introduction::read(bad), None, "{bad}");
        }
    }
}
