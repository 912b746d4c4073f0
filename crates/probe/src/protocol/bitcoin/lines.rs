//! The lines of a trace of Bitcoin's messages.

use std::time::Duration;

use bitcoin::v2::Phase;
use bitcoin::{Event, Message, NetAddress, Params, Version};
use handshake::Printable;
use net::Seen;
use serde_json::Value;

use crate::trace::{self, Direction, Entry, Fields};

/// A line of the trace.
pub fn entry<'a>(seen: &Seen<'a, Event>, at: Duration, params: &Params) -> Entry<'a> {
    let (direction, message, fields, bytes) = match &seen.event {
        Event::Said(message) => (Direction::Sent, message.command().to_string(), fields(message, params), seen.sent),
        Event::Heard(message) => {
            (Direction::Received, message.command().to_string(), fields(message, params), seen.received)
        }
        Event::Malformed { command, len, what } => {
            let fields = vec![("payload_bytes", (*len).into()), ("malformed", what.to_string().into())];
            (Direction::Received, command.to_string(), fields, seen.received)
        }
        Event::Transport(phase) if phase.is_sent() => {
            (Direction::Sent, phase.name().to_owned(), passed(phase), seen.sent)
        }
        Event::Transport(phase) => (Direction::Received, phase.name().to_owned(), passed(phase), seen.received),
        Event::Skipped(_) => (Direction::Received, "(skipped)".to_owned(), Vec::new(), seen.received),
    };
    Entry { at, direction, message, fields, bytes }
}

/// What else passed on an encrypted connection.
fn passed(phase: &Phase) -> Fields {
    match *phase {
        Phase::SentKey { garbage } | Phase::ReceivedGarbage { garbage } => vec![("garbage_bytes", garbage.into())],
        Phase::ReceivedKey { session_id } => vec![("session_id", session_id.to_string().into())],
        Phase::SentDecoy { contents }
        | Phase::ReceivedDecoy { contents }
        | Phase::ReceivedVersionPacket { contents }
        | Phase::ReceivedNameless { contents } => vec![("contents_bytes", contents.into())],
        Phase::SentTerminator | Phase::SentVersionPacket => Vec::new(),
    }
}

fn fields(message: &Message, params: &Params) -> Fields {
    let hex = |nonce: u64| Value::from(format!("{nonce:016x}"));
    match message {
        Message::Version(version) => version_fields(version, params),
        Message::Sendtxrcncl { version, salt } => vec![("version", (*version).into()), ("salt", hex(*salt))],
        Message::Feature(feature) => {
            vec![("id", feature.to_string().into()), ("data", trace::hex(feature.data()).into())]
        }
        Message::Sendcmpct { announce, version } => {
            vec![("announce", (*announce).into()), ("version", (*version).into())]
        }
        Message::Feefilter(rate) => vec![("sat_per_kvb", (*rate).into())],
        Message::Ping(nonce) => vec![("nonce", nonce.map_or(Value::Null, hex))],
        Message::Pong(nonce) => vec![("nonce", hex(*nonce))],
        Message::Reject(reject) => vec![
            ("message", Printable(&reject.message).to_string().into()),
            ("code", reject.code.into()),
            ("reason", Printable(&reject.reason).to_string().into()),
        ],
        Message::Addr(entries) | Message::Addrv2(entries) => vec![("addresses", entries.len().into())],
        Message::Other { len, .. } => vec![("payload_bytes", (*len).into())],
        Message::Verack | Message::Wtxidrelay | Message::Sendaddrv2 | Message::Sendheaders | Message::Getaddr => {
            Vec::new()
        }
    }
}

fn version_fields(version: &Version, params: &Params) -> Fields {
    let address = |address: &NetAddress| match address.socket() {
        Some(socket) => Value::from(socket.to_string()),
        None => Value::Null,
    };
    let names: Vec<_> = version.services.names(params).map(|name| name.to_string()).collect();
    vec![
        ("version", version.version.into()),
        ("services", version.services.to_string().into()),
        ("service_names", names.into()),
        ("time", version.time.into()),
        ("receiver", address(&version.receiver)),
        ("receiver_services", version.receiver.services.to_string().into()),
        ("sender", version.sender.as_ref().map_or(Value::Null, address)),
        ("nonce", version.nonce.map_or(Value::Null, |nonce| format!("{nonce:016x}").into())),
        ("user_agent", version.user_agent.to_string().into()),
        ("start_height", version.start_height.into()),
        ("relay", version.relay.into()),
    ]
}
