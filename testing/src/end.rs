//! How a handshake ended, in short.

use handshake::{Blame, Conversation, Fault};

use crate::Ended;

/// How a handshake ended, without what was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It waits for this.
    Waits(&'static str),
    /// It is over.
    Done,
    /// It cannot go on: the reason's code, and whose fault that is.
    Fault(&'static str, Blame),
}

impl End {
    /// The end of one that was given some bytes.
    #[must_use]
    pub fn of<H: Conversation>(ended: &Ended<H>) -> Self {
        match &ended.result {
            None => Self::Waits(ended.awaiting),
            Some(Ok(_)) => Self::Done,
            Some(Err(fault)) => Self::Fault(fault.code(), fault.blame()),
        }
    }
}
