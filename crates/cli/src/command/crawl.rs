//! Maps a network, and sums up what was found.

use std::sync::Arc;

use net::Stop;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::interrupt::interrupted;
use super::{Ended as Printed, concurrency, print_until_closed, runtime};
use crate::args::{self, Format, Global};
use crate::attempt::Attempts;
use crate::crawl::{Crawl, Ended, Limits, Progress, Seeds, Summary, read_seeds};
use crate::exit::{Error, Exit};
use crate::lookup::{Lookup, Rules};
use crate::output::{Printer, Screen, queue, write_json};
use crate::protocol::Protocols;
use crate::target::{self, Target};

/// Runs the command.
pub fn run(args: &args::Crawl, global: &Global) -> Result<Exit, Error> {
    let targets = target::read_all(args.targets.iter().map(String::as_str))?;
    let protocols = Protocols::gossiping(&args.introduction, &targets)?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(crawl(args, global, (protocols, targets), concurrency));
    // A lookup that still blocks must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn crawl(
    args: &args::Crawl,
    global: &Global,
    (protocols, targets): (Protocols, Vec<Target>),
    concurrency: usize,
) -> Result<Exit, Error> {
    let chain = args.introduction.chain();
    let port = args.dialling.port.unwrap_or(protocols.chosen().port());
    let timeout = args.bounds.timeout;
    let asks_dns = targets.is_empty() && !args.no_dns_seeds && !args.introduction.dns_seeds().is_empty();
    let dns = if asks_dns { target::dns_seeds(&args.introduction)? } else { Vec::new() };
    let fixed = args.seed_nodes.iter().map(|path| read_seeds(path, chain, port)).collect::<Result<Vec<_>, _>>()?;
    let network = protocols.chosen().chain().to_owned();
    let begins_with = targets.len() + dns.len() + fixed.len();

    // Whether an address may be dialled is the frontier's to say, whoever told it.
    let rules = Rules { allow_private: true, ..args.dialling.rules()? };
    let policy = args.policy(rules.excluded.clone());
    let store = args.database.open().await?;
    let (results, unprinted) = queue(Printer::without_summary(global, global.format() != Format::Human), None);
    let attempts = Attempts {
        protocols,
        timeout,
        connect_timeout: args.dialling.connect_timeout,
        bind: args.dialling.bind,
        hold: Some(args.asking.answer_timeout.unwrap_or(timeout)),
        closely: false,
        keys: Arc::default(),
        trace: global.trace,
        results,
        // The crawl gives up what has no result yet, and tries it again when it goes on.
        stop: Stop::new(),
    };
    let limits =
        Limits { concurrency, until: args.within.map(|within| Instant::now() + within), max_peers: policy.max_peers };
    let crawl = Crawl::begin(attempts, policy, args.dialling.family(), &store, args.again).await?;
    let (known, refused) = crawl.remembered();
    if known == 0 && begins_with == 0 {
        let remembers = match refused {
            0 => "the database remembers nobody".to_owned(),
            _ => format!("none of the {refused} addresses in the database may be dialled (see --allow-private)"),
        };
        return Err(Error::Usage(format!(
            "nowhere to begin: {network} has no DNS seeds and {remembers}; name a target or --seed-nodes"
        )));
    }
    let lookup = Lookup::new(args.dialling.lookup(timeout), rules);
    let seeds = Seeds::new(known, targets, dns, fixed, port, lookup, timeout);
    let mut progress = Progress::new(global);
    let path = store.path().display();
    if !global.quiet && known > 0 {
        progress.say(&format!("{known} addresses are remembered in {path}"));
    }
    if !global.quiet && refused > 0 {
        progress.say(&format!(
            "{refused} addresses in {path} are not dialled: not globally routable (see --allow-private), or over a limit"
        ));
    }
    let goes_on = if args.again { "the same command without --again goes on" } else { "the same command goes on" };
    let stored = format!("{goes_on} (all is stored in {path})");
    let stop = Notify::new();
    let crawling = async {
        let ended = crawl.run(seeds, limits, &mut progress, &stop).await;
        let summary = crawl.summary(ended);
        crawl.conclude(&summary_text(&summary, &stored, global));
        (ended, summary)
    };
    let printing = async {
        let (printed, _) =
            print_until_closed(interrupted(), &unprinted, Screen::plain(), || 0, || stop.notify_one()).await;
        // Nobody reads any more, if there would be more to read.
        unprinted.close();
        stop.notify_one();
        printed
    };
    let ((ended, summary), printed) = tokio::join!(crawling, printing);
    if global.format() == Format::Csv && !global.quiet && !matches!(printed, Printed::Unwritable(_)) {
        say!("{}", summary.last_line(&stored));
    }
    if let Some(error) = crawl.failure() {
        return Err(error.clone().into());
    }
    store.close().await;
    Ok(exit(&printed, ended, &summary))
}

/// The last line, or the last lines for people. CSV has rows alone, and its last line goes to standard error.
fn summary_text(summary: &Summary, stored: &str, global: &Global) -> Vec<u8> {
    let mut text = Vec::new();
    match global.format() {
        Format::Json => write_json(&mut text, summary),
        Format::Human if !global.quiet => text.extend_from_slice(summary.to_text(stored).as_bytes()),
        Format::Human | Format::Csv => {}
    }
    text
}

fn exit(printed: &Printed, ended: Ended, summary: &Summary) -> Exit {
    match (printed, ended) {
        (Printed::Interrupted, _) => Exit::Interrupted,
        (Printed::Unwritable(why), _) => why.exit(),
        _ if summary.reachable > 0 => Exit::Success,
        _ => Exit::NotReached,
    }
}
