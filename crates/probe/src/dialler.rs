//! From targets to attempts: looks up names, and dials every address as soon as it is known and may be dialled.
//!
//! ```text
//! addresses that the user named ───────────────────────────▶ crew ──▶ attempts
//! names ──▶ lookups ──▶ addresses ──▶ paced, by network ──────▲
//! ```
//! With `--prefix-rate` or `--rate`, what the user named is paced as well.

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
use crate::event::Event;
use crate::ledger::{Name, Place};
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
    /// What all attempts have in common.
    pub attempts: Arc<Attempts>,
    /// What finds the addresses of these targets, and says which may be dialled.
    pub lookup: Lookup,
    /// The port of targets that name none, if it is not the usual one of their network.
    pub port: Option<u16>,
    /// Connections at once.
    pub concurrency: usize,
    /// How fast.
    pub pacing: Pacing,
    /// Whether what would be dialled is told, and nothing is dialled.
    pub plans: bool,
    /// What else may have been meant by a target that leads nowhere: ` (did you mean crawl?)`. Empty if nothing.
    pub suggest: fn(&str) -> String,
}

/// Names that are looked up at once: each may take two of the resolver's threads.
const LOOKUPS: usize = 32;

/// A name that is being looked up.
struct Lead {
    target: Arc<str>,
    name: Name,
    identity: Identity,
    started: Instant,
    /// Addresses whose turn would come too late, by network.
    late: HashMap<Group, usize>,
    /// Whether it led to an address already: only its first one may be looked at closely.
    has_led: bool,
}

impl Dialler {
    /// Dials every address of every target. The same node at the same address is dialled once, whatever led to it.
    pub async fn dial_all(self, targets: Vec<Target>) {
        let count = targets.len();
        let Some(Sorted { calls, refused, names }) = Sorted::of(&self, targets).await else {
            self.attempts.observer.on(Event::NotTried(count));
            return;
        };
        let mut run = Run::new(self, calls, !names.is_empty());
        for (Call { target, identity, place, .. }, why) in refused {
            run.dialler.report((&target, &identity), place, Instant::now(), &why).await;
        }
        run.follow(names).await;
    }

    /// The port of targets that name none.
    fn port_of(&self, identity: &Identity) -> u16 {
        self.port.unwrap_or_else(|| self.attempts.sides.of(identity).port())
    }

    /// Counts a call among those that will be made.
    fn counted(&self, call: Call) -> Call {
        self.expect(&call.identity);
        call
    }

    /// There will be an attempt in each way.
    fn expect(&self, identity: &Identity) {
        let ways = self.attempts.sides.of(identity).ways(Knowledge::Named);
        self.attempts.observer.on(Event::Expected(ways.count()));
    }

    /// Tells that an address would be dialled.
    fn plan(&self, call: &Call) {
        let side = self.attempts.sides.of(&call.identity);
        let ways = side.ways(Knowledge::Named).into_iter();
        self.attempts.observer.on(Event::Planned(&Planned {
            started: Stamp::now(),
            target: &call.target,
            address: Text(call.address),
            chain: side.chain(),
            protocol: side.protocol().name(),
            transports: ways.filter_map(|way| way.transport.name).collect(),
        }));
    }

    /// Reports why something is not dialled.
    async fn refuse(&self, target: (&str, &Identity), place: Option<Place>, since: Instant, why: &Refused) {
        self.expect(target.1);
        self.report(target, place, since, why).await;
    }

    async fn report(&self, target: (&str, &Identity), place: Option<Place>, since: Instant, why: &Refused) {
        self.attempts.fail_at(target, (why.address(), place), Stage::Connect, since, why).await;
    }

    async fn fail(&self, target: (&str, &Identity), since: Instant, fault: &impl Fault) {
        self.expect(target.1);
        self.attempts.fail(target, None, Stage::Resolve, since, fault).await;
    }
}

/// Why a name leads nowhere, and what else may have been meant.
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

/// Targets by what is to be done with them.
#[derive(Default)]
struct Sorted {
    /// Addresses to dial.
    calls: Vec<Call>,
    /// Addresses that are not to be dialled, and why.
    refused: Vec<(Call, Refused)>,
    /// What is to be looked up.
    names: Vec<Target>,
}

impl Sorted {
    /// Sorts the targets. `None` if the run is told to end meanwhile.
    async fn of(dialler: &Dialler, targets: Vec<Target>) -> Option<Self> {
        /// Targets sorted before the program looks for Ctrl-C again: a few milliseconds' work. When another thread sorted the
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

    /// Adds a target; the names that are `known` are among them already.
    fn add(&mut self, dialler: &Dialler, target: Target, known: &mut HashSet<(Arc<str>, bool)>) {
        let Kind::Address(ip, port) = target.kind else {
            // A name that stands there twice is looked up once. What a seed is asked for is not what its name means.
            if known.insert((target.text.clone(), matches!(target.kind, Kind::Seed(..)))) {
                self.names.push(target);
            }
            return;
        };
        let Target { text: target, identity, .. } = target;
        let address = ip.at(port.unwrap_or_else(|| dialler.port_of(&identity)));
        let Some(place) = dialler.attempts.ledger.lead(&target, None, address, &identity) else { return };
        let call = dialler.counted(Call { place: Some(place), ..Call::new(target, identity, address) });
        match dialler.lookup.rules().allow(address) {
            Ok(()) => self.calls.push(call),
            Err(why) => self.refused.push((call, why)),
        }
    }
}

/// All that is under way.
struct Run {
    dialler: Dialler,
    crew: Crew,
    /// What waits for its turn.
    paced: Paced<Call>,
    /// Since when the pace counts.
    started: Instant,
}

impl Run {
    fn new(dialler: Dialler, calls: Vec<Call>, has_names: bool) -> Self {
        let pacing = dialler.pacing;
        let mut paced = pacing.queue();
        let mut at_once = calls;
        if pacing.holds_back_named() {
            for call in mem::take(&mut at_once) {
                pacing.push(&mut paced, Led::ByUser, call.address.ip(), call, Duration::ZERO);
            }
        }
        if dialler.plans {
            at_once.drain(..).for_each(|call| dialler.plan(&call));
        }
        // Those that the user named are not paced, nor counted, if nothing else is.
        let counts = pacing.prefix.is_some() && (pacing.named || has_names);
        let crew = Crew::new(dialler.attempts.clone(), dialler.concurrency, at_once, counts);
        Self { dialler, crew, paced, started: Instant::now() }
    }

    /// Looks up these names, and dials what they lead to, until nothing is left.
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

    /// Says what is not over, and counts what was not tried: so many names, and whatever waits for its turn.
    async fn give_up(&self, leads: impl Iterator<Item = Lead>, names: usize) {
        // Calls that were queued after the last worker had ended are still in the queue.
        let addresses = self.paced.len() + self.crew.waiting.give_up();
        self.dialler.attempts.observer.on(Event::NotTried(names + addresses));
        for lead in leads {
            let error = Interrupted(lead.started.elapsed());
            self.dialler.fail((&lead.target, &lead.identity), lead.started, &error).await;
            self.tell_late(&lead).await;
        }
    }

    /// Looks up a name in a task of its own.
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

    /// Takes what a name led to: each that may be dialled, and that nothing led to before, has its turn.
    async fn take(&mut self, lead: &mut Lead, found: Vec<Found>) {
        let ledger = self.dialler.attempts.ledger.clone();
        for found in found {
            match found {
                Ok((address, identity)) => {
                    if let Some(place) = ledger.lead(&lead.target, Some(lead.name), address, &identity) {
                        self.dial(lead, place, address, identity);
                    }
                }
                Err(why) => {
                    let led = |address| ledger.lead(&lead.target, Some(lead.name), address, &lead.identity);
                    let place = why.address().map(led);
                    if place != Some(None) {
                        let target = (&*lead.target, &lead.identity);
                        self.dialler.refuse(target, place.flatten(), lead.started, &why).await;
                    }
                }
            }
        }
    }

    /// Has an address dialled when its turn comes, unless that would be too late.
    fn dial(&mut self, lead: &mut Lead, place: Place, address: SocketAddr, identity: Identity) {
        let now = Instant::now();
        let (ip, since) = (address.ip(), now - self.started);
        // If we were late to look at the answer, that is not taken from the peer's time.
        let spent = (now - lead.started).min(share_of(self.dialler.attempts.timeout));
        // Half of what is left is the peer's.
        let wait = self.paced.turn_of(ip, since).saturating_sub(since);
        if wait > self.dialler.attempts.timeout.saturating_sub(spent) / 2 {
            *lead.late.entry(Group::of(ip)).or_default() += 1;
            return;
        }
        let closely = !mem::replace(&mut lead.has_led, true);
        let (target, place) = (lead.target.clone(), Some(place));
        let call = Call { target, identity, address, spent: spent + wait, closely, place };
        self.dialler.pacing.push(&mut self.paced, Led::ByName, ip, self.dialler.counted(call), since);
    }

    async fn tell_late(&self, lead: &Lead) {
        let Some((&network, _)) = lead.late.iter().max_by_key(|(network, count)| (**count, **network)) else { return };
        let count = lead.late.values().sum();
        let rate = self.dialler.pacing.prefix.map_or(0, |pace| pace.burst);
        let late = Refused::TooLate { name: lead.target.to_string(), count, network, rate };
        self.dialler.refuse((&lead.target, &lead.identity), None, lead.started, &late).await;
    }

    /// Has all dialled whose turn has come. When that of the next one comes.
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

/// Tasks that dial, as many as there may be connections at once. Each goes on to the next address when it is done with
/// one: an attempt's state is large, and a new task for each would be made, moved and freed every time.
struct Crew {
    attempts: Arc<Attempts>,
    /// How many more tasks there may be.
    room: usize,
    waiting: Arc<Waiting>,
}

impl Crew {
    /// Begins with these addresses.
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

    /// Has an address dialled, as soon as there is room.
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
        if connections > 1 {
            waiting.dialled_again(call.address.ip(), connections - 1);
        }
    }
    if attempts.stop.is_stopped() {
        attempts.observer.on(Event::NotTried(waiting.give_up()));
    }
}

/// Addresses that wait for a task to be free.
struct Waiting {
    queue: Mutex<Queue>,
    changed: Notify,
}

struct Queue {
    calls: VecDeque<Call>,
    closed: bool,
    /// Where connections were opened beside the first ones, over another transport; they count against the pace of their
    /// network. None where nothing is paced.
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

    /// So many more connections were opened to an address.
    fn dialled_again(&self, ip: IpAddr, times: usize) {
        if let Some(beside) = &mut self.queue().beside {
            beside.extend(iter::repeat_n(ip, times));
        }
    }

    /// Where connections were opened since this was asked last.
    fn take_beside(&self) -> Vec<IpAddr> {
        self.queue().beside.as_mut().map(mem::take).unwrap_or_default()
    }

    /// There will be no more.
    fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        queue.beside = None;
        drop(queue);
        self.changed.notify_waiters();
    }

    /// The next, as soon as there is one; none if there will be no more, or the run is told to end.
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

    /// Empties the queue, and says how many waited in it.
    fn give_up(&self) -> usize {
        mem::take(&mut self.queue().calls).len()
    }

    async fn pop(&self) -> Option<Call> {
        loop {
            // Made before the queue is looked at, so that no change in between is missed.
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
