//! Our identity's key lies in one place, however many connections use it.

mod common;

use common::{OURS, THEIRS, local};
use testing::{Masked, pair};
use verack_libp2p::{Hello, Identity, Local};

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
        // Those that wait for the peer's first bytes have a key as well.
        kept.push((Hello::responder(side()), Hello::initiator(side(), None)));
    }
    let copies = KEY.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop(kept);
}
