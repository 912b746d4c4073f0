//! Results for people: one line each.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use net::Outcome;

use super::Paint;
use crate::summary::Summary;
use probe::destination::Destination;
use probe::ledger::Tally;
use probe::plan::Planned;
use probe::report::{HeldReport, PingText, Report, Sentence, in_milliseconds};

/// A concluded handshake.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// A partial handshake.
pub const HALF: Style = AnsiColor::Yellow.on_default().bold();
/// A failed handshake.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Less important text.
pub const DIM: Style = Style::new().dimmed();

fn style(outcome: Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Ok => (GOOD, "OK"),
        Outcome::Partial => (HALF, "PARTIAL"),
        Outcome::Failed => (BAD, "FAILED"),
    }
}

/// An attempt that the user interrupted.
const STOPPED: (Style, &str) = (HALF, "STOPPED");

/// One line: how long a connection was kept, and what ended it.
pub fn write_held(out: &mut Vec<u8>, held: &HeldReport<'_>, paint: Paint) {
    let (style, word) = match (held.is_complete(), held.is_cut_short()) {
        (true, _) => (GOOD, "KEPT"),
        (_, true) => (BAD, "LEFT"),
        _ => STOPPED,
    };
    let status = paint.paint(style, &format!("{word:<7}"));
    let (address, sentence, pings) = (held.address.to_string(), Sentence(held), PingText(&held.kept.pings));
    writeln!(out, "{status} {address:<22} {sentence}{pings}").expect("memory takes every write");
}

/// One line: the result, the peer and the reason.
pub fn write_report(out: &mut Vec<u8>, report: &Report<'_>, paint: Paint) {
    let attempt = report.attempt;
    let unfinished = attempt.verdict.is_unfinished();
    let (style, word) = if unfinished { STOPPED } else { style(attempt.verdict.outcome()) };
    let status = paint.paint(style, &format!("{word:<7}"));
    let address = report.address.map(ToString::to_string);
    let node = address.as_deref().unwrap_or(report.target);
    // Shorten a target of node id and address to the address: the node id would fill the line.
    let host = report.target.rsplit_once('@').map_or(report.target, |(_, host)| host);
    let host = host.split('?').next().unwrap_or(host);
    let named = node != host
        && report.address.and_then(Destination::socket).map(|a| a.ip().to_string()).as_deref() != Some(host);
    let target = match (named, report.also.len()) {
        (false, 0) => String::new(),
        _ => paint.paint(DIM, &format!("  ({}{})", shortened(host), Also(report.also))),
    };
    let detail = attempt.detail();
    let line = match attempt.verdict.outcome() {
        Outcome::Ok => {
            let offers = attempt.introduced.as_ref().map(|introduced| introduced.offers()).unwrap_or_default();
            let time = attempt.timing.total.map(in_milliseconds).unwrap_or_default();
            let over = attempt.transport.name.unwrap_or_default();
            format!("{over} {detail}, {offers}, {time:.1} ms")
        }
        Outcome::Partial | Outcome::Failed => {
            let reason = attempt.verdict.reason();
            let stage = attempt.verdict.stage().name();
            let agent =
                attempt.introduced.as_ref().map(|introduced| introduced.agent()).filter(|agent| !agent.is_empty());
            let agent = agent.map(|agent| format!(" [{agent}]")).unwrap_or_default();
            let at = if reason.contains('.') { String::new() } else { format!(" at {stage}") };
            if unfinished {
                format!("not finished, at {stage}: {detail}{agent}")
            } else {
                format!("{reason}{at}: {detail}{agent}")
            }
        }
    };
    let earlier = report.fallback_from.map(|earlier| {
        let over = earlier.transport.name.unwrap_or_default();
        paint.paint(DIM, &format!("  ({over} before: {})", earlier.verdict.reason()))
    });
    let earlier = earlier.unwrap_or_default();
    let remarks: String =
        attempt.verdict.remarks.iter().map(|remark| format!("  (remark: it {})", remark.detail)).collect();
    let remarks = if remarks.is_empty() { remarks } else { paint.paint(HALF, &remarks) };
    writeln!(out, "{status} {node:<22} {line}{remarks}{earlier}{target}").expect("memory takes every write");
}

/// One line: an address that would be dialled.
pub fn write_planned(out: &mut Vec<u8>, planned: &Planned<'_>) {
    let Planned { target, address, chain, transports, .. } = planned;
    let address = address.0.to_string();
    let named = if *target == address { String::new() } else { format!("  ({target})") };
    writeln!(out, "PLANNED {address:<22} {chain} over {}{named}", transports.join(", "))
        .expect("memory takes every write");
}

/// The last line of a run with `--plan`.
pub fn write_plan(out: &mut Vec<u8>, planned: u64, left_out: u64) {
    let addresses = if planned == 1 { "address" } else { "addresses" };
    writeln!(out, "{planned} {addresses} would be dialled, {left_out} left out. Nothing was dialled.")
        .expect("memory takes every write");
}

/// The beginning of a long target, such as a node record.
fn shortened(target: &str) -> Cow<'_, str> {
    /// Enough for usual host names.
    const SHOWN: usize = 64;
    match target.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", &target[..end])),
        None => Cow::Borrowed(target),
    }
}

/// The further targets that led to a peer: their names if these are few, otherwise their number.
struct Also<'a>(&'a [Arc<str>]);

impl fmt::Display for Also<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As many as fit in a line.
        const NAMED: usize = 2;
        match self.0.len() {
            0 => Ok(()),
            1..=NAMED => self.0.iter().try_for_each(|target| write!(f, ", {}", shortened(target))),
            count => write!(f, " and {count} more"),
        }
    }
}

/// `Finished! Handshake results: 22 OK | 1 PARTIALLY OK | 2 FAILED (25 peers in 1.3 s)`
#[derive(Clone, Copy, Debug)]
pub struct LastLine<'a> {
    /// The results.
    pub summary: &'a Summary,
    /// Time since the start.
    pub elapsed: Duration,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

impl fmt::Display for LastLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { peers, attempts, ok, partial, failed, unfinished, not_tried, left, .. } = self.summary;
        let over = if self.interrupted { "Interrupted!" } else { "Finished!" };
        let of = if *peers == 1 { "peer" } else { "peers" };
        let each = if attempts == peers { String::new() } else { format!(", {attempts} attempts") };
        let seconds = self.elapsed.as_secs_f64();
        write!(
            f,
            "{over} Handshake results: {ok} OK | {partial} PARTIALLY OK | {failed} FAILED \
             ({peers} {of}{each} in {seconds:.1} s"
        )?;
        for (count, what) in [(left, "left early"), (unfinished, "not finished"), (not_tried, "not tried")] {
            if *count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        f.write_str(")")
    }
}

/// The results of each name; empty if one name led to all results.
fn names(summary: &Summary) -> String {
    let mut text = String::new();
    if let [only] = &*summary.names
        && only.addresses - only.not_tried - only.unfinished == summary.peers
    {
        return text;
    }
    for Tally { target, addresses, ok, partial, failed, unfinished, not_tried } in &summary.names {
        let many = if *addresses == 1 { "address" } else { "addresses" };
        text += &format!("{}: {addresses} {many}", shortened(target));
        let counts = [(ok, "OK"), (partial, "PARTIALLY OK"), (failed, "FAILED")];
        for (count, what) in counts.into_iter().chain([(unfinished, "not finished"), (not_tried, "not tried")]) {
            if *count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        text.push('\n');
    }
    text
}

/// The results by name and by reason, and the last line.
pub fn write_summary(out: &mut Vec<u8>, last: LastLine<'_>, paint: Paint) {
    let mut reasons: Vec<_> = last.summary.reasons.iter().collect();
    reasons.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
    let mut text = String::from("\n");
    text += &names(last.summary);
    for (reason, count) in reasons {
        text += &format!("{count:>7}  {reason}\n");
    }
    text += &paint.paint(Style::new().bold(), &last.to_string());
    text.push('\n');
    out.extend_from_slice(text.as_bytes());
}

/// Only the last line.
pub fn write_last_line(out: &mut Vec<u8>, last: LastLine<'_>) {
    writeln!(out, "{}{last}", names(last.summary)).expect("memory takes every write");
}
