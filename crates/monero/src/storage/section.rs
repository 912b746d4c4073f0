//! What a body has, once it is known to be sound.

use super::read::{self, Budget, Cursor};
use crate::error::Malformed;

/// Values by their keys, at most [`MAX_ENTRIES`](super::MAX_ENTRIES), no key twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section<'b> {
    pub(super) count: usize,
    pub(super) entries: &'b [u8],
}

/// Values of one type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Array<'b> {
    pub(super) kind: u8,
    pub(super) count: usize,
    pub(super) values: &'b [u8],
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'b> {
    /// A number of a signed type, whatever its width.
    Signed(i64),
    /// A number of an unsigned type, whatever its width.
    Unsigned(u64),
    /// A number that need not be whole.
    Double(f64),
    /// Any bytes.
    String(&'b [u8]),
    /// Yes or no.
    Bool(bool),
    /// Values by their keys.
    Section(Section<'b>),
    /// Values of one type.
    Array(Array<'b>),
}

const SOUND: &str = "all of the body was read, and is within the limits";

impl<'b> Section<'b> {
    /// Its entries, in the order of the sender.
    pub fn entries(&self) -> impl Iterator<Item = (&'b [u8], Value<'b>)> + use<'b> {
        let (mut cursor, mut budget) = (Cursor::new(self.entries), Budget::default());
        (0..self.count).map(move |_| read::entry(&mut cursor, &mut budget).expect(SOUND))
    }

    /// What the key stands for, if it is there.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Value<'b>> {
        self.entries().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| value)
    }

    /// The number that the key stands for, if it is there. As for Monero, its type may be another, if it fits.
    ///
    /// # Errors
    /// If it is no number, or does not fit.
    pub fn number<T: TryFrom<i128>>(&self, key: &'static str) -> Result<Option<T>, Malformed> {
        let number = match self.find(key) {
            None => return Ok(None),
            Some(Value::Signed(number)) => number.into(),
            Some(Value::Unsigned(number)) => number.into(),
            Some(_) => return Err(Malformed::Not(key, "a number")),
        };
        T::try_from(number).map(Some).map_err(|_| Malformed::Range(key))
    }

    /// The bytes that the key stands for, if it is there.
    ///
    /// # Errors
    /// If it is no string.
    pub fn string(&self, key: &'static str) -> Result<Option<&'b [u8]>, Malformed> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::String(bytes)) => Ok(Some(bytes)),
            Some(_) => Err(Malformed::Not(key, "a string")),
        }
    }

    /// The section that the key stands for, if it is there.
    ///
    /// # Errors
    /// If it is no section.
    pub fn section(&self, key: &'static str) -> Result<Option<Section<'b>>, Malformed> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::Section(section)) => Ok(Some(section)),
            Some(_) => Err(Malformed::Not(key, "a section")),
        }
    }

    /// The array that the key stands for, if it is there.
    ///
    /// # Errors
    /// If it is no array.
    pub fn array(&self, key: &'static str) -> Result<Option<Array<'b>>, Malformed> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::Array(array)) => Ok(Some(array)),
            Some(_) => Err(Malformed::Not(key, "an array")),
        }
    }
}

impl<'b> Array<'b> {
    /// How many values it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its values.
    pub fn values(&self) -> impl Iterator<Item = Value<'b>> + use<'b> {
        let (mut cursor, mut budget, kind) = (Cursor::new(self.values), Budget::default(), self.kind);
        (0..self.count).map(move |_| read::value(&mut cursor, &mut budget, kind).expect(SOUND))
    }
}

/// What must be there.
pub(crate) trait Required<T> {
    /// The value; an error that names the key if there is none.
    fn required(self, key: &'static str) -> Result<T, Malformed>;
}

impl<T> Required<T> for Option<T> {
    fn required(self, key: &'static str) -> Result<T, Malformed> {
        self.ok_or(Malformed::Missing(key))
    }
}
