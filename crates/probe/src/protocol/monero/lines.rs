//! The lines of a trace of Monero's messages.

use std::time::Duration;

use monero::message::{Event, Message};
use monero::{Introduction, Kind, Peer, Peers, Tip};
use net::Seen;
use serde_json::{Value, json};

use crate::trace::{self, Direction, Entry, Fields};

/// A line of the trace.
pub fn line<'a>(seen: &Seen<'a, Event>, at: Duration) -> Entry<'a> {
    let (direction, message, fields) = match &seen.event {
        Event::Said(message) => (Direction::Sent, name(message), fields(message)),
        Event::Heard(message) => (Direction::Received, name(message), fields(message)),
        Event::Skipped(_) => (Direction::Received, "(skipped)".to_owned(), Vec::new()),
    };
    let bytes = match direction {
        Direction::Sent => seen.sent,
        Direction::Received => seen.received,
    };
    Entry { at, direction, message, fields, bytes }
}

/// `handshake response`
fn name(message: &Message) -> String {
    format!("{} {}", message.command(), message.kind().name())
}

fn fields(message: &Message) -> Fields {
    match message {
        Message::HandshakeRequest(introduction) => introduction_fields(introduction),
        Message::HandshakeResponse(introduction, peers) => {
            [introduction_fields(introduction), peer_fields(peers)].concat()
        }
        Message::TimedSyncRequest(tip) => tip_fields(tip),
        Message::TimedSyncResponse(tip, peers) => [tip_fields(tip), peer_fields(peers)].concat(),
        Message::PingResponse { status, peer_id } => {
            vec![("status", status.to_string().into()), ("peer_id", id(*peer_id))]
        }
        Message::SupportFlagsResponse(flags) => vec![("support_flags", (*flags).into())],
        Message::Failure { code, .. } => vec![("return_code", code.to_string().into())],
        Message::PingRequest | Message::SupportFlagsRequest => Vec::new(),
        Message::Other { kind: Kind::Response(code), len, .. } => {
            vec![("return_code", code.to_string().into()), ("body_bytes", (*len).into())]
        }
        Message::Other { len, .. } => vec![("body_bytes", (*len).into())],
    }
}

fn id(peer_id: u64) -> Value {
    format!("{peer_id:016x}").into()
}

fn introduction_fields(introduction: &Introduction) -> Fields {
    let Introduction { node, tip } = introduction;
    let mut fields = vec![
        ("network", node.network_id.to_string().into()),
        ("peer_id", id(node.peer_id)),
        ("my_port", node.my_port.into()),
        ("rpc_port", node.rpc_port.into()),
        ("rpc_credits_per_hash", node.rpc_credits_per_hash.into()),
        ("support_flags", node.support_flags.into()),
    ];
    fields.extend(tip_fields(tip));
    fields
}

fn tip_fields(tip: &Tip) -> Fields {
    vec![
        ("height", tip.height.into()),
        ("cumulative_difficulty", tip.cumulative_difficulty.to_string().into()),
        ("top_block", trace::hex(&tip.top_id).into()),
        ("top_version", tip.top_version.into()),
        ("pruning_seed", tip.pruning_seed.into()),
    ]
}

/// All of them: at most 250.
fn peer_fields(peers: &Peers) -> Fields {
    let one = |peer: &Peer| {
        json!({
            "address": peer.address.to_string(),
            "id": id(peer.id),
            "last_seen": peer.last_seen,
            "pruning_seed": peer.pruning_seed,
            "rpc_port": peer.rpc_port,
        })
    };
    vec![("peers", peers.iter().map(one).collect())]
}
