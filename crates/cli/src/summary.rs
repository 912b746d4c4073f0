//! The summary of a run's attempts. The JSON form is stable: fields are added, never renamed.

use std::collections::BTreeMap;

use net::Outcome;
use serde::Serialize;

use probe::ledger::Tally;
use probe::report::{HeldReport, Report};
use probe::stamp::Stamp;

/// All attempts of a run.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "type", rename = "summary")]
pub struct Summary {
    /// When the run began.
    pub started: Option<Stamp>,
    /// How it ended: `complete`, or `interrupted`.
    pub ended: &'static str,
    /// The number of attempted peers, including names without an address.
    pub peers: u64,
    /// The number of attempts.
    pub attempts: u64,
    /// How many of them ended OK.
    pub ok: u64,
    /// How many of them ended partially OK.
    pub partial: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Attempts that were begun, but not finished when the run was interrupted. The numbers above exclude them.
    pub unfinished: u64,
    /// Names and addresses that were not tried by then.
    pub not_tried: u64,
    /// Connections that were kept after the handshake for the requested duration.
    pub kept: u64,
    /// Connections that ended before the requested duration.
    pub left: u64,
    /// The number of attempts by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The results of each name that led to an address.
    pub names: Vec<Tally>,
    /// Duration of the run.
    pub elapsed_ms: f64,
    /// The number of addresses that would be dialled, in a run with `--plan`.
    #[serde(skip)]
    pub planned: u64,
    /// How many of the failures were our own side's.
    #[serde(skip)]
    pub local: u64,
}

impl Summary {
    /// Counts a kept connection.
    pub fn add_held(&mut self, held: &HeldReport<'_>) {
        self.kept += u64::from(held.is_complete());
        self.left += u64::from(held.is_cut_short());
    }

    /// Counts an attempt.
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
