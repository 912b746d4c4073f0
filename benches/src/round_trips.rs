//! Round trips until OK, in both roles, over a link that holds every packet back.
//!
//! ```text
//!  namespace near                             namespace far
//!  knock, verack ── 50 ms ──▶  ◀── 50 ms ──   peers, verack listen
//! ```

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::flights::CHAIN;
use crate::link::Link;
use crate::program::{Peers, print_machine, verack, within};

/// Round trips from the first packet to OK as initiator, at most: one is TCP's.
const MOST_AS_INITIATOR: f64 = 2.05;

/// Round trips from the accepted connection to OK as responder, at most.
const MOST_AS_RESPONDER: f64 = 1.05;

/// Where the peers and `verack listen` are, in the far namespace.
const PEERS: &str = "10.78.0.1:18444";
const LISTENER: &str = "10.78.0.2:18444";

/// Measures the round trip, the initiator and the responder by turns.
pub fn measure(rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let link = Link::start()?;
    let _peers = Peers::start("answer", PEERS, Some(&link.far))?;
    let mut listener = Listener::start(&verack, &link.far)?;
    let (mut trips, mut initiator, mut responder) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let trip = link.trip(PEERS)?;
        initiator.push(dial(&verack, &link.near, PEERS)? / trip);
        dial(&verack, &link.near, LISTENER)?;
        responder.push(listener.next_total()? / trip);
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_AS_INITIATOR, "round trips to OK as initiator", &initiator.into_iter().collect());
    findings.at_most(MOST_AS_RESPONDER, "round trips to OK as responder", &responder.into_iter().collect());
    Ok(findings)
}

/// Milliseconds to OK as `verack` reports them.
fn dial(verack: &Path, near: &str, address: &str) -> Result<f64> {
    let mut command = within(Some(near), verack);
    command.args(["--json", "--chain", CHAIN, address]).stderr(Stdio::inherit());
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8(output.stdout)?;
    total(text.lines().next().unwrap_or_default())
}

fn total(report: &str) -> Result<f64> {
    let parsed: Value = serde_json::from_str(report)?;
    match (&parsed["outcome"], parsed["timing_ms"]["total"].as_f64()) {
        (Value::String(outcome), Some(total)) if outcome == "ok" => Ok(total),
        _ => Err(format!("not OK: {report}").into()),
    }
}

/// `verack listen`, ended when dropped.
struct Listener {
    process: Child,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Listener {
    fn start(verack: &Path, far: &str) -> Result<Self> {
        let mut process = within(Some(far), verack)
            .args(["listen", "--json", "--chain", CHAIN, LISTENER])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // It says so once it listens.
        BufReader::new(process.stderr.take().expect("it is piped")).read_line(&mut String::new())?;
        let reports = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Ok(Self { process, reports })
    }

    fn next_total(&mut self) -> Result<f64> {
        total(&self.reports.next().ok_or("verack listen has ended")??)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
