//! A handshake and a connection that follow a script.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use handshake::{Blame, Conversation, End, Evidence, Fault, Handshake, Rx, Stage, Step};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A handshake that sends and receives what its script says, and is done at the script's end. The first bytes that it
/// receives are the peer's introduction.
pub(crate) struct Script {
    acts: VecDeque<Act>,
    stage: Stage,
    /// How often it sends something unasked, and when next.
    again: Option<(Duration, Duration)>,
}

pub(crate) enum Act {
    Say(&'static str),
    /// Receives this many bytes.
    Hear(usize),
    /// Receives this many bytes and decrypts them in place: they are capital letters then.
    Open(usize),
    /// Receives this many bytes, decrypts them in place and refuses them.
    OpenAndRefuse(usize),
    /// Receives this many bytes; if the connection ends when only a `?` of them has come, the script refuses.
    Insist(usize),
    Refuse,
}

impl Script {
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: acts.into_iter().collect(), stage: Stage::Hello, again: None }
    }

    /// Lets it send something unasked from time to time.
    pub(crate) fn speaking_every(self, time: Duration) -> Self {
        Self { again: Some((time, time)), ..self }
    }
}

impl Conversation for Script {
    type Output = ();
    type Event = ();
    type Error = Refused;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<(), ()>, Refused> {
        match self.acts.front() {
            Some(Act::Say(text)) => tx.extend_from_slice(text.as_bytes()),
            Some(&(Act::Hear(len) | Act::Insist(len))) => match rx.take(len) {
                Ok(_) => self.stage = Stage::Ack,
                Err(short) => return Ok(Step::Need(short.0)),
            },
            Some(&(Act::Open(len) | Act::OpenAndRefuse(len))) => match rx.take(len) {
                Ok(bytes) => bytes.make_ascii_uppercase(),
                Err(short) => return Ok(Step::Need(short.0)),
            },
            Some(Act::Refuse) => return Err(Refused),
            None => {
                self.stage = Stage::Done;
                return Ok(Step::Done(()));
            }
        }
        match self.acts.pop_front() {
            Some(Act::OpenAndRefuse(_)) => Err(Refused),
            _ => Ok(Step::Event(())),
        }
    }

    fn wake_at(&self, _: Duration) -> Option<Duration> {
        self.again.map(|(_, next)| next)
    }

    fn wake(&mut self, now: Duration) {
        self.acts.push_front(Act::Say("..."));
        self.again = self.again.map(|(every, _)| (every, now + every));
    }

    fn awaiting(&self) -> &'static str {
        match self.stage {
            Stage::Hello => "introduction",
            _ => "answer",
        }
    }

    fn ended(&self, _: End, rest: &[u8]) -> Option<Refused> {
        (matches!(self.acts.front(), Some(Act::Insist(_))) && rest == b"?").then_some(Refused)
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        match evidence.end {
            End::Closed => "it is shy".into(),
            End::Silent => "".into(),
        }
    }
}

impl Handshake for Script {
    fn stage(&self) -> Stage {
        self.stage
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("we do not like it")]
pub(crate) struct Refused;

impl Fault for Refused {
    fn blame(&self) -> Blame {
        Blame::Mismatch
    }

    fn code(&self) -> &'static str {
        "script.refused"
    }
}

/// A connection whose peer does these things, one for each read, and then nothing more.
#[derive(Debug)]
pub(crate) struct Wire {
    reads: VecDeque<Read>,
    write_error: Option<io::ErrorKind>,
    /// What was done to it.
    pub(crate) did: Vec<Did>,
}

#[derive(Debug)]
pub(crate) enum Read {
    Bytes(&'static str),
    Fin,
    Error(io::ErrorKind),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Did {
    Wrote(String),
    Flushed,
    Got(usize),
}

impl Wire {
    pub(crate) fn new(reads: impl IntoIterator<Item = Read>) -> Self {
        Self { reads: reads.into_iter().collect(), write_error: None, did: Vec::new() }
    }

    /// Every write to it fails.
    pub(crate) fn unwritable(mut self, kind: io::ErrorKind) -> Self {
        self.write_error = Some(kind);
        self
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.reads.pop_front() {
            Some(Read::Bytes(text)) => {
                buffer.put_slice(text.as_bytes());
                self.did.push(Did::Got(text.len()));
                Poll::Ready(Ok(()))
            }
            Some(Read::Fin) => Poll::Ready(Ok(())),
            Some(Read::Error(kind)) => Poll::Ready(Err(kind.into())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.write_error {
            return Poll::Ready(Err(kind.into()));
        }
        self.did.push(Did::Wrote(String::from_utf8(bytes.to_vec()).expect("scripts are text")));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.did.push(Did::Flushed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
