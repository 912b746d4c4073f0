//! Monero's own node. It sends a notification before its answer, whose return code is 1.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use handshake::{Blame, Stage};
use monero::{Hello, Local, Message, Network, Tip};
use net::{Caps, Listener, Outcome};
use serde_json::json;
use verack_interop::kept::{accept, dial};
use verack_interop::meet_monero::{Kept, local};
use verack_interop::{eventually, monerod};

/// The id in the answer to our ping.
fn pong(message: &Message) -> Option<u64> {
    match message {
        Message::PingResponse { status, peer_id } if status.as_bytes() == b"OK" => Some(*peer_id),
        _ => None,
    }
}

#[tokio::test]
async fn all_of_100_handshakes_are_ok_and_live_if_we_dial() {
    let Some(node) = monerod::start(&[]).await else { return };
    for _ in 0..100 {
        let ours = local();
        let established = dial(node.address(), Hello::initiator(ours.clone())).await.unwrap();
        let theirs = established.output.introduction.node.peer_id;
        assert_eq!(Kept::keep(established, ours).hears("its pong", pong).await, theirs);
    }
}

#[tokio::test]
async fn all_of_100_handshakes_are_ok_and_live_if_it_dials() {
    // It dials the addresses given at its start, so this is a hundred of ours.
    let caps = Caps { total: 200, per_address: 200 };
    let listener = Listener::bind((Ipv4Addr::UNSPECIFIED, 0).into(), caps).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let us: Vec<SocketAddr> = (1..=100).map(|n| (IpAddr::from([127, 0, 1, n]), port).into()).collect();
    let Some(node) = monerod::start(&us).await else { return };
    let mut kept = Vec::new();
    for _ in 0..100 {
        let ours = local();
        let established = accept(&listener, Hello::responder(ours.clone())).await.unwrap();
        let (us, theirs) = (ours.introduction.node.peer_id, established.output.introduction.node.peer_id);
        let mut one = Kept::keep(established, ours);
        assert_eq!(one.hears("its pong", pong).await, theirs);
        kept.push((us, one));
    }
    for (us, _) in &kept {
        let peer = eventually("us to be its peer", || monerod::peer(&node, *us)).await;
        assert_eq!(peer["incoming"], false, "{peer}");
    }
}

#[tokio::test]
async fn each_side_knows_what_the_other_said() {
    let Some(node) = monerod::start(&[]).await else { return };
    let mut ours = local();
    ours.introduction.node.rpc_port = 18089;
    ours.introduction.node.support_flags = 1;
    ours.introduction.tip.pruning_seed = 384;
    let us = ours.introduction.node.peer_id;
    let established = dial(node.address(), Hello::initiator(ours.clone())).await.unwrap();
    let agreed = established.output.clone();
    let kept = Kept::keep(established, ours);

    let itself = node.call("get_info", &json!({}));
    let Tip { height, cumulative_difficulty, top_id, .. } = agreed.introduction.tip;
    assert_eq!((height, cumulative_difficulty), (1, itself["cumulative_difficulty"].as_u64().unwrap().into()));
    let top_id: String = top_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(top_id, itself["top_block_hash"]);
    assert_eq!(agreed.introduction.node.my_port, u32::from(node.address().port()));
    assert_eq!(agreed.introduction.node.support_flags, 1);
    assert!(agreed.peers.is_empty());

    let peer = eventually("us to be its peer", || monerod::peer(&node, us)).await;
    assert_eq!((&peer["incoming"], &peer["rpc_port"]), (&json!(true), &json!(18089)), "{peer}");
    assert_eq!((&peer["support_flags"], &peer["pruning_seed"]), (&json!(1), &json!(384)), "{peer}");
    drop(kept);
    eventually("us to be gone", || monerod::peer(&node, us).is_none().then_some(())).await;
}

#[tokio::test]
async fn its_timed_sync_is_answered() {
    let Some(node) = monerod::start(&[]).await else { return };
    let ours = local();
    let us = ours.introduction.node.peer_id;
    let established = dial(node.address(), Hello::initiator(ours.clone())).await.unwrap();
    let mut kept = Kept::keep(established, ours);
    let sync = |message: &Message| matches!(message, Message::TimedSyncRequest(_)).then_some(());
    kept.hears("its timed sync", sync).await;
    kept.says("our answer", |message| matches!(message, Message::TimedSyncResponse(..))).await;
    // It closes if it cannot read our answer.
    let peer = eventually("us to be in step", || monerod::peer(&node, us).filter(|us| us["state"] == "normal")).await;
    assert_eq!(peer["height"], 1, "{peer}");
}

#[tokio::test]
async fn a_peer_without_support_flags_is_asked_before_the_answer() {
    let Some(node) = monerod::start(&[]).await else { return };
    let mut ours = local();
    ours.introduction.node.support_flags = 0;
    let us = ours.introduction.node.peer_id;
    let established = dial(node.address(), Hello::initiator(ours.clone())).await.unwrap();
    // Our request, and our answer to its request.
    assert!(established.sent > 250 + 50, "{} bytes", established.sent);
    let _kept = Kept::keep(established, ours);
    let peer = eventually("us to be its peer", || monerod::peer(&node, us)).await;
    assert_eq!(peer["support_flags"], 0, "{peer}");
}

/// Each case modifies our side; the node's source says what it then does.
#[tokio::test]
async fn what_goes_wrong_is_called_by_its_name() {
    let Some(node) = monerod::start(&[]).await else { return };
    let verdict = async |local: Local| {
        let verdict = dial(node.address(), Hello::initiator(local)).await.unwrap_err();
        let (outcome, stage, reason, detail) = (verdict.outcome(), verdict.stage(), verdict.reason(), verdict.detail());
        assert_eq!((outcome, stage, reason), (Outcome::Failed, Stage::Hello, "closed"), "{detail}");
        assert!(detail.contains("another network, has no slot left"), "{detail}");
    };
    // It disconnects another network without an answer.
    verdict(Local::new(Network::named("monero-stagenet").unwrap(), 7)).await;
    // It also disconnects itself.
    let established = dial(node.address(), Hello::initiator(local())).await.unwrap();
    let its = established.output.introduction.node.peer_id;
    let mut itself = local();
    itself.introduction.node.peer_id = its;
    verdict(itself).await;
}

#[tokio::test]
async fn another_network_that_dials_us_is_told_apart() {
    let caps = Caps { total: 1, per_address: 1 };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), caps).await.unwrap();
    let us = listener.local_addr().unwrap();
    let Some(_node) = monerod::start(&[us]).await else { return };
    let elsewhere = Local::new(Network::named("monero-testnet").unwrap(), 7);
    let verdict = accept(&listener, Hello::responder(elsewhere)).await.unwrap_err();
    assert_eq!((verdict.reason(), verdict.blame()), ("monero.network", Some(Blame::Mismatch)));
    assert_eq!(verdict.detail(), "it is on monero, not on monero-testnet");
}
