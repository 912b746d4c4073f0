//! The fields of introductions, as data: what is told of a peer in JSON, in CSV and in the documents.
//!
//! A protocol has one table of [`Field`]s. The JSON object, the columns of CSV and the list of fields with their meaning follow
//! from it, so a new field is one entry of a table.

use std::fmt::Display;

use serde::Serialize;

use crate::json::Object;
use crate::report::Text;

/// A field of the introductions `I`.
pub struct Field<I: 'static> {
    about: FieldAbout,
    write: fn(&I, Slot<'_, '_>) -> Written,
}

/// What can be said of a field, whatever it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAbout {
    /// Its name in JSON and CSV.
    pub name: &'static str,
    /// Of what kind its values are.
    pub kind: FieldKind,
    /// What it is, in a sentence without an end mark.
    pub meaning: &'static str,
    /// When its column came: those of 0 stand in the middle of a row, and later ones behind all others, so that the others keep
    /// their places.
    pub generation: u8,
}

/// Of what kind the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text; of a peer's own text printable ASCII, other bytes as `\xNN`.
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
    /// Its name in documents.
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
    /// A field. `write` writes one value into the slot.
    pub const fn new(
        name: &'static str,
        kind: FieldKind,
        meaning: &'static str,
        write: fn(&I, Slot<'_, '_>) -> Written,
    ) -> Self {
        Self { about: FieldAbout { name, kind, meaning, generation: 0 }, write }
    }

    /// Its column came later than those before.
    pub const fn of_generation(self, generation: u8) -> Self {
        Self { about: FieldAbout { generation, ..self.about }, write: self.write }
    }
}

/// What can be said of each field of a table.
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

/// A field was written, or left out: proof that each is dealt with once.
#[derive(Debug)]
pub struct Written(());

/// The place for the value of one field.
pub struct Slot<'s, 'o> {
    object: &'s mut Object<'o>,
    name: &'static str,
}

impl Slot<'_, '_> {
    /// A value as serde has it.
    pub fn value(self, value: &(impl Serialize + ?Sized)) -> Written {
        self.object.field(self.name, value);
        Written(())
    }

    /// What it prints as.
    pub fn text(self, text: impl Display) -> Written {
        self.value(&Text(text))
    }

    /// What it prints as; `null` if there is none.
    pub fn optional(self, text: Option<impl Display>) -> Written {
        self.value(&text.map(Text))
    }

    /// What each prints as.
    pub fn texts(self, texts: impl Iterator<Item = impl Display>) -> Written {
        self.value(&texts.map(Text).collect::<Vec<_>>())
    }

    /// The field is left out of the object.
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
