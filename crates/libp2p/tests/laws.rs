//! The laws of every handshake, for both roles.

mod common;

use common::{Flight, OURS, ROLES, THEIRS, hello, local, patient, their_identify, their_key, with, without_inlining};
use handshake::Role;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use testing::{End, cut, feed, flip, pair, survives};
use verack_libp2p::{Hello, Muxer, yamux};

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for role in ROLES {
        let bytes = Flight::to(role).asks().introduces().raw(b"more").bytes;
        let ended = cut(|| hello(role), &bytes);
        assert_eq!(ended.taken, bytes.len() - 4);
        let agreed = ended.result.expect("over").expect("no fault");
        assert_eq!((agreed.public_key, agreed.muxer), (their_key(), Muxer::Inlined));
        assert_eq!(agreed.identify, their_identify());
    }
}

#[test]
fn however_the_frames_lie_in_those_of_noise_the_handshake_ends_the_same() {
    for role in ROLES {
        let mut text = Vec::new();
        let mut flight = Flight::to(role).asks().introduces();
        let sealed = flight.starts[flight.starts.len() - 2];
        let mut theirs = Flight::to(role);
        // The same bytes, but one frame of Noise for every few of them.
        let stream = common::streams(role)[1];
        let data = common::written(&["/multistream/1.0.0", "/ipfs/id/1.0.0"]);
        yamux::Frame { kind: yamux::Kind::Data, flags: 1, stream, length: u32::try_from(data.len()).unwrap() }
            .write(&mut text);
        text.extend_from_slice(&data);
        for piece in text.chunks(5) {
            theirs = theirs.seal(piece);
        }
        let whole = feed(&mut hello(role), [&flight.introduces().bytes[..]]);
        let pieces = feed(&mut hello(role), [&theirs.introduces().bytes[..]]);
        // Requests in one Noise frame are answered in one, so our answers are split differently.
        assert_eq!((End::of(&whole), whole.result.is_some()), (End::of(&pieces), true));
        assert!(sealed > 0);
        flight = Flight::to(role);
        assert_eq!(End::of(&feed(&mut hello(role), [&flight.bytes[..]])), End::Waits("identify"));
    }
}

#[test]
fn both_sides_agree_and_what_follows_is_left() {
    let ours =
        [local(OURS), patient(local(OURS)), without_inlining(local(OURS)), patient(without_inlining(local(OURS)))];
    for ours in ours {
        for theirs in [local(THEIRS), without_inlining(local(THEIRS))] {
            let both = ours.inlines_muxer && theirs.inlines_muxer;
            let muxer = if both { Muxer::Inlined } else { Muxer::Negotiated };
            let dialled = Some(theirs.identity.peer_id());
            let responder = Hello::responder(theirs.clone());
            let (to_initiator, to_responder) = pair(Hello::initiator(ours.clone(), dialled), responder);
            assert_eq!(to_initiator.public_key, *theirs.identity.public());
            assert_eq!(to_responder.peer_id(), ours.identity.peer_id());
            assert_eq!((to_initiator.muxer, to_responder.muxer), (muxer, muxer));
            assert_eq!(to_initiator.identify, theirs.identify());
            assert_eq!(to_responder.identify, ours.identify());
        }
    }
}

#[test]
fn nothing_waits_longer_than_the_protocol_asks() {
    // Both names and Noise's first message leave together.
    let first = feed(&mut hello(Role::Initiator), []).sent;
    assert_eq!(first.len(), 20 + 8 + 34);
    // So do its third message, the request for identify and our introduction.
    let flight = Flight::to(Role::Initiator);
    let second = feed(&mut hello(Role::Initiator), [&flight.bytes[..]]).sent;
    assert_eq!(second.len() - first.len(), 186 + 2 + 12 + 36 + pushed() + 16);
    // If the muxer is not chosen yet, so does the proposal.
    let plain = Flight::with_payload(Role::Initiator, &local(OURS), &common::payload_of(&local(THEIRS), &[]));
    let third = feed(&mut hello(Role::Initiator), [&plain.bytes[..]]).sent;
    assert_eq!(third.len() - second.len(), 20 + 18 + 13 + 1 + 18);
    // A responder requests identify as soon as the connection is encrypted.
    let ended = feed(&mut hello(Role::Responder), [&Flight::to(Role::Responder).bytes[..]]);
    assert_eq!(ended.sent.len(), 28 + 218 + 2 + 12 + 36 + pushed() + 16);
}

/// Bytes of the introduction sent with the request.
fn pushed() -> usize {
    let mut message = Vec::new();
    local(OURS).identify().write(&mut message);
    let mut length = Vec::new();
    verack_libp2p::varint::write(message.len() as u64, &mut length);
    12 + 20 + 21 + length.len() + message.len() + 12
}

#[test]
fn who_is_patient_says_nothing_before_it_is_answered() {
    let ours = || with(Role::Initiator, patient(local(OURS)));
    assert_eq!(feed(&mut ours(), []).sent.len(), 20);
    assert_eq!(feed(&mut ours(), [&common::written(&["/multistream/1.0.0"])[..]]).sent.len(), 28);
    assert_eq!(feed(&mut ours(), [&common::written(&["/multistream/1.0.0", "/noise"])[..]]).sent.len(), 62);
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    for role in ROLES {
        let flight = Flight::to(role).asks().introduces();
        let sealed_from = flight.starts[2];
        flip(
            || hello(role),
            &flight.bytes,
            |at, ended| {
                let end = End::of(ended);
                let expected: &[&str] = if at < sealed_from {
                    &[
                        "libp2p.not-libp2p",
                        "libp2p.unexpected",
                        "libp2p.malformed",
                        "libp2p.no-noise",
                        "libp2p.proposals",
                    ]
                } else {
                    &["libp2p.mac", "libp2p.oversized", "libp2p.weak-key"]
                };
                let is_expected = match end {
                    End::Done => false,
                    // A larger length.
                    End::Waits(_) => true,
                    End::Fault(code, _) => expected.contains(&code),
                };
                assert!(is_expected, "{role:?}, byte {at}: {}", ended.summary());
            },
        );
    }
}

proptest! {
    #[test]
    fn what_follows_the_introduction_is_left_untouched(
        role in select(&ROLES[..]),
        tail in vec(any::<u8>(), 0..300),
        piece in 1usize..400,
    ) {
        let flight = Flight::to(role).asks().introduces();
        let len = flight.bytes.len();
        let bytes = flight.raw(&tail).bytes;
        let ended = feed(&mut hello(role), bytes.chunks(piece));
        prop_assert_eq!(ended.taken, len);
        prop_assert_eq!(ended.result.expect("over").expect("no fault").identify, their_identify());
    }

    #[test]
    fn any_frames_are_survived(role in select(&ROLES[..]), text in vec(any::<u8>(), 0..300)) {
        let bytes = Flight::to(role).seal(&text).bytes;
        let ended = survives(|| hello(role), &[&[7], &bytes[..]].concat());
        prop_assert!(!matches!(ended.result, Some(Ok(_))));
    }

    #[test]
    fn any_introduction_is_one_or_a_fault(role in select(&ROLES[..]), message in vec(any::<u8>(), 0..200)) {
        let bytes = Flight::to(role).answers(&message).bytes;
        prop_assert!(survives(|| hello(role), &[&[7], &bytes[..]].concat()).result.is_some());
    }

    #[test]
    fn any_bytes_at_all_are_survived(role in select(&ROLES[..]), bytes in vec(any::<u8>(), 0..300)) {
        let ended = survives(|| hello(role), &bytes);
        prop_assert!(!matches!(ended.result, Some(Ok(_))));
    }
}
