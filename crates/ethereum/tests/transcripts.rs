//! Recorded bytes of a real node: see `data/transcripts/README.md`. The keys of both sides are known, so our side must
//! send the recorded bytes exactly.

mod common;

use common::{array, hash, text};
use handshake::{Conversation, Role};
use serde_json::Value;
use testing::{Recorded, cut, feed};
use verack_ethereum::auth::{Form, Sealing};
use verack_ethereum::eth::{Difficulty, Head};
use verack_ethereum::local::Goal;
use verack_ethereum::network::Network;
use verack_ethereum::{Agreed, Capability, ForkId, Fresh, Local, OurStatus, Protocol, Rlpx, SecretKey};

#[test]
fn ethereumjs_answers_us_and_every_byte_of_ours_is_what_was_sent() {
    let agreed = replay("ethereumjs-10.0.0_responder", Role::Initiator);
    is_ethereumjs(&agreed, 30399);
}

#[test]
fn ethereumjs_dials_us_and_every_byte_of_ours_is_what_was_sent() {
    let agreed = replay("ethereumjs-10.0.0_initiator", Role::Responder);
    is_ethereumjs(&agreed, 30397);
}

#[track_caller]
fn is_ethereumjs(agreed: &Agreed, listen_port: u64) {
    assert_eq!(agreed.hello.client_id.to_string(), "ethereumjs-devp2p/lab");
    assert_eq!(agreed.hello.capabilities, [Capability::new("eth", 67), Capability::new("eth", 68)]);
    assert_eq!(agreed.hello.listen_port, listen_port);
    let status = agreed.status.as_ref().expect("it told");
    assert_eq!((status.version, status.network_id, status.genesis), (68, 1, hash(common::GENESIS)));
    assert_eq!(status.head, Head::Difficulty { total: Difficulty::from(0x04_0000_0000), hash: status.genesis });
    let network = Network::of(status.network_id, status.genesis, status.fork_id).expect("mainnet");
    assert_eq!((network.name, network.fork_named(status.fork_id)), ("ethereum", Some("prague")));
}

/// Feeds the node's bytes to our side. Our side must send the recorder's bytes, and then the request that the recorder
/// did not send.
fn replay(name: &str, role: Role) -> Agreed {
    let Recorded { meta, heard, said } = Recorded::read(env!("CARGO_MANIFEST_DIR"), name);
    let ended = cut(|| ours(&meta, role), &heard);
    assert!(ended.result.is_none());
    let (first, question) = ended.sent.split_at(said.concat().len());
    assert_eq!(first, said.concat());
    assert_eq!(question.len(), FRAME_OF_QUESTION);
    assert_eq!((ended.taken, ended.awaiting), (heard.len(), "BlockHeaders"));
    let mut side = ours(&meta, role);
    let _ = feed(&mut side, [&heard[..]]);
    side.settle().expect("both have said everything")
}

/// Bytes of the frame with our request: a header, 42 bytes in whole blocks of 16, and two MACs.
const FRAME_OF_QUESTION: usize = 16 + 16 + 48 + 16;

/// Our side with the recorder's settings.
fn ours(meta: &Value, role: Role) -> Rlpx {
    let keys = &meta["our_keys"];
    let key = |value: &Value, name| SecretKey::new(array(text(value, name))).expect("a key");
    let mut local = Local::new(key(keys, "static"));
    local.client_id = "lab/0.1".into();
    local.protocols = vec![Protocol::eth(68)];
    local.goal = Goal::Status(OurStatus::Of(verack_ethereum::eth::OurChain {
        // The fork id that this node requires: its own.
        fork_id: FORK_ID,
        ..common::chain()
    }));
    let fresh = Fresh {
        ephemeral: key(keys, "eph"),
        nonce: array(text(keys, "nonce")),
        sealing: Sealing { key: key(keys, "ecies"), iv: array(text(keys, "iv")), padding: PADDING },
        form: Form::Eip8,
    };
    match role {
        Role::Initiator => Rlpx::initiator(local, fresh, key(meta, "peer_static_private_key").public()),
        Role::Responder => Rlpx::responder(local, fresh),
    }
}

/// Padding bytes of the recorder's auth and ack.
const PADDING: u8 = 150;

/// Prague, and the time of Osaka.
const FORK_ID: ForkId = ForkId { hash: [0xc3, 0x76, 0xcf, 0x8b], next: 0x6930_b057 };
