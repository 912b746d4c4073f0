//! Runs a conversation over a stream, within a deadline and a byte budget.

use std::future::poll_fn;
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use handshake::{Conversation, End, Leave, OursRead, Rx, Step};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::failure::{Cause, Failure};
use crate::line::{AnyLine, Line, Tcp, write_counted};
use crate::timer::Timer;
use crate::unread::Unread;

/// The limits of a handshake, whatever the peer does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The handshake ends at this moment, concluded or not.
    pub deadline: Instant,
    /// Bytes that the handshake may receive before it is concluded.
    pub bytes: u64,
}

impl Limits {
    /// No known handshake takes more than 20 kB; a peer that sends this much without concluding is flooding.
    pub const DEFAULT_BYTES: u64 = 256 * 1024;

    /// The default byte budget, and a deadline after this much time from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { deadline: Instant::now() + time, bytes: Self::DEFAULT_BYTES }
    }
}

/// A concluded handshake.
#[derive(Debug)]
pub struct Established<S, T> {
    /// The connection.
    pub io: S,
    /// What was agreed.
    pub output: T,
    /// Bytes that arrived after the handshake's last byte. They belong to the protocol that follows.
    pub unread: Vec<u8>,
    /// Bytes of the handshake that the connection took.
    pub sent: u64,
    /// Bytes that the handshake received.
    pub received: u64,
}

impl<S, T> Established<S, T> {
    /// The connection, which serves the unread bytes first, and what was agreed.
    pub fn into_stream(self) -> (Unread<S>, T) {
        (Unread::new(self.unread, self.io), self.output)
    }
}

/// An event, with the bytes it covers.
#[derive(Debug)]
pub struct Seen<'a, E> {
    /// What happened.
    pub event: E,
    /// The bytes received for it. An encrypted protocol decrypts in place, so these are plain text, unless the driver
    /// [captures](Driver::capturing) the bytes of the wire.
    pub received: &'a [u8],
    /// The bytes to be sent for it.
    pub sent: &'a [u8],
}

/// Runs one conversation over one connection, within its limits and with its options.
///
/// All that the conversation sends before it must wait leaves in one write. If both sides have sent everything and only
/// the last write fails because the peer has closed, the conversation is still concluded. Whether that write fails is a
/// race of kernels, and the same peer must get the same result.
#[derive(Debug)]
#[must_use]
pub struct Driver<'t, L = AnyLine> {
    limits: Limits,
    timer: Option<&'t mut Timer>,
    line: L,
    captures: bool,
}

impl Driver<'_> {
    /// A driver with these limits, for any stream of bytes.
    pub fn new(limits: Limits) -> Self {
        Self { limits, timer: None, line: AnyLine, captures: false }
    }
}

impl<'t, L> Driver<'t, L> {
    /// Waits with a timer that the caller reuses; what interrupts the timer also interrupts the conversation.
    pub fn timed<'u>(self, timer: &'u mut Timer) -> Driver<'u, L> {
        let Self { limits, line, captures, .. } = self;
        Driver { limits, timer: Some(timer), line, captures }
    }

    /// For a TCP connection: acknowledges at once what arrives, and checks how the peer closed. With [`Tcp::leave`],
    /// the last flight and the end of our side leave in one segment; afterwards the connection can only be read or
    /// dropped.
    pub fn over_tcp(self, tcp: Tcp) -> Driver<'t, Tcp> {
        let Self { limits, timer, captures, .. } = self;
        Driver { limits, timer, line: tcp, captures }
    }

    /// If `captures`, events show the received bytes as they came over the wire.
    pub fn capturing(self, captures: bool) -> Self {
        Self { captures, ..self }
    }

    /// Runs the conversation over `stream`.
    ///
    /// # Errors
    /// [`Failure`] with what the conversation waited for and why it did not come.
    pub async fn run<C, S>(
        self,
        conversation: &mut C,
        mut stream: S,
        on_event: impl FnMut(Seen<'_, C::Event>),
    ) -> Result<Established<S, C::Output>, Failure<C::Error>>
    where
        C: Conversation,
        S: AsyncRead + AsyncWrite + Unpin,
        L: Line<S>,
    {
        let Self { limits, timer, line, captures } = self;
        let mut own_timer = Timer::new();
        let timer = timer.unwrap_or(&mut own_timer);
        let started = Instant::now();
        let mut run = Run {
            conversation,
            on_event,
            limits,
            started,
            alarm: Alarm::new(started, limits.deadline),
            wire: captures.then(Vec::new),
            kept: Vec::new(),
            tx: Vec::with_capacity(TX_LEN),
            received: 0,
            sent: 0,
            spoke: false,
            flights: 0,
            cut_off: false,
            reset: false,
        };
        let result = timer.wait(limits.deadline, pin!(run.converse(&mut stream, &line))).await;
        let result = match result {
            Some(result) => result,
            None if timer.is_stopped() => {
                run.leave(Leave::Stopped, &mut stream);
                Err(Cause::Stopped)
            }
            None => {
                run.leave(Leave::Deadline, &mut stream);
                run.conversation.settle().ok_or(Cause::Late)
            }
        };
        match result {
            Ok(output) => {
                Ok(Established { io: stream, output, unread: run.kept, sent: run.sent, received: run.received })
            }
            Err(cause) => {
                let ours = run.ours_read(&cause, &line, &stream);
                let fault = run.fault_of(&cause);
                Err(run.failure(fault.map_or(cause, Cause::Fault), ours))
            }
        }
    }
}

/// As [`Driver::run`], with limits and no other option.
///
/// # Errors
/// As [`Driver::run`].
pub async fn run<C, S>(
    conversation: &mut C,
    stream: S,
    limits: Limits,
    on_event: impl FnMut(Seen<'_, C::Event>),
) -> Result<Established<S, C::Output>, Failure<C::Error>>
where
    C: Conversation,
    S: AsyncRead + AsyncWrite + Unpin,
{
    Driver::new(limits).run(conversation, stream, on_event).await
}

/// Bytes read from the socket at once. The buffer is on the stack while a ready socket is read, so a silent connection
/// holds no buffer.
const READ_LEN: usize = 16 * 1024;

/// Initial capacity of the send buffer: enough for a Bitcoin `version` and the messages after it.
const TX_LEN: usize = 256;

/// At most this many bytes arrive together. (RFC 9293: the least that a path carries in one segment)
const ONE_SEGMENT: u64 = 536;

/// Capacity that a buffer may have beyond its contents. With it, a message that arrives byte by byte is copied a few
/// times only, and a waiting connection holds little spare memory.
const SPARE_LEN: usize = 4096;

/// Appends what arrived, without doubling the buffer's capacity.
fn keep(kept: &mut Vec<u8>, arrived: &[u8]) {
    if kept.capacity() - kept.len() < arrived.len() && !arrived.is_empty() {
        kept.reserve_exact(arrived.len().max(if kept.is_empty() { 0 } else { SPARE_LEN }));
    }
    kept.extend_from_slice(arrived);
}

/// A conversation in progress.
struct Run<'c, C, F> {
    conversation: &'c mut C,
    on_event: F,
    limits: Limits,
    started: Instant,
    alarm: Alarm,
    /// The bytes shown to a step, as they came: the step may decrypt the original in place.
    wire: Option<Vec<u8>>,
    /// Bytes that arrived and were not taken: always fewer than the handshake needs to continue.
    kept: Vec<u8>,
    tx: Vec<u8>,
    received: u64,
    /// Bytes that the connection took. If the peer does not read, it takes only a part, or none.
    sent: u64,
    /// Whether we tried to write anything. Even bytes that the connection refused may make the peer abort: see
    /// [`Cause::Closed`].
    spoke: bool,
    /// Writes of which the connection took at least a part.
    flights: u32,
    /// Whether the peer's end was closed before our last flight arrived, or while it had not read bytes of ours.
    cut_off: bool,
    /// Whether the connection ended by an RST.
    reset: bool,
}

impl<C: Conversation, F: FnMut(Seen<'_, C::Event>)> Run<'_, C, F> {
    async fn converse<S>(&mut self, stream: &mut S, line: &impl Line<S>) -> Result<C::Output, Cause<C::Error>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut begun = false;
        // Bind the result after the loop, so that the suspended future reserves no space for it.
        let over = loop {
            let progress = poll_fn(|cx| {
                if !mem::replace(&mut begun, true) || self.alarm.poll(self.conversation, cx).is_ready() {
                    return Poll::Ready(self.advance(&mut []));
                }
                self.poll_arrival(stream, cx)
            });
            if let Some(over) = progress.await.transpose() {
                break over;
            }
            // The write's error is ignored: a peer that closed may have left bytes to read, and they decide the result.
            // If there are none, the next read ends the conversation.
            if self.tx.is_empty() && self.has_heard() {
                // With nothing to send, our acknowledgement would wait for 40 ms, and so would the bytes that the
                // peer's kernel holds back until it comes (Nagle's algorithm).
                line.acknowledge(stream);
            }
            drop(self.flush(stream).await);
        };
        if over.is_ok() {
            drop(line.say_last(stream, &self.tx, &mut self.sent).await);
        } else {
            drop(self.flush(stream).await);
        }
        over
    }

    /// Reads what the socket has, and advances the conversation with it.
    fn poll_arrival<S>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<Progress<C>>
    where
        S: AsyncRead + Unpin,
    {
        let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
        let mut buffer = ReadBuf::uninit(&mut space);
        let arrived = match ready!(Pin::new(stream).poll_read(cx, &mut buffer)) {
            Ok(()) => buffer.filled_mut(),
            Err(error) => {
                // A kernel aborts in place of closing when its program closes with unread input.
                self.cut_off |= error.kind() == io::ErrorKind::ConnectionReset;
                self.reset |= is_reset(&error);
                return Poll::Ready(Err(Cause::of(error, self.spoke)));
            }
        };
        Poll::Ready(if arrived.is_empty() { Err(Cause::Closed) } else { self.advance(arrived) })
    }

    /// Steps as far as the kept bytes and `arrived` allow.
    fn advance(&mut self, arrived: &mut [u8]) -> Progress<C> {
        if self.kept.is_empty() {
            let (progress, taken) = self.steps(arrived);
            keep(&mut self.kept, &arrived[taken..]);
            return progress;
        }
        let mut bytes = mem::take(&mut self.kept);
        keep(&mut bytes, arrived);
        let (progress, taken) = self.steps(&mut bytes);
        bytes.drain(..taken);
        bytes.shrink_to(if bytes.is_empty() { 0 } else { bytes.len() + SPARE_LEN });
        self.kept = bytes;
        progress
    }

    /// Steps until the conversation needs more bytes or is over; also returns how many bytes were taken.
    fn steps(&mut self, bytes: &mut [u8]) -> (Progress<C>, usize) {
        // Bytes over the budget are not shown, so that the result does not depend on how the bytes were split.
        let budget = usize::try_from(self.limits.bytes - self.received).unwrap_or(usize::MAX);
        let shown = bytes.len().min(budget);
        let mut at = 0;
        loop {
            if let Some(wire) = &mut self.wire {
                wire.clear();
                wire.extend_from_slice(&bytes[at..shown]);
            }
            let mut rx = Rx::new(&mut bytes[at..shown]);
            let said = self.tx.len();
            let step = self.conversation.step(&mut rx, &mut self.tx);
            let taken = rx.taken();
            let received = at..at + taken;
            at += taken;
            let progress = match step {
                Ok(Step::Event(event)) => {
                    self.received += taken as u64;
                    let received = self.wire.as_ref().map_or(&bytes[received], |wire| &wire[..taken]);
                    (self.on_event)(Seen { event, received, sent: &self.tx[said..] });
                    continue;
                }
                Ok(Step::Need(_)) if shown < bytes.len() => Err(Cause::Flood),
                Ok(Step::Need(_)) => Ok(None),
                Ok(Step::Done(output)) => {
                    self.received += taken as u64;
                    Ok(Some(output))
                }
                Err(fault) => {
                    // Whether the step took these bytes or only looked at them, the conversation failed on them.
                    at = received.start;
                    if let Some(wire) = &self.wire {
                        bytes[at..shown].copy_from_slice(wire);
                    }
                    Err(Cause::Fault(fault))
                }
            };
            return (progress, at);
        }
    }

    async fn flush<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        if self.tx.is_empty() {
            return Ok(());
        }
        self.spoke = true;
        self.flights = self.flights.saturating_add(1);
        let sent = self.sent;
        let written = write_counted(stream, &self.tx, &mut self.sent).await;
        if let Err(error) = &written {
            self.reset |= is_reset(error);
        }
        if written.is_err() && self.sent == sent {
            // The connection took none of it, so the peer cannot have seen this flight.
            self.flights -= 1;
            self.cut_off = true;
        }
        self.tx.clear();
        self.tx.shrink_to(SPARE_LEN);
        written
    }

    /// Sends the protocol's parting message, if the connection takes it at once.
    fn leave<S: AsyncWrite + Unpin>(&mut self, why: Leave, stream: &mut S) {
        // The unsent bytes may be a part of a message: nothing may be sent after that.
        if !self.tx.is_empty() {
            return;
        }
        let Some(event) = self.conversation.leave(why, &mut self.tx) else { return };
        (self.on_event)(Seen { event, received: &[], sent: &self.tx });
        let written = Pin::new(stream).poll_write(&mut Context::from_waker(Waker::noop()), &self.tx);
        if let Poll::Ready(Ok(len)) = written {
            self.sent += len as u64;
        }
        self.tx.clear();
    }

    /// The protocol's error for an end that no message announced.
    fn fault_of(&self, cause: &Cause<C::Error>) -> Option<C::Error> {
        let end = match cause {
            Cause::Closed => End::Closed,
            Cause::Late => End::Silent,
            Cause::Fault(_) | Cause::Reset | Cause::Io(_) | Cause::Flood | Cause::Stopped => return None,
        };
        self.conversation.ended(end, &self.kept)
    }

    /// Whether anything has arrived.
    fn has_heard(&self) -> bool {
        self.received > 0 || !self.kept.is_empty()
    }

    /// How much of our data the peer can have read when it closed the connection.
    fn ours_read<S>(&self, cause: &Cause<C::Error>, line: &impl Line<S>, stream: &S) -> OursRead {
        match cause {
            _ if !self.spoke => OursRead::NotSaid,
            _ if self.flights == 0 => OursRead::Nothing,
            Cause::Reset | Cause::Closed if self.cut_off => OursRead::NotAll,
            Cause::Closed => match line.unread(stream) {
                None => OursRead::Unknown,
                Some(unread) if unread >= self.sent && self.flights == 1 && self.sent <= ONE_SEGMENT => {
                    OursRead::Nothing
                }
                Some(_) => OursRead::NotAll,
            },
            _ => OursRead::Unknown,
        }
    }

    fn failure(self, cause: Cause<C::Error>, ours: OursRead) -> Failure<C::Error> {
        let is_fault = matches!(cause, Cause::Fault(_));
        Failure {
            cause,
            awaiting: self.conversation.awaiting(),
            unfinished: if is_fault { None } else { self.conversation.unfinished(&self.kept) },
            instead: if is_fault { None } else { self.conversation.instead() },
            ours,
            reset: self.reset,
            received: self.received,
            sent: self.sent,
            after: self.started.elapsed(),
            rest: self.kept,
        }
    }
}

/// Whether this error means that the connection was reset.
fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// The output if the conversation is over, `None` if it needs more bytes.
type Progress<C> = Result<Option<<C as Conversation>::Output>, Cause<<C as Conversation>::Error>>;
