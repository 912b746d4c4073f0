//! The laws of every handshake, for both roles.

mod common;

use common::{Flight, OURS, ROLES, THEIRS, hello, introduced, local, their_peers, theirs};
use handshake::{Blame, Role};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use testing::{End, cut, feed, flip, pair, survives};
use verack_monero::levin::HEAD_LEN;
use verack_monero::{Command, Hello, Kind, Local, Message};

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for role in ROLES {
        let flight = Flight::to(role)
            .frame(Command::TXPOOL_COMPLEMENT, Kind::Notification, &[7; 100])
            .say(&Message::SupportFlagsRequest)
            .frame(Command(0), Kind::Fragment, &[0; 50])
            .say(&Message::PingRequest)
            .introduce()
            .raw(b"more");
        let ended = cut(|| hello(role), &flight.bytes);
        assert_eq!(ended.taken, flight.bytes.len() - 4);
        let agreed = ended.result.expect("over").expect("no fault");
        assert_eq!(agreed.introduction, theirs());
        assert_eq!(agreed.peers.is_empty(), role == Role::Responder);
        assert!(role == Role::Responder || agreed.peers == their_peers());
    }
}

#[test]
fn however_a_fault_is_cut_it_is_the_same_fault() {
    let mut other = theirs();
    other.node.network_id = common::network("monero-stagenet").id;
    for role in ROLES {
        let ended = cut(|| hello(role), &Flight::to(role).say(&introduced(role, other.clone())).bytes);
        assert_eq!(End::of(&ended), End::Fault("monero.network", Blame::Mismatch));
    }
}

#[test]
fn both_sides_agree_and_what_follows_is_left() {
    let telling = Local { peers: their_peers(), ..local(THEIRS) };
    let (to_initiator, to_responder) = pair(Hello::initiator(local(OURS)), Hello::responder(telling));
    assert_eq!(to_initiator.introduction, local(THEIRS).introduction);
    assert_eq!(to_responder.introduction, local(OURS).introduction);
    assert_eq!((to_initiator.peers, to_responder.peers.len()), (their_peers(), 0));
}

#[test]
fn nothing_waits_longer_than_the_protocol_asks() {
    // Our request waits for nothing; our answer waits only for the request.
    assert_eq!(feed(&mut hello(Role::Initiator), []).sent, Flight::to(Role::Responder).say(&ours()).bytes);
    let ended = feed(&mut hello(Role::Responder), [&Flight::to(Role::Responder).introduce().bytes[..]]);
    assert!(matches!(ended.result, Some(Ok(_))) && ended.sent.len() > HEAD_LEN);
}

fn ours() -> Message {
    Message::HandshakeRequest(local(OURS).introduction)
}

#[test]
fn a_changed_byte_never_passes_for_another_network_or_another_message() {
    for role in ROLES {
        let flight = Flight::to(role).introduce();
        let mut unnoticed = 0;
        flip(
            || hello(role),
            &flight.bytes,
            |at, ended| match End::of(ended) {
                // There is no checksum: a changed number is accepted as another number.
                End::Done => {
                    assert!(at >= 8, "the signature is whole");
                    let agreed = ended.result.as_ref().expect("over").as_ref().expect("no fault");
                    assert_eq!(agreed.introduction.node.network_id, theirs().node.network_id);
                    unnoticed += 1;
                }
                // A greater length, another command that is skipped, or a fragment.
                End::Waits(_) => assert!((8..29).contains(&at), "byte {at}: {}", ended.summary()),
                End::Fault(_, blame) => {
                    assert!(matches!(blame, Blame::Peer | Blame::Mismatch | Blame::Refused), "{}", ended.summary());
                }
            },
        );
        assert!(unnoticed > 0);
    }
}

proptest! {
    #[test]
    fn what_follows_the_handshake_is_left_untouched(
        role in select(&ROLES[..]),
        tail in vec(any::<u8>(), 0..300),
        piece in 1usize..400,
    ) {
        let flight = Flight::to(role).introduce();
        let len = flight.bytes.len();
        let bytes = flight.raw(&tail).bytes;
        let ended = feed(&mut hello(role), bytes.chunks(piece));
        prop_assert_eq!(ended.taken, len);
        prop_assert_eq!(ended.result.expect("over").expect("no fault").introduction, theirs());
    }

    #[test]
    fn any_body_is_an_introduction_or_a_fault(role in select(&ROLES[..]), section in vec(any::<u8>(), 0..200)) {
        let bytes = Flight::to(role).body(&section).bytes;
        let ended = survives(|| hello(role), &[&[7], &bytes[..]].concat());
        prop_assert!(matches!(ended.result, Some(Err(_))));
    }

    #[test]
    fn any_bytes_at_all_are_survived(role in select(&ROLES[..]), bytes in vec(any::<u8>(), 0..300)) {
        let ended = survives(|| hello(role), &bytes);
        prop_assert!(!matches!(ended.result, Some(Ok(_))));
    }
}
