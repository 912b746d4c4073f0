//! How an attempt went, in the words that every report shares.

use std::borrow::Cow;
use std::fmt;

use handshake::{Banner, Blame, Conversation, End, Evidence, Fault, Handshake, OursRead, Outcome, Remark, Stage};

use crate::failure::{Cause, Failure};

/// The reason of an attempt that the user interrupted: it has no outcome yet.
pub const INTERRUPTED: &str = "interrupted";

/// The code of the remark on a peer that did not answer the question which proves that it accepted us.
pub const UNCONFIRMED: &str = "unconfirmed";

/// How an attempt went, how far it came, why it ended there, and whose fault that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it went.
    pub outcome: Outcome,
    /// What had been entered last.
    pub stage: Stage,
    /// A stable code: `ok`, `closed`, `bitcoin.checksum`.
    pub reason: &'static str,
    /// The number by which the peer gave that reason, if it gave one.
    pub number: Option<u64>,
    /// Whose fault it was; nobody's if all went well.
    pub blame: Option<Blame>,
    /// One plain sentence, fit to print.
    pub detail: String,
    /// What is odd about the peer although nothing failed for it, and evidence that the sentence rests on; in the order seen.
    pub remarks: Vec<Remark>,
}

impl Verdict {
    /// Whether the attempt was interrupted: then this is no verdict on the peer, but what was known by then.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.reason == INTERRUPTED
    }

    /// Nothing is known yet but how far it has come.
    #[must_use]
    pub fn unfinished(stage: Stage) -> Self {
        Self {
            outcome: Outcome::Failed,
            stage,
            reason: INTERRUPTED,
            number: None,
            blame: Some(Blame::Local),
            detail: String::new(),
            remarks: Vec::new(),
        }
    }

    /// Both sides said everything.
    #[must_use]
    pub fn ok(detail: String) -> Self {
        Self {
            outcome: Outcome::Ok,
            stage: Stage::Done,
            reason: "ok",
            number: None,
            blame: None,
            detail,
            remarks: Vec::new(),
        }
    }

    /// Both sides said everything, but nothing shows that the peer accepted what we said: it answered no `question` of ours,
    /// and left the connection open until the deadline.
    #[must_use]
    pub fn unconfirmed(question: &str, mut remarks: Vec<Remark>) -> Self {
        remarks.push(Remark {
            code: UNCONFIRMED,
            detail: format!("did not answer {question}, so nothing shows that it accepted us"),
        });
        Self { remarks, ..Self::ok(String::new()) }
    }

    /// It failed before there was a handshake, or for a reason that its protocol names.
    #[must_use]
    pub fn failed(stage: Stage, fault: &impl Fault) -> Self {
        Self {
            outcome: Outcome::Failed,
            stage,
            reason: fault.code(),
            number: fault.number(),
            blame: Some(fault.blame()),
            detail: fault.to_string(),
            remarks: Vec::new(),
        }
    }

    /// It failed for a reason that its protocol names. If the very first bytes are those of another kind of service, the
    /// sentence names that as well.
    fn of_fault<E: Fault>(stage: Stage, fault: &E, failure: &Failure<E>) -> Self {
        let mut verdict = Self::failed(stage, fault);
        if stage == Stage::Ack && fault.refuses() {
            verdict.outcome = Outcome::Partial;
        }
        if let (0, Some(banner)) = (failure.received, Banner::of(&failure.rest)) {
            let has_dialled_us = failure.ours == OursRead::NotSaid;
            let what = if has_dialled_us { banner.asked().to_owned() } else { banner.to_string() };
            if !verdict.detail.contains(&what) && !verdict.detail.contains(banner.asked()) {
                verdict.detail.push_str(": it ");
                verdict.detail.push_str(&what);
            }
        }
        verdict
    }

    /// How a handshake went that did not conclude.
    #[must_use]
    pub fn of_failure<H: Handshake>(handshake: &H, failure: &Failure<H::Error>) -> Self {
        Self::of_failure_at(handshake.stage(), handshake, failure)
    }

    /// How a conversation behind a handshake went that came to nothing.
    #[must_use]
    pub fn of_failure_behind<C: Conversation>(conversation: &C, failure: &Failure<C::Error>) -> Self {
        Self::of_failure_at(Stage::Done, conversation, failure)
    }

    fn of_failure_at<C: Conversation>(stage: Stage, conversation: &C, failure: &Failure<C::Error>) -> Self {
        let cause = &failure.cause;
        let (reason, end) = match cause {
            Cause::Fault(fault) => return Self::of_fault(stage, fault, failure),
            Cause::Closed => ("closed", Some(End::Closed)),
            Cause::Reset => ("reset", Some(End::Closed)),
            Cause::Late => ("timeout", Some(End::Silent)),
            Cause::Io(_) => ("io", None),
            Cause::Flood => ("flood", None),
            Cause::Stopped => (INTERRUPTED, None),
        };
        let introduced = stage == Stage::Ack;
        // A peer in the middle of a message has shown more than any guess; the sentence says what.
        let suspicion = match end {
            Some(end) if failure.unfinished.is_none() => conversation.suspicion(Evidence { end, ours: failure.ours }),
            _ => Cow::Borrowed(""),
        };
        let separator = if suspicion.is_empty() { "" } else { ": " };
        Self {
            outcome: if introduced && end.is_some() { Outcome::Partial } else { Outcome::Failed },
            stage,
            reason,
            number: None,
            blame: Some(match cause {
                Cause::Flood => Blame::Peer,
                Cause::Stopped => Blame::Local,
                _ => Blame::Network,
            }),
            detail: format!("{failure}{separator}{suspicion}"),
            remarks: match (end, failure.ours) {
                (Some(End::Closed), OursRead::Nothing) => vec![Remark {
                    code: "closed.before-hello",
                    detail: "closed the connection before it had read what we said".to_owned(),
                }],
                _ => Vec::new(),
            },
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({}): {}", self.outcome.name(), self.stage.name(), self.reason, self.detail)
    }
}
