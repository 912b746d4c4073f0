//! One attempt: from an address to a report.

mod hint;
mod keys;
pub mod silence;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use handshake::{Fault, Role, Stage};
use net::{Dial, DialError, Stop, Timer, Verdict};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

pub use self::keys::Keys;
use crate::event::{Event, Observer};
use crate::ledger::{Ledger, Place};
use crate::protocol::{
    Again, Contact, Identity, Introduced, Knowledge, Part, Retry, Session, Side, Sides, Span, Times, Tracer, Transport,
    Way,
};
use crate::report::{Bytes, HeldReport, Report, Timing, outcome_name};
use crate::stamp::Stamp;
use crate::trace::{Entry, Line};

/// What all attempts of one run have in common.
#[derive(Debug)]
pub struct Attempts {
    /// Our side in each protocol that is spoken.
    pub sides: Sides,
    /// Time for each attempt: the name's resolution, every connection and every handshake.
    pub timeout: Duration,
    /// Time for a connection alone.
    pub connect_timeout: Duration,
    /// The address of ours that we dial from, if it was chosen.
    pub bind: Option<IpAddr>,
    /// How long a connection is kept after its handshake.
    pub hold: Option<Duration>,
    /// Whether a target that closes in silence is looked at closely: what it had read of ours, and a second connection, may
    /// tell what it closes on. Only where there are few targets, and never in a crawl.
    pub closely: bool,
    /// Spaces the keys that a host gets.
    pub keys: Arc<Keys>,
    /// Whether each message is told.
    pub traces: bool,
    /// Which targets led where.
    pub ledger: Arc<Ledger>,
    /// Is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Ends all of them before they are over.
    pub stop: Stop,
}

/// A node to dial.
#[derive(Debug)]
pub struct Call {
    /// What the user named.
    pub target: Arc<str>,
    /// Which node is meant.
    pub identity: Identity,
    /// Where that is.
    pub address: SocketAddr,
    /// How much of its time is gone: its name was looked up, and its network had a pace.
    pub spent: Duration,
    /// Whether the target stands for so few addresses that each may be looked at closely, if the run does that.
    pub closely: bool,
    /// Its number in the ledger.
    pub place: Option<Place>,
}

impl Call {
    /// An address that the user named.
    pub fn new(target: Arc<str>, identity: Identity, address: SocketAddr) -> Self {
        Self { target, identity, address, spent: Duration::ZERO, closely: true, place: None }
    }

    /// When an attempt that begins now must be over.
    fn deadline(&self, timeout: Duration) -> Instant {
        Instant::now() + timeout.saturating_sub(self.spent)
    }
}

impl Attempts {
    /// Dials an address and shakes hands, over each transport that was asked for. How many connections that took.
    pub async fn dial(&self, call: &Call, timer: &mut Timer) -> usize {
        let mut connections = 0;
        let side = self.sides.of(&call.identity);
        for (nth, way) in side.ways(Knowledge::Named).into_iter().enumerate() {
            self.await_turn(call, way).await;
            if self.stop.is_stopped() {
                self.observer.on(Event::NotTried(1));
                continue;
            }
            let deadline = call.deadline(self.timeout);
            let (mut attempt, earlier) = self.reach_by(deadline, call, way, timer).await;
            connections += attempt.connections;
            if let Some(guess) = attempt.guess.take() {
                connections += 1;
                // Boxed, since few attempts come here: otherwise every attempt that waits would have room for it.
                let silence = Box::pin(silence::try_silence(call.address, deadline, timer)).await;
                // One that was interrupted was not watched for as long.
                if !self.stop.is_stopped() {
                    silence::settle(&mut attempt.verdict, &guess, silence);
                }
            }
            hint::add_port(&mut attempt.verdict, side.chain(), call.address.port());
            self.conclude(&FarEnd { again: nth > 0, ..self.far_end(call) }, &mut attempt, earlier.as_deref()).await;
        }
        connections
    }

    /// Dials an address and shakes hands in this way; or in another, if the peer is to be dialled again in that one. The
    /// first attempt is then the second of the two that are returned.
    pub async fn reach(&self, call: &Call, way: Way, timer: &mut Timer) -> (Box<Attempt>, Option<Box<Attempt>>) {
        self.await_turn(call, way).await;
        self.reach_by(call.deadline(self.timeout), call, way, timer).await
    }

    /// Waits until the host may be dialled in this way, or the run is told to end. That time is not the attempt's.
    async fn await_turn(&self, call: &Call, way: Way) {
        if !way.transport.begins_with_key {
            return;
        }
        let now = Instant::now();
        let turn = self.keys.turn(call.address.ip(), now);
        if turn > now {
            tokio::select! {
                biased;
                () = sleep_until(turn) => {}
                () = self.stop.stopped() => {}
            }
        }
    }

    /// As [`Attempts::reach`], both connections together until this moment.
    async fn reach_by(
        &self,
        deadline: Instant,
        call: &Call,
        way: Way,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Box<Attempt>>) {
        let end = self.far_end(call);
        let (mut first, again) = self.try_dial(&end, way, deadline, timer).await;
        first.account_for(call.spent, self.timeout);
        match again {
            None => (first, None),
            // Few are dialled twice.
            Some(again) => Box::pin(self.reach_again(first, again, (&end, call.spent), deadline, timer)).await,
        }
    }

    /// Dials again, after this first time.
    async fn reach_again(
        &self,
        mut first: Box<Attempt>,
        Again { way, pause }: Again,
        (end, spent): (&FarEnd<'_>, Duration),
        deadline: Instant,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Box<Attempt>>) {
        if !pause.is_zero() {
            // Only a second key has a pause.
            let turn = self.keys.turn(end.address.ip(), Instant::now() + pause);
            if turn >= deadline {
                return (first, None);
            }
            tokio::select! {
                biased;
                () = sleep_until(turn) => {}
                () = self.stop.stopped() => return (first, None),
            }
        }
        if Instant::now() < deadline {
            tracing::debug!(address = %end.address, transport = way.transport.name, ?pause, "dials again");
            let (mut second, _) = self.try_dial(end, way, deadline, timer).await;
            second.account_for(spent, self.timeout);
            second.connections += first.connections;
            first.connections = second.connections;
            if (second.verdict.stage(), second.verdict.reason()) != (Stage::Connect, "connect.timeout") {
                end.side.reconsider(&mut first, &second);
                let is_news = (second.transport, second.verdict.reason()) != (first.transport, first.verdict.reason());
                return (second, is_news.then_some(first));
            }
        }
        // It accepted one connection. That the time ends before another is open says nothing of it.
        first.verdict.add("; the time was over before it could be dialled again");
        (first, None)
    }

    fn far_end<'a>(&'a self, call: &'a Call) -> FarEnd<'a> {
        let Call { target, identity, address, closely, place, .. } = call;
        let (side, part, closely) = (self.sides.of(identity), Part::Dialling(identity), self.closely && *closely);
        FarEnd { side, part, target, address: *address, closely, place: *place, again: false }
    }

    /// A timer that one task uses for its attempts.
    pub fn timer(&self) -> Timer {
        Timer::until(&self.stop)
    }

    /// Shakes hands over a connection that came in.
    pub async fn accept(&self, target: &str, stream: TcpStream, peer: SocketAddr) {
        let now = Instant::now();
        let side = self.sides.chosen();
        let part = Part::Accepting;
        let end = FarEnd { side, part, target, address: peer, closely: false, place: None, again: false };
        let way = side.way_in();
        let mut attempt = Box::new(Attempt::begun(part.role(), way.transport, now));
        let moments = Moments { started: now, opened: now, deadline: now + self.timeout };
        self.shake(&end, way, stream, &moments, &mut attempt, &mut self.timer()).await;
        self.conclude(&end, &mut attempt, None).await;
    }

    /// Dials once; also says how it may go better.
    async fn try_dial(
        &self,
        end: &FarEnd<'_>,
        way: Way,
        deadline: Instant,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Again>) {
        let started = Instant::now();
        let within = self.connect_timeout.min(deadline.saturating_duration_since(started));
        tracing::debug!(address = %end.address, transport = way.transport.name, "dials");
        match Dial::within(within).since(started).from(self.bind).timed(timer).to(end.address).await {
            Ok(stream) => {
                let moments = Moments { started, opened: Instant::now(), deadline };
                let mut attempt = Box::new(Attempt::begun(Role::Initiator, way.transport, started));
                let again = self.shake(end, way, stream, &moments, &mut attempt, timer).await;
                (attempt, again)
            }
            Err(error) => (Attempt::not_connected(&error, way.transport, started), None),
        }
    }

    /// Shakes hands over a connection.
    async fn shake(
        &self,
        end: &FarEnd<'_>,
        way: Way,
        stream: TcpStream,
        moments: &Moments,
        attempt: &mut Attempt,
        timer: &mut Timer,
    ) -> Option<Again> {
        let FarEnd { side, part, target, address, closely, .. } = *end;
        let &Moments { started, opened, deadline } = moments;
        let mut trace = self.tracer(target, address, Stamp::of(opened));
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let times = Times { opened, deadline, timer, stays: self.hold.is_some(), closely };
        let again = side.shake(way, Contact { stream, peer: address, part, times, tracer }, attempt).await;
        let ended = Instant::now();
        let timing = &mut attempt.timing;
        timing.connect = (part.role() == Role::Initiator).then_some(opened - started);
        timing.total = Some(ended - started);
        // Unless it is to be held, or we owe the peer an answer, the connection is closed here, before anything else.
        let session = attempt.session.take();
        let session = session.filter(|session| self.hold.is_some() || session.owes_answer());
        attempt.held = session.map(|session| {
            let (opened_at, until) = (Stamp::of(opened), self.hold.map(|hold| ended + hold));
            Box::new(Held { session, opened, opened_at, since: ended, until })
        });
        again
    }

    /// Tells each message on a connection that was `opened` then, if that was asked for.
    pub fn tracer<'a>(
        &'a self,
        target: &'a str,
        address: SocketAddr,
        opened: Stamp,
    ) -> Option<impl FnMut(Entry<'_>) + Send + use<'a>> {
        let started = opened;
        self.traces.then_some(move |entry: Entry<'_>| {
            self.observer.on(Event::Message(&Line { started, target, address, entry: &entry }));
        })
    }

    /// Reports an attempt, and keeps its connection if that was asked for.
    async fn conclude(&self, end: &FarEnd<'_>, attempt: &mut Attempt, earlier: Option<&Attempt>) {
        let FarEnd { side, target, address, .. } = *end;
        self.report_at(&end.subject(), attempt, earlier).await;
        let Some(held) = attempt.held.take() else { return };
        let Held { session, opened, opened_at, since, until } = *held;
        let mut trace = self.tracer(target, address, opened_at);
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let Some(until) = until else {
            return session.part(opened, &mut self.timer(), tracer).await;
        };
        let (started, span) = (Stamp::of(since), Span { opened, since, until, stop: &self.stop });
        let kept = session.hold(span, tracer).await;
        self.room().await;
        let &mut Attempt { role, transport, .. } = attempt;
        let (asked, kept) = (until - since, &kept);
        let report = HeldReport { started, target, address, side, role, transport, asked, kept };
        self.observer.on(Event::Held(&report));
    }

    /// Completes when there is room for another report.
    async fn room(&self) {
        if let Some(room) = self.observer.room() {
            room.await;
        }
    }

    /// Reports an attempt, and how it went before over another transport.
    pub async fn report(&self, call: &Call, attempt: &Attempt, earlier: Option<&Attempt>) {
        self.report_at(&self.far_end(call).subject(), attempt, earlier).await;
    }

    async fn report_at(&self, subject: &Subject<'_>, attempt: &Attempt, earlier: Option<&Attempt>) {
        self.room().await;
        let Subject { side, target, address, place, again } = *subject;
        let verdict = &attempt.verdict;
        // Whatever takes time is made within, where it is left out without a log.
        tracing::debug!(
            target,
            address = address.map(tracing::field::display),
            outcome = outcome_name(verdict),
            stage = verdict.stage().name(),
            reason = verdict.reason(),
            detail = %attempt.detail(),
            "ended"
        );
        let also = match place {
            Some(place) => {
                self.ledger.conclude(place, verdict);
                self.ledger.others(place, target)
            }
            None => Vec::new(),
        };
        let (also, fallback_from) = (&*also, earlier);
        self.observer.on(Event::Attempted(&Report { target, also, address, side, attempt, fallback_from, again }));
    }

    /// Reports an attempt at this target, begun at `started`, that ended before there was a connection.
    pub async fn fail(
        &self,
        target: (&str, &Identity),
        address: Option<SocketAddr>,
        stage: Stage,
        started: Instant,
        fault: &impl Fault,
    ) {
        self.fail_at(target, (address, None), stage, started, fault).await;
    }

    /// As [`Attempts::fail`], of a place that has a number.
    pub async fn fail_at(
        &self,
        (target, identity): (&str, &Identity),
        (address, place): (Option<SocketAddr>, Option<Place>),
        stage: Stage,
        started: Instant,
        fault: &impl Fault,
    ) {
        let side = self.sides.of(identity);
        for (nth, way) in side.ways(Knowledge::Named).into_iter().enumerate() {
            let attempt = Attempt::failed(stage, fault, way.transport, started);
            let subject = Subject { side, target, address, place, again: nth > 0 };
            self.report_at(&subject, &attempt, None).await;
        }
    }
}

/// The moments of a connection.
#[derive(Clone, Copy, Debug)]
struct Moments {
    /// When the attempt began.
    started: Instant,
    /// When the connection was open.
    opened: Instant,
    /// When all must be over.
    deadline: Instant,
}

/// The other end, and how we got there.
#[derive(Clone, Copy, Debug)]
struct FarEnd<'a> {
    /// What is spoken.
    side: &'a dyn Side,
    /// Who dialled.
    part: Part<'a>,
    /// What the user named; for an accepted connection, where it came in.
    target: &'a str,
    address: SocketAddr,
    /// Whether it is looked at closely.
    closely: bool,
    place: Option<Place>,
    /// Whether it was reported before, over another transport that was asked for as well.
    again: bool,
}

impl<'a> FarEnd<'a> {
    fn subject(&self) -> Subject<'a> {
        let Self { side, target, address, place, again, .. } = *self;
        Subject { side, target, address: Some(address), place, again }
    }
}

/// What a report is about.
#[derive(Clone, Copy, Debug)]
struct Subject<'a> {
    side: &'a dyn Side,
    /// What the user named; for an accepted connection, where it came in.
    target: &'a str,
    address: Option<SocketAddr>,
    place: Option<Place>,
    /// Whether it was reported before, over another transport that was asked for as well.
    again: bool,
}

/// How an attempt went.
#[derive(Debug)]
pub struct Attempt {
    /// When it began.
    pub started: Stamp,
    /// Our part in it.
    pub role: Role,
    /// What carried the handshake, or would have.
    pub transport: Transport,
    /// The name that both sides give the connection, if it is encrypted.
    pub session_id: Option<[u8; 32]>,
    /// How it went.
    pub verdict: Verdict,
    /// What is certain of it, if a silent connection may settle the rest.
    pub guess: Option<Box<str>>,
    /// The names of the networks that the peer turned out to be on, if not on ours.
    pub elsewhere: Vec<&'static str>,
    /// What that says of the next attempt.
    pub retry: Retry,
    /// How the peer introduced itself, if it did.
    pub introduced: Option<Box<dyn Introduced>>,
    /// How long it took.
    pub timing: Timing,
    /// How much passed.
    pub bytes: Bytes,
    /// The connection after a handshake that concluded, if it may be wanted.
    pub session: Option<Box<dyn Session>>,
    /// The same, if it is kept, or the peer waits for an answer.
    pub held: Option<Box<Held>>,
    /// Connections that were opened or tried for it and for the one before it, over another transport.
    pub connections: usize,
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Held {
    /// What passes on it.
    pub session: Box<dyn Session>,
    /// Since when.
    pub opened: Instant,
    /// The same, by the system's clock.
    pub opened_at: Stamp,
    /// When its handshake was over.
    pub since: Instant,
    /// When we leave; `None` if it is kept only until the peer's question is answered.
    pub until: Option<Instant>,
}

impl Attempt {
    /// One on which nothing has happened yet.
    fn begun(role: Role, transport: Transport, started: Instant) -> Self {
        Self {
            started: Stamp::of(started),
            role,
            transport,
            session_id: None,
            verdict: Verdict::unfinished(Stage::Connect),
            guess: None,
            elsewhere: Vec::new(),
            retry: Retry::Later,
            introduced: None,
            timing: Timing::default(),
            bytes: Bytes::default(),
            session: None,
            held: None,
            connections: 1,
        }
    }

    /// Whether it says nothing of the transport: nodes that speak it may turn a connection away like that, too.
    pub fn leaves_transport_open(&self) -> bool {
        [bitcoin::v2::CLOSED_ON_KEY, bitcoin::v2::REFUSED_KEY].contains(&self.verdict.reason())
    }

    /// If time ran out of which much was `spent` before the dial, that is said: so short a silence tells little of a peer.
    fn account_for(&mut self, spent: Duration, timeout: Duration) {
        let is_late = matches!(self.verdict.reason(), "timeout" | "connect.timeout");
        if is_late && spent * 4 >= timeout {
            let spent = spent.as_secs_f64();
            self.verdict.add(&format!(" (looking up its name, and its turn, took {spent:.1} s before)"));
        }
    }

    /// There is no connection.
    fn not_connected(error: &DialError, transport: Transport, started: Instant) -> Box<Self> {
        let mut attempt = Self::failed(Stage::Connect, error, transport, started);
        attempt.retry = Retry::after_dial(error);
        if let DialError::TooManyFiles(_) = error {
            attempt.verdict.add(": raise the limit (ulimit -n) or lower --concurrency");
        }
        attempt
    }

    /// It ended before there was a connection.
    pub(crate) fn failed(stage: Stage, fault: &impl Fault, transport: Transport, started: Instant) -> Box<Self> {
        let mut attempt = Box::new(Self::begun(Role::Initiator, transport, started));
        attempt.verdict = Verdict::failed(stage, fault);
        attempt.timing.total = Some(started.elapsed());
        attempt
    }
}

#[cfg(test)]
mod tests {
    use net::{DialError, Timer};
    use tokio::time::Instant;

    use super::{Attempt, Attempts, Call};
    use crate::protocol::{Transport, Way};

    fn size<F>(_: impl FnOnce(&'static Attempts, &'static Call, Way, &'static mut Timer) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn what_an_attempt_waits_in_is_small() {
        const MOST: usize = 1536;
        let of_one = size(Attempts::reach);
        assert!(of_one <= MOST, "{of_one} bytes");
    }

    #[test]
    fn a_limit_of_open_files_is_told_with_what_helps() {
        let error = DialError::TooManyFiles("192.0.2.1:8333".parse().unwrap());
        let attempt = Attempt::not_connected(&error, Transport::named("test"), Instant::now());
        assert_eq!(
            attempt.verdict.detail(),
            "too many open files for another connection, to 192.0.2.1:8333: raise the limit (ulimit -n) or lower \
             --concurrency"
        );
    }
}
