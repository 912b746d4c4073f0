//! Maps a network, and summarizes the results.

mod progress;
mod text;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crawl::{Crawl, Ended, Limits, Seeds, Sources, Summary, Yield, read_fixed_seeds};
use futures_util::future::BoxFuture;

use tokio::sync::Notify;
use tokio::time::Instant;

use self::progress::Progress;
use super::interrupt::interrupted;
use super::{Ended as Printed, concurrency, print_until_closed, runtime};
use crate::args::{self, Format, Global};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Results, Screen, queue, write_json};
use crate::targets;
use probe::attempt::Attempts;
use probe::event::{Event, Observer};
use probe::lookup::{Lookup, Rules};
use probe::protocol::{Network, Sides};
use probe::target::Target;

/// Runs the command.
pub fn run(args: &args::Crawl, global: &Global) -> Result<Exit, Error> {
    args::refuse_variable("crawl")?;
    let targets = targets::read_all(args.targets.iter().map(String::as_str))?;
    let sides = args.introduction.choose(|choice| Sides::gossiping(choice, &targets))?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(crawl(args, global, (sides, targets), concurrency));
    // Do not wait for a lookup that still blocks.
    runtime.shutdown_background();
    result
}

async fn crawl(
    args: &args::Crawl,
    global: &Global,
    (sides, targets): (Sides, Vec<Target>),
    concurrency: usize,
) -> Result<Exit, Error> {
    let chain = args.introduction.network();
    let port = args.dialling.port.unwrap_or(sides.chosen().port());
    let timeout = args.bounds.timeout;
    let asks_dns = targets.is_empty() && !args.no_dns_seeds;
    // A network without DNS seeds begins elsewhere.
    let dns = if asks_dns { args.introduction.dns_seeds().unwrap_or_default() } else { Vec::new() };
    let fixed = args.seed_nodes.iter().map(|path| read_seeds(path, chain, port)).collect::<Result<Vec<_>, _>>()?;
    let network = sides.chosen().chain().to_owned();
    let sources = Sources { targets, dns, fixed };

    // The frontier decides which addresses may be dialled, whatever their source.
    let rules = Rules { allow_private: true, ..args.dialling.rules()? };
    let policy = args.policy(rules.excluded.clone());
    let book = args.database.open().await?;
    let (results, unprinted) = queue(Printer::without_summary(global, global.format() != Format::Human), None);
    let told = Arc::new(CrawlPrinter { results: results.clone(), progress: Progress::new(global).into() });
    let attempts = Attempts {
        connect_timeout: args.dialling.connect_timeout,
        bind: args.dialling.bind,
        hold: Some(args.asking.answer_timeout.unwrap_or(timeout)),
        traces: global.trace.is_some(),
        // `stop` stays as it is: the crawl cancels unfinished visits itself, and repeats them when it continues.
        ..Attempts::new(sides, timeout, told.clone())
    };
    let limits =
        Limits { concurrency, until: args.within.map(|within| Instant::now() + within), max_peers: policy.max_peers };
    let crawl = Crawl::begin(attempts, policy, args.dialling.family(), &*book, args.again).await?;
    let (known, refused) = crawl.remembered();
    if known == 0 && sources.are_none() {
        let remembers = match refused {
            0 => "the database remembers no peers".to_owned(),
            _ => format!("none of the {refused} addresses in the database may be dialled (see --allow-private)"),
        };
        return Err(Error::Usage(format!(
            "nowhere to begin: {network} has no DNS seeds and {remembers}; name a target or --seed-nodes"
        )));
    }
    let lookup = Lookup::new(args.dialling.lookup(timeout), rules);
    let seeds = Seeds::new(known, sources, port, lookup, timeout);
    let path = book.place();
    if !global.quiet && known > 0 {
        told.progress().say(&format!("{known} addresses are remembered in {path}"));
    }
    if !global.quiet && refused > 0 {
        told.progress().say(&format!(
            "{refused} addresses in {path} are not dialled: not globally routable (see --allow-private), or over a limit"
        ));
    }
    let goes_on = if args.again { "the same command without --again goes on" } else { "the same command goes on" };
    let stored = format!("{goes_on} (all is stored in {path})");
    let stop = Notify::new();
    let crawling = async {
        let ended = crawl.run(seeds, limits, &stop).await;
        told.progress().clear();
        let summary = crawl.summary(ended);
        // Nothing is printed after this.
        results.text(&summary_text(&summary, &stored, global));
        results.close();
        (ended, summary)
    };
    let printing = async {
        let (printed, _) = print_until_closed(interrupted(), &unprinted, Screen::plain(), || stop.notify_one()).await;
        // The reader may be gone, so accept no more text.
        unprinted.close();
        stop.notify_one();
        printed
    };
    let ((ended, summary), printed) = tokio::join!(crawling, printing);
    if global.format() == Format::Csv && !global.quiet && !matches!(printed, Printed::Unwritable(_)) {
        say!("{}", text::last_line(&summary, &stored));
    }
    if let Some(error) = crawl.failure() {
        return Err(error.clone().into());
    }
    book.close().await;
    Ok(exit(&printed, ended, &summary))
}

/// Prints the events of a crawl.
#[derive(Debug)]
struct CrawlPrinter {
    results: Results,
    progress: Mutex<Progress>,
}

impl CrawlPrinter {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for CrawlPrinter {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Progress(state) => self.progress().show(state),
            Event::Seed(answer) => self.progress().tell(answer),
            event => self.results.on(event),
        }
    }

    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        self.results.room()
    }
}

/// Reads fixed seeds from a file. Reports a bad line with its number, and accepts the others.
///
/// # Errors
/// The file cannot be read; it is of another kind, which the error names; it holds no address of this network.
fn read_seeds(path: &Path, network: Network, port: u16) -> Result<Yield, Error> {
    let shown = path.display();
    let unread = |error: io::Error| Error::Usage(format!("cannot read {shown}: {error}"));
    let input = peers::unpack(Box::new(BufReader::new(File::open(path).map_err(unread)?))).map_err(unread)?;
    let name = path.to_string_lossy();
    let read = read_fixed_seeds(input, &name, network, port);
    let (found, bad) = read.map_err(|error| Error::Usage(format!("{shown}: {error}")))?;
    for bad in bad.named {
        say!("warning: {bad}");
    }
    if bad.more > 0 {
        say!("warning: {shown}: and {} more lines", bad.more);
    }
    if found.told.is_empty() {
        return Err(Error::Usage(format!("there is no address of {} in {shown}", network.name)));
    }
    Ok(found)
}

/// The last line, or the last lines for people. CSV contains only rows, so its last line goes to standard error.
fn summary_text(summary: &Summary, stored: &str, global: &Global) -> Vec<u8> {
    let mut out = Vec::new();
    match global.format() {
        Format::Json => write_json(&mut out, summary),
        Format::Human if !global.quiet => out.extend_from_slice(text::summary(summary, stored).as_bytes()),
        Format::Human | Format::Csv => {}
    }
    out
}

fn exit(printed: &Printed, ended: Ended, summary: &Summary) -> Exit {
    match (printed, ended) {
        (Printed::Interrupted, _) => Exit::Interrupted,
        (Printed::Unwritable(why), _) => why.exit(),
        _ if summary.reachable > 0 => Exit::Success,
        _ => Exit::NotReached,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use peers::Filter;
    use store::Store;
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use crate::args::{Cli, Command};
    use crate::output::{Printer, Text, queue};
    use crate::targets;
    use crawl::{Crawl, Ended, Limits, Seeds, Sources};
    use probe::attempt::Attempts;
    use probe::lookup::Lookup;
    use probe::protocol::Sides;
    use probe::resolve::Family;

    /// Number of addresses without a listener.
    const ADDRESSES: u64 = 20;

    /// More bytes than may wait to be printed.
    const TOO_MUCH: usize = 8 << 20;

    /// Interrupts a crawl while all of its results are recorded and wait to be printed. Returns how many results are
    /// counted, and how many are printed if the reader `reads` on.
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
        let sides = args.introduction.choose(|choice| Sides::gossiping(choice, &[])).unwrap();
        let attempts = Attempts {
            connect_timeout: args.dialling.connect_timeout,
            ..Attempts::new(sides, timeout, Arc::new(results.clone()))
        };
        let rules = args.dialling.rules().unwrap();
        let crawl =
            Crawl::begin(attempts, args.policy(rules.excluded.clone()), Family::Any, &store, false).await.unwrap();
        let addresses: Vec<_> = (1..=ADDRESSES).map(|nth| format!("127.7.0.{nth}:1")).collect();
        let targets = targets::read_all(addresses.iter().map(String::as_str)).unwrap();
        let lookup = Lookup::new(args.dialling.lookup(timeout), rules);
        let seeds = Seeds::new(0, Sources { targets, ..Sources::default() }, 1, lookup, timeout);
        let limits = Limits { concurrency: 100, until: None, max_peers: None };
        let stop = Notify::new();
        let crawling = async {
            let ended = crawl.run(seeds, limits, &stop).await;
            results.close();
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
            while let Some((_, [results, _])) = unprinted.next(Text::default()).await {
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
