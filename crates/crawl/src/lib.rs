//! Maps a network: dials the addresses of the frontier, asks the peers for more addresses, and stores the results.
//!
//! ```text
//!  seeds ─────────┐                     ┌──▶ visit ──┐ attempts, and addresses told
//!                 ▼                     │            ▼
//!  database ──▶ Map ── Dial(address) ──▶ dispatcher  Map, writer ──▶ database
//!                                            ▲       │
//!                                            └───────┘ changed
//! ```
//! The dispatcher waits for a change; it waits for a time only if the frontier gives one. A visit is its own task, and
//! a small one until its connection opens. It keeps its slot until the writer has its results: so a slow database slows
//! down the dispatcher, never a connection.

mod aside;
mod fixed;
mod heard;
mod lists;
mod map;
mod record;
mod remembered;
mod seeds;
mod standard;
mod summary;
mod tally;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use discover::{Next, Policy};
use net::Timer;
use peers::{Book, EscapedText, Time, Writer};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub use self::fixed::{Bad, read as read_fixed_seeds};
use self::map::Map;
use self::record::record;
use self::remembered::remember;
use self::seeds::Sown;
pub use self::seeds::{Seeds, Sources, Yield};
pub use self::standard::standard;
pub use self::summary::{Ranked, Summary};
use probe::attempt::{Attempts, Call};
use probe::event::{Event, Gain, Progress, SeedAnswer};
use probe::protocol::{Identity, Knowledge, Misuse};
use probe::resolve::Family;
use probe::target::Target;
use probe::{Config, Probe};

/// A crawl.
#[derive(Debug)]
pub struct Crawl {
    attempts: Attempts,
    /// The network's name in the database.
    chain: EscapedText,
    writer: Writer,
    started: Instant,
    map: Mutex<Map>,
    /// Signals that a visit is over.
    changed: Notify,
    /// Whether to cancel visits without a result.
    ending: watch::Sender<bool>,
    /// Why the database accepts no more records.
    failed: OnceLock<peers::Error>,
}

/// The limits of a crawl besides its policy.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of concurrent visits.
    pub concurrency: usize,
    /// When it ends, complete or not.
    pub until: Option<Instant>,
    /// The number of reached peers that is enough.
    pub max_peers: Option<usize>,
}

/// How a crawl ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// No address is left to dial.
    Complete,
    /// It reached the requested number of peers.
    Enough,
    /// Its time was over.
    Time,
    /// It was interrupted.
    Interrupted,
    /// The database accepts no more records.
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

/// Why a crawl failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The options contradict each other.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The database accepts no more records.
    #[error(transparent)]
    Store(#[from] peers::Error),
}

/// Maps a network into a database, from these targets or else from its DNS seeds: a complete crawl with default limits.
///
/// # Errors
/// [`MapError`]
pub async fn map(config: Config, targets: Vec<Target>, policy: Policy, book: &dyn Book) -> Result<Summary, MapError> {
    /// The command line's default number of concurrent visits.
    const CONCURRENCY: usize = 2000;
    let network = config.network.unwrap_or_default();
    let dns = if targets.is_empty() { network.protocol.dns_seeds(&network, &config.values)? } else { Vec::new() };
    // The frontier decides which addresses may be dialled.
    let Probe { mut attempts, lookup } = Config { allow_private: true, ..config }.probe()?;
    let (timeout, port) = (attempts.timeout, attempts.sides.chosen().port());
    attempts.hold = Some(timeout);
    let limits = Limits { concurrency: CONCURRENCY, until: None, max_peers: policy.max_peers };
    let crawl = Crawl::begin(attempts, policy, Family::Any, book, false).await?;
    let sources = Sources { targets, dns, fixed: Vec::new() };
    let seeds = Seeds::new(crawl.remembered().0, sources, port, lookup, timeout);
    let ended = crawl.run(seeds, limits, &Notify::new()).await;
    match crawl.failure() {
        Some(error) => Err(error.clone().into()),
        None => Ok(crawl.summary(ended)),
    }
}

/// Time between two progress events: short enough for a line that the user watches.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// How often to check whether to ask further seeds, while too few peers have been reached.
const SEEDS_ASK: Duration = Duration::from_secs(1);

impl Crawl {
    /// A crawl that starts from the database. Addresses that are not due yet are skipped, unless `again` is set.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn begin(
        attempts: Attempts,
        policy: Policy,
        family: Family,
        book: &dyn Book,
        again: bool,
    ) -> Result<Arc<Self>, peers::Error> {
        let chain = EscapedText::from(attempts.sides.chosen().chain());
        let mut map = Map::new(policy, family);
        remember(&mut map, book, &chain, again).await?;
        let writer = book.writer().await?;
        Ok(Arc::new(Self {
            attempts,
            chain,
            writer,
            started: Instant::now(),
            map: Mutex::new(map),
            changed: Notify::new(),
            ending: watch::Sender::new(false),
            failed: OnceLock::new(),
        }))
    }

    /// How many addresses it has from the database, and how many more of the database may not be dialled.
    pub fn remembered(&self) -> (usize, u64) {
        let counts = self.map().frontier.counts();
        (counts.known, counts.refused)
    }

    /// Crawls until no address is left, a limit is reached, or `stop` is notified. Visits without a result are then
    /// cancelled, unless the end is only that there are enough peers. When it returns, all results are stored, reported
    /// and counted.
    pub async fn run(self: &Arc<Self>, mut seeds: Seeds, limits: Limits, stop: &Notify) -> Ended {
        let mut visits = JoinSet::new();
        let mut told = Instant::now();
        let ended = loop {
            if self.failed.get().is_some() {
                break Ended::Store;
            }
            while visits.try_join_next().is_some() {}
            let mut wake = self.dispatch(&mut visits, limits.concurrency);
            let counts = self.map().frontier.counts();
            let has_enough = limits.max_peers.is_some_and(|most| counts.reached >= most);
            if !has_enough && !seeds.is_asking() {
                let found = seeds.ask(counts.reached, counts.known, wake == Wake::Exhausted, self.now());
                if !found.is_empty() {
                    for found in found {
                        self.plant(found).await;
                    }
                    continue;
                }
            }
            if wake == Wake::Exhausted && !seeds.is_asking() {
                if !has_enough && self.map().ask_again(self.now()) {
                    continue;
                }
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
                () = sleep_until(told + TOLD_EVERY) => {
                    told = Instant::now();
                    let progress = self.progress();
                    self.attempts.observer.on(Event::Progress(&progress));
                }
                found = seeds.found(), if seeds.is_asking() => match found {
                    Sown::Found(found) => self.plant(found).await,
                    Sown::Bad(seed, why) => {
                        self.attempts.observer.on(Event::Seed(&SeedAnswer { seed: &seed, outcome: Err(&why) }));
                    }
                    Sown::Ended => {}
                },
                () = self.changed.notified() => {}
                () = moment(wake_at) => {}
            }
        };
        self.ending.send_replace(true);
        // Visits with a result wait for the database, which has its own time limit, and for the observer, which may
        // have stopped.
        while visits.join_next().await.is_some() {}
        if let Err(error) = self.writer.clone().close().await {
            self.fail(error);
        }
        if self.failed.get().is_some() { Ended::Store } else { ended }
    }

    /// Why the database accepted no more records, if it failed.
    pub fn failure(&self) -> Option<&peers::Error> {
        self.failed.get()
    }

    /// The results so far.
    pub fn summary(&self, ended: Ended) -> Summary {
        let mut map = self.map();
        map.forget();
        Summary::of(&map, self.attempts.sides.chosen(), ended, self.started.elapsed())
    }

    /// Dials all addresses that the frontier allows now, within the limit of concurrent visits.
    fn dispatch(self: &Arc<Self>, visits: &mut JoinSet<()>, concurrency: usize) -> Wake {
        let mut map = self.map();
        let now = self.now();
        while map.frontier.counts().in_flight < concurrency {
            match map.frontier.next(now) {
                Next::Dial(address) => {
                    let knowledge = map.knowledge_of(address);
                    visits.spawn(visit(self.clone(), address, knowledge));
                }
                Next::Wait(until) => return Wake::At(until),
                Next::Idle => return Wake::Changed,
                Next::Exhausted => return Wake::Exhausted,
            }
        }
        Wake::Changed
    }

    /// The present progress.
    fn progress(&self) -> Progress {
        let map = self.map();
        let counts = map.frontier.counts();
        Progress {
            elapsed: self.now(),
            known: map.known(),
            tried: map.tally.tried(),
            reached: counts.reached,
            in_flight: counts.in_flight,
            waiting: counts.waiting,
            ready: counts.ready,
            dials: counts.dials,
        }
    }

    /// Adds the addresses of a seed.
    async fn plant(&self, found: Yield) {
        let Yield { name, source, told } = found;
        let addresses = told.len();
        let (news, refused) = {
            let mut map = self.map();
            let before = map.frontier.counts().refused;
            let news = map.plant(told, source, self.now());
            (news, map.frontier.counts().refused - before)
        };
        let gain = Gain { addresses, new: news.len(), refused };
        self.attempts.observer.on(Event::Seed(&SeedAnswer { seed: name.as_str(), outcome: Ok(gain) }));
        if let Err(error) = self.store_told(news, &name).await {
            self.fail(error);
        }
    }

    /// Stores news.
    async fn store_told(
        &self,
        news: Vec<probe::protocol::AddressRecord>,
        source: &EscapedText,
    ) -> Result<(), peers::Error> {
        let now = Time::now();
        for told in news {
            self.writer.learned(map::learned(&told, &self.chain, source, now)).await?;
        }
        Ok(())
    }

    fn fail(&self, error: peers::Error) {
        let _ = self.failed.set(error);
        self.changed.notify_one();
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since the start.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// What the dispatcher waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// A change.
    Changed,
    /// A change, or this time.
    At(Duration),
    /// Nothing: no address is left.
    Exhausted,
}

/// Visits an address, from the dial to the stored result. A visit with a result always stores, reports and counts it,
/// however the crawl ends.
async fn visit(crawl: Arc<Crawl>, address: SocketAddr, knowledge: Knowledge) {
    let call = Call::new(address.to_string().into(), Identity::Any, address);
    let side = crawl.attempts.sides.chosen();
    let modes = side.dial_modes(knowledge);
    let (mut timer, mut ending) = (Timer::new(), crawl.ending.subscribe());
    let mut visit = tokio::select! {
        biased;
        visit = crawl.attempts.visit(&call, modes, &mut timer) => visit,
        _ = ending.wait_for(|is_ending| *is_ending) => return,
    };
    let at = Time::now();
    // Store the news first, so that a reader of the attempt in the database finds the news too.
    let told = visit.take_told();
    let (news, is_asked_again) = {
        let mut map = crawl.map();
        let kept = visit.summary();
        if !map.is_asked_again(address) {
            map.count_unusable(visit.unusable());
        }
        map.answered(address, told.len(), kept.as_ref().map(|kept| &*kept.user_agent));
        (map.learn(&told, address.ip(), at, crawl.now()), map.is_asked_again(address))
    };
    let stored = async {
        crawl.store_told(news, &EscapedText::from(&*call.target)).await?;
        // The result was stored and reported a moment ago.
        match is_asked_again {
            true => Ok(()),
            false => crawl.writer.record(record(&visit, side, &crawl.chain, address, at)).await,
        }
    };
    if let Err(error) = stored.await {
        crawl.fail(error);
        return;
    }
    for tried in visit.attempts.iter().filter(|_| !is_asked_again) {
        crawl.attempts.report(&call, &tried.attempt, tried.earlier.as_deref()).await;
    }
    crawl.map().conclude(address, &visit, side, crawl.now());
    crawl.changed.notify_one();
}

/// Completes at this time; never if there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
