//! Peers that are old, unusual or wrong in what they claim, in valid bytes: how each handshake ends, and the side to
//! blame.

mod common;

use common::{Flight, NONCE, ROLES, end_on, local, version};
use handshake::Blame::{Local, Mismatch, Peer, Refused};
use handshake::{Conversation, Handshake, Role, Stage};
use testing::{End, feed};
use verack_bitcoin::hello::Announced;
use verack_bitcoin::message::{Feature, Message, Reject};
use verack_bitcoin::version::{UserAgent, Version};
use verack_bitcoin::{Agreed, Error, Services, V1};

#[test]
fn a_version_has_one_of_the_lengths_that_core_takes() {
    // 80 bytes, a user agent of 9, height, relay, and the fields that some networks add.
    let mut payload = [0; 200];
    payload[..4].copy_from_slice(&70016i32.to_le_bytes());
    payload[80] = 9;
    for len in 0..=payload.len() {
        let bytes = Flight::on("bitcoin").payload("version", &payload[..len]).verack().bytes;
        let expected = match len {
            46 | 80 | 90 | 94 | 95.. => End::Done,
            _ => End::Fault("bitcoin.malformed", Peer),
        };
        assert_eq!(end_on("bitcoin", &bytes), expected, "{len} bytes");
    }
}

#[test]
fn what_an_old_version_leaves_out_is_not_made_up() {
    let mut payload = [0; 80];
    payload[..4].copy_from_slice(&31800i32.to_le_bytes());
    let oldest = done(&Flight::on("bitcoin").payload("version", &payload[..46]).verack()).version;
    assert_eq!((oldest.sender, oldest.nonce, oldest.start_height, oldest.relay), (None, None, None, None));
    let old = done(&Flight::on("bitcoin").payload("version", &payload).verack()).version;
    assert_eq!((old.nonce, old.user_agent, old.start_height), (Some(0), UserAgent::EMPTY, None));
}

#[test]
fn a_user_agent_may_be_any_256_bytes() {
    let longest = [b'a'; 256];
    let escapes = b"\x1b]0;owned\x07\r\n\xe2\x80\xae".as_slice();
    for agent in [&longest[..], b"", escapes, b"\xff\xfe\x00", "/nöde:1/".as_bytes()] {
        let theirs = Version { user_agent: UserAgent::new(agent).unwrap(), ..version("bitcoin") };
        let heard = done(&Flight::on("bitcoin").version(&theirs).verack()).version.user_agent;
        assert_eq!(heard.as_bytes(), agent);
        assert!(heard.to_string().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{heard}");
    }
}

#[test]
fn a_user_agent_that_claims_too_much_is_malformed() {
    for length in [
        &b"\xfd\x01\x01"[..],
        b"\xfd\x09\x00",
        b"\xfe\x09\x00\x00\x00",
        b"\xfe\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut payload = [0; 400];
        payload[..4].copy_from_slice(&70016i32.to_le_bytes());
        payload[80..80 + length.len()].copy_from_slice(length);
        let bytes = Flight::on("bitcoin").payload("version", &payload).bytes;
        assert_eq!(end_on("bitcoin", &bytes), End::Fault("bitcoin.malformed", Peer), "{length:x?}");
    }
}

#[test]
fn a_version_that_does_not_fit_ours_is_turned_away() {
    let rows = [
        (Version { version: 31_799, ..version("bitcoin") }, End::Fault("bitcoin.obsolete", Mismatch)),
        (Version { version: -1, ..version("bitcoin") }, End::Fault("bitcoin.obsolete", Mismatch)),
        (Version { version: i32::MIN, ..version("bitcoin") }, End::Fault("bitcoin.obsolete", Mismatch)),
        (Version { version: 31_800, ..version("bitcoin") }, End::Done),
        (Version { version: i32::MAX, ..version("bitcoin") }, End::Done),
        (Version { nonce: Some(NONCE), ..version("bitcoin") }, End::Fault("bitcoin.self-connect", Local)),
        (Version { nonce: Some(NONCE), version: 1, ..version("bitcoin") }, End::Fault("bitcoin.self-connect", Local)),
        (Version { time: i64::MIN, ..version("bitcoin") }, End::Done),
        (Version { start_height: Some(-1), ..version("bitcoin") }, End::Done),
        (Version { services: Services::NONE, ..version("bitcoin") }, End::Done),
    ];
    for (theirs, expected) in rows {
        assert_eq!(end_on("bitcoin", &Flight::on("bitcoin").version(&theirs).verack().bytes), expected, "{theirs:?}");
    }
}

#[test]
fn the_nonce_of_another_connection_of_ours_is_ours_too() {
    let mut ours = local("bitcoin");
    ours.own_nonces = vec![1, 5];
    let bytes = Flight::on("bitcoin").version(&version("bitcoin")).bytes;
    let ended = feed(&mut V1::responder(ours), [&bytes[..]]);
    assert_eq!(End::of(&ended), End::Fault("bitcoin.self-connect", Local));
    assert!(ended.sent.is_empty(), "nothing is said to ourselves");
}

#[test]
fn a_peer_without_the_services_that_we_ask_for_is_turned_away() {
    let mut ours = local("bitcoin");
    ours.require_services = Services(0x49);
    let bytes = Flight::on("bitcoin").version(&version("bitcoin")).verack().bytes;
    let ended = feed(&mut V1::initiator(ours.clone()), [&bytes[..]]);
    assert!(matches!(ended.result, Some(Err(Error::Services { missing: Services(0x40), .. }))));
    ours.require_services = Services(0x9);
    assert_eq!(End::of(&feed(&mut V1::initiator(ours), [&bytes[..]])), End::Done);
}

#[test]
fn a_verack_before_the_version_is_kept() {
    let bytes = Flight::on("bitcoin").verack().verack().version(&version("bitcoin")).bytes;
    assert_eq!(end_on("bitcoin", &bytes), End::Done);
    assert_eq!(end_on("bitcoin", &bytes[..48]), End::Waits("version"));
}

#[test]
fn a_verack_with_a_payload_is_one_and_a_second_is_left_unread() {
    let bytes = Flight::on("bitcoin").version(&version("bitcoin")).payload("verack", b"surplus").bytes;
    assert_eq!(end_on("bitcoin", &bytes), End::Done);
    for role in ROLES {
        let ended = feed(&mut V1::new(role, local("bitcoin")), [&bytes[..], &bytes[..]]);
        assert_eq!(ended.taken, bytes.len());
    }
}

#[test]
fn a_second_version_is_ignored() {
    let other = Version { version: 60_000, nonce: Some(NONCE), ..version("bitcoin") };
    let agreed = done(&Flight::on("bitcoin").version(&version("bitcoin")).version(&other).verack());
    assert_eq!(agreed.version, version("bitcoin"));
}

#[test]
fn without_a_verack_it_waits_for_one_and_says_so() {
    let bytes = Flight::on("bitcoin").version(&version("bitcoin")).say(&Message::Sendaddrv2).bytes;
    for role in ROLES {
        let mut ours = V1::new(role, local("bitcoin"));
        assert_eq!((ours.awaiting(), ours.stage()), ("version", Stage::Hello));
        assert_eq!(End::of(&feed(&mut ours, [&bytes[..]])), End::Waits("verack"));
        assert_eq!(ours.stage(), Stage::Ack);
        assert_eq!(ours.hello().version(), Some(&version("bitcoin")), "what was heard is not lost");
    }
}

#[test]
fn a_feature_is_a_fault_where_bip434_says_so_and_nothing_elsewhere() {
    let said = |chain: &str, announced: i32, payload: &[u8]| {
        let theirs = Version { version: announced, ..version(chain) };
        end_on(chain, &Flight::on(chain).version(&theirs).payload("feature", payload).verack().bytes)
    };
    let good = b"\x0dexample.org/x\x04data";
    assert_eq!(said("bitcoin", 70017, good), End::Done);
    assert_eq!(said("bitcoin", 70016, good), End::Fault("bitcoin.unexpected", Peer));
    for bad in [&b""[..], b"\x03abc\0", b"\x04abcd\0!", b"\x04abcd", b"\x51", b"\xfd\x04\0abcd\0"] {
        assert_eq!(said("bitcoin", 70017, bad), End::Fault("bitcoin.malformed", Peer), "{bad:?}");
        assert_eq!(said("litecoin", 70017, bad), End::Done, "{bad:?}");
    }
}

#[test]
fn what_is_announced_before_the_version_is_not_heard_and_what_follows_the_verack_left_unread() {
    let feature = || Message::Feature(Feature::new(b"example.org/x", b"").unwrap());
    let announce = |flight: Flight| {
        let sendcmpct = Message::Sendcmpct { announce: false, version: 2 };
        let words = [Message::Wtxidrelay, Message::Sendaddrv2, Message::Sendheaders, sendcmpct, feature()];
        let more = [Message::Sendtxrcncl { version: 1, salt: 2 }, Message::Feefilter(1000)];
        words.into_iter().chain(more).fold(flight, |flight, message| flight.say(&message))
    };
    // One version with features and one without; neither peer has sent any.
    for number in [70015, 70017] {
        let theirs = Version { version: number, ..version("bitcoin") };
        let said = announce(Flight::on("bitcoin").payload("feature", &[0; 3000])).version(&theirs).verack();
        assert_eq!(done(&said).announced, Announced::default(), "{number}");
    }
    let said = announce(Flight::on("bitcoin").version(&version("bitcoin"))).verack();
    assert_eq!(done(&said).announced.features.len(), 1);
    let late = said.clone().say(&feature());
    assert_eq!(feed(&mut V1::responder(local("bitcoin")), [&late.bytes[..]]).taken, said.bytes.len());
}

#[test]
fn no_peer_makes_us_keep_more_than_32_features() {
    let mut flight = Flight::on("bitcoin").version(&version("bitcoin"));
    for n in 0..1000u16 {
        flight = flight.say(&Message::Feature(Feature::new(b"four", &n.to_le_bytes()).unwrap()));
    }
    assert_eq!(done(&flight.verack()).announced.features.len(), 32);
}

#[test]
fn a_reject_of_our_version_is_a_refusal_in_the_peers_words() {
    let reject = |message: &[u8]| {
        let reject = Reject { message: message.into(), code: 0x11, reason: (*b"Version must be 70215\x1b[2J").into() };
        Flight::on("dash").say(&Message::Reject(reject))
    };
    let refusal = reject(b"version").bytes;
    assert_eq!(end_on("dash", &refusal), End::Fault("bitcoin.rejected", Refused));
    let ended = feed(&mut V1::initiator(local("dash")), [&refusal[..]]);
    assert_eq!(
        ended.result.unwrap().unwrap_err().to_string(),
        "it rejected our version: obsolete (0x11), \"Version must be 70215\\x1b[2J\""
    );
    let of_another = reject(b"tx").version(&version("dash")).verack().bytes;
    assert_eq!(end_on("dash", &of_another), End::Done);
}

#[test]
fn unknown_messages_and_names_that_none_may_have_are_passed_over() {
    let flight = Flight::on("bitcoin")
        .payload("", b"")
        .payload("whatever", &[0; 2048])
        .version(&version("bitcoin"))
        .payload("ver\u{e9}ack", b"x")
        .payload("ping\0x", b"12345678")
        .payload("\x1b[2J", b"")
        .payload("sendcmpct", b"\x02........")
        .payload("sendtxrcncl", b"short")
        .payload("feefilter", b"")
        .payload("ping", b"short")
        .payload("reject", b"\xff");
    let agreed = done(&flight.verack());
    assert_eq!(agreed.announced, Default::default());
}

#[test]
fn a_ping_before_the_verack_is_answered_with_its_own_nonce() {
    let flight = Flight::on("bitcoin").version(&version("bitcoin")).payload("ping", b"12345678abcd");
    let pong = Flight::on("bitcoin").payload("pong", b"12345678").bytes;
    for role in ROLES {
        let ended = feed(&mut V1::new(role, local("bitcoin")), [&flight.bytes[..]]);
        assert!(ended.sent.ends_with(&pong));
    }
}

#[test]
fn a_ping_before_the_version_or_without_a_nonce_is_not_answered() {
    for bytes in [
        Flight::on("bitcoin").payload("ping", b"12345678").version(&version("bitcoin")).verack().bytes,
        Flight::on("bitcoin").version(&version("bitcoin")).payload("ping", b"").verack().bytes,
    ] {
        for role in ROLES {
            let ended = feed(&mut V1::new(role, local("bitcoin")), [&bytes[..]]);
            assert_eq!(End::of(&ended), End::Done);
            assert!(!ended.sent.windows(4).any(|window| window == b"pong"));
        }
    }
}

#[test]
fn all_versions_of_sendcmpct_are_kept_in_their_order() {
    let say = |flight: Flight, version| flight.say(&Message::Sendcmpct { announce: false, version });
    let said = [3, 2, 1, 2].into_iter().fold(Flight::on("litecoin").version(&version("litecoin")), say);
    let ended = feed(&mut V1::initiator(local("litecoin")), [&said.verack().bytes[..]]);
    assert_eq!(ended.result.unwrap().unwrap().agreed.announced.sendcmpct, [3, 2, 1, 0]);
}

/// The result of both of our roles with a peer that sends these bytes.
#[track_caller]
fn done(flight: &Flight) -> Agreed {
    let agreed = |role: Role| {
        let ended = feed(&mut V1::new(role, local("bitcoin")), [&flight.bytes[..]]);
        ended.result.expect("over").expect("no fault").agreed
    };
    let [a, b] = ROLES.map(agreed);
    assert_eq!(a, b);
    a
}
