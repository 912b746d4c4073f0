//! Recorded bytes of real nodes: see `data/transcripts/README.md`.

mod common;

use common::local;
use common::recorded::recorded;
use handshake::{Conversation, Fault, Handshake, Role, Rx, Stage};
use testing::{cut, feed};
use verack_bitcoin::frame::{Frame, FrameReader};
use verack_bitcoin::{Agreed, Local, Params, Services, V1};

#[test]
fn core_answers_our_version_with_all_of_its_own() {
    for (file, height) in [("ibd_addrv1", 0), ("ibd_addrv2", 0), ("synced_addrv1", 3), ("synced_addrv2", 3)] {
        let (agreed, unread) =
            hear(&format!("core-31.99_responder_v1_{file}"), Role::Initiator, &local("bitcoin-regtest"));
        is_core(&agreed, height, true);
        assert!(agreed.announced.wtxidrelay && agreed.announced.sendaddrv2);
        assert_eq!(unread[..5], ["sendcmpct", "ping", "getheaders", "feefilter", "pong"], "{file}");
    }
}

#[test]
fn core_tells_a_peer_from_before_70016_about_no_extension_and_sends_the_final_alert() {
    for (file, ours) in [
        ("ibd_proto31800", 31800),
        ("ibd_proto70012", 70012),
        ("synced_proto31800", 31800),
        ("synced_proto70012", 70012),
    ] {
        let mut local = local("bitcoin-regtest");
        local.version.version = ours;
        let (agreed, unread) = hear(&format!("core-31.99_responder_v1_{file}"), Role::Initiator, &local);
        assert_eq!((agreed.version.version, agreed.common_version), (70017, ours));
        assert_eq!(agreed.announced, Default::default());
        assert_eq!(unread[..3], ["alert", "ping", "getheaders"], "{file}");
    }
}

#[test]
fn litecoin_answers_our_version_with_all_of_its_own() {
    let (agreed, unread) = hear("litecoin-0.21.2_responder_v1", Role::Initiator, &local("litecoin-regtest"));
    is_litecoin(&agreed);
    assert_eq!(unread[..4], ["sendheaders", "sendcmpct", "sendcmpct", "sendcmpct"]);
}

#[test]
fn core_dials_us_and_asks_for_addresses_behind_its_verack() {
    for file in [
        "v1_addnode",
        "v1_addnode_proto70017",
        "v1_addr-fetch",
        "v1_outbound-full-relay",
        "v2_to_v1only_conn2_fallback",
    ] {
        let (agreed, unread) =
            hear(&format!("core-31.99_initiator_{file}"), Role::Responder, &local("bitcoin-regtest"));
        is_core(&agreed, 3, true);
        assert!(agreed.announced.wtxidrelay && agreed.announced.sendaddrv2);
        assert_eq!(unread[..2], ["getaddr", "sendcmpct"], "{file}");
    }
}

#[test]
fn core_that_wants_blocks_only_asks_for_no_transactions_and_no_addresses() {
    let (agreed, unread) = hear("core-31.99_initiator_v1_block-relay-only", Role::Responder, &local("bitcoin-regtest"));
    is_core(&agreed, 3, false);
    assert_eq!(unread, ["sendcmpct", "ping", "getheaders"]);
}

#[test]
fn a_feeler_says_everything_before_it_closes() {
    let (agreed, unread) = hear("core-31.99_initiator_v1_feeler", Role::Responder, &local("bitcoin-regtest"));
    is_core(&agreed, 3, false);
    assert_eq!(unread, [""; 0]);
}

#[test]
fn core_that_wants_services_we_lack_leaves_before_its_verack() {
    let bytes = recorded("core-31.99_initiator_v1_full-relay_peer-lacks-services").heard;
    let ended = cut(|| V1::responder(local("bitcoin-regtest")), &bytes);
    assert!(ended.result.is_none());
    let mut ours = V1::responder(local("bitcoin-regtest"));
    let _ = feed(&mut ours, [&bytes[..]]);
    assert_eq!((ours.stage(), ours.awaiting()), (Stage::Ack, "verack"));
    assert_eq!(ours.hello().version().map(|version| version.version), Some(70017));
}

#[test]
fn the_key_of_an_encrypted_transport_is_no_magic() {
    let bytes = recorded("core-31.99_initiator_v2_to_v1only_conn1").heard;
    let ended = cut(|| V1::responder(local("bitcoin-regtest")), &bytes);
    assert_eq!(ended.result.expect("over").expect_err("not plaintext").code(), "bitcoin.no-message");
    assert!(ended.sent.is_empty());
}

#[test]
fn litecoin_dials_us() {
    let (agreed, unread) = hear("litecoin-0.21.2_initiator_v1_addnode", Role::Responder, &local("litecoin-regtest"));
    is_litecoin(&agreed);
    assert_eq!(unread[..2], ["getaddr", "sendheaders"]);
}

#[track_caller]
fn is_core(agreed: &Agreed, height: i32, relay: bool) {
    let version = &agreed.version;
    assert_eq!((version.version, agreed.common_version, version.services), (70017, 70017, Services(0xc09)));
    assert_eq!(version.user_agent.as_bytes(), b"/Satoshi:31.99.0/");
    assert_eq!((version.start_height, version.relay), (Some(height), Some(relay)));
    assert_eq!(version.receiver.socket(), None, "it does not tell a loopback client its address");
}

#[track_caller]
fn is_litecoin(agreed: &Agreed) {
    let version = &agreed.version;
    assert_eq!((version.version, agreed.common_version, version.services), (70016, 70016, Services(0x0100_0409)));
    assert_eq!(version.user_agent.as_bytes(), b"/LitecoinCore:0.21.2.1/");
    assert!(agreed.announced.wtxidrelay && agreed.announced.sendaddrv2);
}

/// The result with the node of a transcript, and the names of its messages that are left unread.
fn hear(file: &str, role: Role, local: &Local) -> (Agreed, Vec<String>) {
    let bytes = recorded(file).heard;
    let params = local.params;
    let ended = cut(|| V1::new(role, local.clone()), &bytes);
    let unread = names(params, &bytes[ended.taken..]);
    (ended.result.expect("over").expect("no fault").agreed, unread)
}

fn names(params: Params, bytes: &[u8]) -> Vec<String> {
    let mut bytes = bytes.to_vec();
    let mut rx = Rx::new(&mut bytes);
    let mut frames = FrameReader::new(params);
    let mut names = Vec::new();
    while let Ok(Frame::Whole { command, .. }) = frames.read(&mut rx) {
        names.push(command.to_string());
    }
    assert!(rx.is_empty(), "the transcript ends with a message");
    names
}
