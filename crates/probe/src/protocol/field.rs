//! The fields of introductions, as data: what JSON, CSV and the documents say about a peer.
//!
//! A protocol has one table of [`Field`]s. It generates the JSON object, the CSV columns and the documented list of
//! fields, so a new field is one table entry.

use std::fmt::Display;

use serde::Serialize;

use crate::json::Object;
use crate::report::Text;

/// A field of the introduction `I`.
pub struct Field<I: 'static> {
    about: FieldAbout,
    write: fn(&I, Slot<'_, '_>) -> Written,
}

/// The description of a field, independent of its introduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAbout {
    /// Its name in JSON and CSV.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: FieldKind,
    /// What it means, as a sentence without an end mark.
    pub meaning: &'static str,
    /// When its column was added: columns of generation 0 are in the middle of a row; later ones follow all others, so
    /// that existing columns keep their places.
    pub generation: u8,
}

/// The kind of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text; a peer's own text is printable ASCII, with other bytes as `\xNN`.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Numbers,
}

impl FieldKind {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Texts => "texts",
            Self::Numbers => "numbers",
        }
    }
}

impl<I> Field<I> {
    /// A field. `write` writes a value into the slot.
    pub const fn new(
        name: &'static str,
        kind: FieldKind,
        meaning: &'static str,
        write: fn(&I, Slot<'_, '_>) -> Written,
    ) -> Self {
        Self { about: FieldAbout { name, kind, meaning, generation: 0 }, write }
    }

    /// Sets the generation, for a column that was added later.
    pub const fn of_generation(self, generation: u8) -> Self {
        Self { about: FieldAbout { generation, ..self.about }, write: self.write }
    }
}

/// The description of each field of a table.
pub fn abouts<I>(fields: &[Field<I>]) -> Vec<FieldAbout> {
    fields.iter().map(|field| field.about).collect()
}

/// Appends the fields of an introduction as a JSON object.
pub fn write_fields<I>(fields: &[Field<I>], introduced: &I, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    for Field { about, write } in fields {
        let Written(()) = write(introduced, Slot { object: &mut object, name: about.name });
    }
    object.end();
}

/// Proof that a field was written or left out exactly once.
#[derive(Debug)]
pub struct Written(());

/// The place for a field's value.
pub struct Slot<'s, 'o> {
    object: &'s mut Object<'o>,
    name: &'static str,
}

impl Slot<'_, '_> {
    /// Writes a value with serde.
    pub fn value(self, value: &(impl Serialize + ?Sized)) -> Written {
        self.object.field(self.name, value);
        Written(())
    }

    /// Writes the displayed text.
    pub fn text(self, text: impl Display) -> Written {
        self.value(&Text(text))
    }

    /// Writes the displayed text; `null` without one.
    pub fn optional(self, text: Option<impl Display>) -> Written {
        self.value(&text.map(Text))
    }

    /// Writes the displayed text of each.
    pub fn texts(self, texts: impl Iterator<Item = impl Display>) -> Written {
        self.value(&texts.map(Text).collect::<Vec<_>>())
    }

    /// Leaves the field out of the object.
    pub fn none(self) -> Written {
        Written(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, FieldKind, write_fields};

    #[test]
    fn a_table_becomes_an_object() {
        static FIELDS: [Field<(u8, &str)>; 4] = [
            Field::new("number", FieldKind::Number, "a number", |one, to| to.value(&one.0)),
            Field::new("name", FieldKind::Text, "a name", |one, to| to.text(one.1)),
            Field::new("nothing", FieldKind::Text, "nothing", |_, to| to.optional(None::<&str>)),
            Field::new("absent", FieldKind::Text, "left out", |_, to| to.none()),
        ];
        let mut out = Vec::new();
        write_fields(&FIELDS, &(7, "a\"b"), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"number":7,"name":"a\"b","nothing":null}"#);
    }
}
