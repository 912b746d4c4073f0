//! Results as CSV: the same fields as the JSON form, flat, and no text that a spreadsheet takes for a formula.

use ::csv::Writer;

use crate::protocol::Introduced;
use crate::report::{Report, Text, in_milliseconds, role_name};

const HEADER: [&str; 30] = [
    "target",
    "address",
    "chain",
    "protocol",
    "role",
    "transport",
    "outcome",
    "stage",
    "reason",
    "blame",
    "detail",
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
    "connect_ms",
    "hello_ms",
    "handshake_ms",
    "total_ms",
    "bytes_sent",
    "bytes_received",
    "session_id",
    "fallback_from",
];

/// One row, below the header if that is due. What does not apply is left empty; lists are joined by spaces.
pub fn write_report(out: &mut Vec<u8>, report: &Report<'_>, header_due: bool) {
    let mut writer = Writer::from_writer(out);
    if header_due {
        writer.write_record(HEADER).expect("memory takes every write");
    }
    writer.write_record(row(report)).expect("memory takes every write, and every row has the same length");
    writer.flush().expect("memory takes every write");
}

fn row(report: &Report<'_>) -> [String; 30] {
    fn or_empty(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    /// As the peer chose it, or the user.
    fn disarmed(mut text: String) -> String {
        store::disarm(&mut text);
        text
    }
    fn spaced<T: ToString>(values: impl Iterator<Item = T>) -> String {
        values.map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
    }
    let attempt = report.attempt;
    let peer = attempt.introduced.as_ref().map(|Introduced::Bitcoin(introduced)| introduced.peer());
    let peer = peer.as_ref();
    let verdict = &attempt.verdict;
    let timing = attempt.timing_ms;
    let time = |time: Option<_>| or_empty(time.map(in_milliseconds));
    [
        disarmed(report.target.to_owned()),
        or_empty(report.address),
        report.chain.to_string(),
        report.protocol.to_owned(),
        role_name(attempt.role).to_owned(),
        or_empty(attempt.transport.name()),
        verdict.outcome.name().to_owned(),
        verdict.stage.name().to_owned(),
        verdict.reason.to_owned(),
        or_empty(verdict.blame.map(handshake::Blame::name)),
        disarmed(attempt.detail().to_string()),
        or_empty(peer.map(|peer| peer.version)),
        or_empty(peer.map(|peer| peer.services)),
        or_empty(peer.map(|peer| spaced(peer.service_names.iter()))),
        or_empty(peer.map(|peer| disarmed(peer.user_agent.to_string()))),
        or_empty(peer.and_then(|peer| peer.start_height)),
        or_empty(peer.and_then(|peer| peer.relay)),
        or_empty(peer.map(|peer| peer.time)),
        or_empty(peer.map(|peer| peer.clock_offset_s)),
        or_empty(peer.and_then(|peer| peer.our_address)),
        or_empty(peer.and_then(|peer| peer.nonce).map(|Text(nonce)| nonce)),
        or_empty(peer.map(|peer| disarmed(spaced(peer.features.iter())))),
        time(timing.connect),
        time(timing.hello),
        time(timing.handshake),
        time(timing.total),
        attempt.bytes.sent.to_string(),
        attempt.bytes.received.to_string(),
        or_empty(attempt.session_id),
        or_empty(report.fallback_from.map(|earlier| earlier.verdict.reason)),
    ]
}
