//! Has a conversation over a connection, whatever is spoken.

use std::fmt::Display;
use std::os::fd::AsFd;
use std::time::Duration;

use handshake::Handshake;
use net::{Cause, Failure, Limits, Seen, Tcp, Timer, Unread};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::retry::{Lasting, Retry};
use super::tape::{Tape, Taped};
use crate::report::Bytes;
use crate::trace::Entry;

/// The clock of a handshake.
#[derive(Debug)]
pub struct Times<'t> {
    /// When the connection was open.
    pub opened: Instant,
    /// When the handshake must be over.
    pub deadline: Instant,
    /// Keeps to the deadline.
    pub timer: &'t mut Timer,
    /// Whether the connection is wanted after it.
    pub stays: bool,
    /// Whether a close is looked at closely, and a second connection may settle what this one leaves open.
    pub closely: bool,
}

/// Is shown each message as it passes.
pub type Tracer<'t> = &'t mut (dyn FnMut(Entry<'_>) + Send);

/// A connection, and what was agreed over it.
type Concluded<H, S> = (Unread<S>, <H as Handshake>::Output);

/// What came of a conversation.
pub struct Conversed<H: Handshake, S> {
    /// The connection and what was agreed, or why there is none.
    pub result: Result<Concluded<H, S>, Failure<H::Error>>,
    /// What that says of the next attempt.
    pub retry: Retry,
    /// When the peer introduced itself, since the connection was open.
    pub hello: Option<Duration>,
    /// How much passed.
    pub bytes: Bytes,
}

/// Has a handshake, or another conversation that comes to an end. `is_hello` knows the peer's introduction, and `line` how
/// an event is shown.
pub async fn converse<H, S>(
    handshake: &mut H,
    stream: S,
    times: Times<'_>,
    tracer: Option<Tracer<'_>>,
    is_hello: impl Fn(&H::Event) -> bool,
    line: impl for<'a> Fn(&Seen<'a, H::Event>, Duration) -> Entry<'a>,
) -> Conversed<H, S>
where
    H: Handshake<Error: Lasting>,
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    converse_within(Limits::DEFAULT_BYTES, handshake, stream, times, tracer, is_hello, line).await
}

/// As [`converse`], with a byte budget of the protocol's own.
pub async fn converse_within<H, S>(
    budget: u64,
    handshake: &mut H,
    stream: S,
    times: Times<'_>,
    mut tracer: Option<Tracer<'_>>,
    is_hello: impl Fn(&H::Event) -> bool,
    line: impl for<'a> Fn(&Seen<'a, H::Event>, Duration) -> Entry<'a>,
) -> Conversed<H, S>
where
    H: Handshake<Error: Lasting>,
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let Times { opened, deadline, timer, stays, closely } = times;
    let tape = tracer.is_some().then(Tape::default);
    let handshake = &mut Taped::new(handshake, tape.as_ref());
    let mut hello = None;
    let on_event = |seen: Seen<'_, H::Event>| {
        if hello.is_none() && is_hello(&seen.event) {
            hello = Some(opened.elapsed());
        }
        if let (Some(tracer), Some(tape)) = (&mut tracer, &tape) {
            tape.show(seen, |seen| tracer(line(seen, opened.elapsed())));
        }
    };
    let limits = Limits { deadline, bytes: budget };
    let tcp = Tcp { leave: !stays, closely };
    match net::run_over_tcp(handshake, stream, limits, tcp, timer, on_event).await {
        Ok(established) => {
            let bytes = Bytes { sent: established.sent, received: established.received };
            Conversed { result: Ok(established.into_stream()), retry: Retry::Later, hello, bytes }
        }
        Err(failure) => {
            if let (Some(tracer), Some(tape), [_, ..]) = (&mut tracer, &tape, &*failure.rest) {
                let mut rest = failure.rest.clone();
                if let Cause::Fault(_) = failure.cause {
                    tape.restore(&mut rest);
                }
                tracer(Entry::unread(&rest, opened.elapsed()));
            }
            let bytes = Bytes { sent: failure.sent, received: failure.received + failure.rest.len() as u64 };
            Conversed { retry: Retry::after(&failure.cause), result: Err(failure), hello, bytes }
        }
    }
}

/// What is certain of a failure, if a silent connection may settle the rest and one may be made.
pub fn guess<E: Display>(closely: bool, failure: &Failure<E>) -> Option<Box<str>> {
    (closely && failure.is_unexplained()).then(|| failure.to_string().into())
}
