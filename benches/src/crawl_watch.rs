//! The memory that a watch keeps for addresses that it dialled and has forgotten: none.
//!
//! Four thousand nodes in a network namespace gossip two million addresses where nothing listens. A watch that may know
//! 20,000 at once dials them one after the other, and its memory is read twice.

use std::fs;
use std::io::BufRead;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use simnet::{Ground, Topology};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::crawler::Crawler;
use crate::population::Simulated;
use crate::program::{print_machine, role, verack};

/// Growth after the first tenth in MB, at most.
const MOST_MORE: f64 = 5.0;

/// Nodes that answer. Each is dialled again after a second, two, four, and so on.
const STEADY: u32 = 4000;

/// The word that starts the role within the namespace: `crawl-watch-within PROGRAM RESULTS`.
pub const WITHIN: &str = "crawl-watch-within";

/// Creates the namespace, and continues within it.
pub fn measure(results: usize) -> Result<Findings> {
    let verack = verack()?;
    let routes = Ground::ROUTES.map(|route| format!("ip {route} && ")).concat();
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", &format!("{routes}exec \"$@\""), "sh"]);
    let within = role(WITHIN, None)?;
    command.arg(within.get_program()).args(within.get_args()).arg(verack).arg(results.to_string());
    Err(format!("a network namespace needs unshare and ip, and root: {}", command.exec()).into())
}

/// Watches until there are this many results, and reads the memory after the first tenth of them and at the end.
pub fn within(args: &[&str]) -> Result<Findings> {
    let [verack, results] = args else { return Err("expected: PROGRAM RESULTS".into()) };
    let results: u64 = results.parse()?;
    print_machine()?;
    let refusing = u32::try_from(results)?;
    let simulated = Simulated::start(Topology { refusing, ..Topology::of(Ground::Internet, STEADY) })?;
    let directory = tempfile::tempdir()?;
    let options = ["--watch=1s", "--max-known", "20000", "--prefix-rate", "0", "--retries", "0", "--transport", "v1"];
    let crawler = Crawler::new(Path::new(verack), &simulated, directory.path().join("peers.sqlite"), &options);
    let (mut child, output) = crawler.start()?;
    let (mut first, mut last) = (0.0, 0.0);
    for (line, nth) in output.lines().zip(1..=results) {
        line?;
        if nth == results / 10 {
            first = anonymous(child.id())?;
        } else if nth == results {
            last = anonymous(child.id())?;
        }
    }
    child.kill()?;
    child.wait()?;
    println!("{first:.1} MB after {} results, {last:.1} MB after {results}", results / 10);
    let mut findings = Findings::default();
    let more: Runs = [last - first].into_iter().collect();
    findings.at_most(MOST_MORE, "MB more after ten times as many results", &more);
    Ok(findings)
}

/// MB of a process's own memory. Pages of the database's files belong to the kernel.
fn anonymous(id: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("its memory cannot be read")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}
