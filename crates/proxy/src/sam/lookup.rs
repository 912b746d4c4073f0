//! Looks up the destination of a name.
//!
//! ```text
//! NAMING LOOKUP NAME=….b32.i2p
//! NAMING REPLY RESULT=OK NAME=….b32.i2p VALUE=<destination>
//! ```

use alloc::vec::Vec;

use super::destination::Destination;
use super::error::{Error, Malformed, Router};
use super::name::{Hash, Name};
use super::request::{Dialogue, Next};
use super::{Event, line};

pub(super) const NAMING_LOOKUP: &str = "NAMING LOOKUP";
pub(super) const NAMING_REPLY: &str = "NAMING REPLY";

/// Looks up the destination of a name.
#[derive(Clone, Debug)]
pub struct Lookup(Question);

impl Lookup {
    /// The destination of this name, in the address book of our router.
    #[must_use]
    pub fn name(name: Name) -> Self {
        Self(Question { name, hash: None })
    }

    /// The destination with this hash. Another one in the answer is our router's fault.
    #[must_use]
    pub fn hash(hash: Hash) -> Self {
        Self(Question::from(hash))
    }
}

/// A name, and the hash that its destination must have, if that is known.
#[derive(Clone, Debug)]
pub(super) struct Question {
    name: Name,
    hash: Option<Hash>,
}

impl From<Hash> for Question {
    fn from(hash: Hash) -> Self {
        Self { name: hash.into(), hash: Some(hash) }
    }
}

impl Question {
    pub(super) fn write(&self, tx: &mut Vec<u8>) {
        for part in [NAMING_LOOKUP, " NAME=", self.name.as_str(), "\n"] {
            tx.extend_from_slice(part.as_bytes());
        }
    }

    pub(super) fn hear(&self, line: &[u8]) -> Result<(Event, Destination), Error> {
        let (result, words) = line::result(line, NAMING_REPLY)?;
        match result {
            b"OK" => {}
            // i2pd says INVALID_KEY of a name that it does not find, too.
            b"INVALID_KEY" => return Err(Error::NotFound { result: "INVALID_KEY" }),
            b"KEY_NOT_FOUND" => return Err(Error::NotFound { result: "KEY_NOT_FOUND" }),
            _ => return Err(Error::Router(Router::new(NAMING_LOOKUP, words))),
        }
        let value = line::value(words, "VALUE").ok_or(Malformed::Missing("VALUE"))?;
        let destination = Destination::parse(value).map_err(Malformed::Destination)?;
        if self.hash.is_some_and(|hash| hash != destination.hash()) {
            return Err(Malformed::OtherDestination.into());
        }
        Ok((Event::Heard { reply: NAMING_REPLY, result: result.into() }, destination))
    }
}

impl Dialogue for Lookup {
    type Output = Destination;

    fn name(&self) -> &'static str {
        NAMING_LOOKUP
    }

    fn write(&self, tx: &mut Vec<u8>) {
        self.0.write(tx);
    }

    fn awaiting(&self) -> &'static str {
        NAMING_REPLY
    }

    fn hear(&mut self, line: &mut [u8]) -> Result<(Event, Next<Destination>), Error> {
        let (event, destination) = self.0.hear(line)?;
        Ok((event, Next::Done(destination)))
    }

    fn late(&self) -> Option<Error> {
        Some(Error::Late)
    }
}
