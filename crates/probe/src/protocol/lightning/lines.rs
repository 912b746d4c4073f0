//! The lines of a trace of Lightning's acts and messages.

use std::time::Duration;

use handshake::Printable;
use lightning::message::{Event, Message, Notice};
use lightning::{Features, Init};
use net::Seen;
use serde_json::Value;

use crate::trace::{self, Direction, Entry, Fields};

/// A line of the trace.
pub fn line<'a>(seen: &Seen<'a, Event>, at: Duration) -> Entry<'a> {
    let (direction, message, fields) = match &seen.event {
        Event::SaidAct(act) => (Direction::Sent, act.to_string(), Vec::new()),
        Event::HeardAct(act) => (Direction::Received, act.to_string(), Vec::new()),
        Event::Said(message) => (Direction::Sent, message.kind().to_string(), fields(message)),
        Event::Heard(message) => (Direction::Received, message.kind().to_string(), fields(message)),
    };
    let bytes = match direction {
        Direction::Sent => seen.sent,
        Direction::Received => seen.received,
    };
    Entry { at, direction, message, fields, bytes }
}

fn fields(message: &Message) -> Fields {
    match message {
        Message::Init(init) => init_fields(init),
        Message::Error(notice) | Message::Warning(notice) => notice_fields(notice),
        Message::Ping(ping) => vec![("pong_bytes", ping.pong_len().into())],
        Message::Pong(pong) => vec![("pong_bytes", pong.len().into())],
        Message::Other { len, .. } => vec![("payload_bytes", (*len).into())],
    }
}

fn init_fields(init: &Init) -> Fields {
    /// Nodes set some 20.
    const SHOWN: usize = 64;
    let names = |features: &Features| -> Value {
        let names: Vec<_> = features.iter().take(SHOWN).map(|feature| feature.to_string()).collect();
        names.into()
    };
    let networks: Vec<_> = init.networks.iter().map(ToString::to_string).collect();
    vec![
        ("global_features", names(&init.global_features)),
        ("features", names(&init.features)),
        ("feature_bytes", trace::hex(init.features.as_bytes()).into()),
        ("networks", networks.into()),
        ("remote_addr", init.remote_addr.as_ref().map_or(Value::Null, |address| address.to_string().into())),
    ]
}

fn notice_fields(notice: &Notice) -> Fields {
    vec![("channel_id", trace::hex(&notice.channel_id).into()), ("data", Printable(notice.data()).to_string().into())]
}
