//! The laws of every handshake, for both roles and every kind of network.

mod common;

use common::{Flight, KINDS, ROLES, local, params, said};
use handshake::{Blame, Fault};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use testing::{End, Ended, cut, feed, flip, pair};
use verack_bitcoin::frame::HEADER_LEN;
use verack_bitcoin::message::{Command, Feature, Message};
use verack_bitcoin::version::{UserAgent, Version};
use verack_bitcoin::{Agreed, Local, V1};

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for chain in KINDS {
        for role in ROLES {
            let ended = cut(|| V1::new(role, local(chain)), &Flight::talkative(chain).bytes);
            let agreed = ended.result.expect("over").expect("no fault").agreed;
            assert!(agreed.announced.wtxidrelay && agreed.announced.sendaddrv2, "{chain}");
            assert_eq!(agreed.announced.feefilter, Some(1000), "{chain}");
            assert_eq!(pongs(&ended.sent), 2, "{chain}: both pings are answered");
        }
    }
}

#[test]
fn however_a_long_message_is_cut_it_is_skipped() {
    let bytes = Flight::on("bitcoin").version(&common::version("bitcoin")).payload("inv", &[0; 2049]).verack().bytes;
    for role in ROLES {
        let ended = cut(|| V1::new(role, local("bitcoin")), &bytes);
        assert_eq!(ended.taken, bytes.len());
        assert!(matches!(ended.result, Some(Ok(_))));
    }
}

#[test]
fn however_a_fault_is_cut_it_is_the_same_fault() {
    let bad = Flight::on("bitcoin").version(&common::version("bitcoin")).payload("feature", b"\x03abc\0");
    for role in ROLES {
        let ended = cut(|| V1::new(role, local("bitcoin")), &bad.bytes);
        assert_eq!(ended.result.expect("over").expect_err("malformed").code(), "bitcoin.malformed");
    }
}

#[test]
fn both_sides_agree_on_every_network() {
    for chain in KINDS {
        let announced = params(chain).announce_version;
        let (to_initiator, to_responder) = agree(named(chain, "/a/"), named(chain, "/b/"));
        assert_eq!(to_initiator.version.user_agent.as_bytes(), b"/b/");
        assert_eq!(to_responder.version.user_agent.as_bytes(), b"/a/");
        assert_eq!((to_initiator.common_version, to_responder.common_version), (announced, announced));
        assert_eq!(to_initiator.announced, to_responder.announced, "{chain}");
        assert_eq!(to_initiator.announced.wtxidrelay, params(chain).wtxidrelay_from.is_some());
        assert_eq!(to_initiator.announced.sendaddrv2, params(chain).sendaddrv2_from.is_some());
    }
}

#[test]
fn features_are_heard_where_the_network_knows_them() {
    let features = vec![Feature::new(b"example.org/x", b"data").unwrap(), Feature::new(b"four", b"").unwrap()];
    for chain in KINDS {
        let with = |agent| Local { features: features.clone(), ..named(chain, agent) };
        let (heard, _) = agree(with("/a/"), with("/b/"));
        let knows = params(chain).feature_from.is_some();
        assert_eq!(heard.announced.features, if knows { features.clone() } else { Vec::new() }, "{chain}");
    }
}

#[test]
fn an_old_peer_is_told_nothing_that_it_does_not_know() {
    let old = |version| {
        let mut local = named("bitcoin", "/old/");
        local.version.version = version;
        local
    };
    for version in [31800, 70015, 70016, 70017] {
        let (heard, _) = agree(old(version), named("bitcoin", "/b/"));
        assert_eq!(heard.common_version, version);
        assert_eq!(heard.announced.wtxidrelay, version >= 70016);
        assert_eq!(heard.announced.sendaddrv2, version >= 70016);
    }
}

#[test]
fn a_changed_byte_is_the_peers_fault_or_a_message_less() {
    for chain in ["bitcoin", "groestlcoin", "ecash", "zcash"] {
        let flight = Flight::talkative(chain);
        // What our side learns and answers: less, if a known message has another name.
        let outcome = |ended: &Ended<V1>| match &ended.result {
            Some(Ok(concluded)) => Some((concluded.agreed.clone(), said(&ended.sent))),
            _ => None,
        };
        let means_something = |command: Command| {
            Message::knows(command) && (command != Command::FEATURE || params(chain).feature_from.is_some())
        };
        for role in ROLES {
            let unchanged = outcome(&feed(&mut V1::new(role, local(chain)), [&flight.bytes[..]]));
            assert!(unchanged.is_some());
            flip(
                || V1::new(role, local(chain)),
                &flight.bytes,
                |at, ended| {
                    let end = End::of(ended);
                    let place = Place::of(&flight, at);
                    let expected: &[End] = match place {
                        Place::Magic { first: true } => &[End::Fault("bitcoin.magic", Blame::Mismatch)],
                        Place::Magic { first: false } => &[End::Fault("bitcoin.out-of-sync", Blame::Peer)],
                        Place::Command(Command::VERSION) => &[End::Waits("version")],
                        Place::Command(Command::VERACK) => &[End::Waits("verack")],
                        Place::Command(_) => &[End::Done],
                        Place::Length => &[
                            End::Waits("version"),
                            End::Waits("verack"),
                            End::Fault("bitcoin.checksum", Blame::Peer),
                            End::Fault("bitcoin.malformed", Blame::Peer),
                            End::Fault("bitcoin.oversized", Blame::Peer),
                            End::Fault("bitcoin.out-of-sync", Blame::Peer),
                        ],
                        Place::Content(command) if Message::knows(command) => {
                            &[End::Fault("bitcoin.checksum", Blame::Peer)]
                        }
                        // An unknown message; its content is ignored.
                        Place::Content(_) => &[End::Done],
                    };
                    assert!(expected.contains(&end), "{chain}, byte {at}: {}", ended.summary());
                    if let (End::Done, Place::Command(command) | Place::Content(command)) = (end, place) {
                        let noticed = outcome(ended) != unchanged;
                        assert_eq!(noticed, means_something(command), "{chain}, byte {at}: {}", ended.summary());
                    }
                },
            );
        }
    }
}

proptest! {
    #[test]
    fn what_follows_the_verack_is_left_untouched(
        chain in select(&KINDS[..]),
        role in select(&ROLES[..]),
        version in any_version(),
        between in between(),
        tail in vec(any::<u8>(), 0..300),
        piece in 1usize..400,
    ) {
        let version = Version { version: params(chain).announce_version, ..version };
        let said = between.into_iter().fold(Flight::on(chain).version(&version), |flight, message| flight.say(&message));
        let flight = said.verack();
        let len = flight.bytes.len();
        let bytes = flight.raw(&tail).bytes;
        let ended = feed(&mut V1::new(role, local(chain)), bytes.chunks(piece));
        prop_assert_eq!(ended.taken, len);
        prop_assert_eq!(ended.result.expect("over").expect("no fault").agreed.version, version);
    }
}

/// The results of an initiator and a responder.
fn agree(initiator: Local, responder: Local) -> (Agreed, Agreed) {
    let (initiator, responder) = pair(V1::initiator(initiator), V1::responder(responder));
    (initiator.agreed, responder.agreed)
}

fn named(chain: &str, agent: &str) -> Local {
    let mut local = local(chain);
    local.version.user_agent = UserAgent::new(agent.as_bytes()).expect("short");
    // Two sides of one connection have two nonces.
    local.version.nonce = Some(agent.bytes().map(u64::from).sum());
    local
}

fn pongs(sent: &[u8]) -> usize {
    sent.windows(12).filter(|window| *window == Command::PONG.0).count()
}

fn any_version() -> impl Strategy<Value = Version> {
    // Our own nonce is not among them.
    (vec(any::<u8>(), 0..=256), any::<i32>(), any::<bool>(), any::<i64>(), 0..1_000_000u64).prop_map(
        |(agent, height, relay, time, nonce)| Version {
            user_agent: UserAgent::new(&agent).expect("at most 256"),
            start_height: Some(height),
            relay: Some(relay),
            time,
            nonce: Some(nonce),
            ..common::version("bitcoin")
        },
    )
}

fn between() -> impl Strategy<Value = Vec<Message>> {
    let message = prop_oneof![
        Just(Message::Wtxidrelay),
        Just(Message::Sendaddrv2),
        Just(Message::Sendheaders),
        Just(Message::Getaddr),
        any::<u64>().prop_map(|nonce| Message::Ping(Some(nonce))),
        any::<u64>().prop_map(|version| Message::Sendcmpct { announce: true, version }),
        any::<i64>().prop_map(Message::Feefilter),
        (vec(any::<u8>(), 4..=80), vec(any::<u8>(), 0..=512))
            .prop_map(|(id, data)| Message::Feature(Feature::new(&id, &data).expect("within the limits"))),
    ];
    vec(message, 0..10)
}

/// The part of the message to which a byte belongs.
enum Place {
    Magic {
        first: bool,
    },
    Command(Command),
    Length,
    /// The payload or its checksum.
    Content(Command),
}

impl Place {
    fn of(flight: &Flight, at: usize) -> Self {
        let start = *flight.starts.iter().rfind(|&&start| start <= at).expect("the first starts at 0");
        let header = &flight.bytes[start..start + HEADER_LEN];
        let command = Command(*header[4..].first_chunk().expect("12 of 24 bytes"));
        match at - start {
            0..4 => Self::Magic { first: start == 0 },
            4..16 => Self::Command(command),
            16..20 => Self::Length,
            _ => Self::Content(command),
        }
    }
}
