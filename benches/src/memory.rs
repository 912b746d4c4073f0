//! Resident memory of a connection with a silent peer.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::compare::Findings;
use crate::flights::CHAIN;
use crate::program::{Peers, print_machine, targets, verack};

/// KiB for each connection, at most.
const MOST: f64 = 10.0;

/// A run with this few connections shows the program's own memory.
const FEW: usize = 10;

/// Compares the program with few connections and with many.
pub fn measure(many: usize) -> Result<Findings> {
    print_machine()?;
    let few = resident(FEW)?;
    let all = resident(many)?;
    println!("{FEW} silent connections: {few} KiB resident; {many}: {all} KiB");
    let mut findings = Findings::default();
    #[expect(clippy::cast_precision_loss, reason = "memory has less than 2^53 KiB")]
    let each = (all as f64 - few as f64) / many as f64;
    findings.at_most(MOST, "KiB for each silent connection", &[each].into_iter().collect());
    Ok(findings)
}

/// Resident KiB of `verack` while this many connections wait for their peers.
fn resident(connections: usize) -> Result<u64> {
    let peers = Peers::start("silent", "0.0.0.0:0", None)?;
    let targets = targets(connections)?;
    let child = Command::new(verack()?)
        .args(["--json", "--chain", CHAIN, "--transport", "v1", "--port", &peers.port.to_string()])
        .args(["--concurrency", &connections.to_string(), "--timeout", "30s"])
        .arg(format!("@{}", targets.path().display()))
        .stdout(Stdio::null())
        .spawn()?;
    let running = Running(child);
    running.wait_for_files(connections)?;
    // All are open; the last ones still send their version.
    sleep(Duration::from_secs(1));
    let before_end = running.wait_for_files(connections);
    let resident = running.resident()?;
    before_end.and(Ok(resident))
}

/// A program that is killed when dropped.
struct Running(Child);

impl Running {
    /// Waits until it has more open files than connections.
    fn wait_for_files(&self, connections: usize) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if fs::read_dir(format!("/proc/{}/fd", self.0.id()))?.count() > connections {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err(format!("{connections} connections were never open at once").into())
    }

    /// In KiB.
    fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.ok_or("it has ended")?.trim().trim_end_matches(" kB");
        Ok(kib.parse()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
