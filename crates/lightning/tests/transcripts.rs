//! Recorded bytes of LDK and of its peer: see `data/README.md`.
#![expect(clippy::unwrap_used, reason = "transcripts are as they were recorded")]

mod common;

use common::key;
use handshake::read_hex;
use testing::{Recorded, cut, feed, hex};
use verack_lightning::{Feature, Features, Hello, Init, Local, NodeId, Session};

/// The features that LDK offers: `2222` and `08a0002a0aa222`.
const LDK: [&str; 13] = [
    "option_data_loss_protect",
    "option_upfront_shutdown_script",
    "var_onion_optin",
    "option_static_remotekey",
    "payment_secret",
    "basic_mpp",
    "option_support_large_channel",
    "option_route_blinding",
    "option_shutdown_anysegwit",
    "option_dual_fund",
    "option_channel_type",
    "option_scid_alias",
    "option_zeroconf",
];

#[test]
fn every_byte_of_ours_is_the_one_that_ldk_was_sent() {
    // The initiator does not learn the responder's id; but in the other transcript the same node dials us.
    let node_id = replay("lightning-responder", Hello::responder);
    assert_eq!(replay("lightning-initiator", |local| Hello::initiator(local, node_id)), node_id);
}

/// Replays the handshake, which ends with our ping and the pong; returns the peer's id.
fn replay(name: &str, hello: impl Fn(Local) -> Hello) -> NodeId {
    let Recorded { meta, heard, said } = Recorded::read(env!("CARGO_MANIFEST_DIR"), name);
    let ours = |field: &str| key(read_hex(meta[field].as_str().unwrap().as_bytes()).unwrap());
    let features = Features::from_bytes(&hex("08a2a1")).unwrap();
    let local = Local {
        static_key: ours("our_static_priv"),
        ephemeral_key: ours("our_ephemeral_priv"),
        init: Init { features, ..Init::default() },
    };
    let ended = cut(|| hello(local.clone()), &heard);
    let agreed = ended.result.unwrap().unwrap();
    let names: Vec<_> = agreed.features().iter().map(|feature| feature.to_string()).collect();
    assert_eq!(names, LDK, "{name}");
    assert!(!agreed.features().iter().any(Feature::is_required) && agreed.networks().is_empty());

    assert!(agreed.confirmed);
    let node_id = agreed.node_id;
    let after = feed(&mut Session::new(agreed.channel), [&heard[ended.taken..]]);
    assert!(after.result.is_none(), "{}", after.result.unwrap().unwrap_err());
    assert_eq!(ended.taken + after.taken, heard.len(), "{name}: all was understood");
    assert_eq!([ended.sent, after.sent].concat(), said.concat(), "{name}");
    node_id
}
