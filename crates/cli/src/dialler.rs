//! From targets to attempts: looks up names, and dials every address as soon as it is known.

use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handshake::{Fault, Stage};
use net::Timer;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval};

use crate::attempt::{Attempts, NotRoutable};
use crate::resolve::{Family, ResolveError, Resolver};
use crate::target::{Kind, Target};

/// Turns targets into attempts.
pub struct Dialler {
    /// What all attempts have in common.
    pub attempts: Arc<Attempts>,
    /// Who looks up names; there must be one if any target is a name.
    pub resolver: Option<Resolver>,
    /// Which addresses are dialled.
    pub family: Family,
    /// The port of targets that name none.
    pub port: u16,
    /// Whether an address that only a name led to is dialled even if it is not globally routable.
    pub allow_private: bool,
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
type Lookup = (Arc<str>, u16, Instant, Result<Vec<IpAddr>, ResolveError>);

impl Dialler {
    /// Dials every address of every target. The same address is dialled once, whoever named it.
    pub async fn dial_all(mut self, targets: Vec<Target>) {
        let mut crew = Crew::new(self.attempts.clone(), self.concurrency);
        let mut seen = HashSet::with_capacity(targets.len());
        let mut lookups: JoinSet<Lookup> = JoinSet::new();
        let mut targets = targets.into_iter();
        let mut exhausted = false;
        while !exhausted || !lookups.is_empty() {
            if !exhausted && lookups.len() < LOOKUPS {
                match targets.next() {
                    None => exhausted = true,
                    Some(Target { text, kind: Kind::Address(ip, port) }) => {
                        let address = SocketAddr::new(ip, port.unwrap_or(self.port));
                        if self.family.takes(ip) && seen.insert(address) {
                            self.dial(&mut crew, text, address).await;
                        }
                    }
                    Some(Target { text, kind: Kind::Name(name, port) }) => {
                        let port = port.unwrap_or(self.port);
                        let resolver = self.resolver.clone().expect("there is one if any target is a name");
                        lookups.spawn(async move {
                            let started = Instant::now();
                            (text, port, started, resolver.addresses(&name).await)
                        });
                    }
                }
            } else if let Some(Ok((target, port, started, addresses))) = lookups.join_next().await {
                match addresses {
                    Ok(ips) => {
                        for address in ips.into_iter().map(|ip| SocketAddr::new(ip, port)) {
                            if seen.insert(address) {
                                self.dial_resolved(&mut crew, &target, address).await;
                            }
                        }
                    }
                    Err(error) => self.fail(&target, None, Stage::Resolve, started, &error).await,
                }
            }
        }
    }

    /// Dials an address that a name led to, if it may be dialled.
    async fn dial_resolved(&mut self, crew: &mut Crew, target: &Arc<str>, address: SocketAddr) {
        if self.allow_private || may_lead_to(target, address) {
            self.dial(crew, target.clone(), address).await;
        } else {
            self.fail(target, Some(address), Stage::Connect, Instant::now(), &NotRoutable(address)).await;
        }
    }

    async fn dial(&mut self, crew: &mut Crew, target: Arc<str>, address: SocketAddr) {
        self.expect();
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        crew.dial(Job { target, address });
    }

    /// There will be an attempt over each transport.
    fn expect(&self) {
        self.expected.fetch_add(self.attempts.protocol.transports().len() as u64, Ordering::Relaxed);
    }

    async fn fail(&self, target: &str, address: Option<SocketAddr>, stage: Stage, since: Instant, fault: &impl Fault) {
        self.expect();
        self.attempts.fail(target, address, stage, since, fault).await;
    }
}

/// Tasks that dial, as many as there may be connections at once. Each goes on to the next address when it is done with
/// one: an attempt's state is large, and a new task for each would be made, moved and freed every time.
struct Crew {
    attempts: Arc<Attempts>,
    room: usize,
    waiting: Arc<Waiting>,
}

/// An address to dial.
struct Job {
    target: Arc<str>,
    address: SocketAddr,
}

impl Crew {
    fn new(attempts: Arc<Attempts>, concurrency: usize) -> Self {
        Self { attempts, room: concurrency, waiting: Arc::default() }
    }

    /// Has an address dialled, as soon as there is room.
    fn dial(&mut self, job: Job) {
        if self.room > 0 {
            self.room -= 1;
            tokio::spawn(work(self.attempts.clone(), job, self.waiting.clone()));
        } else {
            self.waiting.push(job);
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.waiting.close();
    }
}

async fn work(attempts: Arc<Attempts>, first: Job, waiting: Arc<Waiting>) {
    let mut timer = Timer::new();
    let mut next = Some(first);
    while let Some(Job { target, address }) = next {
        attempts.dial(&target, address, &mut timer).await;
        next = waiting.next().await;
    }
}

/// Addresses that wait for a task to be free.
#[derive(Default)]
struct Waiting {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        self.queue().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// There will be no more.
    fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_waiters();
    }

    /// The next, as soon as there is one; none if there will be no more.
    async fn next(&self) -> Option<Job> {
        loop {
            // Made before the queue is looked at, so that no change in between is missed.
            let changed = self.changed.notified();
            {
                let mut queue = self.queue();
                match queue.jobs.pop_front() {
                    None if !queue.closed => {}
                    job => return job,
                }
            }
            changed.await;
        }
    }
}

/// Whether an address is dialled that only a name led to: one must not be able to point us into our own network.
pub fn may_lead_to(name: &str, address: SocketAddr) -> bool {
    is_localhost(name) || net::is_globally_routable(address.ip())
}

/// Whether a target names this machine itself, by a name that can mean nothing else (RFC 6761).
pub fn is_localhost(target: &str) -> bool {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}
