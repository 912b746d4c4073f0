//! Maps of fully known simulated networks: complete, also after the crawl was killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use bitcoin::Chain;
use peers::{Filter, Peer, Sort, SortBy};
use serde_json::Value;
use simnet::{Ground, Population, Topology};
use store::Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::common::{CHAIN, json_lines, start, text, verack};

const TOPOLOGY: Topology =
    Topology { ground: Ground::Loopback, steady: 220, fleeting: 30, refusing: 300, silent: 50, seed: 5 };

/// A population, and the database of its crawl.
struct Mapped {
    population: Population,
    db: PathBuf,
    runtime: Runtime,
    _folder: TempDir,
}

impl Mapped {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let chain = Chain::named(CHAIN).unwrap().params;
        let population = runtime.block_on(Population::start(TOPOLOGY, simnet::bitcoin::nodes(chain), 0)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { population, db: folder.path().join("peers.sqlite"), runtime, _folder: folder }
    }

    /// The command line of the crawl.
    fn words(&self, options: &[&str]) -> Vec<String> {
        let common = ["crawl", "-q", "--json", "-c", CHAIN, "--allow-private", "--timeout", "20s", "--db"];
        let words = common.into_iter().map(str::to_owned).chain([self.db.display().to_string()]);
        let words = words.chain(["--connect-timeout".to_owned(), "2s".to_owned()]);
        words.chain(options.iter().map(|option| (*option).to_owned())).chain(self.seeds()).collect()
    }

    fn seeds(&self) -> impl Iterator<Item = String> {
        self.population.seeds().map(|seed| seed.to_string())
    }

    /// Crawls to the end, and returns the summary.
    fn crawl(&self, options: &[&str]) -> Value {
        let output = verack(self.words(options).iter().map(String::as_str)).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        json_lines(&output).pop().unwrap()
    }

    /// The peers in the database.
    fn peers(&self) -> Vec<Peer> {
        self.runtime.block_on(async {
            let store = Store::open(&self.db).await.unwrap();
            let mut all = Vec::new();
            let peers = store.peers(&Filter::default(), Sort { by: SortBy::Known, descending: false }, None);
            peers.for_each(|peer| all.push(peer)).await.unwrap();
            all
        })
    }

    /// Fails unless the database matches the population.
    fn check(&self) {
        let mut census = self.population.census();
        self.runtime.block_on(async {
            let store = Store::open(&self.db).await.unwrap();
            store.reasons(|address, reason| census.note(address, reason)).await.unwrap();
        });
        let faults = census.conclude();
        assert!(faults.are_none(), "{faults}");
    }
}

#[test]
fn a_map_has_every_node_and_no_other_also_when_some_have_come_and_others_left() {
    let mut mapped = Mapped::new();
    let first = mapped.crawl(&[]);
    mapped.check();
    assert_eq!(first["known"], TOPOLOGY.known());
    assert_eq!(first["reachable"], mapped.population.census().up());
    mapped.runtime.block_on(mapped.population.enter(2)).unwrap();
    let second = mapped.crawl(&["--again"]);
    mapped.check();
    assert_eq!(second["reachable"], mapped.population.census().up());
    assert_ne!(first["reachable"], second["reachable"]);
}

#[test]
fn a_killed_crawl_has_lost_nothing_that_is_two_seconds_old_and_the_next_one_finishes_the_map() {
    /// Results to read before the two seconds begin.
    const RESULTS: usize = 40;
    let mapped = Mapped::new();
    // Slow enough to take six seconds.
    let words = mapped.words(&["--rate", "100"]);
    let mut child = start(words.iter().map(String::as_str));
    // Keep the pipe open: a crawl ends when its reader closes it.
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let results: HashMap<_, _> = output
        .by_ref()
        .take(RESULTS)
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .map(|line| (line["address"].as_str().unwrap().to_owned(), line["reason"].as_str().unwrap().to_owned()))
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    assert!(child.try_wait().unwrap().is_none(), "it was over before it could be killed");
    child.kill().unwrap();
    child.wait().unwrap();

    let stored: HashMap<_, _> = mapped.peers().into_iter().map(|peer| (peer.endpoint.to_string(), peer)).collect();
    assert!(stored.len() < TOPOLOGY.known() as usize || stored.values().any(|peer| peer.tried == 0));
    for (address, reason) in results {
        assert_eq!(stored[&address].reason(), Some(&*reason), "{address}");
    }
    mapped.crawl(&[]);
    mapped.check();
}
