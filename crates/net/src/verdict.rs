//! How an attempt went, in the terms that all reports share.

use std::borrow::Cow;
use std::fmt;

use handshake::{Banner, Blame, Conversation, End, Evidence, Fault, Handshake, OursRead, Outcome, Remark, Stage};

use crate::failure::{Cause, Failure};

/// The reason of an attempt that the user interrupted: it has no outcome yet.
pub const INTERRUPTED: &str = "interrupted";

/// The code of the remark on a peer that did not answer the message whose answer proves that it accepted us.
pub const UNCONFIRMED: &str = "unconfirmed";

/// How an attempt went, and what is unusual about the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it went.
    pub ending: Ending,
    /// What is unusual about the peer although nothing failed for it, and evidence behind a sentence; in the order
    /// seen.
    pub remarks: Vec<Remark>,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both sides sent everything.
    Ok,
    /// The peer introduced itself, and then the handshake ended.
    Partial(Why),
    /// It failed before that.
    Failed(Why),
    /// It was interrupted: no verdict on the peer, only what was known by then.
    Unfinished(Why),
}

/// Why an attempt ended without a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The stage that was entered last.
    pub stage: Stage,
    /// A stable code: `closed`, `bitcoin.checksum`.
    pub reason: &'static str,
    /// The number that the peer gave as its reason, if it gave one.
    pub number: Option<u64>,
    /// The side or part that is to blame.
    pub blame: Blame,
    /// One plain sentence, fit to print.
    pub detail: String,
}

impl Verdict {
    /// Why there was no handshake; `None` if there was one.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        match &self.ending {
            Ending::Ok => None,
            Ending::Partial(why) | Ending::Failed(why) | Ending::Unfinished(why) => Some(why),
        }
    }

    /// The outcome in one word. An interrupted attempt counts as failed.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.ending {
            Ending::Ok => Outcome::Ok,
            Ending::Partial(_) => Outcome::Partial,
            Ending::Failed(_) | Ending::Unfinished(_) => Outcome::Failed,
        }
    }

    /// The stage that was entered last.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.why().map_or(Stage::Done, |why| why.stage)
    }

    /// A stable code: `ok`, `closed`, `bitcoin.checksum`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.why().map_or("ok", |why| why.reason)
    }

    /// The number that the peer gave as its reason, if it gave one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.why().and_then(|why| why.number)
    }

    /// The side or part that is to blame; `None` if the handshake succeeded.
    #[must_use]
    pub fn blame(&self) -> Option<Blame> {
        self.why().map(|why| why.blame)
    }

    /// One plain sentence on why there was no handshake, fit to print; empty if there was one.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.why().map_or("", |why| &why.detail)
    }

    /// The sentence, mutable; `None` if there is none.
    pub fn detail_mut(&mut self) -> Option<&mut String> {
        match &mut self.ending {
            Ending::Ok => None,
            Ending::Partial(why) | Ending::Failed(why) | Ending::Unfinished(why) => Some(&mut why.detail),
        }
    }

    /// Adds to the sentence, if there is one.
    pub fn add(&mut self, more: &str) {
        if let Some(detail) = self.detail_mut() {
            detail.push_str(more);
        }
    }

    /// Whether the attempt was interrupted.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        matches!(self.ending, Ending::Unfinished(_))
    }

    /// An interrupted attempt: only its stage is known.
    #[must_use]
    pub fn unfinished(stage: Stage) -> Self {
        Self {
            ending: Ending::Unfinished(Why {
                stage,
                reason: INTERRUPTED,
                number: None,
                blame: Blame::Local,
                detail: String::new(),
            }),
            remarks: Vec::new(),
        }
    }

    /// Both sides sent everything.
    #[must_use]
    pub fn ok(remarks: Vec<Remark>) -> Self {
        Self { ending: Ending::Ok, remarks }
    }

    /// Both sides sent everything, but nothing shows that the peer accepted us: it did not answer our `question`, and
    /// left the connection open until the deadline.
    #[must_use]
    pub fn unconfirmed(question: &str, mut remarks: Vec<Remark>) -> Self {
        remarks.push(Remark {
            code: UNCONFIRMED,
            detail: format!("did not answer {question}, so nothing shows that it accepted us"),
        });
        Self::ok(remarks)
    }

    /// The attempt failed before the handshake, or for a reason that its protocol names.
    #[must_use]
    pub fn failed(stage: Stage, fault: &impl Fault) -> Self {
        let why = Why {
            stage,
            reason: fault.code(),
            number: fault.number(),
            blame: fault.blame(),
            detail: fault.to_string(),
        };
        let ending = if why.reason == INTERRUPTED { Ending::Unfinished(why) } else { Ending::Failed(why) };
        Self { ending, remarks: Vec::new() }
    }

    /// The same for a peer that had introduced itself.
    #[must_use]
    pub fn into_partial(self) -> Self {
        let ending = match self.ending {
            Ending::Failed(why) => Ending::Partial(why),
            other => other,
        };
        Self { ending, ..self }
    }

    /// The attempt failed for a reason that its protocol names. If the first bytes are those of another kind of
    /// service, the sentence names that service, too.
    fn of_fault<E: Fault>(stage: Stage, fault: &E, failure: &Failure<E>) -> Self {
        let mut verdict = Self::failed(stage, fault);
        if stage == Stage::Ack && fault.refuses() {
            verdict = verdict.into_partial();
        }
        if let (0, Some(banner)) = (failure.received, Banner::of(&failure.rest)) {
            let has_dialled_us = failure.ours == OursRead::NotSaid;
            let what = if has_dialled_us { banner.asked().to_owned() } else { banner.to_string() };
            if !verdict.detail().contains(&what) && !verdict.detail().contains(banner.asked()) {
                verdict.add(": it ");
                verdict.add(&what);
            }
        }
        verdict
    }

    /// The verdict on a handshake that did not conclude.
    #[must_use]
    pub fn of_failure<H: Handshake>(handshake: &H, failure: &Failure<H::Error>) -> Self {
        Self::of_failure_at(handshake.stage(), handshake, failure)
    }

    /// The verdict on a conversation after a handshake that did not conclude.
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
        // A peer that stopped within a message has shown more than any guess; the sentence says it.
        let suspicion = match end {
            Some(end) if failure.unfinished.is_none() => conversation.suspicion(Evidence { end, ours: failure.ours }),
            _ => Cow::Borrowed(""),
        };
        let separator = if suspicion.is_empty() { "" } else { ": " };
        let why = Why {
            stage,
            reason,
            number: None,
            blame: match cause {
                Cause::Flood => Blame::Peer,
                Cause::Stopped => Blame::Local,
                _ => Blame::Network,
            },
            detail: format!("{failure}{separator}{suspicion}"),
        };
        let ending = match cause {
            Cause::Stopped => Ending::Unfinished(why),
            _ if introduced && end.is_some() => Ending::Partial(why),
            _ => Ending::Failed(why),
        };
        let before_hello = || Remark {
            code: "closed.before-hello",
            detail: "closed the connection before it had read what we said".to_owned(),
        };
        let is_unread = (end, failure.ours) == (Some(End::Closed), OursRead::Nothing);
        Self { ending, remarks: is_unread.then(before_hello).into_iter().collect() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why() {
            None => f.write_str(self.outcome().name()),
            Some(Why { stage, reason, detail, .. }) => {
                write!(f, "{} at {} ({reason}): {detail}", self.outcome().name(), stage.name())
            }
        }
    }
}
