//! Results as CSV: the same fields as the JSON form, flat, and no text that a spreadsheet takes for a formula.

use std::iter;

use ::csv::Writer;
use handshake::Hex;
use serde_json::Value;

use probe::report::{Report, in_milliseconds, outcome_name, role_name};

/// What every report has, before what its peer said.
const HEAD: [&str; 11] =
    ["target", "address", "chain", "protocol", "role", "transport", "outcome", "stage", "reason", "blame", "detail"];

/// What a peer says of itself, by the names of the JSON form, in the protocols one after the other.
const PEER: [&str; 45] = [
    "version",
    "services",
    "service_names",
    "user_agent",
    "start_height",
    "relay",
    "time",
    "clock_offset_s",
    "our_address",
    "nonce",
    "features",
    "node_id",
    "client_id",
    "capabilities",
    "listen_port",
    "eth_version",
    "network_id",
    "network",
    "genesis",
    "fork_hash",
    "fork_next",
    "fork",
    "head",
    "total_difficulty",
    "earliest",
    "latest",
    "required_bits",
    "unknown_bits",
    "networks",
    "peer_id",
    "key_type",
    "muxer",
    "agent",
    "protocol_version",
    "protocols",
    "listen_addrs",
    "height",
    "top_block",
    "top_version",
    "cumulative_difficulty",
    "support_flags",
    "my_port",
    "rpc_port",
    "pruning_seed",
    "peers",
];

/// What every report has, behind what its peer said.
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

/// What came later than the rest. Columns are added at the end, so that the others keep their places.
const LATER: [&str; 3] = ["services_hex", "protocols_total", "listen_addrs_total"];
/// What came later still, of every report.
const LAST: [&str; 2] = ["targets", "reason_number"];

/// The names of the columns.
pub fn write_header(out: &mut Vec<u8>) {
    let mut writer = Writer::from_writer(out);
    writer
        .write_record(HEAD.iter().chain(&PEER).chain(&TAIL).chain(&LATER).chain(&LAST))
        .expect("memory takes every write");
    writer.flush().expect("memory takes every write");
}

/// One row. What does not apply is left empty; lists are joined by spaces.
pub fn write_report(out: &mut Vec<u8>, report: &Report<'_>) {
    let mut writer = Writer::from_writer(out);
    let mut peer = Vec::new();
    if let Some(introduced) = &report.attempt.introduced {
        introduced.write_json(&mut peer);
    }
    let peer: Value = serde_json::from_slice(&peer).unwrap_or_default();
    let [fields, later] = [&PEER[..], &LATER].map(|names| names.iter().map(|name| flat(&peer[*name])));
    let row = head(report).into_iter().chain(fields).chain(tail(report)).chain(later).chain(last(report));
    writer.write_record(row).expect("memory takes every write, and every row has the same length");
    writer.flush().expect("memory takes every write");
}

/// All that led to the peer, and the number of the reason.
fn last(report: &Report<'_>) -> [String; LAST.len()] {
    let targets: Vec<&str> = iter::once(report.target).chain(report.also.iter().map(|target| &**target)).collect();
    [disarmed(targets.join(" ")), or_empty(report.attempt.verdict.number)]
}

fn or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// As the peer chose it, or the user.
fn disarmed(mut text: String) -> String {
    store::disarm(&mut text);
    text
}

/// A value of the JSON form in a cell. Lists are joined by spaces.
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
        verdict.stage.name().to_owned(),
        verdict.reason.to_owned(),
        or_empty(verdict.blame.map(handshake::Blame::name)),
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
        or_empty(report.fallback_from.map(|earlier| earlier.verdict.reason)),
        attempt.verdict.remarks.iter().map(|remark| remark.code).collect::<Vec<_>>().join(" "),
        attempt.started.to_string(),
    ]
}
