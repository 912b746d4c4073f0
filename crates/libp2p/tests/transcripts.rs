//! Recorded bytes of real nodes and of their peer: see `data/README.md`.
#![expect(clippy::unwrap_used, reason = "transcripts are as they were recorded")]

mod common;

use handshake::{Role, read_hex};
use testing::{Recorded, cut, feed};
use verack_libp2p::{Agreed, Hello, Identity, KeyType, Local, Muxer, SecretKey, Session};

#[test]
fn rust_libp2p_answers_us_and_dials_us() {
    for (name, role) in [("libp2p-rust-initiator", Role::Initiator), ("libp2p-rust-responder", Role::Responder)] {
        let agreed = replay(name, role);
        assert_eq!(agreed.public_key.kind(), KeyType::Ed25519);
        assert_eq!(agreed.peer_id().to_string(), "12D3KooWC4T1AXU2s2YBgGJ2FeaYVtsKoHZWJeubnWe9SnuSE7Zb");
        assert_eq!(agreed.muxer, Muxer::Negotiated);
        assert_eq!(agreed.identify.agent.unwrap().to_string(), "rust-libp2p/0.48.0");
        assert_eq!(agreed.identify.protocol_version.unwrap().to_string(), "/lab/1.0");
        assert!(agreed.identify.protocols.contains(&"/ipfs/ping/1.0.0".into()));
        let listens: Vec<_> = agreed.identify.listen_addrs.iter().map(ToString::to_string).collect();
        assert!(listens.iter().any(|address| address.ends_with("/quic-v1")), "{listens:?}");
    }
}

#[test]
fn js_libp2p_answers_us_and_dials_us() {
    for (name, role) in [("libp2p-js-initiator", Role::Initiator), ("libp2p-js-responder", Role::Responder)] {
        let agreed = replay(name, role);
        assert_eq!((agreed.public_key.kind(), agreed.muxer), (KeyType::Ed25519, Muxer::Inlined));
        assert_eq!(agreed.identify.agent.unwrap().to_string(), "js-libp2p/3.3.11 node/20.20.2");
        let observed = agreed.identify.observed_addr.unwrap().to_string();
        assert!(observed.starts_with("/ip4/127.0.0.1/tcp/"), "{observed}");
    }
}

/// Replays the handshake, and the frames after it. Up to the end of Noise, our bytes equal the recorder's; after that,
/// the recorder may combine messages into frames in another way.
fn replay(name: &str, role: Role) -> Agreed {
    let Recorded { meta, heard, said } = Recorded::read(env!("CARGO_MANIFEST_DIR"), name);
    let ours = |field: &str| read_hex(meta[field].as_str().unwrap().as_bytes()).unwrap();
    let [s, e] = ["our_noise_static_priv", "our_noise_ephemeral_priv"].map(|field| SecretKey::new(ours(field)));
    let local = Local::new(Identity::new(ours("our_ed25519_seed")), s, e, "lab/0.1");
    let hello = || match role {
        Role::Initiator => Hello::initiator(local.clone(), None),
        Role::Responder => Hello::responder(local.clone()),
    };
    let ended = cut(hello, &heard);
    let noise = match role {
        Role::Initiator => 28 + 34 + 186,
        Role::Responder => 28 + 218,
    };
    assert_eq!(ended.sent[..noise], said.concat()[..noise], "{name}");
    let agreed = ended.result.unwrap().unwrap();

    let mut session = Session::new(agreed.connection).with_ping(7);
    let after = feed(&mut session, [&heard[ended.taken..]]);
    assert!(after.result.is_none(), "{}", after.result.unwrap().unwrap_err());
    assert_eq!(ended.taken + after.taken, heard.len(), "{name}: all was understood");
    // The connection went on; a second replay gives the same result.
    feed(&mut hello(), [&heard[..]]).result.unwrap().unwrap()
}
