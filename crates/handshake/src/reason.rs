//! Reason codes as data: what each means, for those who look one up.

use crate::fault::Blame;

/// A code that reports give as the reason of an outcome, or as a remark beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code: `bitcoin.checksum`. What stands before the dot is the protocol, or the part of the program. It never
    /// changes.
    pub code: &'static str,
    /// What the code says.
    pub kind: ReasonKind,
    /// What happened, in a sentence without an end mark whose subject is the peer where it has one. Words of commands and
    /// messages stand in backticks.
    pub meaning: &'static str,
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonKind {
    /// All went well.
    Ok,
    /// An attempt ended for this reason, and this is to blame as a rule; where it may be something else, the meaning says so.
    Ended(Blame),
    /// Something is odd, or is evidence, and nothing failed for it.
    Remark,
}

impl Reason {
    /// All went well.
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

    /// What is to blame as a rule; nothing for a remark.
    #[must_use]
    pub const fn blame(&self) -> Option<Blame> {
        match self.kind {
            ReasonKind::Ended(blame) => Some(blame),
            ReasonKind::Ok | ReasonKind::Remark => None,
        }
    }
}
