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
mod fixed;
mod heard;
mod lists;
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
use store::{Shown, Store, Time, Writer};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub use self::fixed::read_file as read_seeds;
use self::map::Map;
pub use self::progress::Progress;
use self::remembered::remember;
pub use self::seeds::Seeds;
use self::seeds::{Sown, Yield};
pub use self::summary::Summary;
use crate::attempt::{Attempts, Call};
use crate::protocol::{Heard, Introduced, Whom};
use crate::resolve::Family;

/// A crawl.
#[derive(Debug)]
pub struct Crawl {
    attempts: Attempts,
    /// The network's name, as the database has it.
    chain: Shown,
    writer: Writer,
    started: Instant,
    map: Mutex<Map>,
    /// A visit is over.
    changed: Notify,
    /// Whether visits that have no result yet are given up.
    ending: watch::Sender<bool>,
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
        let chain = Shown::from(attempts.protocols.chosen().chain());
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
            ending: watch::Sender::new(false),
            failed: OnceLock::new(),
        }))
    }

    /// How many addresses are remembered, and how many more are in the database that may not be dialled.
    pub fn remembered(&self) -> (usize, u64) {
        let counts = self.map().frontier.counts();
        (counts.known, counts.refused)
    }

    /// Crawls until nobody is left, a limit is reached or `stop` is said. Visits that have no result then are given up,
    /// unless there are only enough peers. All that was found is stored when it returns, and reported, and counted.
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
                let found = seeds.ask(counts.reached, counts.known, wake == Wake::Exhausted, self.now());
                if !found.is_empty() {
                    for found in found {
                        self.plant(found, progress).await;
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
                () = moment(progress.due()) => progress.show(&self.map(), self.now()),
                found = seeds.found(), if seeds.is_asking() => match found {
                    Sown::Found(found) => self.plant(found, progress).await,
                    Sown::Bad(why) => progress.say(&format!("warning: {why}")),
                    Sown::Ended => {}
                },
                () = self.changed.notified() => {}
                () = moment(wake_at) => {}
            }
        };
        self.ending.send_replace(true);
        // Those that have a result wait for the database, which has its time, and for whoever reads, who may be gone.
        while visits.join_next().await.is_some() {}
        progress.clear();
        if let Err(error) = self.writer.clone().close().await {
            self.fail(error);
        }
        if self.failed.get().is_some() { Ended::Store } else { ended }
    }

    /// Prints what comes last. Nothing is printed behind it.
    pub fn conclude(&self, last: &[u8]) {
        self.attempts.results.text(last);
        self.attempts.results.close();
    }

    /// Why the database took no more, if so.
    pub fn failure(&self) -> Option<&store::Error> {
        self.failed.get()
    }

    /// What is known by now.
    pub fn summary(&self, ended: Ended) -> Summary {
        let mut map = self.map();
        map.forget();
        Summary::of(&map, self.attempts.protocols.chosen(), ended, self.started.elapsed())
    }

    /// Dials all that the frontier allows now, as far as there is room.
    fn dispatch(self: &Arc<Self>, visits: &mut JoinSet<()>, concurrency: usize) -> Wake {
        let mut map = self.map();
        let now = self.now();
        while map.frontier.counts().in_flight < concurrency {
            match map.frontier.next(now) {
                Next::Dial(address) => {
                    let heard = map.heard_of_v2(address);
                    visits.spawn(visit(self.clone(), address, heard));
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
        let (news, refused) = {
            let mut map = self.map();
            let before = map.frontier.counts().refused;
            let news = map.plant(told, source, self.now());
            (news, map.frontier.counts().refused - before)
        };
        let addresses = if count == 1 { "address" } else { "addresses" };
        let refused = match refused {
            0 => String::new(),
            _ => format!(
                ", {refused} not to be dialled: not globally routable (see --allow-private), excluded, or over a limit"
            ),
        };
        progress.say(&format!("{count} {addresses} from {name}, {} of them new{refused}", news.len()));
        if let Err(error) = self.store_told(news, &name).await {
            self.fail(error);
        }
    }

    /// Stores what is news.
    async fn store_told(&self, news: Vec<crate::protocol::Told>, source: &Shown) -> Result<(), store::Error> {
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

/// Visits an address, from the dial to what is stored of it. Once there is a result, it is stored, reported and counted,
/// whatever ends the crawl.
async fn visit(crawl: Arc<Crawl>, address: SocketAddr, heard: Heard) {
    let call = Call::new(address.to_string().into(), Whom::Anybody, address);
    let protocol = crawl.attempts.protocols.chosen();
    let ways = protocol.ways_to(heard);
    let (mut timer, mut ending) = (Timer::new(), crawl.ending.subscribe());
    let mut visit = tokio::select! {
        biased;
        visit = crawl.attempts.visit(&call, ways, &mut timer) => visit,
        _ = ending.wait_for(|is_ending| *is_ending) => return,
    };
    let at = Time::now();
    // The news first: whoever finds the attempt in the database finds what it brought as well.
    let told = visit.take_told();
    let (news, is_asked_again) = {
        let mut map = crawl.map();
        let kept = visit.best().introduced.as_ref().and_then(Introduced::kept);
        if !map.is_asked_again(address) {
            map.count_unusable(visit.unusable());
        }
        map.answered(address, told.len(), kept.as_ref().map(|kept| &kept.user_agent));
        (map.learn(&told, address.ip(), at, crawl.now()), map.is_asked_again(address))
    };
    let stored = async {
        crawl.store_told(news, &Shown::from(&*call.target)).await?;
        // Its result was stored and reported a moment ago.
        match is_asked_again {
            true => Ok(()),
            false => crawl.writer.record(visit.record(&crawl.chain, address, at)).await,
        }
    };
    if let Err(error) = stored.await {
        crawl.fail(error);
        return;
    }
    for tried in visit.attempts.iter().filter(|_| !is_asked_again) {
        crawl.attempts.report(&call, &tried.attempt, tried.earlier.as_deref()).await;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use net::Stop;
    use store::{Filter, Store};
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::{Crawl, Ended, Limits, Progress, Seeds};
    use crate::args::{Cli, Command};
    use crate::attempt::Attempts;
    use crate::lookup::Lookup;
    use crate::output::{Printer, Text, queue};
    use crate::protocol::Protocols;
    use crate::resolve::Family;
    use crate::target;

    /// Addresses where nobody listens.
    const ADDRESSES: u64 = 20;

    /// More than may wait to be printed, in bytes.
    const TOO_MUCH: usize = 8 << 20;

    /// Tells a crawl to end while all of its results are recorded and wait to be printed. How many are counted, and how
    /// many are printed to who `reads` then.
    async fn counted_and_printed(reads: bool) -> (u64, u64) {
        let words = "verack crawl --json -q -c bitcoin-regtest --allow-private --prefix-rate 0";
        let Cli { command: Some(Command::Crawl(args)), global, .. } = Cli::parse_from(words.split(' ')) else {
            unreachable!("it is a crawl");
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("peers.sqlite")).await.unwrap();
        let (results, unprinted) = queue(Printer::without_summary(&global, true), None);
        results.text(&vec![b'\n'; TOO_MUCH]);
        let timeout = args.bounds.timeout;
        let attempts = Attempts {
            protocols: Protocols::gossiping(&args.introduction, &[]).unwrap(),
            timeout,
            connect_timeout: args.dialling.connect_timeout,
            bind: None,
            hold: None,
            closely: false,
            keys: Arc::default(),
            trace: None,
            results,
            stop: Stop::new(),
        };
        let rules = args.dialling.rules().unwrap();
        let crawl =
            Crawl::begin(attempts, args.policy(rules.excluded.clone()), Family::Any, &store, false).await.unwrap();
        let addresses: Vec<_> = (1..=ADDRESSES).map(|nth| format!("127.7.0.{nth}:1")).collect();
        let targets = target::read_all(addresses.iter().map(String::as_str)).unwrap();
        let lookup = Lookup::new(args.dialling.lookup(timeout), rules);
        let seeds = Seeds::new(0, targets, Vec::new(), Vec::new(), 1, lookup, timeout);
        let limits = Limits { concurrency: 100, until: None, max_peers: None };
        let (mut progress, stop) = (Progress::new(&global), Notify::new());
        let crawling = async {
            let ended = crawl.run(seeds, limits, &mut progress, &stop).await;
            crawl.conclude(b"");
            crawl.summary(ended)
        };
        let reading = async {
            let failed = Filter { reachable: Some(false), ..Filter::default() };
            while store.count(&failed).await.unwrap() < ADDRESSES {
                yield_now().await;
            }
            stop.notify_one();
            for _ in 0..100 {
                yield_now().await;
            }
            if !reads {
                unprinted.close();
            }
            let mut printed = 0;
            while let Some((_, results)) = unprinted.next(Text::default()).await {
                printed = results;
            }
            printed
        };
        let (summary, printed) = tokio::join!(crawling, reading);
        assert_eq!(summary.ended, Ended::Interrupted.name());
        (summary.tried, printed)
    }

    #[tokio::test]
    async fn what_is_recorded_is_counted_and_printed_even_if_it_is_told_to_end() {
        assert_eq!(counted_and_printed(true).await, (ADDRESSES, ADDRESSES));
    }

    #[tokio::test]
    async fn a_reader_that_stopped_reading_does_not_keep_it_from_ending() {
        assert_eq!(counted_and_printed(false).await, (ADDRESSES, 0));
    }
}
