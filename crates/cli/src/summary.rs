//! All attempts of a run together. The JSON form is a promise: fields are added, never renamed.

use std::collections::BTreeMap;

use net::Outcome;
use serde::Serialize;

use probe::ledger::Tally;
use probe::report::{HeldReport, Report};
use probe::stamp::Stamp;

/// All attempts together.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "type", rename = "summary")]
pub struct Summary {
    /// When the run began.
    pub started: Option<Stamp>,
    /// How it ended: `complete`, or `interrupted`.
    pub ended: &'static str,
    /// How many peers, and names without an address, these were attempts at.
    pub peers: u64,
    /// How many there were.
    pub attempts: u64,
    /// How many ended OK.
    pub ok: u64,
    /// How many ended partially OK.
    pub partial: u64,
    /// How many failed.
    pub failed: u64,
    /// Attempts that were begun and not finished when the run was interrupted. Those above do not count them.
    pub unfinished: u64,
    /// Names and addresses that were not tried by then.
    pub not_tried: u64,
    /// Connections that were kept after the handshake for as long as was asked.
    pub kept: u64,
    /// Connections that were to be kept, and ended before that.
    pub left: u64,
    /// How many ended for each reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// How it went with each name that led to an address.
    pub names: Vec<Tally>,
    /// From the start to the end of all.
    pub elapsed_ms: f64,
    /// How many addresses would be dialled, in a run that only plans.
    #[serde(skip)]
    pub planned: u64,
    /// How many of the failures were our own side's.
    #[serde(skip)]
    pub local: u64,
}

impl Summary {
    /// Counts a connection that was kept.
    pub fn add_held(&mut self, held: &HeldReport<'_>) {
        self.kept += u64::from(held.is_complete());
        self.left += u64::from(held.is_cut_short());
    }

    /// Counts one more.
    pub fn add(&mut self, report: &Report<'_>) {
        let verdict = &report.attempt.verdict;
        if verdict.is_unfinished() {
            self.unfinished += 1;
            return;
        }
        self.attempts += 1;
        self.peers += u64::from(!report.again);
        *match verdict.outcome() {
            Outcome::Ok => &mut self.ok,
            Outcome::Partial => &mut self.partial,
            Outcome::Failed => &mut self.failed,
        } += 1;
        *self.reasons.entry(verdict.reason()).or_default() += 1;
        self.local += u64::from(verdict.blame() == Some(handshake::Blame::Local));
    }
}
