//! The contract between protocols, which own no I/O, and drivers, which know no protocol.
//!
//! ```text
//!            bytes that arrived             bytes to send
//!  driver ────────── Rx ─────────▶ step ─────── tx ───────▶ driver
//!    ▲                              │
//!    └── Need(n) · Event · Done · Err
//! ```
//!
//! A protocol implements [`Handshake`] once for each [`Role`], and [`Conversation`] also for what may follow: a
//! question and its answers, or a connection that is kept. It owns no socket, clock or random source: its constructor
//! takes keys, nonces, the time and limits. So official vectors run through the public API, a fuzzer's runs can be
//! repeated, and the same code works over tokio, threads or a recorded session.
//!
//! A protocol in which each side sends one byte, its version, and both use the lower one:
//!
//! ```
//! use verack_handshake::{Blame, Conversation, Fault, Handshake, Rx, Stage, Step};
//!
//! struct Greeting {
//!     version: u8,
//!     said: bool,
//! }
//!
//! #[derive(Debug)]
//! struct TooOld;
//!
//! impl std::fmt::Display for TooOld {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str("version 0 is spoken no more")
//!     }
//! }
//!
//! impl std::error::Error for TooOld {}
//!
//! impl Fault for TooOld {
//!     fn blame(&self) -> Blame {
//!         Blame::Mismatch
//!     }
//!
//!     fn code(&self) -> &'static str {
//!         "greeting.too-old"
//!     }
//! }
//!
//! impl Conversation for Greeting {
//!     type Output = u8;
//!     type Event = &'static str;
//!     type Error = TooOld;
//!
//!     fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Self::Event, u8>, TooOld> {
//!         if !self.said {
//!             self.said = true;
//!             tx.push(self.version);
//!             return Ok(Step::Event("said hello"));
//!         }
//!         match rx.take(1) {
//!             Ok([0]) => Err(TooOld),
//!             Ok(theirs) => Ok(Step::Done(self.version.min(theirs[0]))),
//!             Err(missing) => Ok(Step::Need(missing.0)),
//!         }
//!     }
//!
//!     fn awaiting(&self) -> &'static str {
//!         "version"
//!     }
//! }
//!
//! impl Handshake for Greeting {
//!     fn stage(&self) -> Stage {
//!         Stage::Hello
//!     }
//! }
//!
//! let mut side = Greeting { version: 3, said: false };
//! let mut tx = Vec::new();
//! assert!(matches!(side.step(&mut Rx::new(&mut []), &mut tx), Ok(Step::Event("said hello"))));
//! assert_eq!(tx, [3]);
//! assert!(matches!(side.step(&mut Rx::new(&mut []), &mut tx), Ok(Step::Need(1))));
//! assert!(matches!(side.step(&mut Rx::new(&mut [2]), &mut tx), Ok(Step::Done(2))));
//! ```
#![no_std]
extern crate alloc;

mod banner;
mod evidence;
mod fault;
mod fields;
mod halt;
mod hex;
mod reason;
mod remark;
mod rx;
mod text;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub use banner::{BANNER_LEN, Banner};
pub use evidence::{End, Evidence, Leave, OursRead, Unfinished};
pub use fault::{Blame, Fault};
pub use fields::{EndsIn, Fields};
pub use halt::ReadError;
pub use hex::{Hex, from_hex, read_hex};
pub use reason::{Reason, ReasonKind};
pub use remark::Remark;
pub use rx::{Rx, Short};
pub use text::{Printable, Text};

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We opened the connection.
    Initiator,
    /// We accepted it.
    Responder,
}

/// One side of a conversation over one connection: a handshake, a question and its answers, or a connection that is kept.
pub trait Conversation {
    /// The result. For a handshake of an encrypted protocol it holds the two halves of the channel.
    type Output;
    /// Something worth a line in a trace. It covers the bytes that its step took from `rx` and appended to `tx`.
    type Event;
    /// Why the conversation cannot go on.
    type Error: Fault;

    /// Advances by at most one event; appends the bytes to send to `tx`.
    ///
    /// The same bytes give the same steps, however they were split: too few bytes give [`Step::Need`], never an error.
    /// The driver sends `tx` before it waits for more bytes, and calls again after an event. After `Done` or an error
    /// the driver stops calling.
    ///
    /// # Errors
    /// What the peer did wrong, or why the two sides do not fit together.
    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Self::Event, Self::Output>, Self::Error>;

    /// What it waits for, in the protocol's own words: "version", "act two".
    fn awaiting(&self) -> &'static str;

    /// When the conversation wants to be woken if nothing arrives before; `None` for never. Times count from the start
    /// of the conversation, and `deadline` is its end.
    fn wake_at(&self, _deadline: Duration) -> Option<Duration> {
        None
    }

    /// The driver calls this at or after the time that [`wake_at`](Self::wake_at) named; `now` is the time of the call.
    /// The next step sends what is due. Afterwards `wake_at` names a later time, or none.
    fn wake(&mut self, _now: Duration) {}

    /// The protocol's own error for a connection that ended here, if the cause is certain enough. `rest` is what had
    /// arrived and was not taken.
    fn ended(&self, _end: End, _rest: &[u8]) -> Option<Self::Error> {
        None
    }

    /// Called when the deadline has passed and the peer is silent. Returns the result if both sides have sent
    /// everything and only the proof is missing that the peer accepted us.
    fn settle(&mut self) -> Option<Self::Output> {
        None
    }

    /// Called when our side leaves before the conversation is over: appends the protocol's parting message to `tx`, if
    /// it has one that can be sent now. Nothing is sent or received afterwards.
    fn leave(&mut self, _why: Leave, _tx: &mut Vec<u8>) -> Option<Self::Event> {
        None
    }

    /// The message that the peer began and did not finish, if it began one. `rest` is what had arrived and was not taken.
    fn unfinished(&self, _rest: &[u8]) -> Option<Unfinished> {
        None
    }

    /// The names of the messages that the peer sent in place of the awaited one: `verack`. `None` if it sent none, or
    /// if messages before the awaited one are usual.
    fn instead(&self) -> Option<String> {
        None
    }

    /// The most likely reason that the connection ended here, as the rest of a sentence; empty without evidence.
    fn suspicion(&self, _evidence: Evidence) -> Cow<'static, str> {
        Cow::Borrowed("")
    }
}

/// A conversation that is a handshake: the first one on a connection, which can end before it has concluded.
pub trait Handshake: Conversation {
    /// How far the handshake has come.
    fn stage(&self) -> Stage;
}

/// The result of one call of [`Conversation::step`].
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<E, T> {
    /// The conversation needs at least this many more bytes. Never 0.
    Need(usize),
    /// Something happened; call again.
    Event(E),
    /// The conversation is over. Bytes left in `rx` belong to the protocol that follows.
    Done(T),
}

/// How far an attempt had come when it ended. Each stage names the part that was entered last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Looking up a name.
    Resolve,
    /// Opening the connection.
    Connect,
    /// Key exchange or negotiation of the transport.
    Transport,
    /// Waiting for the peer's introduction.
    Hello,
    /// The peer introduced itself; waiting for the end of the handshake.
    Ack,
    /// Concluded.
    Done,
}

impl Stage {
    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Transport => "transport",
            Self::Hello => "hello",
            Self::Ack => "ack",
            Self::Done => "done",
        }
    }
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Both sides sent everything that the protocol's handshake requires.
    Ok,
    /// The peer introduced itself, and then closed or fell silent before the handshake was over.
    Partial,
    /// Everything else.
    Failed,
}

impl Outcome {
    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
