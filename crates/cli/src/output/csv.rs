//! Results as CSV: the fields of the JSON form, flattened, and no text that a spreadsheet would take for a formula.

use std::iter;
use std::sync::LazyLock;

use ::csv::Writer;
use handshake::Hex;
use probe::protocol::fields;
use serde_json::Value;

use probe::report::{Report, in_milliseconds, outcome_name, role_name};

/// The columns of every report, before the peer's introduction.
const HEAD: [&str; 11] =
    ["target", "address", "chain", "protocol", "role", "transport", "outcome", "stage", "reason", "blame", "detail"];

/// The columns of every report, after the peer's introduction.
const TAIL: [&str; 10] = [
    "connect_ms",
    "hello_ms",
    "handshake_ms",
    "total_ms",
    "bytes_sent",
    "bytes_received",
    "session_id",
    "fallback_from",
    "remarks",
    "started",
];

/// Columns of every report that were added later.
const LAST: [&str; 2] = ["targets", "reason_number"];

/// The number of generations of columns for introductions.
const GENERATIONS: u8 = 3;

/// The names of the columns.
pub fn write_header(out: &mut Vec<u8>) {
    let mut writer = Writer::from_writer(out);
    let [fields, later, last] = columns();
    let named = HEAD.into_iter().chain(fields).chain(TAIL).chain(later).chain(LAST).chain(last);
    writer.write_record(named).expect("memory takes every write");
    writer.flush().expect("memory takes every write");
}

/// The columns for introductions of every protocol, by generation. A later generation follows all earlier columns, so
/// that these keep their places.
fn columns() -> [Vec<&'static str>; GENERATIONS as usize] {
    [0, 1, GENERATIONS - 1].map(|generation| fields(generation).into_iter().map(|field| field.name).collect())
}

/// One row. Cells that do not apply are empty; lists are joined by spaces.
pub fn write_report(out: &mut Vec<u8>, report: &Report<'_>) {
    let mut writer = Writer::from_writer(out);
    let mut peer = Vec::new();
    if let Some(introduced) = &report.attempt.introduced {
        introduced.write_json(&mut peer);
    }
    let peer: Value = serde_json::from_slice(&peer).unwrap_or_default();
    static COLUMNS: LazyLock<[Vec<&str>; GENERATIONS as usize]> = LazyLock::new(columns);
    let [fields, later, latest] = [0, 1, 2].map(|step: usize| COLUMNS[step].iter().map(|name| flat(&peer[*name])));
    let row = head(report).into_iter().chain(fields).chain(tail(report)).chain(later).chain(last(report)).chain(latest);
    writer.write_record(row).expect("memory takes every write, and every row has the same length");
    writer.flush().expect("memory takes every write");
}

/// All targets that led to the peer, and the reason's number.
fn last(report: &Report<'_>) -> [String; LAST.len()] {
    let targets: Vec<&str> = iter::once(report.target).chain(report.also.iter().map(|target| &**target)).collect();
    [disarmed(targets.join(" ")), or_empty(report.attempt.verdict.number())]
}

fn or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Disarms text that a peer or the user chose.
fn disarmed(mut text: String) -> String {
    peers::disarm(&mut text);
    text
}

/// A JSON value as a cell. Lists are joined by spaces.
pub fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => disarmed(text.clone()),
        Value::Array(values) => disarmed(values.iter().map(plain).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn head(report: &Report<'_>) -> [String; HEAD.len()] {
    let attempt = report.attempt;
    let verdict = &attempt.verdict;
    [
        disarmed(report.target.to_owned()),
        or_empty(report.address),
        report.chain().unwrap_or_default().to_owned(),
        report.side.protocol().name().to_owned(),
        role_name(attempt.role).to_owned(),
        or_empty(attempt.transport.name),
        outcome_name(verdict).to_owned(),
        verdict.stage().name().to_owned(),
        verdict.reason().to_owned(),
        or_empty(verdict.blame().map(handshake::Blame::name)),
        disarmed(attempt.detail().to_string()),
    ]
}

fn tail(report: &Report<'_>) -> [String; TAIL.len()] {
    let attempt = report.attempt;
    let timing = attempt.timing;
    let time = |time: Option<_>| or_empty(time.map(in_milliseconds));
    [
        time(timing.connect),
        time(timing.hello),
        time(timing.handshake),
        time(timing.total),
        attempt.bytes.sent.to_string(),
        attempt.bytes.received.to_string(),
        or_empty(attempt.session_id.as_ref().map(|id| Hex(id))),
        or_empty(report.fallback_from.map(|earlier| earlier.verdict.reason())),
        attempt.verdict.remarks.iter().map(|remark| remark.code).collect::<Vec<_>>().join(" "),
        attempt.started.to_string(),
    ]
}
