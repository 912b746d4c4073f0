//! The values of a valid body.

use handshake::Fields;

use super::read::{self, Walk};
use crate::error::Malformed;

/// Values by key, at most [`MAX_ENTRIES`](super::MAX_ENTRIES), without duplicate keys.
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
    /// A signed integer of any width.
    Signed(i64),
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// A floating-point number.
    Double(f64),
    /// Any bytes.
    String(&'b [u8]),
    /// A boolean.
    Bool(bool),
    /// Values by key.
    Section(Section<'b>),
    /// Values of one type.
    Array(Array<'b>),
}

/// The value of a key, if it is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'b> {
    key: &'static str,
    value: Option<Value<'b>>,
}

const SOUND: &str = "all of the body was read, and is within the limits";

impl<'b> Section<'b> {
    /// Its entries, in the sender's order.
    pub fn entries(&self) -> impl Iterator<Item = (&'b [u8], Value<'b>)> + use<'b> {
        let mut body = Fields::new(self.entries);
        (0..self.count).map(move |_| read::entry(&mut body, &mut Walk::Again).expect(SOUND))
    }

    /// The value of the key, if it is there.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Value<'b>> {
        self.entries().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| value)
    }

    /// The field of one key.
    #[must_use]
    pub fn field(&self, key: &'static str) -> Field<'b> {
        Field { key, value: self.find(key) }
    }

    /// The fields of these keys, found in one pass over the section.
    #[must_use]
    pub fn fields<const N: usize>(&self, keys: [&'static str; N]) -> [Field<'b>; N] {
        let mut fields = keys.map(|key| Field { key, value: None });
        for (name, value) in self.entries() {
            if let Some(field) = fields.iter_mut().find(|field| field.key.as_bytes() == name) {
                field.value = Some(value);
            }
        }
        fields
    }
}

impl<'b> Field<'b> {
    /// The number, if there is one. As in Monero, its type may differ, if the value fits.
    ///
    /// # Errors
    /// If it is not a number, or does not fit.
    pub fn number<T: TryFrom<i128>>(self) -> Result<Option<T>, Malformed> {
        let number = match self.value {
            None => return Ok(None),
            Some(Value::Signed(number)) => number.into(),
            Some(Value::Unsigned(number)) => number.into(),
            Some(_) => return Err(Malformed::Not(self.key, "a number")),
        };
        T::try_from(number).map(Some).map_err(|_| Malformed::Range(self.key))
    }

    /// The bytes, if there are any.
    ///
    /// # Errors
    /// If it is not a string.
    pub fn string(self) -> Result<Option<&'b [u8]>, Malformed> {
        match self.value {
            None => Ok(None),
            Some(Value::String(bytes)) => Ok(Some(bytes)),
            Some(_) => Err(Malformed::Not(self.key, "a string")),
        }
    }

    /// The section, if there is one.
    ///
    /// # Errors
    /// If it is not a section.
    pub fn section(self) -> Result<Option<Section<'b>>, Malformed> {
        match self.value {
            None => Ok(None),
            Some(Value::Section(section)) => Ok(Some(section)),
            Some(_) => Err(Malformed::Not(self.key, "a section")),
        }
    }

    /// The array, if there is one.
    ///
    /// # Errors
    /// If it is not an array.
    pub fn array(self) -> Result<Option<Array<'b>>, Malformed> {
        match self.value {
            None => Ok(None),
            Some(Value::Array(array)) => Ok(Some(array)),
            Some(_) => Err(Malformed::Not(self.key, "an array")),
        }
    }

    /// The result of `read`, for a field that must be there.
    ///
    /// # Errors
    /// If it is missing; and the errors of `read`.
    pub(crate) fn required<T>(self, read: impl FnOnce(Self) -> Result<Option<T>, Malformed>) -> Result<T, Malformed> {
        read(self)?.ok_or(Malformed::Missing(self.key))
    }
}

impl<'b> Array<'b> {
    /// The number of its values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its values.
    pub fn values(&self) -> impl Iterator<Item = Value<'b>> + use<'b> {
        let (mut body, kind) = (Fields::new(self.values), self.kind);
        (0..self.count).map(move |_| read::value(&mut body, &mut Walk::Again, kind).expect(SOUND))
    }
}
