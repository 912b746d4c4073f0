//! `@ethereumjs/devp2p`, with eth/67 and eth/68, independent of our code and of geth.

use std::collections::BTreeMap;
use std::time::Duration;

use ethereum::local::Goal;
use ethereum::{Capability, Hash, Message, Network, OurStatus, Protocol};
use handshake::{Blame, Stage};
use net::Outcome;
use verack_interop::ethereumjs::{self, MANY};
use verack_interop::meet::{PATIENCE, listen};
use verack_interop::rlpx::{CLIENT_ID, Kept, greet, local, mainnet, welcome};
use verack_interop::{Node, eventually};

const TIMES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn all_of_100_handshakes_are_ok_and_each_ping_is_answered() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let id = ethereumjs::id(&node);
    let mut tally = BTreeMap::new();
    for nth in 0..TIMES {
        // It accepts our own Status as well as an echo of its own.
        let ours = if nth % 2 == 0 { OurStatus::Echo } else { OurStatus::Of(mainnet()) };
        let verdict = match greet(node.address(), id, local(ours), PATIENCE).await {
            Ok(met) => {
                Kept::keep(met).hears(Message::Pong).await;
                "ok".to_owned()
            }
            Err(verdict) => verdict.to_string(),
        };
        *tally.entry(verdict).or_default() += 1;
    }
    assert_eq!(tally, BTreeMap::from([("ok".to_owned(), TIMES)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_100_times_and_all_are_ok_and_each_ping_is_answered() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let (listener, address) = listen().await;
    for _ in 0..TIMES {
        let ours = local(OurStatus::Of(mainnet()));
        let us = ours.node_id();
        ethereumjs::dial(&node, us, address);
        let met = welcome(&listener, ours).await.unwrap();
        assert_eq!(met.output.node_id, ethereumjs::id(&node));
        let mut kept = Kept::keep(met);
        kept.hears(Message::Pong).await;
        ethereumjs::ping(&node, us);
        eventually("our pong to arrive", || (knows(&node, us)?["pongs"] == 1).then_some(())).await;
        drop(kept);
        // Its next dial needs a listener that accepts one connection at a time.
        eventually("us to be gone", || (knows(&node, us)?["connected"] == false).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_know_of_each_other_what_each_said() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let ours = local(OurStatus::Echo);
    let us = ours.node_id();
    let met = greet(node.address(), ethereumjs::id(&node), ours, PATIENCE).await.unwrap();
    let agreed = &met.output;
    assert_eq!(agreed.hello.client_id.to_string(), ethereumjs::CLIENT_ID);
    assert_eq!(agreed.hello.capabilities, [Capability::new("eth", 67), Capability::new("eth", 68)]);
    assert_eq!(agreed.hello.listen_port, u64::from(node.address().port()));
    assert_eq!(agreed.shared[0].capability, Capability::new("eth", 68));
    let status = agreed.status.clone().unwrap();
    assert_eq!(status, mainnet().status(68));
    let network = Network::of(status.network_id, status.genesis, status.fork_id).unwrap();
    assert_eq!((network.name, network.fork_named(status.fork_id)), ("ethereum", Some("prague")));

    let mut kept = Kept::keep(met);
    kept.hears(Message::Pong).await;
    let known =
        eventually("our Status to arrive", || knows(&node, us).filter(|known| !known["status"].is_null())).await;
    assert_eq!((&known["subver"], &known["eth"]), (&CLIENT_ID.into(), &68.into()));
    assert_eq!(known["status"]["genesis"], status.genesis.to_string());
}

/// Each case modifies our side; the node's source says what it then does.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_called_by_its_name() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let id = ethereumjs::id(&node);

    // It finds no common capability, sends that reason, and closes two seconds later.
    let mut useless = local(OurStatus::Echo);
    useless.protocols = vec![Protocol::eth(71)];
    let verdict = greet(node.address(), id, useless, PATIENCE).await.unwrap_err();
    assert_eq!((verdict.stage(), verdict.reason()), (Stage::Ack, "ethereum.no-shared-eth"));

    // It cannot decrypt an auth for another key, and does not answer.
    let wrong_key = local(OurStatus::Echo);
    let other = local(OurStatus::Echo).node_id();
    let verdict = greet(node.address(), other, wrong_key, Duration::from_secs(1)).await.unwrap_err();
    let end = (verdict.outcome(), verdict.stage(), verdict.reason());
    assert_eq!(end, (Outcome::Failed, Stage::Transport, "timeout"));
    assert!(verdict.detail().contains("its key is not the one in its node id"), "{verdict}");

    // It is on another network than the one that we use.
    let mut elsewhere = local(OurStatus::Echo);
    let genesis = Hash([7; 32]);
    elsewhere.expected = Some(ethereum::local::Expected { network_id: 1, genesis });
    let verdict = greet(node.address(), id, elsewhere, PATIENCE).await.unwrap_err();
    assert_eq!((verdict.reason(), verdict.blame()), ("ethereum.genesis", Some(Blame::Mismatch)));

    // Our Status has another genesis than its own.
    let private = ethereum::eth::OurChain { genesis, ..mainnet() };
    let verdict = greet(node.address(), id, local(OurStatus::Of(private)), PATIENCE).await.unwrap_err();
    assert_eq!((verdict.reason(), verdict.blame()), ("ethereum.disconnect.subprotocol", Some(Blame::Mismatch)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_node_is_reached_and_refuses() {
    let Some(node) = ethereumjs::start(1).await else { return };
    let id = ethereumjs::id(&node);
    let first = local(OurStatus::Echo);
    let us = first.node_id();
    let kept = Kept::keep(greet(node.address(), id, first, PATIENCE).await.unwrap());
    eventually("the one place to be taken", || knows(&node, us)).await;
    let verdict = greet(node.address(), id, local(OurStatus::Echo), PATIENCE).await.unwrap_err();
    assert_eq!(verdict.reason(), "ethereum.disconnect.too-many-peers");
    assert_eq!((verdict.stage(), verdict.blame()), (Stage::Ack, Some(Blame::Refused)));
    // If we only want Hello, we get it before the node refuses us.
    let mut hello = local(OurStatus::Echo);
    hello.goal = Goal::Hello;
    assert!(greet(node.address(), id, hello, PATIENCE).await.is_ok());
    drop(kept);
}

fn knows(node: &Node, id: ethereum::PublicKey) -> Option<serde_json::Value> {
    ethereumjs::knows(node, id)
}
