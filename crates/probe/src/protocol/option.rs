//! Options of protocols: the user's choices about our side of a handshake, described as data.
//!
//! A protocol declares each option once, as an [`Opt`]. The command line derives the option's help, completions and
//! value check from it, and rejects an option that no protocol of the run declares.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An option whose values are of type `T`; `()` for one without a value.
pub struct Opt<T: 'static> {
    about: About,
    read: fn(&str) -> Result<T, String>,
}

/// The description of an option, independent of the type of its values.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// Its letter, if it has one.
    pub short: Option<char>,
    /// The placeholder of its value in the help: `HEX`.
    pub value_name: &'static str,
    /// What it does, in one sentence.
    pub help: &'static str,
    /// Its heading in the help.
    pub section: &'static str,
    /// The default value, as the user would write it.
    pub default: Option<&'static str>,
    /// The possible values with their meaning; empty if `read` decides.
    pub values: &'static [(&'static str, &'static str)],
    /// How many values it takes.
    pub arity: Arity,
    /// Whether a value may begin with a minus sign.
    pub takes_negative: bool,
    /// Another option that excludes it.
    pub conflicts_with: Option<&'static str>,
}

/// How many values an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// None: present or absent.
    Flag,
    /// One.
    One,
    /// One for each occurrence.
    Repeated,
    /// A comma-separated list.
    List,
}

impl Opt<()> {
    /// An option without a value.
    pub const fn flag(name: &'static str, section: &'static str, help: &'static str) -> Self {
        let option = Self::value(name, "", |_| Ok(()), section, help);
        Self { about: About { arity: Arity::Flag, ..option.about }, ..option }
    }
}

impl<T> Clone for Opt<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Opt<T> {}

impl<T> Opt<T> {
    /// An option with one value, which `read` parses from its text. An error from `read` is printed after the option's
    /// name and the text.
    pub const fn value(
        name: &'static str,
        value_name: &'static str,
        read: fn(&str) -> Result<T, String>,
        section: &'static str,
        help: &'static str,
    ) -> Self {
        let about = About {
            name,
            short: None,
            value_name,
            help,
            section,
            default: None,
            values: &[],
            arity: Arity::One,
            takes_negative: false,
            conflicts_with: None,
        };
        Self { about, read }
    }

    /// Sets its letter.
    pub const fn short(self, short: char) -> Self {
        Self { about: About { short: Some(short), ..self.about }, ..self }
    }

    /// Sets its default value.
    pub const fn default(self, default: &'static str) -> Self {
        Self { about: About { default: Some(default), ..self.about }, ..self }
    }

    /// Sets its possible values and their meaning.
    pub const fn values(self, values: &'static [(&'static str, &'static str)]) -> Self {
        Self { about: About { values, ..self.about }, ..self }
    }

    /// Allows several occurrences.
    pub const fn repeated(self) -> Self {
        Self { about: About { arity: Arity::Repeated, ..self.about }, ..self }
    }

    /// Takes a comma-separated list.
    pub const fn list(self) -> Self {
        Self { about: About { arity: Arity::List, ..self.about }, ..self }
    }

    /// Allows a negative value.
    pub const fn negative(self) -> Self {
        Self { about: About { takes_negative: true, ..self.about }, ..self }
    }

    /// Excludes another option.
    pub const fn conflicts_with(self, other: &'static str) -> Self {
        Self { about: About { conflicts_with: Some(other), ..self.about }, ..self }
    }
}

/// A value of some option.
pub type Value = Arc<dyn Any + Send + Sync>;

/// An option, whatever the type of its values.
pub trait AnyOption: Sync {
    /// The option's description.
    fn about(&self) -> &About;

    /// Parses a value.
    ///
    /// # Errors
    /// What was expected, if the text is invalid.
    fn read(&self, text: &str) -> Result<Value, String>;
}

impl<T: Send + Sync + 'static> AnyOption for Opt<T> {
    fn about(&self) -> &About {
        &self.about
    }

    fn read(&self, text: &str) -> Result<Value, String> {
        Ok(Arc::new((self.read)(text)?))
    }
}

impl fmt::Debug for dyn AnyOption + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}", self.about().name)
    }
}

/// The chosen values of options.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<&'static str, (&'static dyn AnyOption, Vec<Value>)>);

impl Values {
    /// Stores a value that [`AnyOption::read`] made for this option. For an option with one value, the last one counts.
    pub fn put(&mut self, option: &'static dyn AnyOption, value: Value) {
        self.0.entry(option.about().name).or_insert((option, Vec::new())).1.push(value);
    }

    /// Parses a value and stores it.
    ///
    /// # Errors
    /// What was expected, if the text is invalid.
    pub fn set(&mut self, option: &'static dyn AnyOption, text: &str) -> Result<(), String> {
        self.put(option, option.read(text)?);
        Ok(())
    }

    /// The options that were given.
    pub fn given(&self) -> impl Iterator<Item = &'static dyn AnyOption> + '_ {
        self.0.values().map(|(option, _)| *option)
    }

    /// Whether an option was given.
    pub fn has<T>(&self, option: &Opt<T>) -> bool {
        self.0.contains_key(option.about.name)
    }

    /// All values of an option: the chosen ones, or else its default.
    pub fn all<T: Clone + 'static>(&self, option: &Opt<T>) -> Vec<T> {
        match self.0.get(option.about.name) {
            Some((_, values)) => values.iter().filter_map(|value| value.downcast_ref().cloned()).collect(),
            None => {
                let texts = option.about.default.into_iter().flat_map(|default| match option.about.arity {
                    Arity::List => default.split(',').collect(),
                    Arity::Flag | Arity::One | Arity::Repeated => vec![default],
                });
                texts.filter_map(|text| (option.read)(text).ok()).collect()
            }
        }
    }

    /// The value of an option: the last chosen one, or else its default; `None` without either.
    pub fn get<T: Clone + 'static>(&self, option: &Opt<T>) -> Option<T> {
        self.all(option).pop()
    }
}

/// An option, or a value of one, that a run rejects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

impl From<String> for Misuse {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<&str> for Misuse {
    fn from(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{Opt, Values};

    fn number(text: &str) -> Result<u8, String> {
        text.parse().map_err(|_| "expected a number".to_owned())
    }

    static ONE: Opt<u8> = Opt::value("one", "N", number, "Test", "One number").default("7");
    static LIST: Opt<u8> = Opt::value("list", "LIST", number, "Test", "Numbers").list().default("1,2");
    static FLAG: Opt<()> = Opt::flag("flag", "Test", "Whether");

    #[test]
    fn the_last_value_counts_and_without_one_the_default() {
        let mut values = Values::default();
        assert_eq!((values.get(&ONE), values.all(&LIST), values.has(&FLAG)), (Some(7), vec![1, 2], false));
        for text in ["3", "4"] {
            values.set(&ONE, text).unwrap();
            values.set(&LIST, text).unwrap();
        }
        values.set(&FLAG, "").unwrap();
        assert_eq!((values.get(&ONE), values.all(&LIST), values.has(&FLAG)), (Some(4), vec![3, 4], true));
        assert_eq!(values.set(&ONE, "x"), Err("expected a number".to_owned()));
        let given: Vec<_> = values.given().map(|option| option.about().name).collect();
        assert_eq!(given, ["flag", "list", "one"]);
    }
}
