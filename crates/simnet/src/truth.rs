//! The verdict that a peer deserves, over each transport.

use handshake::{Blame, Stage};
use net::Outcome;

/// Over which transport we shake hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Over either. We call with a key, and once more in plain text if that connection is closed before a single byte has
    /// come (BIP324; Core: net.cpp V2Transport::ShouldReconnectV1). Whoever calls us chooses.
    Auto,
    /// In plain text only.
    V1,
    /// Encrypted only. (BIP324)
    V2,
}

/// The verdict that a peer deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// How it goes.
    pub outcome: Outcome,
    /// How far it comes.
    pub stage: Stage,
    /// Why it ends there.
    pub reason: &'static str,
    /// Whose fault that is.
    pub blame: Option<Blame>,
}

impl Truth {
    /// Both sides say everything.
    pub const OK: Self = Self { outcome: Outcome::Ok, stage: Stage::Done, reason: "ok", blame: None };

    /// It closes on our key without a word.
    pub const CLOSED_ON_KEY: Self = Self {
        outcome: Outcome::Failed,
        stage: Stage::Transport,
        reason: "bitcoin.v2.closed",
        blame: Some(Blame::Network),
    };

    /// Plain text comes in place of its key.
    pub const V1_ONLY: Self = Self::fault(Stage::Transport, "bitcoin.v1-only", Blame::Mismatch);

    /// Its key comes in place of a `version`.
    pub const KEY_IN_PLACE_OF_VERSION: Self = Self::fault(Stage::Hello, "bitcoin.no-message", Blame::Mismatch);

    /// The connection ends without a word of why; once the peer has introduced itself, that is half a success.
    pub(crate) const fn ends(stage: Stage, reason: &'static str) -> Self {
        Self {
            outcome: if matches!(stage, Stage::Ack) { Outcome::Partial } else { Outcome::Failed },
            stage,
            reason,
            blame: Some(Blame::Network),
        }
    }

    /// Somebody is at fault.
    pub(crate) const fn fault(stage: Stage, reason: &'static str, blame: Blame) -> Self {
        Self { outcome: Outcome::Failed, stage, reason, blame: Some(blame) }
    }
}

/// The verdict that a peer deserves over each transport. It may be one that we call, or one that calls us.
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

    /// Of one that speaks both, or that is never spoken to.
    pub(crate) const fn either(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: truth }
    }

    /// Of a peer that speaks only plain text and closes on a key without a word: it is called again, and gets what it
    /// deserves.
    pub(crate) const fn v1(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: Truth::CLOSED_ON_KEY }
    }

    /// Of a peer that calls us in plain text, or answers a key so.
    pub(crate) const fn plain(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: Truth::V1_ONLY }
    }

    /// Of one that speaks only encrypted, and takes whatever comes first for a key.
    pub(crate) const fn v2(truth: Truth) -> Self {
        Self { auto: truth, v1: Truth::KEY_IN_PLACE_OF_VERSION, v2: truth }
    }

    /// Of one that does the same whatever it hears: something that does not tell that it speaks plain text, so it is not
    /// called again; or one that calls us.
    pub(crate) const fn heedless(v1: Truth, v2: Truth) -> Self {
        Self { auto: v2, v1, v2 }
    }
}
