//! The laws of every handshake, for both roles, with and without Status.

mod common;

use common::{ROLES, echo, fresh, key, local, ours, said_to, status, theirs};
use handshake::{Conversation, Fault, Role};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::sample::select;
use testing::{End, cut, feed, flip, pair};
use verack_ethereum::auth::Form;
use verack_ethereum::local::Goal;
use verack_ethereum::{Capability, Fresh, Protocol, Rlpx};

/// The goals of both sides: ours, and the peer's.
fn goals() -> [(Goal, Goal); 4] {
    [(Goal::Hello, Goal::Hello), (status(), status()), (echo(), status()), (status(), echo())]
}

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for role in ROLES {
        for (ours_goal, theirs_goal) in [(Goal::Hello, Goal::Hello), (echo(), status())] {
            let bytes = said_to(role, &ours_goal, &theirs_goal);
            let ended = cut(|| ours(role, ours_goal.clone()), &bytes);
            let agreed = ended.result.expect("over").expect("no fault");
            assert_eq!(agreed.node_id, key(0x42).public());
            assert_eq!(agreed.status.is_some(), ours_goal != Goal::Hello);
            assert_eq!(ended.taken, bytes.len());
        }
    }
}

#[test]
fn however_a_fault_is_cut_it_is_the_same_fault() {
    for role in ROLES {
        let mut bytes = said_to(role, &status(), &status());
        let last = bytes.last_mut().expect("not empty");
        *last ^= 1;
        let ended = cut(|| ours(role, status()), &bytes);
        assert_eq!(ended.result.expect("over").expect_err("changed").code(), "ethereum.mac");
    }
}

#[test]
fn both_sides_agree_and_leave_what_follows() {
    for (ours_goal, theirs_goal) in goals() {
        for role in ROLES {
            let (a, b) = pair(ours(role, ours_goal.clone()), theirs(role, theirs_goal.clone()));
            assert_eq!((a.node_id, b.node_id), (key(0x42).public(), key(0x11).public()));
            assert_eq!((a.hello.node_id, b.hello.node_id), (a.node_id.to_bytes(), b.node_id.to_bytes()));
            assert_eq!(a.shared, b.shared);
            assert_eq!(a.shared[0].capability, Capability::new("eth", 72), "the highest of those offered");
            assert_eq!(a.status, b.status);
            assert!(a.confirmed && b.confirmed);
        }
    }
}

#[test]
fn every_version_of_eth_carries_a_status() {
    let with = |byte, version| {
        let mut local = local(byte, status());
        local.protocols = vec![Protocol::eth(version)];
        local
    };
    for version in 64..=72 {
        let initiator = Rlpx::initiator(with(0x11, version), fresh(0x12), key(0x42).public());
        let (a, b) = pair(initiator, Rlpx::responder(with(0x42, version), fresh(0x43)));
        assert_eq!(a.status, Some(common::chain().status(version)));
        assert_eq!(b.status, a.status);
    }
}

#[test]
fn both_sides_agree_in_the_form_from_before_eip_8() {
    let old = Fresh { form: Form::Plain, ..fresh(0x12) };
    let initiator = Rlpx::initiator(local(0x11, status()), old, key(0x42).public());
    let (a, b) = pair(initiator, theirs(Role::Initiator, status()));
    assert_eq!(a.status, b.status);
}

#[test]
fn hello_is_exchanged_when_ack_is_and_status_one_flight_later() {
    // What each side sends before it receives anything, and its answer.
    let mut responder = ours(Role::Responder, status());
    let auth = feed(&mut theirs(Role::Responder, status()), []).sent;
    let ack_and_hello = feed(&mut responder, [&auth[..]]).sent;
    let hello_and_status = feed(&mut theirs(Role::Responder, status()), [&ack_and_hello[..]]);
    assert_eq!(End::of(&hello_and_status), End::Waits("Status"));
    let status_and_question = feed(&mut responder, [&hello_and_status.sent[auth.len()..]]);
    assert_eq!(End::of(&status_and_question), End::Waits("BlockHeaders"));
    // A side that only wants Hello is done two flights after the start.
    let ended = feed(&mut theirs(Role::Responder, Goal::Hello), [&ack_and_hello[..]]);
    assert_eq!(End::of(&ended), End::Done);
}

#[test]
fn our_question_leaves_with_our_status_if_the_peers_came_first() {
    for role in ROLES {
        let bytes = said_to(role, &echo(), &status());
        let hear = |len: usize| {
            let mut side = ours(role, echo());
            let sent = feed(&mut side, [&bytes[..len]]).sent.len();
            (side.awaiting() == "BlockHeaders", sent)
        };
        // Our answer comes with the last byte of the peer's Status.
        let lens: Vec<_> = (0..=bytes.len()).collect();
        let len = lens.partition_point(|len| !hear(*len).0);
        let said = hear(len).1 - hear(len - 1).1;
        // A frame for each: a header, a Status of more than 80 bytes or a question of 42, and two MACs.
        assert!(said >= (16 + 16 + 80 + 16) + (16 + 16 + 48 + 16), "{said} bytes");
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    for role in ROLES {
        let bytes = said_to(role, &status(), &status());
        flip(
            || ours(role, status()),
            &bytes,
            |at, ended| assert!(End::of(ended) != End::Done, "byte {at} of {}: {}", bytes.len(), ended.summary()),
        );
    }
}

proptest! {
    // Each case runs several pairs of handshakes.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_follows_the_handshake_is_left_untouched(
        role in select(&ROLES[..]),
        goal in 0usize..4,
        tail in vec(any::<u8>(), 0..300),
        piece in 1usize..700,
    ) {
        let (ours_goal, theirs_goal) = goals()[goal].clone();
        let mut bytes = said_to(role, &ours_goal, &theirs_goal);
        let len = bytes.len();
        bytes.extend_from_slice(&tail);
        let ended = feed(&mut ours(role, ours_goal), bytes.chunks(piece));
        prop_assert_eq!(End::of(&ended), End::Done);
        prop_assert_eq!(ended.taken, len);
    }

    #[test]
    fn whatever_the_random_bytes_are_both_sides_agree(random in vec(any::<u8>(), 2 * Fresh::RANDOM_LEN)) {
        let (a, b) = random.split_at(Fresh::RANDOM_LEN);
        let fresh = |random: &[u8]| Fresh::new(random.try_into().expect("so many")).expect("nearly always");
        let initiator = Rlpx::initiator(local(0x11, echo()), fresh(a), key(0x42).public());
        let (to_a, to_b) = pair(initiator, Rlpx::responder(local(0x42, status()), fresh(b)));
        prop_assert_eq!(to_a.status, to_b.status);
    }
}
