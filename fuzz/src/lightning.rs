//! Lightning: both roles of the handshake, and the session after it.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! By itself a fuzzer does not get past a tag. So the choices say how far the peer keeps to the protocol: not at all, up
//! to the end of its acts, or up to the seal of its messages, each of which the input has as a length of two bytes and
//! that many bytes.

use handshake::{Fault, Fields, Role};
use testing::{feed, survives};
use verack_lightning::acts::{Initiator, Responder};
use verack_lightning::channel::Channel;
use verack_lightning::wire::{read_big_size, write_big_size};
use verack_lightning::{Chain, Features, Hello, Init, Local, Message, SecretKey, Session};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input);
}

/// Any bytes to our responder.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input);
}

/// Any messages to a connection after its handshake, and any bytes to what reads them.
pub fn session(input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    let (&piece, messages) = input.split_first().unwrap_or((&0, &[]));
    let said = if choices.seals {
        let mut said = Vec::new();
        Peer::of(Role::Initiator).seal(messages, &mut said);
        said
    } else {
        messages.to_vec()
    };
    // What a peer says after its acts is what it says after its init, but for the count of its nonces.
    let kept = || Session::new(our_channel());
    let whole = feed(&mut kept(), [&said[..]]);
    let pieces = said.chunks(usize::from(piece).max(1));
    assert_eq!(feed(&mut kept(), pieces).summary(), whole.summary());
    assert!(whole.sent.len() <= FREE_PONGS + 5 * said.len(), "it sent {} bytes", whole.sent.len());
    if let Some(Err(fault)) = whole.result {
        assert_printable(&fault.to_string());
    }
    read_and_write(messages);
}

/// What a session says for nothing, at most.
const FREE_PONGS: usize = 2 * 65_600;

/// What the first byte says.
#[derive(Clone, Copy)]
struct Choices {
    /// Whether the peer's acts are sound.
    acts: bool,
    /// Whether its messages are sealed, too.
    seals: bool,
    /// Whether our side says all that it can.
    talkative: bool,
}

impl Choices {
    /// Those of an input; and the rest of it.
    fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let (&first, rest) = input.split_first()?;
        Some((Self { acts: first & 3 != 0, seals: first & 2 != 0, talkative: first & 4 != 0 }, rest))
    }

    fn local(self, [s, e]: [u8; 2]) -> Local {
        let mut local = Local::new(key(s), key(e), Vec::new());
        if self.talkative {
            local.init.networks =
                ["bitcoin", "litecoin"].map(|name| Chain::named(name).expect("in the table").hash).into();
            local.init.features = local.init.features.union(&Features::of(&[1001]));
        }
        local
    }
}

/// The keys of BOLT 8's vectors.
const OURS: [u8; 2] = [0x11, 0x12];
const THEIRS: [u8; 2] = [0x21, 0x22];

fn key(byte: u8) -> SecretKey {
    SecretKey::new([byte; 32]).expect("it is below the order of the curve")
}

fn hello(role: Role, choices: Choices) -> Hello {
    let local = choices.local(OURS);
    match role {
        Role::Initiator => Hello::initiator(local, key(THEIRS[0]).node_id()),
        Role::Responder => Hello::responder(local),
    }
}

fn handshake(role: Role, input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    let (&piece, sent) = input.split_first().unwrap_or((&0, &[]));
    let mut bytes = vec![piece];
    if choices.acts {
        let mut peer = Peer::of(role);
        bytes.append(&mut peer.acts);
        match choices.seals {
            true => peer.seal(sent, &mut bytes),
            false => bytes.extend_from_slice(sent),
        }
    } else {
        bytes.extend_from_slice(sent);
    }
    let ended = survives(|| hello(role, choices), &bytes);
    match ended.result {
        None => {}
        Some(Err(fault)) => {
            assert!(fault.code().starts_with("lightning."));
            assert_printable(&fault.to_string());
        }
        Some(Ok(agreed)) => {
            // Without our peer's acts it can be a recorded one.
            assert!(!choices.acts || agreed.node_id == key(THEIRS[0]).node_id());
            let ours = choices.local(OURS).init;
            assert_eq!(agreed.features().unknown_required(&ours.features).next(), None);
            let theirs = agreed.networks();
            assert!(
                ours.networks.is_empty() || theirs.is_empty() || ours.networks.iter().any(|hash| theirs.contains(hash))
            );
            agreed.networks().iter().for_each(|hash| assert_printable(&hash.to_string()));
            agreed.remote_addr().into_iter().for_each(|address| assert_printable(&address.to_string()));
        }
    }
}

/// A peer that keeps to the protocol, up to its last act.
struct Peer {
    acts: Vec<u8>,
    channel: Channel,
}

impl Peer {
    /// The peer of our side in this role.
    fn of(role: Role) -> Self {
        let [[s, e], [rs, re]] = match role {
            Role::Initiator => [OURS, THEIRS].map(|keys| keys.map(key)),
            Role::Responder => [THEIRS, OURS].map(|keys| keys.map(key)),
        };
        let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
        let initiator = Initiator::new(s, e, rs.node_id()).act_one(&mut one);
        let responder = Responder::new(rs, re).act_one(&mut act(&one)).expect("sound").act_two(&mut two);
        let initiator = initiator.act_two(&mut act(&two)).expect("sound").act_three(&mut three);
        match role {
            Role::Initiator => {
                let responder = responder.act_three(&mut act(&three)).expect("sound");
                Self { acts: two, channel: responder.channel }
            }
            Role::Responder => Self { acts: [one, three].concat(), channel: initiator.channel },
        }
    }

    /// Seals messages, each of which is a length of two bytes and that many bytes, or what there is.
    fn seal(&mut self, mut messages: &[u8], tx: &mut Vec<u8>) {
        while let Some((len, rest)) = messages.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes(*len)).min(rest.len());
            let (message, next) = rest.split_at(len);
            self.channel.seal.seal(tx, |tx| tx.extend_from_slice(message));
            messages = next;
        }
    }
}

/// An act.
fn act<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    bytes.try_into().expect("a whole act")
}

/// Our end of the channel, as initiator, before anything has been said over it.
fn our_channel() -> Channel {
    let [s, e] = OURS.map(key);
    let [rs, re] = THEIRS.map(key);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let initiator = Initiator::new(s, e, rs.node_id()).act_one(&mut one);
    let _ = Responder::new(rs, re).act_one(&mut act(&one)).expect("sound").act_two(&mut two);
    initiator.act_two(&mut act(&two)).expect("sound").act_three(&mut Vec::new()).channel
}

/// What can be read is written such that it is read again.
fn read_and_write(bytes: &[u8]) {
    let mut fields = Fields::new(bytes);
    if let Ok(value) = read_big_size(&mut fields, "n") {
        let mut written = Vec::new();
        write_big_size(value, &mut written);
        assert_eq!(written, bytes[..bytes.len() - fields.rest().len()]);
    }
    if let Ok(init) = Init::read(bytes) {
        let mut written = Vec::new();
        init.write(&mut written);
        assert_eq!(Init::read(&written), Ok(init));
    }
    match Message::read(bytes) {
        Ok(Message::Other { kind, .. }) => assert_printable(&kind.to_string()),
        Ok(message) => {
            let mut written = Vec::new();
            message.write(&mut written);
            assert_eq!(Message::read(&written), Ok(message));
        }
        Err(what) => assert_printable(&what.to_string()),
    }
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
