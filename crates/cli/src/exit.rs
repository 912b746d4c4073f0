//! How the program ends.

use std::fmt;
use std::process::ExitCode;

use crate::output::Unwritable;
use probe::protocol::Misuse;

/// The ways in which it ends after having done its work. The numbers are documented in the help and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was required happened.
    Success,
    /// It did not happen.
    NotReached,
    /// Our own side failed: no resolver, no sockets.
    Local,
    /// It was told to end before that: Ctrl-C, or SIGTERM.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::NotReached => 1,
            Exit::Local => LOCAL,
            Exit::Interrupted => 130,
        })
    }
}

impl Unwritable {
    /// How the program ends then.
    pub fn exit(self) -> Exit {
        match self {
            Self::ReaderGone => Exit::Success,
            Self::Failed => Exit::Local,
        }
    }
}

impl From<Misuse> for Error {
    fn from(Misuse(sentence): Misuse) -> Self {
        Self::Usage(sentence)
    }
}

const USAGE: u8 = 2;
const LOCAL: u8 = 3;

/// Why it could not do its work.
#[derive(Debug)]
pub enum Error {
    /// The command line asks for something that cannot be: exit code 2, as for every wrong usage.
    Usage(String),
    /// Our own side failed: exit code 3.
    Local(String),
}

impl Error {
    /// Our own side failed at `what`.
    pub fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Local(format!("{what}: {error}"))
    }

    /// What is wrong.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        match self {
            Self::Usage(text) | Self::Local(text) => text,
        }
    }

    /// Prints what is wrong, and ends.
    pub fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Usage(text) => (format!("{text}\n\nFor more information, try 'verack --help'."), USAGE),
            Self::Local(text) => (text.clone(), LOCAL),
        };
        say!("error: {text}");
        ExitCode::from(code)
    }
}
