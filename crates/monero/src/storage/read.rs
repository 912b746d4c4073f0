//! Checks and parses a body.

use handshake::{EndsIn, Fields};

use super::{Array, MAX_DEPTH, MAX_ENTRIES, MAX_SECTIONS, MAX_STRINGS, Section, Value, kind};
use crate::error::{Limit, Malformed};

/// The mode of a pass over a body.
#[derive(Debug)]
pub(super) enum Walk {
    /// The first pass: checks everything, within the remaining budget.
    First(Budget),
    /// A later pass, only to find values: the body is known to be valid. If each lookup of a key checked everything
    /// again, a peer could make its 64 KiB cost twenty times as much.
    Again,
}

/// The limits that remain for a body.
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

    /// Counts one more of a limited thing.
    fn spend(&mut self, which: fn(&mut Budget) -> &mut usize, limit: Limit) -> Result<(), Malformed> {
        if let Self::First(budget) = self {
            let left = which(budget);
            *left = left.checked_sub(1).ok_or(Malformed::TooMany(limit))?;
        }
        Ok(())
    }

    /// Descends one level.
    fn within<T>(&mut self, walk: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<T, Malformed> {
        self.spend(|budget| &mut budget.depth, Limit::Depth)?;
        let result = walk(self)?;
        if let Self::First(budget) = self {
            budget.depth += 1;
        }
        Ok(result)
    }
}

/// Reads a section.
pub(super) fn section<'b>(body: &mut Fields<'b>, walk: &mut Walk) -> Result<Section<'b>, Malformed> {
    /// A key of one letter, its length, a type and a value of one byte.
    const LEAST_ENTRY: usize = 4;
    walk.spend(|budget| &mut budget.sections, Limit::Sections)?;
    walk.within(|walk| {
        let count = count(body, LEAST_ENTRY, "count of a section's entries")?;
        let start = body.rest();
        match walk {
            Walk::First(_) => unlike_entries(body, walk, count)?,
            Walk::Again => (0..count).try_for_each(|_| entry(body, walk).map(drop))?,
        }
        Ok(Section { count, entries: since(start, body) })
    })
}

/// Reads a count of elements that have at least `least` bytes each: more than fit into the rest are refused. The count
/// need not be in its shortest form.
fn count(body: &mut Fields<'_>, least: usize, what: &'static str) -> Result<usize, Malformed> {
    let first = *body.rest().first().ok_or(EndsIn(what))?;
    let value = match first & 3 {
        0 => u64::from(u8::from_le_bytes(body.array(what)?)),
        1 => u64::from(u16::from_le_bytes(body.array(what)?)),
        2 => u64::from(u32::from_le_bytes(body.array(what)?)),
        _ => u64::from_le_bytes(body.array(what)?),
    } >> 2;
    let most = body.rest().len() / least;
    usize::try_from(value).ok().filter(|&count| count <= most).ok_or(Malformed::EndsIn(what))
}

/// The bytes read since the rest was `start`.
fn since<'b>(start: &'b [u8], body: &Fields<'b>) -> &'b [u8] {
    &start[..start.len() - body.rest().len()]
}

/// Checks the entries of a section, which must have different keys.
fn unlike_entries(body: &mut Fields<'_>, walk: &mut Walk, count: usize) -> Result<(), Malformed> {
    let mut keys = [&[][..]; MAX_ENTRIES];
    let keys = keys.get_mut(..count).ok_or(Malformed::TooMany(Limit::Entries))?;
    for n in 0..count {
        let (key, _) = entry(body, walk)?;
        if keys[..n].contains(&key) {
            return Err(Malformed::Twice);
        }
        keys[n] = key;
    }
    Ok(())
}

/// Reads an entry of a section.
pub(super) fn entry<'b>(body: &mut Fields<'b>, walk: &mut Walk) -> Result<(&'b [u8], Value<'b>), Malformed> {
    let key = match body.array("key")? {
        [0] => return Err(Malformed::Nameless),
        [len] => body.bytes(len.into(), "key")?,
    };
    let [kind] = body.array("type")?;
    let value = match kind {
        kind::ARRAY => match body.array("type")? {
            [kind] if kind & kind::ARRAY_FLAG != 0 => Value::Array(array(body, walk, kind)?),
            [other] => return Err(Malformed::Type(other)),
        },
        kind if kind & kind::ARRAY_FLAG != 0 => Value::Array(array(body, walk, kind)?),
        kind => value(body, walk, kind)?,
    };
    Ok((key, value))
}

/// Reads an array, after its type.
fn array<'b>(body: &mut Fields<'b>, walk: &mut Walk, kind: u8) -> Result<Array<'b>, Malformed> {
    let kind = kind & !kind::ARRAY_FLAG;
    let least = match kind {
        kind::I64 | kind::U64 | kind::F64 => 8,
        kind::I32 | kind::U32 => 4,
        kind::I16 | kind::U16 => 2,
        kind::I8 | kind::U8 | kind::BOOL | kind::STRING | kind::SECTION => 1,
        // Monero does not support nested arrays either.
        other => return Err(Malformed::Type(other | kind::ARRAY_FLAG)),
    };
    walk.within(|walk| {
        let count = count(body, least, "count of an array")?;
        let start = body.rest();
        match kind {
            kind::BOOL | kind::STRING | kind::SECTION => {
                (0..count).try_for_each(|_| value(body, walk, kind).map(drop))?;
            }
            // Any bytes are valid numbers, and enough bytes are there.
            _ => body.bytes(count * least, "value").map(drop)?,
        }
        Ok(Array { kind, count, values: since(start, body) })
    })
}

/// Reads a value that is not an array.
pub(super) fn value<'b>(body: &mut Fields<'b>, walk: &mut Walk, kind: u8) -> Result<Value<'b>, Malformed> {
    const WHAT: &str = "value";
    Ok(match kind {
        kind::I64 => Value::Signed(i64::from_le_bytes(body.array(WHAT)?)),
        kind::I32 => Value::Signed(i32::from_le_bytes(body.array(WHAT)?).into()),
        kind::I16 => Value::Signed(i16::from_le_bytes(body.array(WHAT)?).into()),
        kind::I8 => Value::Signed(i8::from_le_bytes(body.array(WHAT)?).into()),
        kind::U64 => Value::Unsigned(u64::from_le_bytes(body.array(WHAT)?)),
        kind::U32 => Value::Unsigned(u32::from_le_bytes(body.array(WHAT)?).into()),
        kind::U16 => Value::Unsigned(u16::from_le_bytes(body.array(WHAT)?).into()),
        kind::U8 => Value::Unsigned(u8::from_le_bytes(body.array(WHAT)?).into()),
        kind::F64 => Value::Double(f64::from_le_bytes(body.array(WHAT)?)),
        kind::STRING => {
            walk.spend(|budget| &mut budget.strings, Limit::Strings)?;
            let len = count(body, 1, "length of a string")?;
            Value::String(body.bytes(len, "string")?)
        }
        kind::BOOL => match body.array(WHAT)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [other] => return Err(Malformed::Bool(other)),
        },
        kind::SECTION => Value::Section(section(body, walk)?),
        other => return Err(Malformed::Type(other)),
    })
}
