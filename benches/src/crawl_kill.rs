//! Crawls that are killed at random moments: no result older than 2 s is lost, and the next run completes the map.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::Value;
use simnet::{Ground, Topology};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::crawler::Crawler;
use crate::population::Simulated;
use crate::program::{print_machine, verack};

/// Results that are older must not be lost.
const SAFE_AFTER: Duration = Duration::from_secs(2);

/// The crawled network: at the rate below a crawl takes about six seconds.
const TOPOLOGY: Topology =
    Topology { ground: Ground::Loopback, steady: 3000, fleeting: 0, refusing: 5000, silent: 2000, seed: 1 };

/// The range of the kill's moment, in milliseconds after the start.
const MOMENTS: std::ops::Range<u64> = 100..6000;

const OPTIONS: [&str; 9] =
    ["--allow-private", "--rate", "2000", "--prefix-rate", "0", "--connect-timeout", "1s", "--timeout", "10s"];

/// The result of one round.
struct Round {
    /// Results that were printed early enough before the kill.
    safe: usize,
    /// Those of them that are missing from the database.
    lost: usize,
    /// Faults of the map after the next run.
    faults: u32,
}

/// Kills this many crawls.
pub fn measure(rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let simulated = Simulated::start(TOPOLOGY)?;
    let mut done = Vec::new();
    for _ in 0..rounds {
        let moment = Duration::from_millis(rand::rng().random_range(MOMENTS));
        let round = killed(&verack, &simulated, moment)?;
        let Round { safe, lost, faults } = round;
        println!(
            "killed after {moment:.1?}: {safe} results were safe, {lost} are lost; then {faults} faults of the map"
        );
        done.push(round);
    }
    let mut findings = Findings::default();
    #[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
    let sum =
        |count: fn(&Round) -> usize| -> Runs { [done.iter().map(count).sum::<usize>() as f64].into_iter().collect() };
    findings.at_least(1.0, "results that were safe in all", &sum(|round| round.safe));
    findings.at_most(0.0, "of them lost", &sum(|round| round.lost));
    findings.at_most(0.0, "maps that the next run did not finish", &sum(|round| usize::from(round.faults > 0)));
    Ok(findings)
}

/// Kills a crawl at this moment, checks its database, and lets the next crawl complete the map.
fn killed(verack: &Path, simulated: &Simulated, moment: Duration) -> Result<Round> {
    let directory = tempfile::tempdir()?;
    let crawler = Crawler::new(verack, simulated, directory.path().join("peers.sqlite"), &OPTIONS);
    let (mut child, mut output) = crawler.start()?;
    let (line_came, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut line = String::new();
        // An incomplete line was interrupted by the kill.
        while output.read_line(&mut line).is_ok_and(|len| len > 0) {
            if line_came.send((Instant::now(), std::mem::take(&mut line))).is_err() {
                return;
            }
        }
    });
    thread::sleep(moment);
    let killed = Instant::now();
    child.kill()?;
    child.wait()?;
    reader.join().map_err(|_| "its results cannot be read")?;

    // By address: the number of attempts in time, and the last result.
    let mut safe: HashMap<String, (u32, String)> = HashMap::new();
    for (came, line) in lines {
        if came + SAFE_AFTER > killed {
            break;
        }
        let line: Value = serde_json::from_str(&line)?;
        let (Some(address), Some(reason)) = (line["address"].as_str(), line["reason"].as_str()) else { continue };
        if line["blame"] != "local" {
            let (tried, last) = safe.entry(address.to_owned()).or_default();
            *tried += 1;
            reason.clone_into(last);
        }
    }
    let found = safe.len();
    crawler.each(|peer| {
        let address = peer.endpoint.to_string();
        let stored = safe.get(&address).is_some_and(|(tried, reason)| {
            peer.tried > *tried || (peer.tried == *tried && peer.reason() == Some(reason))
        });
        if stored {
            safe.remove(&address);
        }
    })?;
    crawler.run()?;
    let faults = crawler.compare(simulated)?;
    if !faults.are_none() {
        println!("{faults}");
    }
    let all = faults.missed + faults.invented + faults.unheard + faults.untried + faults.misjudged + faults.strange;
    Ok(Round { safe: found, lost: safe.len(), faults: all })
}
