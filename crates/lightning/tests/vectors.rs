//! BOLT 8's own vectors, appendix A: see `data/README.md`.
#![expect(clippy::unwrap_used, reason = "vectors are as they are published")]

mod common;

use common::{act, key};
use handshake::Blame::{Mismatch, Peer};
use handshake::Rx;
use noise::{CipherState, Key};
use serde_json::Value;
use testing::{End, cut, hex};
use verack_lightning::acts::{Initiator, Responder};
use verack_lightning::channel::Channel;
use verack_lightning::{Hello, Local, NodeId, SecretKey};

#[test]
fn every_handshake_goes_as_the_specification_says() {
    let file = file();
    let tests = file["handshake_tests"].as_array().unwrap();
    assert_eq!(tests.len(), 15);
    for test in tests {
        let name = test["name"].as_str().unwrap();
        let inputs = steps(test, "input").concat();
        let ended = cut(|| hello(test), &inputs);
        let outputs = steps(test, "output").concat();
        assert_eq!(ended.sent[..outputs.len()], outputs, "{name}");
        let expected = match steps_of(test, "expect_error").next().and_then(Value::as_str) {
            None => {
                assert!(ended.sent.len() > outputs.len(), "{name}: our init follows");
                End::Waits("init")
            }
            Some(error) => {
                assert_eq!(ended.sent.len(), outputs.len(), "{name}: nothing follows");
                expected(error)
            }
        };
        assert_eq!(End::of(&ended), expected, "{name}");
    }
}

/// The result here for each error of the specification. A truncated act is waited for.
fn expected(error: &str) -> End {
    match error.split(' ').next().unwrap() {
        "ACT1_READ_FAILED" => End::Waits("act one"),
        "ACT2_READ_FAILED" => End::Waits("act two"),
        "ACT3_READ_FAILED" => End::Waits("act three"),
        "ACT1_BAD_VERSION" | "ACT2_BAD_VERSION" | "ACT3_BAD_VERSION" => End::Fault("lightning.version", Mismatch),
        "ACT1_BAD_PUBKEY" | "ACT2_BAD_PUBKEY" | "ACT3_BAD_PUBKEY" => End::Fault("lightning.point", Peer),
        "ACT1_BAD_TAG" => End::Fault("lightning.mac", Mismatch),
        "ACT2_BAD_TAG" | "ACT3_BAD_CIPHERTEXT" | "ACT3_BAD_TAG" => End::Fault("lightning.mac", Peer),
        other => unreachable!("the specification has no {other}"),
    }
}

#[test]
fn both_sides_have_the_keys_of_the_specification() {
    let file = file();
    let tests = file["handshake_tests"].as_array().unwrap();
    let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
    let [(s, e), (rs, re)] = ["transport-initiator", "transport-responder"].map(|side| {
        let test = tests.iter().find(|test| test["name"] == format!("{side} successful handshake")).unwrap();
        keys(test)
    });
    let us = s.node_id();
    let initiator = Initiator::new(s, e, rs.node_id()).act_one(&mut one);
    let responder = Responder::new(rs, re).act_one(&mut act(&one)).unwrap().act_two(&mut two);
    let mut initiator = initiator.act_two(&mut act(&two)).unwrap().act_three(&mut three);
    let mut responder = responder.act_three(&mut act(&three)).unwrap();
    assert_eq!(responder.node_id, us);

    let [mut ours, mut theirs] = channels(&file["message_test"]["keys"]);
    assert_eq!(sealed(&mut initiator.channel, b"to them"), sealed(&mut ours, b"to them"));
    assert_eq!(sealed(&mut responder.channel, b"to us"), sealed(&mut theirs, b"to us"));
}

#[test]
fn keys_are_turned_when_the_specification_says() {
    let test = &file()["message_test"];
    let [mut ours, mut theirs] = channels(&test["keys"]);
    let plaintext = hex(test["plaintext_hex"].as_str().unwrap());
    let mut compared = 0;
    for n in 0..test["count"].as_u64().unwrap() {
        let mut sealed = sealed(&mut ours, &plaintext);
        if let Some(output) = test["outputs"][n.to_string()].as_str() {
            assert_eq!(sealed, hex(output), "message {n}");
            compared += 1;
        }
        let mut rx = Rx::new(&mut sealed);
        assert_eq!(theirs.open.open(&mut rx).unwrap(), plaintext, "message {n}");
        assert!(rx.is_empty());
    }
    assert_eq!(compared, 6);
}

fn sealed(channel: &mut Channel, message: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    channel.seal.seal(&mut sealed, |tx| tx.extend_from_slice(message));
    sealed
}

/// Both ends of the channel with these keys, the initiator's first.
fn channels(keys: &Value) -> [Channel; 2] {
    let key = |name: &str| Key::new(bytes(&keys[name]));
    let cipher = |name| CipherState::new(key(name));
    let ck = key("ck");
    [Channel::new(&ck, cipher("sk"), cipher("rk")), Channel::new(&ck, cipher("rk"), cipher("sk"))]
}

/// The side that a test covers.
fn hello(test: &Value) -> Hello {
    let (static_key, ephemeral_key) = keys(test);
    let local = Local::new(static_key, ephemeral_key, Vec::new());
    match test["role"].as_str().unwrap() {
        "initiator" => {
            let responder: NodeId = test["keys"]["rs.pub"].as_str().unwrap().parse().unwrap();
            Hello::initiator(local, responder)
        }
        _ => Hello::responder(local),
    }
}

/// Its static and its ephemeral key.
fn keys(test: &Value) -> (SecretKey, SecretKey) {
    let key = |name: &str| {
        let key = key(bytes(&test["keys"][format!("{name}.priv")]));
        assert_eq!(key.node_id().to_string(), test["keys"][format!("{name}.pub")].as_str().unwrap());
        key
    };
    (key("ls"), key("e"))
}

fn steps_of<'t>(test: &'t Value, kind: &str) -> impl Iterator<Item = &'t Value> {
    test["steps"].as_array().unwrap().iter().filter_map(move |step| step.get(kind))
}

fn steps(test: &Value, kind: &str) -> Vec<Vec<u8>> {
    steps_of(test, kind).map(|step| hex(step.as_str().unwrap())).collect()
}

fn bytes(digits: &Value) -> [u8; 32] {
    hex(digits.as_str().unwrap()).try_into().unwrap()
}

fn file() -> Value {
    serde_json::from_str(include_str!("data/bolt8.json")).unwrap()
}
