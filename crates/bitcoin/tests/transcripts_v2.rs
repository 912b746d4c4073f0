//! Encrypted sessions with Core, recorded together with our keys: see `data/transcripts/README.md`.
//!
//! The recorder used none of this code. Given the same keys, garbage and decoys, our side must send the same bytes, and
//! understand all that Core sent.

mod common;

use common::local;
use common::recorded::{hex, keys, recorded};
use handshake::{Role, Rx};
use serde_json::Value;
use testing::{cut, feed};
use verack_bitcoin::message::{Event, Message};
use verack_bitcoin::v2::keys::TERMINATOR_LEN;
use verack_bitcoin::v2::{Garbage, Keys, Open, Packet, Start, contents};
use verack_bitcoin::{Command, Local, Magic, V2};

/// The session, and the number of our decoys in it.
const SESSIONS: [(&str, usize); 4] = [
    ("core-31.99_responder_v2_garbage0", 0),
    ("core-31.99_responder_v2_garbage37_decoys3", 3),
    ("core-31.99_responder_v2_garbage4095", 0),
    ("core-31.99_initiator_v2_addnode", 1),
];

#[test]
fn we_say_to_core_what_was_said_and_agree_however_its_bytes_are_cut() {
    for (file, decoys) in SESSIONS {
        let session = Session::read(file);
        assert_eq!(session.decoys.len(), decoys, "{file}");
        let ended = cut(|| V2::new(session.role, session.local.clone(), session.start()), &session.heard);
        assert!(session.said.starts_with(&ended.sent), "{file}: {:02x?}", ended.sent);

        let concluded = ended.result.expect("over").expect("no fault");
        assert_eq!(concluded.agreed.version.user_agent.as_bytes(), b"/Satoshi:31.99.0/");
        assert!(concluded.agreed.announced.wtxidrelay && concluded.agreed.announced.sendaddrv2);
        assert_eq!(concluded.channel.session_id.expect("encrypted").to_string(), session.keys["session_id"]);

        // The channel continues where the handshake ended.
        let (mut channel, mut rest) = (concluded.channel, session.heard[ended.taken..].to_vec());
        let mut rx = Rx::new(&mut rest);
        let mut heard = Vec::new();
        while let Ok(event) = channel.read(&mut rx) {
            let Event::Heard(message) = event else { panic!("{file}: {event:?}") };
            heard.push(message.command());
        }
        assert!(rx.is_empty());
        let after_verack = session.plaintext("in").skip_while(|said| said["type"] != "verack").skip(1);
        assert_eq!(heard, after_verack.map(command).collect::<Vec<_>>(), "{file}");
    }
}

#[test]
fn every_packet_of_either_side_is_opened_and_sealed_as_it_was() {
    for (file, decoys) in SESSIONS {
        let session = Session::read(file);
        let shared = session.keys().encode().share(session.role, &session.theirs());
        let (mut ours, mut theirs) =
            (shared.derive(session.role, session.magic()), shared.derive(session.peer(), session.magic()));

        let start = 64 + session.garbage.len() + TERMINATOR_LEN;
        assert!(session.said[..start].ends_with(&ours.our_terminator), "{file}");
        let mut sealed = Vec::new();
        let said = packets(&mut theirs.open, &session.said[start..], &session.garbage);
        for (at, (ignore, contents)) in said.iter().enumerate() {
            let aad = if at == 0 { &session.garbage[..] } else { &[] };
            ours.seal.seal(aad, *ignore, &mut sealed, |tx| tx.extend_from_slice(contents));
        }
        assert_eq!(sealed, session.said[start..], "{file}");
        assert_eq!(messages(&said, decoys), session.plaintext("out").map(named).collect::<Vec<_>>(), "{file}");

        let garbage = usize::try_from(session.keys["their_garbage_len"].as_u64().unwrap()).unwrap();
        let (before, packed) = session.heard.split_at(64 + garbage + TERMINATOR_LEN);
        assert!(before.ends_with(&ours.their_terminator), "{file}");
        let heard = packets(&mut ours.open, packed, &before[64..64 + garbage]);
        assert_eq!(messages(&heard, 0), session.plaintext("in").map(named).collect::<Vec<_>>(), "{file}");
    }
}

#[test]
fn a_node_without_v2_hangs_up_on_our_key_and_may_be_dialled_in_plain_text() {
    for file in ["core-31.99-v2off_responder_gets_v2key", "litecoin-0.21.2_responder_gets_v2key"] {
        assert!(recorded(file).heard.is_empty());
        let keys = Keys::new([1; 32], [2; 32]).unwrap();
        let mut ours = V2::initiator(local("bitcoin-regtest"), Start::new(keys, Garbage::default()));
        assert!(!ours.may_fall_back(), "nothing was said yet");
        assert_eq!(feed(&mut ours, [&[][..]]).sent.len(), recorded(file).said.concat().len());
        assert!(ours.may_fall_back());
    }
}

#[test]
fn core_that_tries_v2_first_sends_a_key_that_we_answer() {
    let heard = recorded("core-31.99_initiator_v2_to_v1only_conn1").heard;
    let keys = Keys::new([1; 32], [2; 32]).unwrap();
    let mut ours = V2::responder(local("bitcoin-regtest"), Start::new(keys, Garbage::default()));
    let ended = feed(&mut ours, [&heard[..]]);
    assert_eq!((ended.awaiting, ended.taken), ("garbage terminator", 64));
    assert_eq!(ended.sent.len(), 64 + TERMINATOR_LEN + 20, "our key and our version packet");
}

/// A recorded session, seen from our side.
struct Session {
    keys: Value,
    role: Role,
    said: Vec<u8>,
    heard: Vec<u8>,
    garbage: Vec<u8>,
    decoys: Vec<Box<[u8]>>,
    local: Local,
}

impl Session {
    fn read(file: &str) -> Self {
        let keys = keys(file);
        let role = if keys["role"] == "initiator" { Role::Initiator } else { Role::Responder };
        let garbage = hex(&keys["our_garbage"]);
        let mut session = Self {
            said: recorded(file).said.concat(),
            heard: recorded(file).heard,
            decoys: Vec::new(),
            local: local("bitcoin-regtest"),
            keys,
            role,
            garbage,
        };
        session.decoys = session.decoys();
        session.local = session.local();
        session
    }

    /// Our packets before our version packet.
    fn decoys(&self) -> Vec<Box<[u8]>> {
        let shared = self.keys().encode().share(self.role, &self.theirs());
        let packed = &self.said[64 + self.garbage.len() + TERMINATOR_LEN..];
        let packets = packets(&mut shared.derive(self.peer(), self.magic()).open, packed, &self.garbage);
        packets.into_iter().take_while(|(ignore, _)| *ignore).map(|(_, contents)| contents.into()).collect()
    }

    /// Our messages before our `verack`.
    fn local(&self) -> Local {
        let mut local = local("bitcoin-regtest");
        for said in self.plaintext("out") {
            match Message::read(command(said), &hex(&said["payload"])).expect("we said it") {
                Message::Version(version) => local.version = version,
                Message::Feature(feature) => local.features.push(feature),
                _ => {}
            }
        }
        local
    }

    fn start(&self) -> Start {
        let garbage = Garbage::new(&self.garbage[..]).expect("at most 4095 bytes");
        Start { decoys: self.decoys.clone(), ..Start::new(self.keys(), garbage) }
    }

    fn keys(&self) -> Keys {
        Keys::with_encoding(self.array("our_priv"), self.array("our_ellswift")).expect("our keys")
    }

    fn theirs(&self) -> [u8; 64] {
        self.array("their_ellswift")
    }

    fn magic(&self) -> Magic {
        Magic(self.array("magic"))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        hex(&self.keys[name]).try_into().expect("so many bytes")
    }

    fn peer(&self) -> Role {
        if self.role == Role::Initiator { Role::Responder } else { Role::Initiator }
    }

    fn plaintext<'s>(&'s self, direction: &'s str) -> impl Iterator<Item = &'s Value> {
        self.keys["plaintext"].as_array().expect("messages").iter().filter(move |said| said["dir"] == direction)
    }
}

/// Every packet: whether it is a decoy, and its contents.
fn packets(open: &mut Open, packed: &[u8], garbage: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut packed = packed.to_vec();
    let mut rx = Rx::new(&mut packed);
    let mut packets = Vec::new();
    open.authenticate(garbage);
    while !rx.is_empty() {
        let Ok(Packet::Whole { ignore, contents }) = open.read(&mut rx) else {
            unreachable!("only whole packets were recorded")
        };
        packets.push((ignore, contents.to_vec()));
    }
    packets
}

/// The messages after the decoys and the version packet.
fn messages(packets: &[(bool, Vec<u8>)], decoys: usize) -> Vec<(Command, Vec<u8>)> {
    let (before, messages) = packets.split_at(decoys + 1);
    assert_eq!(before[decoys], (false, Vec::new()), "the version packet");
    let read = |(_, contents): &(bool, Vec<u8>)| contents::read(contents).map(|(name, said)| (name, said.to_vec()));
    messages.iter().map(|packet| read(packet).expect("a message")).collect()
}

fn named(said: &Value) -> (Command, Vec<u8>) {
    (command(said), hex(&said["payload"]))
}

fn command(said: &Value) -> Command {
    Command::new(said["type"].as_str().expect("text").as_bytes()).expect("at most 12 bytes")
}
