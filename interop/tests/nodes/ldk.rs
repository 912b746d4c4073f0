//! LDK, the Lightning Development Kit.

use handshake::Stage;
use ldk::bitcoin::Network;
use ldk::bitcoin::constants::ChainHash;
use lightning::{Chain, Feature, Features, Message};
use net::Outcome;
use verack_interop::eventually;
use verack_interop::ldk::Ldk;
use verack_interop::meet::listen;
use verack_interop::meet_lightning::{Kept, greet, key, local, welcome};

/// The pong length that our pings request, to recognise the answer.
const PONG_LEN: u16 = 1234;

fn is_our_pong(message: &Message) -> bool {
    matches!(message, Message::Pong(pong) if pong.len() == PONG_LEN)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_we_dial() {
    let ldk = Ldk::start().await;
    for _ in 0..100 {
        let established = greet(ldk.address(), ldk.node_id(), local()).await.unwrap();
        assert_eq!(established.output.node_id, ldk.node_id());
        Kept::keep(established, PONG_LEN).hears("its pong", is_our_pong).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_live_if_it_dials() {
    let ldk = Ldk::start().await;
    let (listener, address) = listen().await;
    for _ in 0..100 {
        let local = local();
        ldk.dial(local.static_key.node_id(), address).await;
        let established = welcome(&listener, local).await.unwrap();
        assert_eq!(established.output.node_id, ldk.node_id());
        Kept::keep(established, PONG_LEN).hears("its pong", is_our_pong).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_knows_what_the_other_said() {
    let ldk = Ldk::start().await;
    let ours = local();
    let (us, features) = (ours.static_key.node_id(), ours.init.features.clone());
    let established = greet(ldk.address(), ldk.node_id(), ours).await.unwrap();
    let theirs = established.output.features();
    assert!(theirs.has(Feature(9)) && !theirs.iter().any(Feature::is_required), "{theirs:?}");
    let kept = Kept::keep(established, PONG_LEN);
    let peer = eventually("us to be its peer", || ldk.peer(us)).await;
    assert!(peer.is_inbound_connection);
    // It orders the bytes from the other end.
    let seen: Vec<u8> = peer.init_features.le_flags().iter().rev().copied().collect();
    assert_eq!(Features::from_bytes(&seen), Ok(features));
    drop(kept);
    eventually("us to be gone", || ldk.peer(us).is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_pings_are_answered_or_it_would_leave() {
    let ldk = Ldk::start().await;
    let (listener, address) = listen().await;
    for dials in [false, true] {
        let ours = local();
        let us = ours.static_key.node_id();
        let established = if dials {
            ldk.dial(us, address).await;
            welcome(&listener, ours).await
        } else {
            greet(ldk.address(), ldk.node_id(), ours).await
        };
        let mut kept = Kept::keep(established.unwrap(), PONG_LEN);
        kept.hears("its pong", is_our_pong).await;
        for _ in 0..3 {
            let answered = ldk.received("Pong");
            ldk.tick();
            kept.hears("its ping", |message| matches!(message, Message::Ping(_))).await;
            eventually("our pong to arrive", || (ldk.received("Pong") > answered).then_some(())).await;
        }
        assert!(ldk.peer(us).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_looks_like_a_node_that_closes_without_a_word() {
    let ldk = Ldk::start().await;
    let verdict = greet(ldk.address(), key().node_id(), local()).await.unwrap_err();
    assert_eq!((verdict.outcome(), verdict.stage(), verdict.reason()), (Outcome::Failed, Stage::Transport, "closed"));
    assert!(verdict.detail().contains("that is what a wrong key looks like"), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dials_us_by_another_key_is_told_apart() {
    let ldk = Ldk::start().await;
    let (listener, address) = listen().await;
    ldk.dial(key().node_id(), address).await;
    let verdict = welcome(&listener, local()).await.unwrap_err();
    assert_eq!(
        (verdict.outcome(), verdict.stage(), verdict.reason()),
        (Outcome::Failed, Stage::Transport, "lightning.mac")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_if_we_require_what_it_does_not_know() {
    let ldk = Ldk::start().await;
    let mut demanding = local();
    demanding.init.features = Features::of(&[9, 998]);
    // Our init comes with act three, so it closes before it sends its own init.
    let verdict = greet(ldk.address(), ldk.node_id(), demanding).await.unwrap_err();
    assert_eq!((verdict.outcome(), verdict.stage(), verdict.reason()), (Outcome::Failed, Stage::Hello, "closed"));
    assert!(verdict.detail().contains("it wants other features"), "{verdict}");
}

#[test]
fn we_name_the_chains_that_it_knows_by_the_same_hashes() {
    for (name, network) in [
        ("bitcoin", Network::Bitcoin),
        ("bitcoin-testnet3", Network::Testnet),
        ("bitcoin-testnet4", Network::Testnet4),
        ("bitcoin-signet", Network::Signet),
        ("bitcoin-regtest", Network::Regtest),
    ] {
        let theirs = ChainHash::using_genesis_block_const(network);
        assert_eq!(Chain::named(name).unwrap().hash.0, *theirs.as_bytes(), "{name}");
    }
}

#[test]
fn we_name_the_features_that_it_knows() {
    use ldk::types::features::InitFeatures;
    let mut theirs = InitFeatures::empty();
    theirs.set_zero_conf_required();
    theirs.set_route_blinding_required();
    theirs.set_provide_storage_required();
    theirs.set_quiescence_required();
    let flags: Vec<u8> = theirs.le_flags().iter().rev().copied().collect();
    let ours = Features::from_bytes(&flags).unwrap();
    assert_eq!(ours.unknown_required(&Features::default()).next(), None);
    let names: Vec<_> = ours.iter().map(|feature| feature.to_string()).collect();
    assert_eq!(names, ["option_route_blinding", "option_quiesce", "option_provide_storage", "option_zeroconf"]);
}
