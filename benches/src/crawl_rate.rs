//! Nodes per second without absent nodes: a handshake with each, and an answer of 1000 addresses.

use simnet::{Ground, Topology};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::crawler::{Crawler, find_faults};
use crate::population::Simulated;
use crate::program::{print_machine, verack};

/// Nodes a second, at least.
const LEAST_RATE: f64 = 4000.0;

/// Over v1, as this measures the cost of an address; the cryptography of v2 is measured elsewhere. There is no pace per
/// network: loopback has 128 networks, the Internet about ten thousand.
const OPTIONS: [&str; 7] = ["--allow-private", "--transport", "v1", "--prefix-rate", "0", "--concurrency", "256"];

/// Maps a network of this many nodes, each time into a new database.
pub fn measure(nodes: usize, rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    println!("{nodes} nodes, {rounds} rounds");
    let simulated = Simulated::start(Topology::of(Ground::Loopback, u32::try_from(nodes)?))?;
    let directory = tempfile::tempdir()?;
    let mut findings = Findings::default();
    let mut rates = Vec::new();
    for round in 0..rounds {
        let db = directory.path().join(format!("{round}.sqlite"));
        let crawler = Crawler::new(&verack, &simulated, db, &OPTIONS);
        let crawled = crawler.run()?;
        #[expect(clippy::cast_precision_loss, reason = "there are not 2^53 nodes")]
        rates.push(nodes as f64 / crawled.wall.as_secs_f64());
        if round == 0 {
            println!("{}", crawled.summary);
            find_faults(&mut findings, &crawler.compare(&simulated)?);
        }
    }
    findings.at_least(LEAST_RATE, "nodes/s", &rates.into_iter().collect::<Runs>());
    Ok(findings)
}
