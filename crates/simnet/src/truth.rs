//! The expected verdict on a peer, over each transport.

use handshake::{Blame, Stage};
use net::Outcome;

/// The transport of a handshake, in protocols with two; the others have one verdict over all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Either. We call with a key, and again in plain text if that connection is closed before a single byte has come. A
    /// peer that calls us chooses.
    Auto,
    /// In plain text only.
    V1,
    /// Encrypted only.
    V2,
}

/// The expected verdict on a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The outcome.
    pub outcome: Outcome,
    /// The last stage.
    pub stage: Stage,
    /// The reason of the end.
    pub reason: &'static str,
    /// The side to blame.
    pub blame: Option<Blame>,
}

impl Truth {
    /// Both sides send everything.
    pub const OK: Self = Self { outcome: Outcome::Ok, stage: Stage::Done, reason: "ok", blame: None };

    /// The connection ends without a reason; after the peer's introduction the outcome is partial.
    pub(crate) const fn ends(stage: Stage, reason: &'static str) -> Self {
        Self {
            outcome: if matches!(stage, Stage::Ack) { Outcome::Partial } else { Outcome::Failed },
            stage,
            reason,
            blame: Some(Blame::Network),
        }
    }

    /// A side is to blame.
    pub(crate) const fn fault(stage: Stage, reason: &'static str, blame: Blame) -> Self {
        Self { outcome: Outcome::Failed, stage, reason, blame: Some(blame) }
    }
}

/// The expected verdicts on a peer over each transport. We call it, or it calls us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truths {
    pub(crate) auto: Truth,
    pub(crate) v1: Truth,
    pub(crate) v2: Truth,
}

impl Truths {
    /// The verdict over this transport.
    #[must_use]
    pub const fn over(&self, transport: Transport) -> Truth {
        match transport {
            Transport::Auto => self.auto,
            Transport::V1 => self.v1,
            Transport::V2 => self.v2,
        }
    }

    /// For a peer that speaks both, or that receives nothing.
    pub(crate) const fn either(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: truth }
    }

    /// For a peer that acts the same whatever it receives: one that does not show that it speaks plain text, so it is
    /// not called again; or one that calls us.
    pub(crate) const fn heedless(v1: Truth, v2: Truth) -> Self {
        Self { auto: v2, v1, v2 }
    }
}
