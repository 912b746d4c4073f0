//! Reason codes as data: the meaning of each, for documentation and lookup.

use crate::fault::Blame;

/// A code that reports give as the reason of an outcome, or as a remark beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code: `bitcoin.checksum`. The part before the dot is the protocol, or the part of the program. It never
    /// changes.
    pub code: &'static str,
    /// The kind of the code.
    pub kind: ReasonKind,
    /// What happened, as a sentence without a full stop; its subject is the peer where there is one. Names of commands
    /// and messages are in backticks.
    pub meaning: &'static str,
}

/// The kind of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonKind {
    /// The handshake succeeded.
    Ok,
    /// An attempt ended for this reason. The blame is the usual one; where it may differ, the meaning says so.
    Ended(Blame),
    /// Something unusual, or evidence; nothing failed for it.
    Remark,
}

impl Reason {
    /// The handshake succeeded.
    #[must_use]
    pub const fn ok(code: &'static str, meaning: &'static str) -> Self {
        Self { code, kind: ReasonKind::Ok, meaning }
    }

    /// The reason for which an attempt ended.
    #[must_use]
    pub const fn of(code: &'static str, blame: Blame, meaning: &'static str) -> Self {
        Self { code, kind: ReasonKind::Ended(blame), meaning }
    }

    /// A remark.
    #[must_use]
    pub const fn remark(code: &'static str, meaning: &'static str) -> Self {
        Self { code, kind: ReasonKind::Remark, meaning }
    }

    /// The usual blame; `None` for a remark.
    #[must_use]
    pub const fn blame(&self) -> Option<Blame> {
        match self.kind {
            ReasonKind::Ended(blame) => Some(blame),
            ReasonKind::Ok | ReasonKind::Remark => None,
        }
    }
}
