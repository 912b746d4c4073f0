//! JSON that is written field by field.

use std::mem;

use serde::Serialize;

/// Writes a JSON object field by field. Field names are constants that need no escapes, so they are copied unchanged;
/// serde_json would check each of a record's forty names.
#[derive(Debug)]
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    pub(crate) fn name(&mut self, name: &'static str) {
        self.out.extend_from_slice(if mem::take(&mut self.is_empty) { b"\"" } else { b",\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(crate) fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        self.name(name);
        serde_json::to_writer(&mut *self.out, value).expect("reports have string keys and go to memory");
    }

    /// Writes a field whose value is JSON already.
    pub(crate) fn written(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        write(self.out);
    }

    /// Begins a field that is itself an object.
    pub(crate) fn object(&mut self, name: &'static str) -> Object<'_> {
        self.name(name);
        Object::new(self.out)
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}
