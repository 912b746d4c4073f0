//! Replays recorded connections with `monerod`: see `data/README.md`.

mod common;

use common::{OURS, local};
use testing::{Recorded, cut, feed};
use verack_monero::{Agreed, Hello, Introduction, Local, Session};

/// The peer id of `monerod` in the recordings.
const MONEROD: u64 = 0x1a0d_da68_d349_96a9;

#[test]
fn a_node_that_was_dialled_is_heard_again() {
    let Recorded { heard, .. } = recorded("initiator");
    // A notification, the answer, and later messages: an answer to our ping, and a timed sync.
    let ended = cut(|| Hello::initiator(local(OURS)), &heard);
    let agreed = ended.result.unwrap().unwrap();
    assert_eq!(agreed.introduction, monerod());
    assert!(agreed.peers.is_empty());

    let mut session = Session::new(local(OURS)).with_ping();
    let after = feed(&mut session, [&heard[ended.taken..]]);
    assert!(after.result.is_none(), "{}", after.result.unwrap().unwrap_err());
    assert_eq!(ended.taken + after.taken, heard.len(), "all was understood");
    // Our answer to the timed sync has the recorded contents and length.
    let Recorded { said, .. } = recorded("initiator");
    assert_eq!(after.sent.len(), said[1].len() + said[2].len());
    assert_eq!(after.sent[..said[1].len()], said[1]);
}

#[test]
fn a_node_that_knows_two_others_tells_of_them() {
    let Recorded { heard, said, .. } = recorded("knows-two");
    let agreed = cut(|| Hello::initiator(local(OURS)), &heard).result.unwrap().unwrap();
    let peers: Vec<_> = agreed.peers.iter().map(|peer| (peer.address.to_string(), peer.id)).collect();
    let [third, second] = [("10.78.0.3:18080", 0x88e3_ecdb_cd4d_3bfc), ("10.78.0.2:18080", 0x9c7e_b1d4_c31c_f086)];
    assert_eq!(peers, [third, second].map(|(address, id)| (address.to_owned(), id)));
    assert!(agreed.peers.iter().all(|peer| (peer.last_seen, peer.rpc_port, peer.pruning_seed) == (None, 0, 0)));
    // In its place, our side would have sent the same bytes.
    let ours = Local { introduction: agreed.introduction, peers: agreed.peers };
    assert_eq!(feed(&mut Hello::responder(ours), [&said[0][..]]).sent, heard);
}

#[test]
fn a_node_that_dials_is_heard_again() {
    let Recorded { heard, said, .. } = recorded("responder");
    let ended = cut(|| Hello::responder(local(OURS)), &heard);
    let Agreed { introduction, .. } = ended.result.unwrap().unwrap();
    assert_eq!((introduction, ended.taken), (monerod(), heard.len()));
    assert_eq!(ended.sent.len(), said[0].len());
}

#[test]
fn what_we_say_in_the_place_of_monerod_is_what_it_said() {
    let ours = || Local { introduction: monerod(), ..local(OURS) };
    let Recorded { heard, said, .. } = recorded("responder");
    // It dialled: this is its request.
    assert_eq!(feed(&mut Hello::initiator(ours()), []).sent, heard);
    // It was dialled: this is its answer, after a notification.
    let Recorded { heard, said: asked, .. } = recorded("initiator");
    let answer = feed(&mut Hello::responder(ours()), [&asked[0][..]]).sent;
    assert_eq!(answer, heard[43..43 + 295]);
    assert_eq!(said.len(), 1);
}

fn monerod() -> Introduction {
    local(MONEROD).introduction
}

fn recorded(name: &str) -> Recorded {
    Recorded::read(env!("CARGO_MANIFEST_DIR"), &format!("monerod-0.18.0.0_{name}"))
}
