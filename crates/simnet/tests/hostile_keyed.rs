//! Every scripted peer with a node key gets the expected verdict, each time.
//!
//! `VERACK_ROUNDS` sets how often each is met; the default is in `common::rounds`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use common::{Meetings, Seen, accept, another, dial, limits, patience, rounds, shake, waits};
use ethereum::local::Expected;
use ethereum::{Fresh, Rlpx};
use handshake::Role;
use lightning::{Chain, Hello};
use tokio::io::{AsyncRead, AsyncWrite};
use verack_simnet::ethereum::{GENESIS, NETWORK_ID};
use verack_simnet::{self as simnet, CALLED_KEY, Network, Peer, Plan, Transport, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn each_peer_called_by_its_key_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut keyed = keyed();
    assert!(keyed.len() > 60, "{}", keyed.len());
    keyed.retain(|peer| !waits(truth(peer)));
    let network = Network::start(Plan { keyed, ..Plan::only(Vec::new()) }).await.unwrap();
    let mut meetings = Meetings::default();
    for (address, peer) in network.keyed() {
        let (named, truth) = (named(peer), truth(peer));
        for _ in 0..rounds(peer.name) {
            meetings.hold(peer.name, truth, async move {
                match dial(address, patience(truth)).await {
                    Ok(stream) => call(named, truth, stream).await,
                    Err(seen) => seen,
                }
            });
        }
    }
    meetings.judge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_by_our_key_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let callers = keyed_callers();
    assert!(callers.len() > 90, "{}", callers.len());
    let mut meetings = Meetings::default();
    for caller in callers.iter().filter(|caller| !waits(truth(caller))) {
        for _ in 0..rounds(caller.name) {
            let caller = caller.clone();
            let (name, truth, named) = (caller.name, truth(&caller), named(&caller));
            let answer = move |stream| answer(named, truth, stream);
            meetings.hold(name, truth, accept(|address| async move { caller.call(address).await }, answer));
        }
    }
    meetings.judge().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_named_by_its_key_is_waited_for_until_the_deadline() {
    let silent = |mut peers: Vec<Peer>| {
        peers.retain(|peer| waits(truth(peer)));
        assert!(!peers.is_empty());
        peers
    };
    let (called, calling) = (silent(keyed()), silent(keyed_callers()));
    let mut meetings = Meetings::default();
    let called = called.iter().map(|peer| (peer, Role::Responder));
    for (peer, role) in called.chain(calling.iter().map(|peer| (peer, Role::Initiator))) {
        for _ in 0..rounds(peer.name) {
            let (peer, name, truth, named) = (peer.clone(), peer.name, truth(peer), named(peer));
            meetings.hold(name, truth, async move {
                let theirs = peer.meet(role);
                match role {
                    Role::Initiator => answer(named, truth, theirs).await,
                    Role::Responder => call(named, truth, theirs).await,
                }
            });
        }
    }
    meetings.judge().await;
}

fn keyed() -> Vec<Peer> {
    [simnet::ethereum::peers(), simnet::lightning::peers()].concat()
}

fn keyed_callers() -> Vec<Peer> {
    [simnet::ethereum::callers(), simnet::lightning::callers()].concat()
}

fn truth(peer: &Peer) -> Truth {
    peer.truths.over(Transport::Auto)
}

/// The key of a peer, in its protocol.
#[derive(Clone, Copy)]
enum Named {
    Ethereum(ethereum::PublicKey),
    Lightning(lightning::NodeId),
}

fn named(peer: &Peer) -> Named {
    if peer.name.starts_with("ethereum") {
        Named::Ethereum(simnet::ethereum::node_id(peer))
    } else {
        Named::Lightning(simnet::lightning::node_id(peer))
    }
}

async fn call(named: Named, truth: Truth, stream: impl AsyncRead + AsyncWrite + Unpin) -> Seen {
    let limits = limits(truth);
    match named {
        Named::Ethereum(id) => shake(&mut Rlpx::initiator(ethereum(), fresh(), id), stream, limits, client_id).await,
        Named::Lightning(id) => shake(&mut Hello::initiator(lightning(), id), stream, limits, |_, _| None).await,
    }
}

/// Our side of a call, for a node with this name.
async fn answer(named: Named, truth: Truth, stream: impl AsyncRead + AsyncWrite + Unpin) -> Seen {
    let limits = limits(truth);
    match named {
        Named::Ethereum(_) => shake(&mut Rlpx::responder(ethereum(), fresh()), stream, limits, client_id).await,
        Named::Lightning(_) => shake(&mut Hello::responder(lightning()), stream, limits, |_, _| None).await,
    }
}

fn ethereum() -> ethereum::Local {
    let mut local = ethereum::Local::new(ethereum::SecretKey::new(CALLED_KEY).unwrap());
    local.expected = Some(Expected { network_id: NETWORK_ID, genesis: GENESIS });
    local
}

fn client_id<T>(side: &Rlpx, _: T) -> Option<String> {
    side.hello().map(|hello| hello.client_id.to_string())
}

fn lightning() -> lightning::Local {
    let key = |bytes| lightning::SecretKey::new(bytes).unwrap();
    let networks = vec![Chain::named("bitcoin-regtest").unwrap().hash];
    lightning::Local::new(key(CALLED_KEY), key(numbered()), networks)
}

/// New keys for each connection.
fn fresh() -> Fresh {
    Fresh::new(&numbered()).unwrap()
}

fn numbered<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0x33; LEN];
    bytes[..8].copy_from_slice(&another().to_be_bytes());
    bytes
}
