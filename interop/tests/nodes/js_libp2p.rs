//! js-libp2p, which chooses the muxer within Noise.

use libp2p::{KeyType, Muxer, Opening};
use verack_interop::eventually;
use verack_interop::js_libp2p::{dial, knows, peer_id, ping, start};
use verack_interop::meet::listen;
use verack_interop::meet_libp2p::{AGENT, Kept, greet, here, local, welcome};

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_we_dial() {
    let Some(node) = start("Ed25519").await else { return };
    let id = peer_id(&node);
    for nth in 0..100 {
        let mut ours = local();
        // Both openings alternately, and both ways to choose the muxer.
        ours.opening = if nth % 2 == 0 { Opening::Optimistic } else { Opening::Patient };
        ours.inlines_muxer = nth % 3 > 0;
        let muxer = if ours.inlines_muxer { Muxer::Inlined } else { Muxer::Negotiated };
        let established = greet(node.address(), Some(id.clone()), ours).await.unwrap();
        assert_eq!(established.output.muxer, muxer);
        Kept::keep(established).hears_our_pong().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_it_dials() {
    let Some(node) = start("Ed25519").await else { return };
    let (listener, address) = listen().await;
    for _ in 0..100 {
        let ours = local();
        dial(&node, &here(address, &ours));
        let established = welcome(&listener, ours).await.unwrap();
        assert_eq!(established.output.peer_id(), peer_id(&node));
        Kept::keep(established).hears_our_pong().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_knows_what_the_other_said() {
    let Some(node) = start("Ed25519").await else { return };
    let ours = local();
    let us = ours.identity.peer_id();
    let established = greet(node.address(), None, ours).await.unwrap();
    let identify = &established.output.identify;
    assert!(identify.agent.as_ref().is_some_and(|agent| agent.as_bytes().starts_with(b"js-libp2p/")));
    assert!(identify.protocols.contains(&"/ipfs/id/1.0.0".into()), "{:?}", identify.protocols);
    let listens: Vec<_> = identify.listen_addrs.iter().map(ToString::to_string).collect();
    assert!(listens[0].starts_with(&format!("/ip4/127.0.0.1/tcp/{}", node.address().port())), "{listens:?}");
    let observed = identify.observed_addr.as_ref().map(ToString::to_string);
    assert!(observed.is_some_and(|observed| observed.starts_with("/ip4/127.0.0.1/tcp/")));
    let mut kept = Kept::keep(established);
    kept.hears_our_pong().await;
    let known = || knows(&node, &us).filter(|known| !known["agent"].is_null());
    let known = eventually("our introduction to arrive", known).await;
    assert_eq!((&known["agent"], &known["connected"]), (&AGENT.into(), &true.into()));
    assert_eq!(known["protocols"], serde_json::json!(["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]));
    for _ in 0..3 {
        tokio::task::block_in_place(|| ping(&node, &us));
    }
    drop(kept);
    eventually("us to be gone", || knows(&node, &us).filter(|known| known["connected"] == false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_other_kinds_are_proved_as_well() {
    for (kind, expected) in [("RSA", KeyType::Rsa), ("secp256k1", KeyType::Secp256k1)] {
        let Some(node) = start(kind).await else { return };
        let established = greet(node.address(), Some(peer_id(&node)), local()).await.unwrap();
        assert_eq!(established.output.public_key.kind(), expected);
    }
}
