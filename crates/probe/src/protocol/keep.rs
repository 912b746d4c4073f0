//! Keeps a connection of any protocol after its handshake, and reports how long it lasted and what ended it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use handshake::{Blame, Conversation};
use net::{Cause, Driver, Failure, Limits, Seen, Stop, Timer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Tracer;
use super::retry::Lasting;
use crate::trace::Entry;

/// How long to keep a connection, and from when on.
#[derive(Clone, Copy, Debug)]
pub struct Span<'s> {
    /// When the connection opened.
    pub opened: Instant,
    /// When the handshake ended.
    pub since: Instant,
    /// When we close it.
    pub until: Instant,
    /// Ends it earlier.
    pub stop: &'s Stop,
}

/// The result of a kept connection.
#[derive(Clone, Debug)]
pub struct HoldResult {
    /// What ended it.
    pub end: HoldEnd,
    /// Its duration, from the end of the handshake on.
    pub lasted: Duration,
    /// How quickly the peer answered our pings.
    pub pings: Pings,
}

/// What ended a kept connection.
#[derive(Clone, Debug)]
pub enum HoldEnd {
    /// Its time was over.
    Time,
    /// The run was interrupted.
    Interrupted,
    /// The peer left.
    Left(Leaving),
    /// The peer broke the protocol, so we left: code, blame and sentence.
    Fault(&'static str, Blame, String),
    /// The connection broke.
    Broken(String),
}

/// How a peer left.
#[derive(Clone, Debug)]
pub enum Leaving {
    /// It closed the connection, possibly after these last words.
    Closed(Option<LastWords>),
    /// It reset the connection, possibly after these last words.
    Reset(Option<LastWords>),
    /// It said goodbye in a message of the protocol.
    Goodbye {
        /// The reason code.
        reason: &'static str,
        /// The peer's number for that reason, if it sent one.
        number: Option<u64>,
        /// Which side is at fault.
        blame: Blame,
        /// One sentence, with its subject.
        sentence: String,
    },
}

/// A message in which the peer says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// Its reason code.
    pub reason: &'static str,
    /// The peer's number for that reason, if it sent one.
    pub number: Option<u64>,
    /// One sentence, with its subject.
    pub sentence: String,
}

/// The meaning of an event for a kept connection.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// Nothing.
    Other,
    /// We sent a ping.
    Ping,
    /// The peer answered a ping.
    Pong,
    /// The peer said what is wrong.
    LastWords(LastWords),
}

/// Keeps a connection alive until its time is over, the run stops, or the peer leaves.
pub async fn keep<C: Conversation<Output = Infallible, Error: Lasting>>(
    mut session: C,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    span: Span<'_>,
    mut tracer: Option<Tracer<'_>>,
    line: impl for<'a> Fn(&Seen<'a, C::Event>, Duration) -> Entry<'a>,
    sign: impl Fn(&C::Event) -> Meaning,
) -> HoldResult {
    let Span { opened, since, until, stop } = span;
    let limits = Limits { deadline: until, bytes: held_bytes(until.saturating_duration_since(Instant::now())) };
    let (mut pings, mut last_words) = (Pings::default(), None);
    let driver = Driver::new(limits).capturing(tracer.is_some());
    let on_event = |seen: Seen<'_, C::Event>| {
        match sign(&seen.event) {
            Meaning::Other => {}
            Meaning::Ping => pings.asked(Instant::now()),
            Meaning::Pong => pings.answered(Instant::now()),
            Meaning::LastWords(words) => last_words = Some(words),
        }
        if let Some(tracer) = &mut tracer {
            tracer(line(&seen, opened.elapsed()));
        }
    };
    let Err(failure) = driver.timed(&mut Timer::until(stop)).run(&mut session, stream, on_event).await;
    HoldResult { end: HoldEnd::of(failure, last_words), lasted: since.elapsed(), pings }
}

impl HoldEnd {
    fn of<E: Lasting>(failure: Failure<E>, words: Option<LastWords>) -> Self {
        match failure.cause {
            Cause::Late => Self::Time,
            Cause::Stopped => Self::Interrupted,
            Cause::Closed if !failure.reset => Self::Left(Leaving::Closed(words)),
            Cause::Closed | Cause::Reset => Self::Left(Leaving::Reset(words)),
            Cause::Fault(fault) if fault.is_goodbye() => {
                let (reason, number, blame) = (fault.code(), fault.number(), fault.blame());
                Self::Left(Leaving::Goodbye { reason, number, blame, sentence: fault.to_string() })
            }
            Cause::Fault(fault) => Self::Fault(fault.code(), fault.blame(), fault.to_string()),
            Cause::Flood => Self::Fault("flood", Blame::Peer, format!("it sent more than {} bytes", failure.received)),
            broken => Self::Broken(broken.to_string()),
        }
    }
}

/// How quickly a peer answered.
#[derive(Clone, Debug, Default)]
pub struct Pings {
    /// Pings that we sent.
    pub sent: u64,
    /// Pings that the peer answered.
    pub answered: u64,
    least: Option<Duration>,
    most: Option<Duration>,
    /// When we sent the pings without an answer so far, in this order.
    open: VecDeque<Instant>,
    /// The latest answer times.
    last: VecDeque<Duration>,
}

impl Pings {
    /// Unanswered pings to remember. A peer that misses more is not slow: it does not answer.
    const MAX_OPEN: usize = 16;

    /// The median covers this many of the latest answers, so that a connection of a week needs little memory.
    const MAX_LAST: usize = 255;

    fn asked(&mut self, now: Instant) {
        self.sent += 1;
        if self.open.len() == Self::MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back(now);
    }

    /// An unexpected answer does not count.
    fn answered(&mut self, now: Instant) {
        let Some(asked) = self.open.pop_front() else { return };
        let took = now - asked;
        self.answered += 1;
        self.least = Some(self.least.map_or(took, |least| least.min(took)));
        self.most = Some(self.most.map_or(took, |most| most.max(took)));
        if self.last.len() == Self::MAX_LAST {
            self.last.pop_front();
        }
        self.last.push_back(took);
    }

    /// The shortest, the median of the last 255, and the longest answer time; `None` without answers.
    pub fn spread(&self) -> Option<[Duration; 3]> {
        let mut last: Vec<_> = self.last.iter().copied().collect();
        last.sort_unstable();
        let median = *last.get(last.len() / 2)?;
        Some([self.least?, median, self.most?])
    }
}

/// Bytes that a peer may send on a connection that is kept for this long: a busy node's initial burst, and far more
/// each second than its neighbours need. More is a flood.
fn held_bytes(time: Duration) -> u64 {
    const AT_ONCE: u64 = 16 << 20;
    const A_SECOND: u64 = 256 << 10;
    AT_ONCE.saturating_add(A_SECOND.saturating_mul(time.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Pings, held_bytes};

    #[test]
    fn a_connection_that_is_kept_has_a_budget_that_grows_with_its_time() {
        assert_eq!(held_bytes(Duration::ZERO), 16 << 20);
        assert_eq!(held_bytes(Duration::from_secs(4)), 17 << 20);
        assert_eq!(held_bytes(Duration::MAX), u64::MAX);
    }

    #[test]
    fn pings_are_told_by_their_shortest_median_and_longest_answer() {
        let mut pings = Pings::default();
        assert_eq!(pings.spread(), None);
        let start = Instant::now();
        for took in [30, 10, 20] {
            pings.asked(start);
            pings.answered(start + Duration::from_millis(took));
        }
        // An answer without a ping.
        pings.answered(start + Duration::from_secs(1));
        assert_eq!(pings.spread(), Some([10, 20, 30].map(Duration::from_millis)));
        assert_eq!((pings.sent, pings.answered), (3, 3));
    }

    #[test]
    fn a_connection_of_a_week_has_little_memory() {
        let (mut pings, start) = (Pings::default(), Instant::now());
        for _ in 0..10_000 {
            pings.asked(start);
        }
        for _ in 0..10_000 {
            pings.asked(start);
            pings.answered(start);
        }
        assert_eq!(pings.sent, 20_000);
        assert!(pings.open.len() <= Pings::MAX_OPEN && pings.last.len() <= Pings::MAX_LAST);
    }
}
