//! From targets to attempts: looks up names, and dials every permitted address as soon as it is known.
//!
//! ```text
//! addresses that the user named ───────────────────────────▶ crew ──▶ attempts
//! names ──▶ lookups ──▶ addresses ──▶ paced, by network ──────▲
//! ```
//! `--prefix-rate` and `--rate` pace also the addresses that the user named.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use discover::{Group, Paced, Turn};
use handshake::{Blame, Fault, Stage};
use net::Stop;
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::attempt::{Attempts, Call};
use crate::destination::Destination;
use crate::event::Event;
use crate::ledger::{Name, NodeNumber};
use crate::lookup::{Finding, Found, Interrupted, Lookup, share_of};
use crate::pacing::{Led, Pacing, moment};
use crate::plan::Planned;
use crate::protocol::{Identity, Knowledge};
use crate::refused::Refused;
use crate::report::Text;
use crate::resolve::ResolveError;
use crate::stamp::Stamp;
use crate::target::{Kind, Target};

/// Turns targets into attempts.
pub struct Dialler {
    /// What all attempts share.
    pub attempts: Arc<Attempts>,
    /// Finds the addresses of these targets, and says which may be dialled.
    pub lookup: Lookup,
    /// The port of targets without one, if it is not the default of their network.
    pub port: Option<u16>,
    /// Maximum number of open connections.
    pub concurrency: usize,
    /// The rate limits.
    pub pacing: Pacing,
    /// Whether to report what would be dialled, and dial nothing.
    pub plans: bool,
    /// A suggestion for a target that leads nowhere: ` (did you mean crawl?)`. Empty without one.
    pub suggest: fn(&str) -> String,
}

/// Maximum number of concurrent lookups: each may take two threads of the resolver.
const LOOKUPS: usize = 32;

/// A name under lookup.
struct Lead {
    target: Arc<str>,
    name: Name,
    identity: Identity,
    started: Instant,
    /// The number of addresses whose turn would come too late, by network.
    late: HashMap<Group, usize>,
    /// Whether it has led to an address: only the first one may be investigated closely.
    has_led: bool,
}

impl Dialler {
    /// Dials every address of every target. A node at an address is dialled once, even if several targets lead to it.
    pub async fn dial_all(self, targets: Vec<Target>) {
        let count = targets.len();
        let Some(Sorted { calls, refused, names }) = Sorted::of(&self, targets).await else {
            self.attempts.observer.on(Event::NotTried(count));
            return;
        };
        let mut run = Run::new(self, calls, !names.is_empty());
        for (Call { target, identity, node, .. }, why) in refused {
            run.dialler.report((&target, &identity), node, Instant::now(), &why).await;
        }
        run.follow(names).await;
    }

    /// The port of targets without one.
    fn port_of(&self, identity: &Identity) -> u16 {
        self.port.unwrap_or_else(|| self.attempts.sides.of(identity).port())
    }

    /// Counts a call as expected.
    fn counted(&self, call: Call) -> Call {
        self.expect(&call.identity);
        call
    }

    /// Expects one attempt for each way.
    fn expect(&self, identity: &Identity) {
        let modes = self.attempts.sides.of(identity).dial_modes(Knowledge::Named);
        self.attempts.observer.on(Event::Expected(modes.count()));
    }

    /// Reports that an address would be dialled.
    fn plan(&self, call: &Call) {
        let side = self.attempts.sides.of(&call.identity);
        let modes = side.dial_modes(Knowledge::Named).into_iter();
        self.attempts.observer.on(Event::Planned(&Planned {
            started: Stamp::now(),
            target: &call.target,
            address: Text(&call.destination),
            chain: side.chain(),
            protocol: side.protocol().name(),
            transports: modes.filter_map(|mode| mode.transport.name).collect(),
        }));
    }

    /// Reports why a target or address is not dialled.
    async fn refuse(&self, target: (&str, &Identity), node: Option<NodeNumber>, since: Instant, why: &Refused) {
        self.expect(target.1);
        self.report(target, node, since, why).await;
    }

    async fn report(&self, target: (&str, &Identity), node: Option<NodeNumber>, since: Instant, why: &Refused) {
        let address = why.address().map(Destination::from);
        self.attempts.fail_at(target, (address.as_ref(), node), Stage::Connect, since, why).await;
    }

    async fn fail(&self, target: (&str, &Identity), since: Instant, fault: &impl Fault) {
        self.expect(target.1);
        self.attempts.fail(target, None, Stage::Resolve, since, fault).await;
    }
}

/// Why a name leads nowhere, and a suggestion.
#[derive(Debug, thiserror::Error)]
#[error("{error}{suggestion}")]
struct Suggested {
    error: ResolveError,
    suggestion: String,
}

impl Fault for Suggested {
    fn blame(&self) -> Blame {
        self.error.blame()
    }

    fn code(&self) -> &'static str {
        self.error.code()
    }
}

/// Targets sorted by the next step.
#[derive(Default)]
struct Sorted {
    /// Addresses to dial.
    calls: Vec<Call>,
    /// Addresses that must not be dialled, and why.
    refused: Vec<(Call, Refused)>,
    /// Names to look up.
    names: Vec<Target>,
}

impl Sorted {
    /// Sorts the targets. `None` if the run stops meanwhile.
    async fn of(dialler: &Dialler, targets: Vec<Target>) -> Option<Self> {
        /// Targets to sort between two checks for Ctrl-C: a few milliseconds' work. When another thread sorted the
        /// whole list, 16,000 handshakes took 13 % more CPU time on two cores.
        const AT_ONCE: usize = 4096;
        dialler.attempts.ledger.reserve(targets.len());
        let (mut known, mut sorted) = (HashSet::new(), Self::default());
        sorted.calls.reserve_exact(targets.len());
        let mut targets = targets.into_iter();
        while targets.len() > 0 {
            targets.by_ref().take(AT_ONCE).for_each(|target| sorted.add(dialler, target, &mut known));
            if targets.len() > 0 {
                yield_now().await;
            }
            if dialler.attempts.stop.is_stopped() {
                return None;
            }
        }
        Some(sorted)
    }

    /// Adds a target; `known` holds the names that were added before.
    fn add(&mut self, dialler: &Dialler, target: Target, known: &mut HashSet<(Arc<str>, bool)>) {
        let Kind::Address(ip, port) = target.kind else {
            // Look up a repeated name once; a seed with the same text is a separate lookup.
            if known.insert((target.text.clone(), matches!(target.kind, Kind::Seed(..)))) {
                self.names.push(target);
            }
            return;
        };
        let Target { text: target, identity, .. } = target;
        let address = ip.at(port.unwrap_or_else(|| dialler.port_of(&identity)));
        let Some(node) = dialler.attempts.ledger.lead(&target, None, &address.into(), &identity) else { return };
        let call = dialler.counted(Call { node: Some(node), ..Call::new(target, identity, address) });
        match dialler.lookup.rules().allow(address) {
            Ok(()) => self.calls.push(call),
            Err(why) => self.refused.push((call, why)),
        }
    }
}

/// The state of a run.
struct Run {
    dialler: Dialler,
    crew: Crew,
    /// Calls that wait for their turn.
    paced: Paced<Call>,
    /// When the pace began.
    started: Instant,
}

impl Run {
    fn new(dialler: Dialler, calls: Vec<Call>, has_names: bool) -> Self {
        let pacing = dialler.pacing;
        let mut paced = pacing.queue();
        let mut at_once = calls;
        if pacing.holds_back_named() {
            for call in mem::take(&mut at_once) {
                match call.destination.socket() {
                    Some(address) => pacing.push(&mut paced, Led::ByUser, address.ip(), call, Duration::ZERO),
                    // The proxy's concurrency is its pace.
                    None => at_once.push(call),
                }
            }
        }
        if dialler.plans {
            at_once.drain(..).for_each(|call| dialler.plan(&call));
        }
        // Without names, and without a pace for addresses that the user named, nothing is paced or counted.
        let counts = pacing.prefix.is_some() && (pacing.named || has_names);
        let crew = Crew::new(dialler.attempts.clone(), dialler.concurrency, at_once, counts);
        Self { dialler, crew, paced, started: Instant::now() }
    }

    /// Looks up these names and dials their addresses until none is left.
    async fn follow(&mut self, names: Vec<Target>) {
        let (sender, mut findings) = mpsc::unbounded_channel();
        let mut leads = HashMap::new();
        let mut names = names.into_iter().enumerate();
        let stop = self.dialler.attempts.stop.clone();
        while !stop.is_stopped() {
            for (number, target) in names.by_ref().take(LOOKUPS - leads.len()) {
                leads.insert(number, self.look_up(number, target, &sender));
            }
            let wake = self.release();
            if leads.is_empty() && wake.is_none() {
                break;
            }
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                Some((number, finding)) = findings.recv(), if !leads.is_empty() => match finding {
                    Finding::Found(found) => {
                        let Some(lead) = leads.get_mut(&number) else { continue };
                        self.take(lead, found).await;
                    }
                    Finding::Ended(ended) => {
                        let Some(lead) = leads.remove(&number) else { continue };
                        if let Err(error) = ended {
                            let suggestion = (self.dialler.suggest)(&lead.target);
                            let error = Suggested { error, suggestion };
                            self.dialler.fail((&lead.target, &lead.identity), lead.started, &error).await;
                        }
                        self.tell_late(&lead).await;
                    }
                },
                () = moment(wake) => {}
            }
        }
        self.crew.waiting.queue().beside = None;
        if stop.is_stopped() {
            self.give_up(leads.into_values(), names.len()).await;
        }
    }

    /// Reports unfinished lookups, and counts what was not tried: this many names, and every queued call.
    async fn give_up(&self, leads: impl Iterator<Item = Lead>, names: usize) {
        // Calls queued after the last worker ended are still in the queue.
        let addresses = self.paced.len() + self.crew.waiting.give_up();
        self.dialler.attempts.observer.on(Event::NotTried(names + addresses));
        for lead in leads {
            let error = Interrupted(lead.started.elapsed());
            self.dialler.fail((&lead.target, &lead.identity), lead.started, &error).await;
            self.tell_late(&lead).await;
        }
    }

    /// Looks up a name in its own task.
    fn look_up(&self, number: usize, target: Target, sender: &mpsc::UnboundedSender<(usize, Finding)>) -> Lead {
        let started = Instant::now();
        let (lookup, sender) = (self.dialler.lookup.clone(), sender.clone());
        let (port, deadline) =
            (self.dialler.port_of(&target.identity), started + share_of(self.dialler.attempts.timeout));
        let lead = Lead {
            target: target.text.clone(),
            name: self.dialler.attempts.ledger.enter(target.text.clone()),
            identity: target.identity.clone(),
            started,
            late: HashMap::new(),
            has_led: false,
        };
        tokio::spawn(async move {
            let found = |found| {
                let _ = sender.send((number, Finding::Found(found)));
            };
            let ended = lookup.find(&target, port, deadline, found).await;
            let _ = sender.send((number, Finding::Ended(ended)));
        });
        lead
    }

    /// Queues every permitted address behind a name that no other target has led to.
    async fn take(&mut self, lead: &mut Lead, found: Vec<Found>) {
        let ledger = self.dialler.attempts.ledger.clone();
        for found in found {
            match found {
                Ok((destination, identity)) => {
                    if let Some(node) = ledger.lead(&lead.target, Some(lead.name), &destination, &identity) {
                        self.dial(lead, node, destination, identity);
                    }
                }
                Err(why) => {
                    let led = |address: SocketAddr| {
                        ledger.lead(&lead.target, Some(lead.name), &address.into(), &lead.identity)
                    };
                    let node = why.address().map(led);
                    if node != Some(None) {
                        let target = (&*lead.target, &lead.identity);
                        self.dialler.refuse(target, node.flatten(), lead.started, &why).await;
                    }
                }
            }
        }
    }

    /// Schedules the dial of an address, unless its turn would come too late.
    fn dial(&mut self, lead: &mut Lead, node: NodeNumber, destination: Destination, identity: Identity) {
        let now = Instant::now();
        // A delay of ours in reading the answer does not reduce the peer's time.
        let spent = (now - lead.started).min(share_of(self.dialler.attempts.timeout));
        let Some(ip) = destination.socket().map(|address| address.ip()) else {
            // Its network is its proxy's, which has a pace of its own.
            let closely = !mem::replace(&mut lead.has_led, true);
            let (target, node) = (lead.target.clone(), Some(node));
            let call = self.dialler.counted(Call { target, identity, destination, spent, closely, node });
            return if self.dialler.plans { self.dialler.plan(&call) } else { self.crew.dial(call) };
        };
        let since = now - self.started;
        // The peer needs half of the remaining time.
        let wait = self.paced.turn_of(ip, since).saturating_sub(since);
        if wait > self.dialler.attempts.timeout.saturating_sub(spent) / 2 {
            *lead.late.entry(Group::of(ip)).or_default() += 1;
            return;
        }
        let closely = !mem::replace(&mut lead.has_led, true);
        let (target, node) = (lead.target.clone(), Some(node));
        let call = Call { target, identity, destination, spent: spent + wait, closely, node };
        self.dialler.pacing.push(&mut self.paced, Led::ByName, ip, self.dialler.counted(call), since);
    }

    async fn tell_late(&self, lead: &Lead) {
        let Some((&network, _)) = lead.late.iter().max_by_key(|(network, count)| (**count, **network)) else { return };
        let count = lead.late.values().sum();
        let rate = self.dialler.pacing.prefix.map_or(0, |pace| pace.burst);
        let late = Refused::TooLate { name: lead.target.to_string(), count, network, rate };
        self.dialler.refuse((&lead.target, &lead.identity), None, lead.started, &late).await;
    }

    /// Starts all dials that are due. Returns the time of the next one.
    fn release(&mut self) -> Option<Instant> {
        let now = Instant::now() - self.started;
        self.crew.waiting.take_beside().into_iter().for_each(|ip| self.paced.dialled_again(ip, now));
        loop {
            match self.paced.next(Instant::now() - self.started) {
                Turn::Go(call) if self.dialler.plans => self.dialler.plan(&call),
                Turn::Go(call) => self.crew.dial(call),
                Turn::Wait(until) => return Some(self.started + until),
                Turn::Empty => return None,
            }
        }
    }
}

/// Tasks that dial, at most one for each permitted connection. Each task takes the next address when it is done with
/// one: an attempt's state is large, and a new task for each would allocate, move and free it every time.
struct Crew {
    attempts: Arc<Attempts>,
    /// How many more tasks may start.
    room: usize,
    waiting: Arc<Waiting>,
}

impl Crew {
    /// Starts with these addresses.
    fn new(attempts: Arc<Attempts>, concurrency: usize, calls: Vec<Call>, counts: bool) -> Self {
        let tasks = concurrency.min(calls.len());
        let queue = Queue { calls: calls.into(), closed: false, beside: counts.then(Vec::new) };
        let waiting = Waiting { queue: queue.into(), changed: Notify::new() };
        let mut crew = Self { attempts, room: concurrency, waiting: Arc::new(waiting) };
        for _ in 0..tasks {
            crew.grow();
        }
        crew
    }

    /// Queues an address, and starts another task if there is room.
    fn dial(&mut self, call: Call) {
        self.waiting.push(call);
        if self.room > 0 {
            self.grow();
        }
    }

    fn grow(&mut self) {
        self.room -= 1;
        tokio::spawn(work(self.attempts.clone(), self.waiting.clone()));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.waiting.close();
    }
}

async fn work(attempts: Arc<Attempts>, waiting: Arc<Waiting>) {
    let mut timer = attempts.timer();
    while let Some(call) = waiting.next(&attempts.stop).await {
        let connections = attempts.dial(&call, &mut timer).await;
        if let (Some(address), 2..) = (call.destination.socket(), connections) {
            waiting.dialled_again(address.ip(), connections - 1);
        }
    }
    if attempts.stop.is_stopped() {
        attempts.observer.on(Event::NotTried(waiting.give_up()));
    }
}

/// Addresses that wait for a free task.
struct Waiting {
    queue: Mutex<Queue>,
    changed: Notify,
}

struct Queue {
    calls: VecDeque<Call>,
    closed: bool,
    /// Addresses that got a further connection over another transport: these count against the pace of their network.
    /// `None` if the run has no pace.
    beside: Option<Vec<IpAddr>>,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, call: Call) {
        self.queue().calls.push_back(call);
        self.changed.notify_one();
    }

    /// Notes this many further connections to an address.
    fn dialled_again(&self, ip: IpAddr, times: usize) {
        if let Some(beside) = &mut self.queue().beside {
            beside.extend(iter::repeat_n(ip, times));
        }
    }

    /// Takes the addresses with further connections since the last call.
    fn take_beside(&self) -> Vec<IpAddr> {
        self.queue().beside.as_mut().map(mem::take).unwrap_or_default()
    }

    /// No more calls will come.
    fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        queue.beside = None;
        drop(queue);
        self.changed.notify_waiters();
    }

    /// The next call, as soon as there is one; `None` if no more will come, or the run stops.
    async fn next(&self, stop: &Stop) -> Option<Call> {
        if stop.is_stopped() {
            return None;
        }
        tokio::select! {
            biased;
            call = self.pop() => call,
            () = stop.stopped() => None,
        }
    }

    /// Empties the queue and returns its length.
    fn give_up(&self) -> usize {
        mem::take(&mut self.queue().calls).len()
    }

    async fn pop(&self) -> Option<Call> {
        loop {
            // Created before the queue is checked, so that no change in between is missed.
            let changed = self.changed.notified();
            {
                let mut queue = self.queue();
                match queue.calls.pop_front() {
                    None if !queue.closed => {}
                    call => return call,
                }
            }
            changed.await;
        }
    }
}
