//! Litecoin Core, which behaves as Bitcoin Core 0.21: it sends a message's header apart from its payload, and
//! `sendheaders` directly after its `verack`.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::message::Message;
use bitcoin::{Local, Services};
use handshake::Stage;
use net::Outcome;
use serde_json::json;
use verack_interop::litecoind::{self, CHAIN};
use verack_interop::meet::{Kept, PATIENCE, USER_AGENT, greet, greet_often, listen, local, params, welcome};
use verack_interop::{Node, eventually};

#[tokio::test]
async fn all_of_300_handshakes_are_ok() {
    let Some(node) = litecoind::start().await else { return };
    let tally = greet_often(node.address(), CHAIN, 300).await;
    assert_eq!(tally, BTreeMap::from([("ok".to_owned(), 300)]));
}

#[tokio::test]
async fn it_introduces_itself_as_it_knows_itself() {
    let Some(node) = litecoind::start().await else { return };
    let agreed = greet(node.address(), local(CHAIN), PATIENCE).await.unwrap().output.agreed;
    let itself = node.call("getnetworkinfo", &json!([]));
    assert_eq!(agreed.version.version, itself["protocolversion"]);
    assert_eq!(agreed.common_version, 70016);
    assert_eq!(agreed.version.user_agent.to_string(), itself["subversion"]);
    assert_eq!(format!("{:016x}", agreed.version.services.0), itself["localservices"]);
    assert_eq!(agreed.version.start_height, Some(0));
    assert!(agreed.version.user_agent.to_string().starts_with("/LitecoinCore:"));
    assert!(agreed.announced.wtxidrelay && agreed.announced.sendaddrv2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_after_we_dialled_and_no_byte_of_it_is_lost() {
    let Some(node) = litecoind::start().await else { return };
    let established = greet(node.address(), local(CHAIN), PATIENCE).await.unwrap();
    let mut kept = Kept::keep(established, params(CHAIN), 0x5eed).await;
    kept.hears("its ping", |message| matches!(message, Message::Ping(Some(_)))).await;
    kept.hears("its pong", |message| *message == Message::Pong(0x5eed)).await;
    assert_eq!(kept.heard()[0], Message::Sendheaders);
    both_count_the_same_bytes(&node, &mut kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_and_stays_until_we_say_goodbye() {
    let Some(node) = litecoind::start().await else { return };
    let (listener, address) = listen().await;
    node.dial(address);
    let established = welcome(&listener, local(CHAIN)).await.unwrap();
    assert!(established.output.agreed.version.user_agent.to_string().starts_with("/LitecoinCore:"));

    let mut kept = Kept::keep(established, params(CHAIN), 0x5eed).await;
    kept.hears("its ping", |message| matches!(message, Message::Ping(Some(_)))).await;
    kept.hears("its pong", |message| *message == Message::Pong(0x5eed)).await;
    let us = eventually("our pong to arrive", || node.peer(USER_AGENT).filter(|us| us["pingtime"].is_number())).await;
    assert_eq!(us["version"], local(CHAIN).version.version);
    assert_eq!(us["services"], "0000000000000009");
    assert_eq!(us["addr"], address.to_string());
    assert_eq!(us["inbound"], false);
    both_count_the_same_bytes(&node, &mut kept).await;

    drop(kept);
    eventually("us to be gone", || node.peer(USER_AGENT).is_none().then_some(())).await;
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

/// Each case modifies our side; the node's source says what it then does.
#[tokio::test]
async fn what_goes_wrong_is_called_by_its_name() {
    let Some(node) = litecoind::start().await else { return };
    let verdict = async |within, bend: fn(&mut Local)| {
        let mut local = local(CHAIN);
        bend(&mut local);
        let verdict = greet(node.address(), local, within).await.unwrap_err();
        (verdict.outcome(), verdict.stage(), verdict.reason())
    };
    let failed = |reason| (Outcome::Failed, Stage::Hello, reason);

    // It disconnects versions below 31800 without introducing itself.
    assert_eq!(verdict(PATIENCE, |local| local.version.version = 31799).await, failed("closed"));
    // It disconnects on another network's magic.
    let litecoin = |local: &mut Local| local.params.magic = params("litecoin").magic;
    assert_eq!(verdict(PATIENCE, litecoin).await, failed("closed"));
    // It drops a message with a wrong checksum, and waits for the next one.
    let groestl = |local: &mut Local| local.params.checksum = params("groestlcoin").checksum;
    assert_eq!(verdict(Duration::from_secs(1), groestl).await, failed("timeout"));
    // It has no such service.
    let demanding = |local: &mut Local| local.require_services = Services(1 << 63);
    assert_eq!(verdict(PATIENCE, demanding).await, failed("bitcoin.services"));
    // It disconnects banned peers before they can send anything.
    let _ = node.call("setban", &json!(["127.0.0.1", "add"]));
    assert_eq!(verdict(PATIENCE, |_| {}).await, failed("closed"));
}
