//! A map of a network of Bitcoin's size: 24 000 reachable nodes among 544 000 known addresses.
//!
//! The network is simulated in a network namespace without a way out, at addresses that are globally routable there and
//! as spread as those of real nodes, so that the crawl is as outside: its pace per prefix and its transports are the
//! defaults. Only its concurrency is higher, as the limit of open files allows.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use simnet::{Ground, Topology};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::crawler::{Crawler, find_faults};
use crate::population::Simulated;
use crate::program::{print_machine, role, verack};

/// Seconds, at most.
const MOST_TIME: f64 = 180.0;

/// MB resident, at most.
const MOST_MEMORY: f64 = 300.0;

/// Of the unreachable addresses, one in this many refuses; the others do not answer.
const REFUSE: u32 = 4;

/// Connections at once. Each silent address takes one for 5 s, so 390 000 of them take 130 s.
const CONCURRENCY: &str = "15000";

/// The word that starts the role within the namespace: `crawl-map-within PROGRAM STEADY KNOWN`.
pub const WITHIN: &str = "crawl-map-within";

/// Creates the namespace, and continues within it.
pub fn measure(reachable: usize, known: usize) -> Result<Findings> {
    let verack = verack()?;
    let routes = Ground::ROUTES.map(|route| format!("ip {route} && ")).concat();
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", &format!("{routes}exec \"$@\""), "sh"]);
    let within = role(WITHIN, None)?;
    command.arg(within.get_program()).args(within.get_args()).arg(verack);
    command.args([reachable.to_string(), known.to_string()]);
    Err(format!("a network namespace needs unshare and ip, and root: {}", command.exec()).into())
}

/// Maps the network, and compares the map with the truth.
pub fn within(args: &[&str]) -> Result<Findings> {
    let [verack, steady, known] = args else {
        return Err("expected: PROGRAM STEADY KNOWN".into());
    };
    let (steady, known): (u32, u32) = (steady.parse()?, known.parse()?);
    let absent = known.checked_sub(steady).ok_or("fewer are known than are reachable")?;
    let (refusing, silent) = (absent / REFUSE, absent - absent / REFUSE);
    print_machine()?;
    println!("{steady} reachable, {refusing} refuse, {silent} are silent");
    let simulated = Simulated::start(Topology { refusing, silent, ..Topology::of(Ground::Internet, steady) })?;
    let directory = tempfile::tempdir()?;
    let options = ["--connect-timeout", "5s", "--timeout", "10s", "--concurrency", CONCURRENCY];
    let crawler = Crawler::new(Path::new(verack), &simulated, directory.path().join("peers.sqlite"), &options);
    let crawled = crawler.run()?;
    println!("{}", crawled.summary);

    let mut findings = Findings::default();
    let one = |value: f64| -> Runs { [value].into_iter().collect() };
    findings.at_most(MOST_TIME, "s to map it", &one(crawled.wall.as_secs_f64()));
    #[expect(clippy::cast_precision_loss, reason = "memory has less than 2^53 KiB")]
    let megabytes = crawled.peak as f64 * 1024.0 / 1e6;
    findings.at_most(MOST_MEMORY, "MB resident", &one(megabytes));
    find_faults(&mut findings, &crawler.compare(&simulated)?);
    Ok(findings)
}
