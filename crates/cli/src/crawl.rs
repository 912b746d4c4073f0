//! Maps a network: dials whom the frontier names, asks them whom they know, and stores what comes of it.
//!
//! ```text
//!  seeds ─────────┐                     ┌──▶ visit ──┐ attempts, and addresses told
//!                 ▼                     │            ▼
//!  database ──▶ Map ── Dial(address) ──▶ dispatcher  Map, writer ──▶ database
//!                                            ▲       │
//!                                            └───────┘ changed
//! ```
//! The dispatcher waits for something to change, never for time to pass, unless the frontier says until when. A visit
//! is a task of its own, and a small one until its connection is open. It holds its place until what it brought is with
//! the writer: so a database that is slow slows the dispatcher down, never a connection.

mod aside;
mod heard;
mod map;
mod progress;
mod remembered;
mod seeds;
mod summary;
mod tally;
mod visit;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use discover::{Next, Policy};
use net::Timer;
use store::{Store, Text, Time, Writer};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::map::Map;
pub use self::progress::Progress;
use self::remembered::remember;
use self::seeds::Yield;
pub use self::seeds::{Seeds, read_file as read_seeds};
pub use self::summary::Summary;
use crate::attempt::{Attempts, Call};
use crate::protocol::Whom;
use crate::resolve::Family;

/// A crawl.
#[derive(Debug)]
pub struct Crawl {
    attempts: Attempts,
    /// The network's name, as the database has it.
    chain: Text,
    writer: Writer,
    started: Instant,
    map: Mutex<Map>,
    /// A visit is over.
    changed: Notify,
    /// Why nothing can be stored any more.
    failed: OnceLock<store::Error>,
}

/// What bounds a crawl besides its policy.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Visits at once.
    pub concurrency: usize,
    /// When it ends, done or not.
    pub until: Option<Instant>,
    /// What the map may hold.
    pub max_peers: Option<usize>,
}

/// How a crawl ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody is left to dial.
    Complete,
    /// As many were reached as were asked for.
    Enough,
    /// Its time was over.
    Time,
    /// It was told to end.
    Interrupted,
    /// The database takes no more.
    Store,
}

impl Ended {
    /// Its stable name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Enough => "enough",
            Self::Time => "time",
            Self::Interrupted => "interrupted",
            Self::Store => "store",
        }
    }
}

/// While nobody has been reached yet, whether to ask other seeds is looked at so often.
const SEEDS_ASK: Duration = Duration::from_secs(1);

impl Crawl {
    /// A crawl that knows what the database remembers. What is not due yet is left alone, unless `again` is asked for.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn begin(
        attempts: Attempts,
        policy: Policy,
        family: Family,
        store: &Store,
        again: bool,
    ) -> Result<Arc<Self>, store::Error> {
        let chain = Text::from(attempts.protocols.chosen().chain());
        let mut map = Map::new(policy, family);
        remember(&mut map, store, &chain, again).await?;
        let writer = store.writer().await?;
        Ok(Arc::new(Self {
            attempts,
            chain,
            writer,
            started: Instant::now(),
            map: Mutex::new(map),
            changed: Notify::new(),
            failed: OnceLock::new(),
        }))
    }

    /// How many addresses are remembered.
    pub fn known(&self) -> usize {
        self.map().frontier.counts().known
    }

    /// Crawls until nobody is left, a limit is reached or `stop` is said. Visits that are under way then are given up,
    /// unless there are only enough peers. All that was found is stored when it returns.
    pub async fn run(
        self: &Arc<Self>,
        mut seeds: Seeds,
        limits: Limits,
        progress: &mut Progress,
        stop: &Notify,
    ) -> Ended {
        let mut visits = JoinSet::new();
        let ended = loop {
            if self.failed.get().is_some() {
                break Ended::Store;
            }
            while visits.try_join_next().is_some() {}
            let mut wake = self.dispatch(&mut visits, limits.concurrency);
            let counts = self.map().frontier.counts();
            let has_enough = limits.max_peers.is_some_and(|most| counts.reached >= most);
            if !has_enough && !seeds.is_asking() {
                match seeds.ask(counts.reached, counts.known, wake == Wake::Exhausted, self.now()) {
                    Ok(found) if found.is_empty() => {}
                    Ok(found) => {
                        for found in found {
                            self.plant(found, progress).await;
                        }
                        continue;
                    }
                    Err(error) => {
                        progress.say(&format!("warning: {}", error.text()));
                        continue;
                    }
                }
            }
            if wake == Wake::Exhausted && !seeds.is_asking() {
                break if has_enough { Ended::Enough } else { Ended::Complete };
            }
            if seeds.may_ask(counts.reached) {
                let soon = self.now() + SEEDS_ASK;
                wake = Wake::At(if let Wake::At(at) = wake { at.min(soon) } else { soon });
            }
            let wake_at = if let Wake::At(at) = wake { Some(self.started + at) } else { None };
            tokio::select! {
                biased;
                () = stop.notified() => break Ended::Interrupted,
                () = moment(limits.until) => break Ended::Time,
                () = moment(progress.due()) => progress.show(&self.map(), self.now()),
                found = seeds.found(), if seeds.is_asking() => match found {
                    Ok(found) => self.plant(found, progress).await,
                    Err(error) => progress.say(&format!("warning: {error}")),
                },
                () = self.changed.notified() => {}
                () = moment(wake_at) => {}
            }
        };
        visits.shutdown().await;
        progress.clear();
        if let Err(error) = self.writer.clone().close().await {
            self.fail(error);
        }
        if self.failed.get().is_some() { Ended::Store } else { ended }
    }

    /// There will be no more results.
    pub fn hush(&self) {
        self.attempts.results.close();
    }

    /// Why the database took no more, if so.
    pub fn failure(&self) -> Option<&store::Error> {
        self.failed.get()
    }

    /// What is known by now.
    pub fn summary(&self, ended: Ended) -> Summary {
        Summary::of(&self.map(), self.attempts.protocols.chosen(), ended, self.started.elapsed())
    }

    /// Dials all that the frontier allows now, as far as there is room.
    fn dispatch(self: &Arc<Self>, visits: &mut JoinSet<()>, concurrency: usize) -> Wake {
        let mut map = self.map();
        let now = self.now();
        while map.frontier.counts().in_flight < concurrency {
            match map.frontier.next(now) {
                Next::Dial(address) => {
                    let lacks_v2 = map.lacks_v2(address);
                    visits.spawn(visit(self.clone(), address, lacks_v2));
                }
                Next::Wait(until) => return Wake::At(until),
                Next::Idle => return Wake::Changed,
                Next::Exhausted => return Wake::Exhausted,
            }
        }
        Wake::Changed
    }

    /// Learns from a seed.
    async fn plant(&self, found: Yield, progress: &Progress) {
        let Yield { name, source, told } = found;
        let count = told.len();
        let news = self.map().plant(told, source, self.now());
        let addresses = if count == 1 { "address" } else { "addresses" };
        progress.say(&format!("{count} {addresses} from {name}, {} of them new", news.len()));
        if let Err(error) = self.store_told(news, &name).await {
            self.fail(error);
        }
    }

    /// Stores what is news.
    async fn store_told(&self, news: Vec<crate::protocol::Told>, source: &Text) -> Result<(), store::Error> {
        let now = Time::now();
        for told in news {
            if let Some(learned) = map::learned(&told, &self.chain, source, now) {
                self.writer.learned(learned).await?;
            }
        }
        Ok(())
    }

    fn fail(&self, error: store::Error) {
        let _ = self.failed.set(error);
        self.changed.notify_one();
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since the start.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// What the dispatcher waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// A change.
    Changed,
    /// A change, or this moment.
    At(Duration),
    /// Nothing: nobody is left.
    Exhausted,
}

/// Visits an address, from the dial to what is stored of it.
async fn visit(crawl: Arc<Crawl>, address: SocketAddr, lacks_v2: bool) {
    let call = Call { target: address.to_string().into(), whom: Whom::Anybody, address };
    let protocol = crawl.attempts.protocols.chosen();
    let ways = if lacks_v2 { protocol.ways_without_v2() } else { protocol.ways() };
    let mut visit = crawl.attempts.visit(&call, ways, &mut Timer::new()).await;
    let at = Time::now();
    // The news first: whoever finds the attempt in the database finds what it brought as well.
    let news = crawl.map().learn(&visit.take_told(), address.ip(), at, crawl.now());
    let stored = async {
        crawl.store_told(news, &Text::from(&*call.target)).await?;
        crawl.writer.record(visit.record(&crawl.chain, address, at)).await
    };
    if let Err(error) = stored.await {
        crawl.fail(error);
        return;
    }
    for tried in &visit.attempts {
        crawl.attempts.report(&call, &tried.attempt, tried.earlier.as_ref()).await;
    }
    crawl.map().conclude(address, &visit, crawl.now());
    crawl.changed.notify_one();
}

/// Completes at this moment; never, if there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
