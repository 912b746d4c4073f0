//! Exit codes and errors of the program.

use std::fmt;
use std::process::ExitCode;

use crate::output::Unwritable;
use probe::protocol::Misuse;

/// The exit codes after a completed run. The numbers are documented in the help and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The required result was reached.
    Success,
    /// It was not reached.
    NotReached,
    /// Our own side failed: no resolver, no sockets.
    Local,
    /// The run was interrupted: Ctrl-C, or SIGTERM.
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
    /// The corresponding exit code.
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

/// Why the run failed.
#[derive(Debug)]
pub enum Error {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// Our own side failed: exit code 3.
    Local(String),
}

impl Error {
    /// Our own side failed at `what`.
    pub fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Local(format!("{what}: {error}"))
    }

    /// The message.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        match self {
            Self::Usage(text) | Self::Local(text) => text,
        }
    }

    /// Prints the message, and returns the exit code.
    pub fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Usage(text) => (format!("{text}\n\nFor more information, try 'verack --help'."), USAGE),
            Self::Local(text) => (text.clone(), LOCAL),
        };
        say!("error: {text}");
        ExitCode::from(code)
    }
}
