//! Writing a body.

use alloc::vec::Vec;

use super::{SIGNATURE, kind};

/// Appends a body: `fill` writes its section.
pub fn write(tx: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    tx.extend_from_slice(&SIGNATURE);
    write_section(tx, fill);
}

/// A section that is being written. `monerod` writes keys in alphabetical order, and reads them in any.
#[derive(Debug)]
pub struct Writer<'t> {
    tx: &'t mut Vec<u8>,
    count: u8,
}

impl Writer<'_> {
    /// A number of eight bytes, with a sign.
    pub fn i64(&mut self, key: &str, value: i64) {
        self.entry(key, kind::I64, &value.to_le_bytes());
    }

    /// A number of eight bytes.
    pub fn u64(&mut self, key: &str, value: u64) {
        self.entry(key, kind::U64, &value.to_le_bytes());
    }

    /// A number of four bytes.
    pub fn u32(&mut self, key: &str, value: u32) {
        self.entry(key, kind::U32, &value.to_le_bytes());
    }

    /// A number of two bytes.
    pub fn u16(&mut self, key: &str, value: u16) {
        self.entry(key, kind::U16, &value.to_le_bytes());
    }

    /// A number of one byte.
    pub fn u8(&mut self, key: &str, value: u8) {
        self.entry(key, kind::U8, &[value]);
    }

    /// Any bytes.
    pub fn string(&mut self, key: &str, value: &[u8]) {
        self.entry(key, kind::STRING, &[]);
        write_count(value.len() as u64, self.tx);
        self.tx.extend_from_slice(value);
    }

    /// A section inside this one.
    pub fn section(&mut self, key: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.entry(key, kind::SECTION, &[]);
        write_section(self.tx, fill);
    }

    /// An array of sections, one for each item.
    pub fn sections<T>(&mut self, key: &str, items: &[T], fill: impl Fn(&T, &mut Writer<'_>)) {
        self.entry(key, kind::SECTION | kind::ARRAY_FLAG, &[]);
        write_count(items.len() as u64, self.tx);
        for item in items {
            write_section(self.tx, |section| fill(item, section));
        }
    }

    fn entry(&mut self, key: &str, kind: u8, value: &[u8]) {
        self.tx.push(u8::try_from(key.len()).expect("our keys are short"));
        self.tx.extend_from_slice(key.as_bytes());
        self.tx.push(kind);
        self.tx.extend_from_slice(value);
        self.count += 1;
    }
}

fn write_section(tx: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    let start = tx.len();
    tx.push(0);
    let mut section = Writer { tx, count: 0 };
    fill(&mut section);
    let Writer { tx, count } = section;
    assert!(count < 64, "our sections have so few entries that a byte counts them");
    tx[start] = count << 2;
}

/// Appends a count in its shortest form. Counts from 2^62 on cannot be written.
pub fn write_count(count: u64, tx: &mut Vec<u8>) {
    let shifted = (count << 2).to_le_bytes();
    match count {
        0..0x40 => tx.push(shifted[0]),
        0x40..0x4000 => tx.extend_from_slice(&[shifted[0] | 1, shifted[1]]),
        0x4000..0x4000_0000 => tx.extend_from_slice(&[shifted[0] | 2, shifted[1], shifted[2], shifted[3]]),
        _ => tx.extend_from_slice(&[&[shifted[0] | 3], &shifted[1..]].concat()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::collection;
    use proptest::prelude::{any, proptest};

    use super::{write, write_count};
    use crate::storage::{Value, read};

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number in any::<u64>(), text in collection::vec(any::<u8>(), 0..300), rows in collection::vec(any::<i64>(), 0..90)) {
            let mut body = Vec::new();
            write(&mut body, |section| {
                section.u64("number", number);
                section.section("inner", |section| {
                    section.string("text", &text);
                    section.u8("small", 7);
                });
                section.sections("rows", &rows, |row, section| section.i64("row", *row));
            });
            let section = read(&body).expect("sound");
            assert_eq!(section.field("number").number(), Ok(Some(number)));
            let inner = section.field("inner").section().expect("a section").expect("there");
            assert_eq!(inner.field("text").string(), Ok(Some(&text[..])));
            assert_eq!(inner.field("small").number(), Ok(Some(7u16)));
            let array = section.field("rows").array().expect("an array").expect("there");
            let read: Vec<i64> = array.values().map(|row| match row {
                Value::Section(row) => row.field("row").number().expect("a number").expect("there"),
                other => unreachable!("{other:?}"),
            }).collect();
            assert_eq!(read, rows);
        }

        #[test]
        fn any_bytes_are_sound_or_not(bytes in collection::vec(any::<u8>(), 0..200)) {
            let body = [&crate::storage::SIGNATURE[..], &bytes].concat();
            if let Ok(section) = read(&body) {
                let keys: Vec<String> = section.entries().map(|(key, _)| String::from_utf8_lossy(key).into()).collect();
                assert!(keys.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn a_count_is_as_short_as_can_be() {
        let count = |value| {
            let mut bytes = vec![0xee];
            write_count(value, &mut bytes);
            bytes[1..].to_vec()
        };
        assert_eq!(count(63), [0xfc]);
        assert_eq!(count(64), [0x01, 0x01]);
        assert_eq!(count(0x4000), [0x02, 0x00, 0x01, 0x00]);
        assert_eq!(count(1 << 30), [0x03, 0, 0, 0, 1, 0, 0, 0]);
    }
}
