//! BIP324's own test vectors: see `data/bip324/README.md`.

use std::fs;

use handshake::{Role, Rx, read_hex};
use testing::hex;
use verack_bitcoin::Chain;
use verack_bitcoin::chain::Magic;
use verack_bitcoin::v2::keys::decode;
use verack_bitcoin::v2::{Encoding, Error, Keys, MAX_CONTENTS_LEN, Packet, Seal};

#[test]
fn every_64_bytes_are_the_key_that_they_should_be() {
    let rows = rows("ellswift_decode_test_vectors");
    assert_eq!(rows.len(), 76);
    for row in rows {
        assert_eq!(decode(array(&row["ellswift"])), array(&row["x"]), "{}", row["comment"]);
    }
}

/// There are up to eight values of `t` for a key and a `u`. The library chooses one itself, so this test decodes: each
/// of them must give that key.
#[test]
fn every_encoding_of_a_key_is_that_key() {
    let rows = rows("xswiftec_inv_test_vectors");
    assert_eq!(rows.len(), 32);
    let mut tried = 0;
    for row in rows {
        for case in 0..8 {
            let t = &row[&format!("case{case}_t")];
            if t.is_empty() {
                continue;
            }
            let encoding: Encoding = array(&[&row["u"], t.as_str()].concat());
            assert_eq!(decode(encoding), array(&row["x"]), "case {case}: {}", row["comment"]);
            tried += 1;
        }
    }
    assert_eq!(tried, 98, "the rows have so many encodings");
}

#[test]
fn packets_are_sealed_and_opened_as_they_should_be() {
    let rows = rows("packet_encoding_test_vectors");
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (role, peer) = match row["in_initiating"].as_str() {
            "1" => (Role::Initiator, Role::Responder),
            _ => (Role::Responder, Role::Initiator),
        };
        let ours = Keys::with_encoding(array(&row["in_priv_ours"]), array(&row["in_ellswift_ours"])).unwrap().encode();
        let theirs = array(&row["in_ellswift_theirs"]);
        assert_eq!(decode(*ours.encoding()), array(&row["mid_x_ours"]));
        assert_eq!(decode(theirs), array(&row["mid_x_theirs"]));

        let shared = ours.share(role, &theirs);
        let mut session = shared.derive(role, magic());
        assert_eq!(session.id.to_string(), row["out_session_id"]);
        assert_eq!(session.our_terminator, array(&row["mid_send_garbage_terminator"]));
        assert_eq!(session.their_terminator, array(&row["mid_recv_garbage_terminator"]));
        assert_eq!(shared.their_terminator(role, magic()), session.their_terminator);

        let before: usize = row["in_idx"].parse().unwrap();
        let contents = hex(&row["in_contents"]).repeat(row["in_multiply"].parse().unwrap());
        let (aad, ignore) = (hex(&row["in_aad"]), row["in_ignore"] == "1");
        let mut sent = empty_decoys(&mut session.seal, before);
        let start = sent.len();
        session.seal.seal(&aad, ignore, &mut sent, |tx| tx.extend_from_slice(&contents));
        let (whole, end) = (hex(&row["out_ciphertext"]), hex(&row["out_ciphertext_endswith"]));
        assert!(whole.is_empty() || sent[start..] == whole, "{before}");
        assert!(sent.ends_with(&end), "{before}");

        let mut open = shared.derive(peer, magic()).open;
        open.wait_for(u32::MAX);
        let mut rx = Rx::new(&mut sent);
        for _ in 0..before {
            assert_eq!(open.read(&mut rx), Ok(Packet::Whole { ignore: true, contents: &[] }));
        }
        open.authenticate(&aad);
        if let Some(len) = u32::try_from(contents.len()).ok().filter(|len| *len > MAX_CONTENTS_LEN) {
            // Two of the rows are as long as the length field allows. No node accepts that.
            assert_eq!(open.read(&mut rx), Err(Error::TooLong { len }.into()));
            continue;
        }
        assert_eq!(open.read(&mut rx), Ok(Packet::Whole { ignore, contents: &contents }));
        assert!(rx.is_empty());
    }
}

fn empty_decoys(seal: &mut Seal, how_many: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for _ in 0..how_many {
        seal.seal(&[], true, &mut sent, |_| {});
    }
    sent
}

fn magic() -> Magic {
    Chain::named("bitcoin").expect("it is in the table").params.magic
}

/// The rows of a table, with the names from its first line.
fn rows(table: &str) -> Vec<Row> {
    let path = format!("{}/tests/data/bip324/{table}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("the table is there");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<_> = lines.next().expect("the names").collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

type Row = std::collections::BTreeMap<String, String>;

fn array<const N: usize>(digits: &str) -> [u8; N] {
    read_hex(digits.as_bytes()).expect("so many bytes")
}
