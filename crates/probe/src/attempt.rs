//! One attempt: from an address to a report.

mod hint;
mod keys;
pub mod silence;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use handshake::{Blame, Fault, Role, Stage};
use net::{Dial, DialError, Stop, Timer, Verdict};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

pub use self::keys::Keys;
use self::silence::Silence;
use crate::destination::Destination;
use crate::event::{Event, Observer};
use crate::ledger::{Ledger, NodeNumber};
use crate::protocol::{
    Contact, DialMode, Identity, Introduced, Knowledge, Part, Redial, Retry, Session, Side, Sides, Span, Times, Tracer,
    Transport,
};
use crate::report::{Bytes, HeldReport, Report, Timing, outcome_name};
use crate::routes::{NotTunnelled, Route, Routes};
use crate::stamp::Stamp;
use crate::trace::{Entry, Line};

/// What all attempts of one run share.
#[derive(Debug)]
pub struct Attempts {
    /// Our side of each protocol in the run.
    pub sides: Sides,
    /// Time limit of each attempt: name resolution, every connection and every handshake.
    pub timeout: Duration,
    /// Time limit of one connection.
    pub connect_timeout: Duration,
    /// The local address to dial from, if the user chose one.
    pub bind: Option<IpAddr>,
    /// The proxies of the run.
    pub routes: Arc<Routes>,
    /// How long to keep a connection after its handshake.
    pub hold: Option<Duration>,
    /// Whether to investigate a target that closes in silence: how much it read, and how it treats a silent second
    /// connection, may show why it closes. Only for runs with few targets, never in a crawl.
    pub closely: bool,
    /// Spaces the keys that we send to each host.
    pub keys: Arc<Keys>,
    /// Whether to report each message.
    pub traces: bool,
    /// Which targets led to which nodes.
    pub ledger: Arc<Ledger>,
    /// Receives the events.
    pub observer: Arc<dyn Observer>,
    /// Cancels all attempts.
    pub stop: Stop,
}

/// A node to dial.
#[derive(Debug)]
pub struct Call {
    /// The target as the user wrote it.
    pub target: Arc<str>,
    /// The expected node.
    pub identity: Identity,
    /// Where it is dialled.
    pub destination: Destination,
    /// How much of the attempt's time is spent: on the name lookup, and on waiting for the pace of its network.
    pub spent: Duration,
    /// Whether the target has few enough addresses to investigate each, in a run that investigates.
    pub closely: bool,
    /// Its number in the ledger.
    pub node: Option<NodeNumber>,
}

impl Call {
    /// A node that the user named.
    pub fn new(target: Arc<str>, identity: Identity, destination: impl Into<Destination>) -> Self {
        let destination = destination.into();
        Self { target, identity, destination, spent: Duration::ZERO, closely: true, node: None }
    }

    /// The deadline of an attempt that begins now.
    fn deadline(&self, timeout: Duration) -> Instant {
        Instant::now() + timeout.saturating_sub(self.spent)
    }
}

impl Attempts {
    /// Attempts with one time limit, for each connection as well, that close each connection after its handshake.
    pub fn new(sides: Sides, timeout: Duration, observer: Arc<dyn Observer>) -> Self {
        Self {
            sides,
            timeout,
            connect_timeout: timeout,
            bind: None,
            routes: Arc::default(),
            hold: None,
            closely: false,
            keys: Arc::default(),
            traces: false,
            ledger: Arc::default(),
            observer,
            stop: Stop::new(),
        }
    }

    /// Dials an address and performs the handshake over each requested transport. Returns the number of connections.
    pub async fn dial(&self, call: &Call, timer: &mut Timer) -> usize {
        let mut connections = 0;
        let side = self.sides.of(&call.identity);
        for (nth, mode) in side.dial_modes(Knowledge::Named).into_iter().enumerate() {
            self.await_turn(call, mode).await;
            if self.stop.is_stopped() {
                self.observer.on(Event::NotTried(1));
                continue;
            }
            let deadline = call.deadline(self.timeout);
            let (mut attempt, earlier) = self.reach_by(deadline, call, mode, timer).await;
            connections += attempt.connections;
            if let Some(guess) = attempt.guess.take() {
                connections += 1;
                // Boxed, since few attempts come here: every waiting attempt would otherwise reserve space for it.
                let silence = Box::pin(self.try_silence(call, deadline, timer)).await;
                // An interrupted connection was not watched for the full time.
                if !self.stop.is_stopped() {
                    silence::settle(&mut attempt.verdict, &guess, silence);
                }
            }
            hint::add_port(&mut attempt.verdict, side.chain(), call.destination.port());
            self.conclude(&FarEnd { again: nth > 0, ..self.far_end(call) }, &mut attempt, earlier.as_deref()).await;
        }
        connections
    }

    /// Dials an address and performs the handshake in this way. If the peer must be dialled again in another way,
    /// returns the second attempt, then the first.
    pub async fn reach(&self, call: &Call, mode: DialMode, timer: &mut Timer) -> (Box<Attempt>, Option<Box<Attempt>>) {
        self.await_turn(call, mode).await;
        self.reach_by(call.deadline(self.timeout), call, mode, timer).await
    }

    /// Waits until the host may be dialled in this way, or the run stops. The attempt's time does not include this
    /// wait.
    async fn await_turn(&self, call: &Call, mode: DialMode) {
        if !mode.transport.begins_with_key {
            return;
        }
        let now = Instant::now();
        let turn = self.keys.turn(&call.destination, now);
        if turn > now {
            tokio::select! {
                biased;
                () = sleep_until(turn) => {}
                () = self.stop.stopped() => {}
            }
        }
    }

    /// As [`Attempts::reach`], with one deadline for both connections.
    async fn reach_by(
        &self,
        deadline: Instant,
        call: &Call,
        mode: DialMode,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Box<Attempt>>) {
        let end = self.far_end(call);
        let (mut first, again) = self.try_dial(&end, mode, deadline, timer).await;
        first.account_for(call.spent, self.timeout);
        match again {
            None => (first, None),
            // Boxed, since few addresses are dialled twice.
            Some(again) => Box::pin(self.reach_again(first, again, (&end, call.spent), deadline, timer)).await,
        }
    }

    /// Dials again after the first attempt.
    async fn reach_again(
        &self,
        mut first: Box<Attempt>,
        Redial { mode, pause }: Redial,
        (end, spent): (&FarEnd<'_>, Duration),
        deadline: Instant,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Box<Attempt>>) {
        if !pause.is_zero() {
            // Only a second key needs a pause.
            let turn = self.keys.turn(end.destination, Instant::now() + pause);
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
            tracing::debug!(address = %end.destination, transport = mode.transport.name, ?pause, "dials again");
            let (mut second, _) = self.try_dial(end, mode, deadline, timer).await;
            second.account_for(spent, self.timeout);
            second.connections += first.connections;
            first.connections = second.connections;
            if (second.verdict.stage(), second.verdict.reason()) != (Stage::Connect, "connect.timeout") {
                end.side.reconsider(&mut first, &second);
                let is_news = (second.transport, second.verdict.reason()) != (first.transport, first.verdict.reason());
                return (second, is_news.then_some(first));
            }
        }
        // The peer accepted one connection. A timeout before the second one opens says nothing about the peer.
        first.verdict.add("; the time was over before it could be dialled again");
        (first, None)
    }

    fn far_end<'a>(&'a self, call: &'a Call) -> FarEnd<'a> {
        let Call { target, identity, destination, closely, node, .. } = call;
        let (side, part, closely) = (self.sides.of(identity), Part::Dialling(identity), self.closely && *closely);
        FarEnd { side, part, target, destination, closely, node: *node, again: false }
    }

    /// A timer for the attempts of one task.
    pub fn timer(&self) -> Timer {
        Timer::until(&self.stop)
    }

    /// Performs the handshake over an accepted connection.
    pub async fn accept(&self, target: &str, stream: TcpStream, peer: SocketAddr) {
        let now = Instant::now();
        let side = self.sides.chosen();
        let part = Part::Accepting;
        let destination = &Destination::Socket(peer);
        let end = FarEnd { side, part, target, destination, closely: false, node: None, again: false };
        let mode = side.accept_mode();
        let mut attempt = Box::new(Attempt::begun(part.role(), mode.transport, now));
        let moments = Moments { started: now, opened: now, deadline: now + self.timeout };
        self.shake(&end, mode, stream, &moments, &mut attempt, &mut self.timer()).await;
        self.conclude(&end, &mut attempt, None).await;
    }

    /// Dials once. Returns also a better way to dial, if there is one.
    async fn try_dial(
        &self,
        end: &FarEnd<'_>,
        mode: DialMode,
        deadline: Instant,
        timer: &mut Timer,
    ) -> (Box<Attempt>, Option<Redial>) {
        let started = Instant::now();
        // A proxy takes as long as it takes; a direct connection is open soon, or never.
        let left = deadline.saturating_duration_since(started);
        let within = self.connect_timeout.min(left);
        tracing::debug!(address = %end.destination, transport = mode.transport.name, "dials");
        let not_connected = |attempt| (attempt, None);
        let stream = match self.routes.to(end.destination) {
            Ok(Route::Direct(address)) => {
                let dial = Dial::within(within).since(started).from(self.bind).timed(timer);
                match dial.to(address).await {
                    Ok(stream) => stream,
                    Err(error) => return not_connected(Attempt::not_connected(&error, mode.transport, started)),
                }
            }
            // Boxed, so that a direct dial, of which there may be many at once, waits in less memory.
            Ok(Route::Proxied(by)) => match Box::pin(self.routes.connect(by, end.destination, left, timer)).await {
                Ok(stream) => stream,
                Err(error) => return not_connected(Attempt::not_tunnelled(&error, mode.transport, started)),
            },
            Err(refused) => {
                return not_connected(Attempt::failed(Stage::Connect, &refused, mode.transport, started));
            }
        };
        let moments = Moments { started, opened: Instant::now(), deadline };
        let mut attempt = Box::new(Attempt::begun(Role::Initiator, mode.transport, started));
        let again = self.shake(end, mode, stream, &moments, &mut attempt, timer).await;
        (attempt, again)
    }

    /// Opens a second connection, on which it sends nothing. Behind a proxy that shows nothing: it may be another node.
    async fn try_silence(&self, call: &Call, deadline: Instant, timer: &mut Timer) -> Silence {
        match self.routes.to(&call.destination) {
            Ok(Route::Direct(address)) => silence::try_silence(address, deadline, timer).await,
            _ => Silence::Unknown,
        }
    }

    /// Performs the handshake over a connection.
    async fn shake(
        &self,
        end: &FarEnd<'_>,
        mode: DialMode,
        stream: TcpStream,
        moments: &Moments,
        attempt: &mut Attempt,
        timer: &mut Timer,
    ) -> Option<Redial> {
        let FarEnd { side, part, target, destination, closely, .. } = *end;
        let &Moments { started, opened, deadline } = moments;
        let mut trace = self.tracer(target, destination, Stamp::of(opened));
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let times = Times { opened, deadline, timer, stays: self.hold.is_some(), closely };
        let again =
            side.shake(mode, Contact { stream, peer: destination.socket(), part, times, tracer }, attempt).await;
        let ended = Instant::now();
        let timing = &mut attempt.timing;
        timing.connect = (part.role() == Role::Initiator).then_some(opened - started);
        timing.total = Some(ended - started);
        // Close the connection here, before anything else, unless it is to be held or we owe the peer an answer.
        let session = attempt.session.take();
        let session = session.filter(|session| self.hold.is_some() || session.owes_answer());
        attempt.held = session.map(|session| {
            let (opened_at, until) = (Stamp::of(opened), self.hold.map(|hold| ended + hold));
            Box::new(Held { session, opened, opened_at, since: ended, until })
        });
        again
    }

    /// Reports each message on a connection that opened at `opened`, if the run traces messages.
    pub fn tracer<'a>(
        &'a self,
        target: &'a str,
        destination: &'a Destination,
        opened: Stamp,
    ) -> Option<impl FnMut(Entry<'_>) + Send + use<'a>> {
        let started = opened;
        self.traces.then_some(move |entry: Entry<'_>| {
            self.observer.on(Event::Message(&Line { started, target, address: destination, entry: &entry }));
        })
    }

    /// Reports an attempt, and keeps its connection if the run holds connections.
    async fn conclude(&self, end: &FarEnd<'_>, attempt: &mut Attempt, earlier: Option<&Attempt>) {
        let FarEnd { side, target, destination, .. } = *end;
        self.report_at(&end.subject(), attempt, earlier).await;
        let Some(held) = attempt.held.take() else { return };
        let Held { session, opened, opened_at, since, until } = *held;
        let mut trace = self.tracer(target, destination, opened_at);
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let Some(until) = until else {
            return session.part(opened, &mut self.timer(), tracer).await;
        };
        let (started, span) = (Stamp::of(since), Span { opened, since, until, stop: &self.stop });
        let kept = session.hold(span, tracer).await;
        self.room().await;
        let &mut Attempt { role, transport, .. } = attempt;
        let (asked, kept) = (until - since, &kept);
        let report = HeldReport { started, target, address: destination, side, role, transport, asked, kept };
        self.observer.on(Event::Held(&report));
    }

    /// Completes when the observer has room for another report.
    async fn room(&self) {
        if let Some(room) = self.observer.room() {
            room.await;
        }
    }

    /// Reports an attempt, and the earlier attempt over another transport.
    pub async fn report(&self, call: &Call, attempt: &Attempt, earlier: Option<&Attempt>) {
        self.report_at(&self.far_end(call).subject(), attempt, earlier).await;
    }

    async fn report_at(&self, subject: &Subject<'_>, attempt: &Attempt, earlier: Option<&Attempt>) {
        self.room().await;
        let Subject { side, target, address, node, again } = *subject;
        let verdict = &attempt.verdict;
        // Expensive fields are computed inside the macro, which skips them without a log.
        tracing::debug!(
            target,
            address = address.map(tracing::field::display),
            outcome = outcome_name(verdict),
            stage = verdict.stage().name(),
            reason = verdict.reason(),
            detail = %attempt.detail(),
            "ended"
        );
        let also = match node {
            Some(node) => {
                self.ledger.conclude(node, verdict);
                self.ledger.others(node, target)
            }
            None => Vec::new(),
        };
        let (also, fallback_from) = (&*also, earlier);
        self.observer.on(Event::Attempted(&Report { target, also, address, side, attempt, fallback_from, again }));
    }

    /// Reports an attempt at this target that began at `started` and ended before a connection opened.
    pub async fn fail(
        &self,
        target: (&str, &Identity),
        address: Option<SocketAddr>,
        stage: Stage,
        started: Instant,
        fault: &impl Fault,
    ) {
        self.fail_at(target, (address.map(Destination::Socket).as_ref(), None), stage, started, fault).await;
    }

    /// As [`Attempts::fail`], for a node in the ledger.
    pub async fn fail_at(
        &self,
        (target, identity): (&str, &Identity),
        (address, node): (Option<&Destination>, Option<NodeNumber>),
        stage: Stage,
        started: Instant,
        fault: &impl Fault,
    ) {
        let side = self.sides.of(identity);
        for (nth, mode) in side.dial_modes(Knowledge::Named).into_iter().enumerate() {
            let attempt = Attempt::failed(stage, fault, mode.transport, started);
            let subject = Subject { side, target, address, node, again: nth > 0 };
            self.report_at(&subject, &attempt, None).await;
        }
    }
}

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
struct Moments {
    /// When the attempt began.
    started: Instant,
    /// When the connection was open.
    opened: Instant,
    /// The deadline of the attempt.
    deadline: Instant,
}

/// The other end of a connection, and how we reached it.
#[derive(Clone, Copy, Debug)]
struct FarEnd<'a> {
    /// Our side of the protocol.
    side: &'a dyn Side,
    /// Our part: dialling or accepting.
    part: Part<'a>,
    /// The target as the user wrote it; for an accepted connection, our listening address.
    target: &'a str,
    destination: &'a Destination,
    /// Whether to investigate a silent close.
    closely: bool,
    node: Option<NodeNumber>,
    /// Whether the peer was reported before, over another requested transport.
    again: bool,
}

impl<'a> FarEnd<'a> {
    fn subject(&self) -> Subject<'a> {
        let Self { side, target, destination, node, again, .. } = *self;
        Subject { side, target, address: Some(destination), node, again }
    }
}

/// The subject of a report.
#[derive(Clone, Copy, Debug)]
struct Subject<'a> {
    side: &'a dyn Side,
    /// The target as the user wrote it; for an accepted connection, our listening address.
    target: &'a str,
    address: Option<&'a Destination>,
    node: Option<NodeNumber>,
    /// Whether the peer was reported before, over another requested transport.
    again: bool,
}

/// The result of an attempt.
#[derive(Debug)]
pub struct Attempt {
    /// When it began.
    pub started: Stamp,
    /// Our part in it.
    pub role: Role,
    /// The transport of the handshake, also of one that did not begin.
    pub transport: Transport,
    /// The session id, which both sides compute alike, if the connection is encrypted.
    pub session_id: Option<[u8; 32]>,
    /// The verdict.
    pub verdict: Verdict,
    /// The certain part of the verdict's sentence, if a silent connection may settle the rest.
    pub guess: Option<Box<str>>,
    /// The names of the networks that the peer showed to be on, if ours is not among them.
    pub elsewhere: Vec<&'static str>,
    /// Whether a later attempt may end differently.
    pub retry: Retry,
    /// How the peer introduced itself, if it did.
    pub introduced: Option<Box<dyn Introduced>>,
    /// How long it took.
    pub timing: Timing,
    /// How many bytes passed.
    pub bytes: Bytes,
    /// The connection after a concluded handshake, if it may be needed.
    pub session: Option<Box<dyn Session>>,
    /// The same connection, if it is kept, or the peer waits for an answer.
    pub held: Option<Box<Held>>,
    /// Connections opened or tried, including those of the earlier attempt over another transport.
    pub connections: usize,
}

/// A connection that stays open after its handshake.
#[derive(Debug)]
pub struct Held {
    /// The protocol's session on it.
    pub session: Box<dyn Session>,
    /// When the connection opened.
    pub opened: Instant,
    /// The same time by the system's clock.
    pub opened_at: Stamp,
    /// When its handshake was over.
    pub since: Instant,
    /// When we close it; `None` if we keep it only until we have answered the peer's question.
    pub until: Option<Instant>,
}

impl Attempt {
    /// An attempt in which nothing has happened yet.
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

    /// Adds to a timeout's sentence the time `spent` before the dial, if that was a large part: a short silence proves
    /// little.
    fn account_for(&mut self, spent: Duration, timeout: Duration) {
        let is_late = matches!(self.verdict.reason(), "timeout" | "connect.timeout");
        if is_late && spent * 4 >= timeout {
            let spent = spent.as_secs_f64();
            self.verdict.add(&format!(" (looking up its name, and its turn, took {spent:.1} s before)"));
        }
    }

    /// The attempt whose connection did not open.
    fn not_connected(error: &DialError, transport: Transport, started: Instant) -> Box<Self> {
        let mut attempt = Self::failed(Stage::Connect, error, transport, started);
        attempt.retry = Retry::after_dial(error);
        if let DialError::TooManyFiles(_) = error {
            attempt.verdict.add(": raise the limit (ulimit -n) or lower --concurrency");
        }
        attempt
    }

    /// The attempt whose proxy did not connect.
    fn not_tunnelled(error: &NotTunnelled, transport: Transport, started: Instant) -> Box<Self> {
        let mut attempt = Self::failed(Stage::Connect, error, transport, started);
        attempt.retry = match error.blame() {
            Blame::Local => Retry::NotDialled,
            Blame::Mismatch => Retry::Never,
            _ => Retry::Later,
        };
        attempt
    }

    /// An attempt that ended before a connection opened.
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
    use crate::protocol::{DialMode, Transport};

    fn size<F>(_: impl FnOnce(&'static Attempts, &'static Call, DialMode, &'static mut Timer) -> F) -> usize {
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
