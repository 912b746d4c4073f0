//! The verdicts on peers that speak one of the two transports. (BIP324)

use handshake::{Blame, Outcome, Stage};

use crate::truth::{Truth, Truths};

impl Truth {
    /// It closes after our key without an answer.
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
}

impl Truths {
    /// For a v1 peer that closes after a key without an answer: it is called again in plain text, with this verdict.
    pub(crate) const fn v1(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: Truth::CLOSED_ON_KEY }
    }

    /// For a peer that calls us in plain text, or answers a key in plain text.
    pub(crate) const fn plain(truth: Truth) -> Self {
        Self { auto: truth, v1: truth, v2: Truth::V1_ONLY }
    }

    /// For a peer that speaks only v2, and uses the first bytes as a key.
    pub(crate) const fn v2(truth: Truth) -> Self {
        Self { auto: truth, v1: Truth::KEY_IN_PLACE_OF_VERSION, v2: truth }
    }
}
