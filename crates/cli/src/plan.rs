//! What would be dialled, without a dial.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::time::Instant;

use crate::attempt::{Attempts, Call};
use crate::calendar::Stamp;
use crate::output::write_json;
use crate::report::Text;

/// Shows what would be dialled.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether as JSON.
    pub json: bool,
    /// When the run began.
    pub started: Instant,
    /// How many addresses there were.
    pub planned: Arc<AtomicU64>,
}

/// An address that would be dialled. The JSON form is a promise: fields are added, never renamed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "planned")]
struct Planned<'a> {
    /// When it was known.
    started: Stamp,
    target: &'a str,
    address: Text<std::net::SocketAddr>,
    chain: &'a str,
    protocol: &'static str,
    /// One connection for each; `auto` may need a second for the last.
    transports: Vec<&'static str>,
}

/// All of them.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "plan")]
struct Sum {
    started: Stamp,
    planned: u64,
    left_out: u64,
}

impl Plan {
    /// Shows one more.
    pub fn add(&self, call: &Call, attempts: &Attempts) {
        self.planned.fetch_add(1, Ordering::Relaxed);
        let protocol = attempts.protocols.of(&call.whom);
        let transports: Vec<_> = protocol.ways().filter_map(|way| way.transport().name()).collect();
        let planned = Planned {
            started: Stamp::of(Instant::now()),
            target: &call.target,
            address: Text(call.address),
            chain: protocol.chain(),
            protocol: protocol.name(),
            transports,
        };
        let mut line = Vec::new();
        if self.json {
            write_json(&mut line, &planned);
        } else {
            let Planned { target, chain, transports, .. } = planned;
            let address = call.address.to_string();
            let named = if *target == address { String::new() } else { format!("  ({target})") };
            line = format!("PLANNED {address:<22} {chain} over {}{named}\n", transports.join(", ")).into_bytes();
        }
        attempts.results.text(&line);
    }

    /// The last line, if so many were left out.
    pub fn last_line(&self, left_out: u64) -> Vec<u8> {
        let planned = self.planned.load(Ordering::Relaxed);
        let mut line = Vec::new();
        if self.json {
            write_json(&mut line, &Sum { started: Stamp::of(self.started), planned, left_out });
            return line;
        }
        let addresses = if planned == 1 { "address" } else { "addresses" };
        format!("{planned} {addresses} would be dialled, {left_out} left out. Nothing was dialled.\n").into_bytes()
    }
}
