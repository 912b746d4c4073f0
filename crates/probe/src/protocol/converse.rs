//! Performs a conversation of any protocol over a connection.

use std::fmt::Display;
use std::os::fd::AsFd;
use std::time::Duration;

use handshake::Conversation;
use net::{Driver, Failure, Limits, Seen, Tcp, Timer, Unread};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::attempt::Attempt;
use crate::report::Bytes;
use crate::trace::Entry;

/// The times of a handshake.
#[derive(Debug)]
pub struct Times<'t> {
    /// When the connection opened.
    pub opened: Instant,
    /// When the handshake must be over.
    pub deadline: Instant,
    /// Enforces the deadline.
    pub timer: &'t mut Timer,
    /// Whether the connection is needed afterwards.
    pub stays: bool,
    /// Whether to investigate a close, perhaps with a second connection.
    pub closely: bool,
}

/// Receives each message as it passes.
pub type Tracer<'t> = &'t mut (dyn FnMut(Entry<'_>) + Send);

/// The connection and the result of the conversation, or why it failed.
type Concluded<C, S> = Result<(Unread<S>, <C as Conversation>::Output), Failure<<C as Conversation>::Error>>;

/// Performs a handshake, and records in the attempt when the peer introduced itself and how many bytes passed.
/// `is_hello` recognizes the peer's introduction, and `line` formats an event.
pub async fn converse<C, S>(
    conversation: &mut C,
    stream: S,
    times: Times<'_>,
    tracer: Option<Tracer<'_>>,
    attempt: &mut Attempt,
    is_hello: impl Fn(&C::Event) -> bool,
    line: impl for<'a> Fn(&Seen<'a, C::Event>, Duration) -> Entry<'a>,
) -> Concluded<C, S>
where
    C: Conversation,
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    converse_within(Limits::DEFAULT_BYTES, conversation, stream, times, tracer, attempt, is_hello, line).await
}

/// As [`converse`], with a byte limit that the protocol sets.
#[expect(clippy::too_many_arguments, reason = "two of them are what differs between the protocols")]
pub async fn converse_within<C, S>(
    budget: u64,
    conversation: &mut C,
    stream: S,
    times: Times<'_>,
    mut tracer: Option<Tracer<'_>>,
    attempt: &mut Attempt,
    is_hello: impl Fn(&C::Event) -> bool,
    line: impl for<'a> Fn(&Seen<'a, C::Event>, Duration) -> Entry<'a>,
) -> Concluded<C, S>
where
    C: Conversation,
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let Times { opened, deadline, timer, stays, closely } = times;
    let limits = Limits { deadline, bytes: budget };
    let driver = Driver::new(limits).over_tcp(Tcp { leave: !stays, closely }).timed(timer).capturing(tracer.is_some());
    let hello = &mut attempt.timing.hello;
    let on_event = |seen: Seen<'_, C::Event>| {
        if hello.is_none() && is_hello(&seen.event) {
            *hello = Some(opened.elapsed());
        }
        if let Some(tracer) = &mut tracer {
            tracer(line(&seen, opened.elapsed()));
        }
    };
    match driver.run(conversation, stream, on_event).await {
        Ok(established) => {
            attempt.timing.handshake = Some(opened.elapsed());
            attempt.bytes = Bytes { sent: established.sent, received: established.received };
            Ok(established.into_stream())
        }
        Err(failure) => {
            if let (Some(tracer), [_, ..]) = (&mut tracer, &*failure.rest) {
                tracer(Entry::unread(&failure.rest, opened.elapsed()));
            }
            attempt.bytes = Bytes { sent: failure.sent, received: failure.received + failure.rest.len() as u64 };
            Err(failure)
        }
    }
}

/// Performs a short conversation after a handshake: a question and its answer. `line` formats an event.
pub async fn converse_after<C, S>(
    conversation: &mut C,
    stream: S,
    times: Times<'_>,
    mut tracer: Option<Tracer<'_>>,
    line: impl for<'a> Fn(&Seen<'a, C::Event>, Duration) -> Entry<'a>,
) -> Result<C::Output, Failure<C::Error>>
where
    C: Conversation,
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let Times { opened, deadline, timer, stays, closely } = times;
    let limits = Limits { deadline, bytes: Limits::DEFAULT_BYTES };
    let driver = Driver::new(limits).over_tcp(Tcp { leave: !stays, closely }).timed(timer).capturing(tracer.is_some());
    let on_event = |seen: Seen<'_, C::Event>| {
        if let Some(tracer) = &mut tracer {
            tracer(line(&seen, opened.elapsed()));
        }
    };
    match driver.run(conversation, stream, on_event).await {
        Ok(established) => Ok(established.output),
        Err(failure) => {
            if let (Some(tracer), [_, ..]) = (&mut tracer, &*failure.rest) {
                tracer(Entry::unread(&failure.rest, opened.elapsed()));
            }
            Err(failure)
        }
    }
}

/// The certain part of a failure, if a silent connection may be made and may settle the rest.
pub fn guess<E: Display>(closely: bool, failure: &Failure<E>) -> Option<Box<str>> {
    (closely && failure.is_unexplained()).then(|| failure.to_string().into())
}
