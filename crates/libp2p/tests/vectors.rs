//! The published vectors: Noise's XX, and the keys and peer ids of the specification. See `data/README.md`.
#![expect(clippy::unwrap_used, reason = "vectors are as they are published")]

mod common;

use std::fs;

use serde_json::Value;
use testing::hex;
use verack_libp2p::channel::{Channel, with_length};
use verack_libp2p::protobuf::{write_bytes, write_number};
use verack_libp2p::xx::{Initiator, Responder, Transport};
use verack_libp2p::{KeyType, PeerId, PublicKey, SecretKey};

fn read(path: &str) -> Value {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(&path).expect("the vectors are there")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

#[test]
fn both_sides_of_xx_say_what_is_published() {
    let file = read("../noise/tests/data/noise_xx_25519_chachapoly_sha256.json");
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() > 1);
    for vector in vectors {
        let messages: Vec<[Vec<u8>; 2]> = vector["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| ["payload", "ciphertext"].map(|field| bytes(&message[field])))
            .collect();
        let [one, two, three, rest @ ..] = &messages[..] else { panic!("three messages at least") };
        let key = |name: &str| SecretKey::new(bytes(&vector[name]).try_into().unwrap());
        let initiator = Initiator::new(&bytes(&vector["init_prologue"]), key("init_static"), key("init_ephemeral"));
        let responder = Responder::new(&bytes(&vector["resp_prologue"]), key("resp_static"), key("resp_ephemeral"));

        let mut said = Vec::new();
        let initiator = initiator.one(&one[0], &mut said);
        assert_eq!(said, one[1]);
        let (says, payload) = responder.one(&mut said).unwrap();
        assert_eq!(payload, one[0]);
        let mut said = Vec::new();
        let responder = says.two(&two[0], &mut said).unwrap();
        assert_eq!(said, two[1]);
        let (says, payload) = initiator.two(&mut said).unwrap();
        assert_eq!(payload, two[0]);
        assert_eq!(says.theirs(), key("resp_static").public());
        let mut said = Vec::new();
        let initiator = says.three(&three[0], &mut said).unwrap();
        assert_eq!(said, three[1]);
        let (responder, payload) = responder.three(&mut said).unwrap();
        assert_eq!(payload, three[0]);
        assert_eq!(responder.theirs, *key("init_static").public());

        for side in [&initiator, &responder] {
            if let hash @ Value::String(_) = &vector["handshake_hash"] {
                assert_eq!(side.hash.to_vec(), bytes(hash));
            }
        }
        converse(initiator, responder, rest);
    }
}

/// The responder speaks first, after the initiator's last message.
fn converse(initiator: Transport, responder: Transport, messages: &[[Vec<u8>; 2]]) {
    let mut sides = [responder, initiator].map(|side| Channel::new(side.seal, side.open));
    for (nth, [payload, ciphertext]) in messages.iter().enumerate() {
        let mut said = Vec::new();
        sides[nth % 2].seal.frame(&mut said, |tx| tx.extend_from_slice(payload));
        let mut framed = Vec::new();
        with_length(&mut framed, |tx| tx.extend_from_slice(ciphertext));
        assert_eq!(said, framed);
        let heard = sides[(nth + 1) % 2].open.frame(&mut handshake::Rx::new(&mut said)).unwrap();
        assert_eq!(heard, payload);
    }
}

#[test]
fn the_keys_of_the_specification_are_read_and_written() {
    let file = read("tests/data/libp2p_peer_ids.json");
    for (name, kind, starts) in [
        ("rsa", KeyType::Rsa, "Qm"),
        ("ED25519", KeyType::Ed25519, "12D3KooW"),
        ("secp256k1", KeyType::Secp256k1, "16Uiu2"),
        ("ECDSA", KeyType::Ecdsa, "Qm"),
    ] {
        let encoded = bytes(&file["keys_protobuf_hex"][format!("{name} public key")]);
        let key = PublicKey::read(&encoded).unwrap();
        assert_eq!((key.kind(), key.encoded()), (kind, &encoded[..]));
        let peer_id = key.peer_id();
        assert!(peer_id.to_string().starts_with(starts), "{peer_id}");
        assert_eq!(peer_id.to_string().parse::<PeerId>(), Ok(peer_id));
    }
}

/// If a key had two encodings, it would have two peer ids.
#[test]
fn the_keys_of_the_specification_are_read_in_no_other_encoding() {
    let file = read("tests/data/libp2p_peer_ids.json");
    let der = |name: &str, start: usize| bytes(&file["keys_protobuf_hex"][name])[start..].to_vec();
    let is_read = |kind: u64, der: &[u8]| {
        let mut encoded = Vec::new();
        write_number(1, kind, &mut encoded);
        write_bytes(2, der, &mut encoded);
        PublicKey::read(&encoded).is_ok()
    };
    // A point is 04 and two numbers. The first alone, with the second's last bit or without, determines it.
    let ecdsa = der("ECDSA public key", 4);
    assert!(is_read(3, &ecdsa));
    let (algorithm, x) = (&ecdsa[2..23], &ecdsa[27..59]);
    for tag in [2 + (ecdsa[90] & 1), 5] {
        let short = [&[0x30, 0x39], algorithm, &[0x03, 0x22, 0x00, tag], x].concat();
        assert!(!is_read(3, &short), "a point that starts with {tag}");
    }
    // 30 82 len | 30 0d 06 09 rsaEncryption 05 00 | 03 82 len 00 | 30 82 len | 02 82 len n | 02 03 e
    let rsa = der("rsa public key", 5);
    assert!(is_read(0, &rsa));
    let without_null = [&[0x30, 0x82, 0x02, 0x20, 0x30, 0x0b], &rsa[6..17], &rsa[19..]].concat();
    let long_len = [&[0x30, 0x83, 0x00, 0x02, 0x22], &rsa[4..]].concat();
    let mut zero_before_n = [&rsa[..32], &[0], &rsa[32..]].concat();
    for len in [3, 22, 27, 31] {
        zero_before_n[len] += 1;
    }
    for other in [without_null, long_len, zero_before_n, [&rsa[..], &[0]].concat()] {
        assert!(!is_read(0, &other), "{:02x?}", &other[..36]);
    }
}

#[test]
fn the_peer_ids_of_the_specification_are_read() {
    let file = read("tests/data/libp2p_peer_ids.json");
    let rows = file["peer_id_strings"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let text = row[0].as_str().unwrap();
        let peer_id: PeerId = text.parse().unwrap();
        if text.starts_with("baf") {
            assert!(peer_id.to_string().starts_with("Qm"), "{peer_id}");
        } else {
            assert_eq!(peer_id.to_string(), text);
        }
    }
}
