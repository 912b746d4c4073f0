//! The laws of every handshake, for both roles.

mod common;

use common::{Flight, OURS, ROLES, THEIRS, hello, key, local, their_init};
use handshake::Blame::{Mismatch, Peer};
use handshake::Role;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use testing::{End, cut, feed, flip, pair, survives};
use verack_lightning::message::{Kind, Notice, Ping};
use verack_lightning::{Hello, Message};

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for role in ROLES {
        let bytes = Flight::to(role).init(their_init()).pong().raw(b"more").bytes;
        let ended = cut(|| hello(role), &bytes);
        assert_eq!(ended.taken, bytes.len() - 4);
        let agreed = ended.result.expect("over").expect("no fault");
        assert_eq!((agreed.node_id, agreed.init), (key(THEIRS[0]).node_id(), their_init()));
        assert!(agreed.confirmed);
    }
}

#[test]
fn however_a_fault_is_cut_it_is_the_same_fault() {
    let refusal = Message::Error(Notice::on_all_channels(b"no").expect("short"));
    for role in ROLES {
        for flight in [Flight::to(role), Flight::to(role).init(their_init())] {
            let ended = cut(|| hello(role), &flight.say(&refusal).bytes);
            assert_eq!(End::of(&ended), End::Fault("lightning.error", handshake::Blame::Refused));
        }
    }
}

#[test]
fn both_sides_agree_and_what_follows_is_left() {
    let (to_initiator, to_responder) =
        pair(Hello::initiator(local(OURS), key(THEIRS[0]).node_id()), Hello::responder(local(THEIRS)));
    assert_eq!(to_initiator.node_id, key(THEIRS[0]).node_id());
    assert_eq!(to_responder.node_id, key(OURS[0]).node_id());
    assert_eq!(to_initiator.features(), local(OURS).init.features);
    assert_eq!(to_initiator.init, to_responder.init);
}

#[test]
fn nothing_waits_longer_than_the_protocol_asks() {
    // Act three and our init leave together.
    let ended = feed(&mut hello(Role::Initiator), [&Flight::to(Role::Initiator).bytes[..]]);
    assert!(ended.sent.len() > 50 + 66 + 34, "{} bytes", ended.sent.len());
    // Our init follows act three; it does not wait for theirs.
    let ended = feed(&mut hello(Role::Responder), [&Flight::to(Role::Responder).bytes[..]]);
    let init = ended.sent.len();
    assert!(init > 50 + 34, "{init} bytes");
    // Our ping waits only for their init, which comes with act three.
    let ended = feed(&mut hello(Role::Responder), [&Flight::to(Role::Responder).init(their_init()).bytes[..]]);
    assert_eq!((End::of(&ended), ended.sent.len()), (End::Waits("pong"), init + PING_LEN));
}

/// Bytes of our ping, sealed: length and tag, type and two lengths, and a tag.
const PING_LEN: usize = 18 + 6 + 16;

#[test]
fn our_ping_leaves_before_the_answer_to_theirs_and_that_before_we_do() {
    let ping = Message::Ping(Ping::for_pong_of(7));
    for role in ROLES {
        let flight = Flight::to(role).init(their_init());
        let ours = feed(&mut hello(role), [&flight.bytes[..]]).sent;
        let pinged = flight.say(&ping);
        let ended = feed(&mut hello(role), [&pinged.bytes[..]]);
        assert_eq!((End::of(&ended), &ended.sent[..ours.len()]), (End::Waits("pong"), &ours[..]));
        let answer = ended.sent.len() - ours.len();
        assert_eq!(answer, 18 + 4 + 7 + 16);
        let ended = feed(&mut hello(role), [&pinged.pong().bytes[..]]);
        assert_eq!((End::of(&ended), ended.sent.len()), (End::Done, ours.len() + answer));
    }
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    for role in ROLES {
        let flight = Flight::to(role).init(their_init()).pong();
        let [version, act_one] = [End::Fault("lightning.version", Mismatch), End::Fault("lightning.mac", Mismatch)];
        let [mac, point] = ["lightning.mac", "lightning.point"].map(|code| End::Fault(code, Peer));
        flip(
            || hello(role),
            &flight.bytes,
            |at, ended| {
                let start = *flight.starts.iter().rfind(|&&start| start <= at).expect("the first starts at 0");
                let is_act = start < flight.starts[flight.starts.len() - 2];
                let expected: &[&End] = match (role, is_act, at - start) {
                    (_, true, 0) => &[&version],
                    // A changed key may be a valid point or not.
                    (Role::Responder, true, 1..34) if start == 0 => &[&act_one, &point],
                    (Role::Responder, true, _) if start == 0 => &[&act_one],
                    (Role::Initiator, true, 1..34) => &[&mac, &point],
                    _ => &[&mac],
                };
                assert!(expected.contains(&&End::of(ended)), "{role:?}, byte {at}: {}", ended.summary());
            },
        );
    }
}

proptest! {
    #[test]
    fn what_follows_the_pong_is_left_untouched(
        role in select(&ROLES[..]),
        tail in vec(any::<u8>(), 0..300),
        piece in 1usize..400,
    ) {
        let flight = Flight::to(role).init(their_init()).pong();
        let len = flight.bytes.len();
        let bytes = flight.raw(&tail).bytes;
        let ended = feed(&mut hello(role), bytes.chunks(piece));
        prop_assert_eq!(ended.taken, len);
        prop_assert_eq!(ended.result.expect("over").expect("no fault").init, their_init());
    }

    #[test]
    fn any_first_message_is_an_init_a_warning_or_a_fault(
        role in select(&ROLES[..]),
        kind in select(&[1u16, 16, 17, 18, 4242][..]),
        payload in vec(any::<u8>(), 0..200),
    ) {
        let message = [&kind.to_be_bytes()[..], &payload].concat();
        let bytes = Flight::to(role).seal(&message).bytes;
        let ended = survives(|| hello(role), &[&[7], &bytes[..]].concat());
        let expected = match Kind(kind) {
            Kind::INIT => "pong",
            _ => "init",
        };
        match End::of(&ended) {
            End::Waits(awaited) => prop_assert!(awaited == expected && matches!(Kind(kind), Kind::INIT | Kind::WARNING)),
            End::Fault(..) => {}
            End::Done => prop_assert!(false, "done without a pong"),
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(role in select(&ROLES[..]), bytes in vec(any::<u8>(), 0..300)) {
        let ended = survives(|| hello(role), &bytes);
        prop_assert!(!matches!(ended.result, Some(Ok(_))));
    }
}
