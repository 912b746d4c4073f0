//! rust-libp2p, which chooses the muxer by names.

use handshake::{Blame, Stage};
use libp2p::{Identity, KeyType, Muxer, Opening};
use net::Outcome;
use verack_interop::eventually;
use verack_interop::meet::listen;
use verack_interop::meet_libp2p::{AGENT, Kept, OBSERVED, greet, here, local, welcome};
use verack_interop::rust_libp2p::{PROTOCOL_VERSION, RustLibp2p, key};

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_we_dial() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    for nth in 0..100 {
        let mut ours = local();
        // Both openings alternately.
        ours.opening = if nth % 2 == 0 { Opening::Optimistic } else { Opening::Patient };
        let established = greet(node.address(), Some(node.peer_id().clone()), ours).await.unwrap();
        assert_eq!(established.output.muxer, Muxer::Negotiated);
        Kept::keep(established).hears_our_pong().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_it_dials() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    let (listener, address) = listen().await;
    for _ in 0..100 {
        let ours = local();
        node.dial(here(address, &ours));
        let established = welcome(&listener, ours).await.unwrap();
        assert_eq!(established.output.peer_id(), *node.peer_id());
        Kept::keep(established).hears_our_pong().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_knows_what_the_other_said() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    let (listener, address) = listen().await;
    for dials in [false, true] {
        let ours = local();
        let us = ours.identity.peer_id();
        let established = if dials {
            node.dial(here(address, &ours));
            welcome(&listener, ours).await
        } else {
            greet(node.address(), None, ours).await
        };
        let established = established.unwrap();
        let identify = &established.output.identify;
        assert_eq!(identify.protocol_version, Some(PROTOCOL_VERSION.into()));
        assert!(identify.agent.as_ref().is_some_and(|agent| agent.as_bytes().starts_with(b"rust-libp2p/")));
        assert!(identify.protocols.contains(&"/ipfs/ping/1.0.0".into()), "{:?}", identify.protocols);
        assert!(identify.observed_addr.is_some());
        let kept = Kept::keep(established);
        let known = || node.knows(&us).filter(|known| known.introduced.is_some() && known.pongs > 0);
        let known = eventually("our introduction and our pong to arrive", known).await;
        let (agent, observed) = known.introduced.unwrap();
        assert_eq!((agent.as_str(), observed.as_str(), known.connected), (AGENT, OBSERVED, true));
        drop(kept);
        eventually("us to be gone", || node.knows(&us).filter(|known| !known.connected)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_other_kinds_are_proved_as_well() {
    for (kind, expected) in [("secp256k1", KeyType::Secp256k1), ("ECDSA", KeyType::Ecdsa)] {
        let node = RustLibp2p::start(key(kind)).await;
        let established = greet(node.address(), Some(node.peer_id().clone()), local()).await.unwrap();
        assert_eq!(established.output.public_key.kind(), expected);
        let (listener, address) = listen().await;
        let ours = local();
        node.dial(here(address, &ours));
        assert_eq!(welcome(&listener, ours).await.unwrap().output.peer_id(), *node.peer_id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_peer_id_is_a_mismatch_that_names_both() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    let another = Identity::new([7; 32]).peer_id();
    let verdict = greet(node.address(), Some(another.clone()), local()).await.unwrap_err();
    assert_eq!(
        (verdict.outcome(), verdict.stage(), verdict.reason()),
        (Outcome::Failed, Stage::Transport, "libp2p.peer-id")
    );
    assert_eq!(verdict.blame(), Some(Blame::Mismatch));
    assert_eq!(verdict.detail(), format!("it is {}, not {another}", node.peer_id()));
}
