//! The memory of a handshake: the size of its state, and no allocation over the plaintext transport.

mod common;

use allocation_counter::measure;
use common::{Flight, ROLES, local, version};
use handshake::{Conversation, Role, Rx, Step};
use verack_bitcoin::message::Message;
use verack_bitcoin::version::{MAX_USER_AGENT_LEN, UserAgent};
use verack_bitcoin::{V1, V2};

#[test]
fn a_handshake_allocates_nothing() {
    let mut longest = version("bitcoin");
    longest.user_agent = UserAgent::new(&[b'a'; MAX_USER_AGENT_LEN]).unwrap();
    let flight = Flight::on("bitcoin")
        .version(&longest)
        .say(&Message::Wtxidrelay)
        .say(&Message::Sendaddrv2)
        .say(&Message::Ping(Some(1)))
        .verack();
    for role in ROLES {
        let (mut arrived, mut tx) = (flight.bytes.clone(), Vec::with_capacity(512));
        let counted = measure(|| shake_hands(role, &mut arrived, &mut tx));
        assert_eq!((counted.count_total, counted.bytes_total), (0, 0), "{role:?}");
    }
}

#[test]
fn what_waits_for_a_peer_is_small() {
    // The allocator's next size class is 1536 bytes. (mimalloc: types.h, size classes)
    const MOST: usize = 1280;
    for (transport, len) in [("v1", size_of::<V1>()), ("v2", size_of::<V2>())] {
        assert!(len <= MOST, "{transport}: {len} bytes");
    }
}

#[test]
fn what_allocates_is_counted() {
    let counted = measure(|| drop(Vec::<u8>::with_capacity(1)));
    assert_eq!(counted.count_total, 1);
}

/// From the creation of our side to the end of the handshake.
fn shake_hands(role: Role, arrived: &mut [u8], tx: &mut Vec<u8>) {
    let mut ours = V1::new(role, local("bitcoin"));
    let mut rx = Rx::new(arrived);
    loop {
        match ours.step(&mut rx, tx) {
            Ok(Step::Event(_)) => {}
            Ok(Step::Done(_)) => return,
            Ok(Step::Need(_)) | Err(_) => unreachable!("the flight concludes it"),
        }
    }
}
