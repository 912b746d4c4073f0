//! Our static key is stored once, however many connections use it, and only as long as they exist.

mod common;

use common::{fresh, key};
use testing::{Masked, feed, pair};
use verack_ethereum::{Goal, Local, Rlpx, SecretKey};

#[test]
fn a_thousand_connections_leave_at_most_three_copies_of_the_key() {
    const KEY: Masked = Masked::new(b'e');
    let ours = Local::new(SecretKey::new(KEY.secret()).expect("less than the order"));
    let mut kept = Vec::new();
    for n in 0..1000 {
        let mut local = ours.clone();
        if n % 10 == 0 {
            local.goal = Goal::Hello;
            let mut theirs = Local::new(key(0x42));
            theirs.goal = Goal::Hello;
            let theirs = Rlpx::initiator(theirs, fresh(0x43), ours.node_id());
            let _ = pair(Rlpx::responder(local.clone(), fresh(0x12)), theirs);
        }
        // Connections that wait for the peer's first bytes also hold the key.
        let (mut initiator, mut responder) =
            (Rlpx::initiator(local.clone(), fresh(0x12), key(0x42).public()), Rlpx::responder(local, fresh(0x12)));
        let _ = (n % 10 == 0).then(|| (feed(&mut initiator, []), feed(&mut responder, [])));
        kept.push((initiator, responder));
    }
    let copies = KEY.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop((kept, ours));
}

#[test]
fn a_key_is_erased_once_nothing_uses_it() {
    const KEYS: usize = 1000;
    const KEY: Masked = Masked::new(b'E');
    let keys: Vec<_> = (0..KEYS).map(|_| SecretKey::new(KEY.secret())).collect();
    assert!(KEY.copies() >= KEYS);
    drop(keys);
    let copies = KEY.copies();
    assert!(copies <= 3, "{copies} copies are left");
}
