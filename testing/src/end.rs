//! The end of a handshake, in short.

use handshake::{Blame, Conversation, Fault};

use crate::Ended;

/// The end of a handshake, without what was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It waits for this message.
    Waits(&'static str),
    /// It concluded.
    Done,
    /// It failed: the reason's code, and the side to blame.
    Fault(&'static str, Blame),
}

impl End {
    /// The end of a handshake after [`feed`](crate::feed).
    #[must_use]
    pub fn of<H: Conversation>(ended: &Ended<H>) -> Self {
        match &ended.result {
            None => Self::Waits(ended.awaiting),
            Some(Ok(_)) => Self::Done,
            Some(Err(fault)) => Self::Fault(fault.code(), fault.blame()),
        }
    }
}
