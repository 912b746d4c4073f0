//! Our static key is stored once, however many connections use it, and only as long as they exist.

mod common;

use common::{THEIRS, key, local};
use testing::{Masked, pair};
use verack_lightning::{Hello, Local, SecretKey};

#[test]
fn a_thousand_connections_leave_at_most_three_copies_of_the_key() {
    const KEY: Masked = Masked::new(b'l');
    let ours = SecretKey::new(KEY.secret()).expect("less than the order");
    let side = || Local { static_key: ours.clone(), ..local([[0x11; 32], [0x12; 32]]) };
    let mut kept = Vec::new();
    for n in 0..1000 {
        if n % 10 == 0 {
            let _ = pair(Hello::initiator(local(THEIRS), ours.node_id()), Hello::responder(side()));
            let _ = pair(Hello::initiator(side(), key(THEIRS[0]).node_id()), Hello::responder(local(THEIRS)));
        }
        // Connections that wait for the peer's first bytes also hold the key.
        kept.push((Hello::responder(side()), Hello::initiator(side(), key(THEIRS[0]).node_id())));
    }
    let copies = KEY.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop(kept);
}

#[test]
fn a_key_is_erased_once_nothing_uses_it() {
    const KEYS: usize = 1000;
    const KEY: Masked = Masked::new(b'L');
    let keys: Vec<_> = (0..KEYS).map(|_| SecretKey::new(KEY.secret())).collect();
    assert!(KEY.copies() >= KEYS);
    drop(keys);
    let copies = KEY.copies();
    assert!(copies <= 3, "{copies} copies are left");
}
