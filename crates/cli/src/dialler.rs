//! From targets to attempts: looks up names, and dials every address as soon as it is known.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handshake::{Fault, Stage};
use net::Timer;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval};

use crate::attempt::{Attempts, Call, LeftOut, NotRoutable};
use crate::lookup::{Found, Lookup};
use crate::protocol::Whom;
use crate::resolve::{Family, ResolveError};
use crate::target::{Kind, Target};

/// Turns targets into attempts.
pub struct Dialler {
    /// What all attempts have in common.
    pub attempts: Arc<Attempts>,
    /// What finds the addresses of these targets.
    pub lookup: Lookup,
    /// Which addresses are dialled.
    pub family: Family,
    /// The port of targets that name none, if it is not the usual one of their network.
    pub port: Option<u16>,
    /// Connections at once.
    pub concurrency: usize,
    /// When the next may be dialled, if that is limited.
    pub pace: Option<Interval>,
    /// Counts the attempts that there will be.
    pub expected: Arc<AtomicU64>,
}

/// Names that are looked up at once.
const LOOKUPS: usize = 64;

/// A name, and what came of looking it up.
struct Answer {
    target: Arc<str>,
    whom: Whom,
    started: Instant,
    found: Result<Vec<Found>, ResolveError>,
}

impl Dialler {
    /// Dials every address of every target. The same node at the same address is dialled once, whoever named it.
    pub async fn dial_all(mut self, targets: Vec<Target>) {
        let mut seen = HashSet::with_capacity(targets.len());
        let (mut names, mut left_out) = (Vec::new(), Vec::new());
        let call = |target: Target| {
            let Kind::Address(ip, port) = target.kind else {
                names.push(target);
                return None;
            };
            let Target { text: target, whom, .. } = target;
            let address = SocketAddr::new(ip, port.unwrap_or_else(|| self.port_of(&whom)));
            let is_new = seen.insert((address, whom.clone()));
            let call = is_new.then(|| self.counted(Call { target, whom, address }))?;
            if self.family.takes(ip) {
                return Some(call);
            }
            left_out.push(call);
            None
        };
        // The list may be long: it becomes the queue in the place that it has.
        let calls: Vec<Call> = targets.into_iter().filter_map(call).collect();
        let mut crew = Crew::new(self.attempts.clone(), self.concurrency, self.pace.take(), calls);
        for Call { target, whom, address } in left_out {
            let fault = LeftOut(address);
            self.attempts.fail((&target, &whom), Some(address), Stage::Connect, Instant::now(), &fault).await;
        }

        let mut lookups: JoinSet<Answer> = JoinSet::new();
        let mut names = names.into_iter();
        loop {
            for target in names.by_ref().take(LOOKUPS - lookups.len()) {
                lookups.spawn(self.look_up(target));
            }
            let Some(answer) = lookups.join_next().await else { break };
            let Ok(Answer { target, whom, started, found }) = answer else { continue };
            match found {
                Ok(found) => {
                    for found in found {
                        self.dial_found(&mut crew, &mut seen, (&target, &whom), found).await;
                    }
                }
                Err(error) => self.fail((&target, &whom), None, Stage::Resolve, started, &error).await,
            }
        }
    }

    /// Looks up a name.
    fn look_up(&self, target: Target) -> impl Future<Output = Answer> + use<> {
        let found = self.lookup.addresses(&target, self.port_of(&target.whom));
        let Target { text: target, whom, .. } = target;
        async move {
            let started = Instant::now();
            Answer { target, whom, started, found: found.await }
        }
    }

    /// Has an address dialled that a name led to, if it may be, and nobody named it before.
    async fn dial_found(
        &self,
        crew: &mut Crew,
        seen: &mut HashSet<(SocketAddr, Whom)>,
        (target, named): (&Arc<str>, &Whom),
        found: Found,
    ) {
        let (Ok((address, _)) | Err(NotRoutable(address))) = found;
        let whom = found.as_ref().map_or(named, |(_, whom)| whom);
        if !self.family.takes(address.ip()) || !seen.insert((address, whom.clone())) {
            return;
        }
        match found {
            Ok((address, whom)) => crew.dial(self.counted(Call { target: target.clone(), whom, address })),
            Err(fault) => self.fail((target, named), Some(address), Stage::Connect, Instant::now(), &fault).await,
        }
    }

    /// The port of targets that name none.
    fn port_of(&self, whom: &Whom) -> u16 {
        self.port.unwrap_or_else(|| self.attempts.protocols.of(whom).port())
    }

    /// Counts a call among those that will be made.
    fn counted(&self, call: Call) -> Call {
        self.expect(&call.whom);
        call
    }

    /// There will be an attempt in each way.
    fn expect(&self, whom: &Whom) {
        let ways = self.attempts.protocols.of(whom).ways();
        self.expected.fetch_add(ways.len() as u64, Ordering::Relaxed);
    }

    async fn fail(
        &self,
        target: (&str, &Whom),
        address: Option<SocketAddr>,
        stage: Stage,
        since: Instant,
        fault: &impl Fault,
    ) {
        self.expect(target.1);
        self.attempts.fail(target, address, stage, since, fault).await;
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
    fn new(attempts: Arc<Attempts>, concurrency: usize, pace: Option<Interval>, calls: Vec<Call>) -> Self {
        let tasks = concurrency.min(calls.len());
        let queue = Queue { calls: calls.into(), closed: false };
        let waiting = Waiting { queue: queue.into(), changed: Notify::new(), pace: pace.map(Into::into) };
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
    let mut timer = Timer::new();
    while let Some(call) = waiting.next().await {
        attempts.dial(&call, &mut timer).await;
    }
}

/// Addresses that wait for a task to be free.
struct Waiting {
    queue: Mutex<Queue>,
    changed: Notify,
    /// When the next may be dialled, if that is limited.
    pace: Option<tokio::sync::Mutex<Interval>>,
}

struct Queue {
    calls: VecDeque<Call>,
    closed: bool,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, call: Call) {
        self.queue().calls.push_back(call);
        self.changed.notify_one();
    }

    /// There will be no more.
    fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_waiters();
    }

    /// The next, as soon as there is one and it may be dialled; none if there will be no more.
    async fn next(&self) -> Option<Call> {
        let call = self.pop().await?;
        if let Some(pace) = &self.pace {
            pace.lock().await.tick().await;
        }
        Some(call)
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
