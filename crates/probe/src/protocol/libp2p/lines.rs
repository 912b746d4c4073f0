//! The lines of a trace of libp2p's names, messages and frames.

use std::time::Duration;

use libp2p::yamux::{ACK, Frame, Kind};
use libp2p::{Event, Identify, Message, Payload};
use net::Seen;
use serde_json::Value;

use super::introduced::MAX_LISTED;
use crate::trace::{Direction, Entry, Fields};

/// A line of the trace. The contents of a frame have their own lines, without bytes, since the bytes are the frame's.
pub fn line<'a>(seen: &Seen<'a, Event>, at: Duration) -> Entry<'a> {
    let (direction, (message, fields)) = match &seen.event {
        Event::Said(message) => (Direction::Sent, shown(message)),
        Event::Heard(message) => (Direction::Received, shown(message)),
        Event::Part(len) => (Direction::Received, ("part", vec![("text_bytes", (*len).into())])),
    };
    let bytes = match direction {
        Direction::Sent => seen.sent,
        Direction::Received => seen.received,
    };
    Entry { at, direction, message: message.to_owned(), fields, bytes }
}

fn shown(message: &Message) -> (&'static str, Fields) {
    match message {
        Message::Protocol { stream, name } => ("multistream", on(*stream, ("name", name.to_string().into()))),
        Message::One => ("noise 1", Vec::new()),
        Message::Two(payload) => ("noise 2", payload_fields(payload)),
        Message::Three(payload) => ("noise 3", payload_fields(payload)),
        Message::Frame(frame) => (frame_name(frame), vec![("frame", frame.to_string().into())]),
        Message::Identify { stream, identify } => ("identify", identify_fields(*stream, identify)),
        Message::Ping { stream } => ("ping", vec![("stream", (*stream).into())]),
    }
}

fn frame_name(frame: &Frame) -> &'static str {
    match frame.kind {
        Kind::Ping if frame.has(ACK) => "yamux pong",
        Kind::Ping => "yamux ping",
        Kind::Data => "yamux data",
        Kind::Window => "yamux window",
        Kind::GoAway => "yamux goodbye",
    }
}

fn on(stream: Option<u32>, field: (&'static str, Value)) -> Fields {
    stream.map(|stream| ("stream", stream.into())).into_iter().chain([field]).collect()
}

fn payload_fields(payload: &Payload) -> Fields {
    vec![
        ("peer_id", payload.identity.peer_id().to_string().into()),
        ("key_type", payload.identity.kind().name().into()),
        ("muxers", texts(&payload.muxers)),
    ]
}

fn identify_fields(stream: u32, identify: &Identify) -> Fields {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
    vec![
        ("stream", stream.into()),
        ("agent", text(identify.agent.as_ref().map(ToString::to_string))),
        ("protocol_version", text(identify.protocol_version.as_ref().map(ToString::to_string))),
        ("protocols", texts(&identify.protocols)),
        ("protocols_total", identify.protocols_total().into()),
        ("listen_addrs", texts(&identify.listen_addrs)),
        ("listen_addrs_total", identify.listen_addrs_total().into()),
        ("observed_addr", text(identify.observed_addr.as_ref().map(ToString::to_string))),
    ]
}

fn texts(texts: &[impl ToString]) -> Value {
    texts.iter().take(MAX_LISTED).map(ToString::to_string).collect()
}
