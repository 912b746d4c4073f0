//! The lines of a trace of Ethereum's messages.

use std::time::Duration;

use ethereum::eth::Head;
use ethereum::message::{Event, Message};
use ethereum::{Hello, Status};
use net::Seen;
use serde_json::Value;

use crate::trace::{self, Direction, Entry, Fields};

/// A line of the trace.
pub fn line<'a>(seen: &Seen<'a, Event>, at: Duration) -> Entry<'a> {
    let (direction, message, fields, bytes) = match &seen.event {
        Event::Said(message) => (Direction::Sent, name(message), fields(message), seen.sent),
        Event::Heard(message) => (Direction::Received, name(message), fields(message), seen.received),
        Event::Long(len) => {
            (Direction::Received, "(long)".to_owned(), vec![("payload_bytes", (*len).into())], seen.received)
        }
        Event::Skipped(_) => (Direction::Received, "(skipped)".to_owned(), Vec::new(), seen.received),
    };
    Entry { at, direction, message, fields, bytes }
}

fn name(message: &Message) -> String {
    match message {
        Message::Other { id, .. } => format!("(id {id:#04x})"),
        _ => message.name().to_owned(),
    }
}

fn fields(message: &Message) -> Fields {
    match message {
        Message::Hello(hello) => hello_fields(hello),
        Message::Status(status) => status_fields(status),
        Message::Disconnect(reason) => {
            vec![("reason", reason.number().into()), ("meaning", reason.sentence().into_owned().into())]
        }
        Message::GetBlockHeaders(request_id) | Message::BlockHeaders(request_id) => {
            vec![("request_id", (*request_id).into())]
        }
        Message::Other { len, .. } => vec![("payload_bytes", (*len).into())],
        Message::Auth | Message::Ack | Message::Ping | Message::Pong => Vec::new(),
    }
}

fn hello_fields(hello: &Hello) -> Fields {
    let capabilities: Vec<_> = hello.capabilities.iter().map(ToString::to_string).collect();
    vec![
        ("version", hello.version.into()),
        ("client_id", hello.client_id.to_string().into()),
        ("capabilities", capabilities.into()),
        ("listen_port", hello.listen_port.into()),
        ("node_id", trace::hex(&hello.node_id).into()),
    ]
}

fn status_fields(status: &Status) -> Fields {
    let Status { version, network_id, genesis, fork_id, head } = status;
    let mut fields = vec![
        ("version", (*version).into()),
        ("network_id", (*network_id).into()),
        ("genesis", genesis.to_string().into()),
        ("fork_hash", trace::hex(&fork_id.hash).into()),
        ("fork_next", fork_id.next.into()),
    ];
    let head: [(_, Value); 2] = match head {
        Head::Difficulty { total, hash } => {
            [("total_difficulty", total.to_string().into()), ("head", hash.to_string().into())]
        }
        Head::Range { earliest, latest, hash } => {
            fields.push(("earliest", (*earliest).into()));
            [("latest", (*latest).into()), ("head", hash.to_string().into())]
        }
    };
    fields.extend(head);
    fields
}
