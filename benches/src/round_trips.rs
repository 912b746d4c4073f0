//! Round trips until OK, in both roles and over both transports, over a link that delays every packet.
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

/// The same over the encrypted transport (BIP324): the keys take one more.
const MOST_AS_V2_INITIATOR: f64 = 3.05;
const MOST_AS_V2_RESPONDER: f64 = 2.05;

/// The address of the peers and `verack listen`, in the far namespace.
const PEERS: &str = "10.78.0.1:18444";
const LISTENER: &str = "10.78.0.2:18444";

/// Measures the round trip, the initiator and the responder alternately. The peer for the encrypted transport is
/// `verack listen`, which accepts both on one port.
pub fn measure(rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let link = Link::start()?;
    let _peers = Peers::start("answer", PEERS, Some(&link.far))?;
    let mut listener = Listener::start(&verack, &link.far)?;
    let (mut trips, mut initiator, mut responder) = (Vec::new(), Vec::new(), Vec::new());
    let (mut v2_initiator, mut v2_responder) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let trip = link.trip(PEERS)?;
        initiator.push(dial(&verack, &link.near, PEERS, "v1")? / trip);
        dial(&verack, &link.near, LISTENER, "v1")?;
        responder.push(listener.next_total("v1")? / trip);
        v2_initiator.push(dial(&verack, &link.near, LISTENER, "v2")? / trip);
        v2_responder.push(listener.next_total("v2")? / trip);
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    let [initiator, responder, v2_initiator, v2_responder] =
        [initiator, responder, v2_initiator, v2_responder].map(|runs| runs.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_AS_INITIATOR, "round trips to OK as initiator", &initiator);
    findings.at_most(MOST_AS_RESPONDER, "round trips to OK as responder", &responder);
    findings.at_most(MOST_AS_V2_INITIATOR, "round trips to OK as initiator over v2", &v2_initiator);
    findings.at_most(MOST_AS_V2_RESPONDER, "round trips to OK as responder over v2", &v2_responder);
    Ok(findings)
}

/// Milliseconds until OK, as reported by `verack`.
fn dial(verack: &Path, near: &str, address: &str, transport: &str) -> Result<f64> {
    let mut command = within(Some(near), verack);
    command.args(["--json", "--chain", CHAIN, "--transport", transport, address]).stderr(Stdio::inherit());
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8(output.stdout)?;
    total(text.lines().next().unwrap_or_default(), transport)
}

fn total(report: &str, transport: &str) -> Result<f64> {
    let parsed: Value = serde_json::from_str(report)?;
    match parsed["timing_ms"]["total"].as_f64() {
        Some(total) if parsed["outcome"] == "ok" && parsed["transport"] == transport => Ok(total),
        _ => Err(format!("not OK over {transport}: {report}").into()),
    }
}

/// `verack listen`, killed when dropped.
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
        // It prints a line once it listens.
        BufReader::new(process.stderr.take().expect("it is piped")).read_line(&mut String::new())?;
        let reports = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Ok(Self { process, reports })
    }

    fn next_total(&mut self, transport: &str) -> Result<f64> {
        total(&self.reports.next().ok_or("verack listen has ended")??, transport)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
