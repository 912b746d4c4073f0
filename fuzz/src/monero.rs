//! Monero: both roles of the handshake, the session after it, and portable storage.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! There is no checksum, but a head of 33 bytes, and a body that must be as long as that says. So one choice makes the
//! input a list of bodies, each of which has a command, a length of two bytes and that many bytes: the head is ours.

use handshake::{Fault, Role};
use testing::{feed, survives};
use verack_monero::levin::write_message;
use verack_monero::storage::{self, SIGNATURE, Section, Value};
use verack_monero::{Command, Hello, Kind, Local, MAX_PEERS, Message, Network, ReturnCode, Session};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input);
}

/// Any bytes to our responder.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input);
}

/// Any bytes to a connection after its handshake.
pub fn session(input: &[u8]) {
    let Some(Input { piece, sent, .. }) = Input::read(input) else {
        return;
    };
    let kept = || Session::new(local()).with_ping().with_timed_sync();
    let whole = feed(&mut kept(), [&sent[..]]);
    let pieces = sent.chunks(usize::from(piece).max(1));
    assert_eq!(feed(&mut kept(), pieces).summary(), whole.summary());
    // An answer is at most some 200 bytes, and so is the shortest question.
    assert!(whole.sent.len() <= 1000 + 2 * sent.len(), "it sent {} bytes", whole.sent.len());
    if let Some(Err(fault)) = whole.result {
        assert_printable(&fault.to_string());
    }
}

/// Any bytes as a body: what can be read, can be read all through; a message is written such that it is read again.
pub fn wire(input: &[u8]) {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    let body = [&SIGNATURE[..], bytes].concat();
    if let Ok(section) = storage::read(&body) {
        let values = count(&section, 0);
        assert!(values <= bytes.len(), "{values} values in {} bytes", bytes.len());
    }
    let (command, kind) = heading(choice);
    match Message::read(command, kind, &body) {
        Ok(Message::Other { .. } | Message::Failure { .. }) => {}
        Ok(message) => {
            let mut written = Vec::new();
            message.write(&mut written);
            let read = Message::read(message.command(), message.kind(), &written[verack_monero::levin::HEAD_LEN..]);
            assert_eq!(read, Ok(message));
        }
        Err(error) => assert_printable(&error.to_string()),
    }
}

/// How many values there are, all in all.
fn count(section: &Section<'_>, depth: usize) -> usize {
    assert!(depth < storage::MAX_DEPTH);
    let value = |value: Value<'_>| match value {
        Value::Section(section) => 1 + count(&section, depth + 1),
        Value::Array(array) => array.values().fold(1, |values, value| match value {
            Value::Section(section) => values + 1 + count(&section, depth + 2),
            _ => values + 1,
        }),
        _ => 1,
    };
    section.entries().map(|(_, found)| value(found)).sum()
}

fn handshake(role: Role, input: &[u8]) {
    let Some(Input { network, piece, sent }) = Input::read(input) else {
        return;
    };
    let ours = Local::new(network, local().introduction.node.peer_id);
    let hello = || match role {
        Role::Initiator => Hello::initiator(ours.clone()),
        Role::Responder => Hello::responder(ours.clone()),
    };
    let ended = survives(hello, &[&[piece], &sent[..]].concat());
    match ended.result {
        None => {}
        Some(Err(fault)) => {
            assert!(fault.code().starts_with("monero."));
            assert_printable(&fault.to_string());
        }
        Some(Ok(agreed)) => {
            assert_eq!(agreed.introduction.node.network_id, network.id);
            assert_ne!(agreed.introduction.node.peer_id, ours.introduction.node.peer_id);
            assert!(agreed.peers.len() <= MAX_PEERS && (role == Role::Initiator || agreed.peers.is_empty()));
            agreed.peers.iter().for_each(|peer| assert_printable(&peer.address.to_string()));
        }
    }
}

fn local() -> Local {
    Local::new(Network::named("monero").expect("in the table"), 0x1122_3344_5566_7788)
}

/// What an input says.
struct Input {
    network: &'static Network,
    piece: u8,
    sent: Vec<u8>,
}

impl Input {
    fn read(input: &[u8]) -> Option<Self> {
        let (&choices, rest) = input.split_first()?;
        let (&piece, rest) = rest.split_first()?;
        let name = if choices & 2 == 0 { "monero" } else { "monero-stagenet" };
        let network = Network::named(name).expect("in the table");
        let sent = if choices & 1 == 0 { rest.to_vec() } else { framed(rest) };
        Some(Self { network, piece, sent })
    }
}

/// The messages of these bodies.
fn framed(mut bodies: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some((&[choice, high, low], rest)) = bodies.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (body, next) = rest.split_at(len);
        let (command, kind) = heading(choice);
        write_message(command, kind, &mut sent, |tx| {
            tx.extend_from_slice(&SIGNATURE);
            tx.extend_from_slice(body);
        });
        bodies = next;
    }
    sent
}

/// What a message is about, and which side sends it.
fn heading(choice: u8) -> (Command, Kind) {
    let commands = [
        Command::HANDSHAKE,
        Command::TIMED_SYNC,
        Command::PING,
        Command::SUPPORT_FLAGS,
        Command::TXPOOL_COMPLEMENT,
        Command(u32::from(choice)),
    ];
    let kinds = [
        Kind::Request,
        Kind::Response(ReturnCode::FINE),
        Kind::Response(ReturnCode(-7)),
        Kind::Notification,
        Kind::Fragment,
    ];
    (commands[usize::from(choice) % commands.len()], kinds[usize::from(choice) / commands.len() % kinds.len()])
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
