//! Handshakes per second over loopback: `verack --json` into a pipe, against the floor.

use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::flights::CHAIN;
use crate::floor;
use crate::program::{Peers, print_machine, role, targets, verack};

/// The least ratio of `verack`'s handshakes per second to the floor's.
const LEAST_RATE: f64 = 0.85;

/// The greatest ratio of its CPU time to the floor's.
const MOST_CPU: f64 = 1.25;

/// Runs both sides alternately, and compares them.
pub fn measure(peers: usize, concurrency: usize, rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    println!("{peers} peers, {concurrency} at once, {rounds} rounds");
    let served = Peers::start("answer", "0.0.0.0:0", None)?;
    let port = served.port.to_string();
    let targets = targets(peers)?;

    let run_floor = || -> Result<Cost> {
        let args = [&port, &peers.to_string(), &concurrency.to_string()];
        Ok(Cost::of(role(floor::ROLE, None)?.args(args))?.0)
    };
    let run_verack = || -> Result<Cost> {
        let (cost, summary) = Cost::of(
            Command::new(&verack)
                .args(["--json", "--chain", CHAIN, "--transport", "v1", "--port", &port])
                .args(["--concurrency", &concurrency.to_string()])
                .arg(format!("@{}", targets.path().display())),
        )?;
        let summary: Value = serde_json::from_str(&summary)?;
        if summary["ok"] != peers || summary["attempts"] != peers {
            return Err(format!("not every handshake was OK: {summary}").into());
        }
        Ok(cost)
    };
    // The first runs have cold caches.
    run_floor()?;
    run_verack()?;
    let mut costs = Vec::new();
    for round in 0..rounds {
        let pair = if round % 2 == 0 {
            let floor = run_floor()?;
            (floor, run_verack()?)
        } else {
            let verack = run_verack()?;
            (run_floor()?, verack)
        };
        costs.push(pair);
    }
    Ok(conclude(peers, &costs))
}

fn conclude(peers: usize, costs: &[(Cost, Cost)]) -> Findings {
    #[expect(clippy::cast_precision_loss, reason = "there are not 2^53 peers")]
    let peers = peers as f64;
    let rate = |cost: &Cost| peers / cost.wall.as_secs_f64();
    let cpu = |cost: &Cost| cost.cpu.as_secs_f64() / peers * 1e6;
    let floors = || costs.iter().map(|(floor, _)| floor);
    let ours = || costs.iter().map(|(_, ours)| ours);
    println!("floor:  {:.0} handshakes/s", floors().map(rate).collect::<Runs>());
    println!("verack: {:.0} handshakes/s", ours().map(rate).collect::<Runs>());
    println!("floor:  {:.1} µs of CPU each", floors().map(cpu).collect::<Runs>());
    println!("verack: {:.1} µs of CPU each", ours().map(cpu).collect::<Runs>());

    let mut findings = Findings::default();
    let rates = costs.iter().map(|(floor, ours)| rate(ours) / rate(floor)).collect();
    findings.at_least(LEAST_RATE, "handshakes/s of verack by those of the floor", &rates);
    let cpus = costs.iter().map(|(floor, ours)| cpu(ours) / cpu(floor)).collect();
    findings.at_most(MOST_CPU, "CPU time of verack by that of the floor", &cpus);
    findings
}
