//! The walk through a body: what is there, and whether it may be.

use super::{Array, MAX_DEPTH, MAX_ENTRIES, MAX_SECTIONS, MAX_STRINGS, Section, Value, kind};
use crate::error::{Limit, Malformed};

/// Where in a body we are.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'b> {
    rest: &'b [u8],
}

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    fn bytes(&mut self, len: usize, what: &'static str) -> Result<&'b [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Malformed::EndsIn(what))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed::EndsIn(what))?;
        self.rest = rest;
        Ok(*head)
    }

    /// A count of what is to come, each of at least `least` bytes: there cannot be more than fit into what is left. It
    /// need not be in its shortest form.
    pub(super) fn count(&mut self, least: usize, what: &'static str) -> Result<usize, Malformed> {
        let first = *self.rest.first().ok_or(Malformed::EndsIn(what))?;
        let value = match first & 3 {
            0 => u64::from(u8::from_le_bytes(self.array(what)?)),
            1 => u64::from(u16::from_le_bytes(self.array(what)?)),
            2 => u64::from(u32::from_le_bytes(self.array(what)?)),
            _ => u64::from_le_bytes(self.array(what)?),
        } >> 2;
        let most = self.rest.len() / least;
        usize::try_from(value).ok().filter(|&count| count <= most).ok_or(Malformed::EndsIn(what))
    }

    /// What was taken since `start`.
    fn since(&self, start: &Self) -> &'b [u8] {
        &start.rest[..start.rest.len() - self.rest.len()]
    }
}

/// How a body is walked through.
#[derive(Debug)]
pub(super) enum Walk {
    /// For the first time: all of it is looked at, and this much of it may still come.
    First(Budget),
    /// Once more, only to find the way: it is known to be sound. If all of it were looked at again whenever a key is looked
    /// for, a peer could make its 64 KiB cost twenty times as much.
    Again,
}

/// What a body may still have.
#[derive(Debug)]
pub(super) struct Budget {
    depth: usize,
    sections: usize,
    strings: usize,
}

impl Walk {
    pub(super) fn first() -> Self {
        Self::First(Budget { depth: MAX_DEPTH, sections: MAX_SECTIONS, strings: MAX_STRINGS })
    }

    /// One more of those that are limited.
    fn spend(&mut self, which: fn(&mut Budget) -> &mut usize, limit: Limit) -> Result<(), Malformed> {
        if let Self::First(budget) = self {
            let left = which(budget);
            *left = left.checked_sub(1).ok_or(Malformed::TooMany(limit))?;
        }
        Ok(())
    }

    /// One level deeper.
    fn within<T>(&mut self, walk: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<T, Malformed> {
        self.spend(|budget| &mut budget.depth, Limit::Depth)?;
        let result = walk(self)?;
        if let Self::First(budget) = self {
            budget.depth += 1;
        }
        Ok(result)
    }
}

/// Walks through a section.
pub(super) fn section<'b>(cursor: &mut Cursor<'b>, walk: &mut Walk) -> Result<Section<'b>, Malformed> {
    /// A key of one letter, its length, a type and a value of one byte.
    const LEAST_ENTRY: usize = 4;
    walk.spend(|budget| &mut budget.sections, Limit::Sections)?;
    walk.within(|walk| {
        let count = cursor.count(LEAST_ENTRY, "count of a section's entries")?;
        let start = cursor.clone();
        match walk {
            Walk::First(_) => unlike_entries(cursor, walk, count)?,
            Walk::Again => (0..count).try_for_each(|_| entry(cursor, walk).map(drop))?,
        }
        Ok(Section { count, entries: cursor.since(&start) })
    })
}

/// Walks through the entries of a section, no two of which have one key.
fn unlike_entries(cursor: &mut Cursor<'_>, walk: &mut Walk, count: usize) -> Result<(), Malformed> {
    let mut keys = [&[][..]; MAX_ENTRIES];
    let keys = keys.get_mut(..count).ok_or(Malformed::TooMany(Limit::Entries))?;
    for n in 0..count {
        let (key, _) = entry(cursor, walk)?;
        if keys[..n].contains(&key) {
            return Err(Malformed::Twice);
        }
        keys[n] = key;
    }
    Ok(())
}

/// Walks through an entry of a section.
pub(super) fn entry<'b>(cursor: &mut Cursor<'b>, walk: &mut Walk) -> Result<(&'b [u8], Value<'b>), Malformed> {
    let key = match cursor.array("key")? {
        [0] => return Err(Malformed::Nameless),
        [len] => cursor.bytes(len.into(), "key")?,
    };
    let [kind] = cursor.array("type")?;
    let value = match kind {
        kind::ARRAY => match cursor.array("type")? {
            [kind] if kind & kind::ARRAY_FLAG != 0 => Value::Array(array(cursor, walk, kind)?),
            [other] => return Err(Malformed::Type(other)),
        },
        kind if kind & kind::ARRAY_FLAG != 0 => Value::Array(array(cursor, walk, kind)?),
        kind => value(cursor, walk, kind)?,
    };
    Ok((key, value))
}

/// Walks through an array, whose type has been read.
fn array<'b>(cursor: &mut Cursor<'b>, walk: &mut Walk, kind: u8) -> Result<Array<'b>, Malformed> {
    let kind = kind & !kind::ARRAY_FLAG;
    let least = match kind {
        kind::I64 | kind::U64 | kind::F64 => 8,
        kind::I32 | kind::U32 => 4,
        kind::I16 | kind::U16 => 2,
        kind::I8 | kind::U8 | kind::BOOL | kind::STRING | kind::SECTION => 1,
        // Monero does not read arrays of arrays either.
        other => return Err(Malformed::Type(other | kind::ARRAY_FLAG)),
    };
    walk.within(|walk| {
        let count = cursor.count(least, "count of an array")?;
        let start = cursor.clone();
        match kind {
            kind::BOOL | kind::STRING | kind::SECTION => {
                (0..count).try_for_each(|_| value(cursor, walk, kind).map(drop))?;
            }
            // Any bytes are a number, and there are so many.
            _ => cursor.bytes(count * least, "value").map(drop)?,
        }
        Ok(Array { kind, count, values: cursor.since(&start) })
    })
}

/// Walks through a value that is not an array.
pub(super) fn value<'b>(cursor: &mut Cursor<'b>, walk: &mut Walk, kind: u8) -> Result<Value<'b>, Malformed> {
    const WHAT: &str = "value";
    Ok(match kind {
        kind::I64 => Value::Signed(i64::from_le_bytes(cursor.array(WHAT)?)),
        kind::I32 => Value::Signed(i32::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::I16 => Value::Signed(i16::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::I8 => Value::Signed(i8::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::U64 => Value::Unsigned(u64::from_le_bytes(cursor.array(WHAT)?)),
        kind::U32 => Value::Unsigned(u32::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::U16 => Value::Unsigned(u16::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::U8 => Value::Unsigned(u8::from_le_bytes(cursor.array(WHAT)?).into()),
        kind::F64 => Value::Double(f64::from_le_bytes(cursor.array(WHAT)?)),
        kind::STRING => {
            walk.spend(|budget| &mut budget.strings, Limit::Strings)?;
            let len = cursor.count(1, "length of a string")?;
            Value::String(cursor.bytes(len, "string")?)
        }
        kind::BOOL => match cursor.array(WHAT)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [other] => return Err(Malformed::Bool(other)),
        },
        kind::SECTION => Value::Section(section(cursor, walk)?),
        other => return Err(Malformed::Type(other)),
    })
}
