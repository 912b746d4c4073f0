//! bcoin, with protocol version 70015, independent of Core.

use std::collections::BTreeMap;

use bitcoin::Services;
use bitcoin::message::Message;
use handshake::Stage;
use net::Outcome;
use verack_interop::bcoin::{self, CHAIN};
use verack_interop::meet::{Kept, PATIENCE, USER_AGENT, greet, greet_often, listen, local, params, welcome};
use verack_interop::{Node, eventually};

#[tokio::test]
async fn all_of_300_handshakes_are_ok() {
    let Some(node) = bcoin::start().await else { return };
    let tally = greet_often(node.address(), CHAIN, 300).await;
    assert_eq!(tally, BTreeMap::from([("ok".to_owned(), 300)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_after_we_dialled_and_no_byte_of_it_is_lost() {
    let Some(node) = bcoin::start().await else { return };
    let established = greet(node.address(), local(CHAIN), PATIENCE).await.unwrap();
    let agreed = &established.output.agreed;
    assert_eq!((agreed.version.version, agreed.common_version), (70015, 70015));
    assert_eq!(agreed.version.user_agent.to_string(), "/bcoin:v1.0.2/");
    assert_eq!(agreed.version.services, Services(0b1001));
    // Its version is older than both.
    assert!(!agreed.announced.wtxidrelay && !agreed.announced.sendaddrv2);

    let mut kept = Kept::keep(established, params(CHAIN), 0x5eed).await;
    kept.hears("its pong", |message| *message == Message::Pong(0x5eed)).await;
    both_count_the_same_bytes(&node, &mut kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_and_stays_until_we_say_goodbye() {
    let Some(node) = bcoin::start().await else { return };
    let (listener, address) = listen().await;
    node.dial(address);
    let established = welcome(&listener, local(CHAIN)).await.unwrap();
    assert_eq!(established.output.agreed.version.user_agent.to_string(), "/bcoin:v1.0.2/");

    let mut kept = Kept::keep(established, params(CHAIN), 0x5eed).await;
    kept.hears("its pong", |message| *message == Message::Pong(0x5eed)).await;
    // It pings every 30 s, from the start of the connection.
    kept.hears("its ping", |message| matches!(message, Message::Ping(Some(_)))).await;
    let us =
        eventually("our pong to arrive", || node.peer(USER_AGENT).filter(|us| us["minping"].as_f64() >= Some(0.0)))
            .await;
    assert_eq!(us["version"], local(CHAIN).version.version);
    assert_eq!(us["services"], "00000009");
    assert_eq!(us["addr"], address.to_string());
    assert_eq!(us["inbound"], false);
    both_count_the_same_bytes(&node, &mut kept).await;

    drop(kept);
    eventually("us to be gone", || node.peer(USER_AGENT).is_none().then_some(())).await;
}

#[tokio::test]
async fn it_dials_us_and_leaves_because_we_offer_nothing() {
    let Some(node) = bcoin::start().await else { return };
    let (listener, address) = listen().await;
    node.dial(address);
    let mut useless = local(CHAIN);
    useless.version.services = Services::NONE;
    let verdict = welcome(&listener, useless).await.unwrap_err();
    let end = (verdict.outcome(), verdict.stage(), verdict.reason());
    assert_eq!(end, (Outcome::Partial, Stage::Ack, "closed"));
}

/// A byte that was lost, counted twice or left unread would show.
async fn both_count_the_same_bytes(node: &Node, kept: &mut Kept) {
    eventually("both to count the same bytes", || {
        let us = node.peer(USER_AGENT)?;
        kept.heard();
        (us["bytessent"] == kept.received && us["bytesrecv"] == kept.sent).then_some(())
    })
    .await;
}
