//! Our identity's key is stored once, however many connections use it, and only as long as they exist.

mod common;

use common::{OURS, THEIRS, local};
use testing::{Masked, pair};
use verack_libp2p::{Hello, Identity, Local, SecretKey};

#[test]
fn a_thousand_connections_leave_at_most_three_copies_of_the_key() {
    const KEY: Masked = Masked::new(b'p');
    let ours = Identity::new(KEY.secret());
    let side = || Local { identity: ours.clone(), ..local(OURS) };
    let mut kept = Vec::new();
    for n in 0..1000 {
        if n % 10 == 0 {
            let _ = pair(Hello::initiator(local(THEIRS), None), Hello::responder(side()));
            let _ = pair(Hello::initiator(side(), None), Hello::responder(local(THEIRS)));
        }
        // Connections that wait for the peer's first bytes also hold the key.
        kept.push((Hello::responder(side()), Hello::initiator(side(), None)));
    }
    let copies = KEY.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop(kept);
}

#[test]
fn a_key_is_erased_once_nothing_uses_it() {
    const KEYS: usize = 100;
    const SEED: Masked = Masked::new(b'I');
    const KEY: Masked = Masked::new(b'X');
    let identities: Vec<_> = (0..KEYS).map(|_| Identity::new(SEED.secret())).collect();
    let keys: Vec<_> = (0..KEYS).map(|_| SecretKey::new(KEY.secret())).collect();
    assert!(SEED.copies() >= KEYS && KEY.copies() >= KEYS);
    drop((identities, keys));
    for (name, copies) in [("identity", SEED.copies()), ("key of Noise", KEY.copies())] {
        assert!(copies <= 3, "{copies} copies of the {name} are left");
    }
}
