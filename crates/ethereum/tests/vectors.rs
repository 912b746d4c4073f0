//! The official vectors, through the public constructors: see `data/vectors/README.md`.

mod common;

use common::{array, hash, text};
use handshake::Rx;
use serde_json::Value;
use testing::hex;
use verack_ethereum::auth::{Ack, AckReader, Auth, AuthReader, Form, Opened};
use verack_ethereum::fork_id::{Head, Incompatible};
use verack_ethereum::rlp::Items;
use verack_ethereum::secrets::{Part, Secrets};
use verack_ethereum::{Capability, Enr, ForkId, Hello, SecretKey};

fn vectors(file: &str) -> Value {
    let path = format!("{}/tests/data/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("the vectors are there")).expect("JSON")
}

/// The vectors of EIP-8: the keys of both sides and their packets.
struct Eip8 {
    vectors: Value,
}

impl Eip8 {
    fn new() -> Self {
        Self { vectors: vectors("eip8") }
    }

    fn given<const N: usize>(&self, name: &str) -> [u8; N] {
        array(text(&self.vectors["rlpx"]["given"], name))
    }

    fn key(&self, name: &str) -> SecretKey {
        SecretKey::new(self.given(name)).expect("a key")
    }

    fn packets(&self) -> Vec<Vec<u8>> {
        let packets = self.vectors["rlpx"]["packets"].as_array().expect("a list");
        packets.iter().map(|packet| hex(text(packet, "hex"))).collect()
    }

    fn derived(&self, nth: usize, name: &str) -> [u8; 32] {
        array(text(&self.vectors["rlpx"]["derived"][nth]["values"], name))
    }
}

#[test]
fn every_auth_of_eip_8_opens_with_the_responders_key() {
    let eip8 = Eip8::new();
    let (a, b) = (eip8.key("Static Key A"), eip8.key("Static Key B"));
    let ephemeral = eip8.key("Ephemeral Key A").public();
    for (at, form, version) in [(0, Form::Plain, 4), (1, Form::Eip8, 4), (2, Form::Eip8, 56)] {
        let packet = &eip8.packets()[at];
        let mut bytes = packet.clone();
        let mut rx = Rx::new(&mut bytes);
        let Opened { form: found, packet: as_sent, inside } = AuthReader::new().read(&b, &mut rx).expect("opens");
        assert_eq!((found, &as_sent), (form, packet));
        let auth = Auth::read(found, inside).expect("an auth");
        assert_eq!((auth.key, auth.nonce, auth.version), (a.public(), eip8.given("Nonce A"), version));
        assert_eq!(auth.ephemeral_key(&b), Ok(ephemeral));
        assert!(rx.is_empty());
        assert!(AuthReader::new().read(&a, &mut Rx::new(&mut packet.clone())).is_err(), "it is for B alone");
    }
}

#[test]
fn every_ack_of_eip_8_opens_with_the_initiators_key() {
    let eip8 = Eip8::new();
    let (a, b) = (eip8.key("Static Key A"), eip8.key("Static Key B"));
    for (at, form, version) in [(3, Form::Plain, 4), (4, Form::Eip8, 4), (5, Form::Eip8, 57)] {
        let packet = &eip8.packets()[at];
        let mut bytes = packet.clone();
        let opened = AckReader::new().read(&a, &mut Rx::new(&mut bytes)).expect("opens");
        assert_eq!((opened.form, &opened.packet), (form, packet));
        let ack = Ack::read(opened.form, opened.inside).expect("an ack");
        let ephemeral = eip8.key("Ephemeral Key B").public();
        assert_eq!(ack, Ack { ephemeral_key: ephemeral, nonce: eip8.given("Nonce B"), version });
        assert!(AckReader::new().read(&b, &mut Rx::new(&mut packet.clone())).is_err(), "it is for A alone");
    }
}

#[test]
fn the_secrets_of_eip_8_are_derived() {
    let eip8 = Eip8::new();
    let (nonce_a, nonce_b) = (eip8.given("Nonce A"), eip8.given("Nonce B"));
    let secrets =
        Secrets::derive(&eip8.key("Ephemeral Key B"), &eip8.key("Ephemeral Key A").public(), &nonce_a, &nonce_b);
    assert_eq!(secrets.aes_secret(), &eip8.derived(0, "aes-secret"));
    assert_eq!(secrets.mac_secret(), &eip8.derived(0, "mac-secret"));

    let packets = eip8.packets();
    let (a, b) = (Part { nonce: &nonce_a, packet: &packets[1] }, Part { nonce: &nonce_b, packet: &packets[4] });
    let mut ingress_of_b = secrets.mac(a, b);
    ingress_of_b.update(b"foo");
    assert_eq!(ingress_of_b.whole_digest(), eip8.derived(1, "ingress-mac(\"foo\")"));
}

#[test]
fn a_hello_from_the_future_is_read() {
    let eip8 = vectors("eip8");
    let hello = Hello::read(&hex(text(&eip8, "hello_v22_extra_elements_rlp"))).expect("it is one");
    assert_eq!((hello.version, hello.client_id.to_string()), (55, "kneth/v0.91/plan9".to_owned()));
    assert_eq!(hello.capabilities, [Capability::new("eth", 61), Capability::new("mork", 22)]);
    assert_eq!(hello.listen_port, 9999);
}

/// The forks of the networks in EIP-2124, as of its publication.
fn forks(network: &str) -> (&'static str, &'static [u64]) {
    match network.to_lowercase().as_str() {
        "mainnet" => (common::GENESIS, &[1_150_000, 1_920_000, 2_463_000, 2_675_000, 4_370_000, 7_280_000]),
        "ropsten" => (
            "41941023680923e0fe4d74a34bdac8141f2540e3ae90623718e47d66d1ca4a2d",
            &[10, 1_700_000, 4_230_000, 4_939_394, 6_485_846],
        ),
        "rinkeby" => (
            "6341fd3daf94b748c72ced5a5b26028f2474f5f00d824504e4fa37a75767e177",
            &[1, 2, 3, 1_035_301, 3_660_663, 4_321_234, 5_435_345],
        ),
        "goerli" => ("bf7e331f7f7c1dd2e05159666b3bf8bc7a8a3a9eb1d518969eab529dd9b88c1a", &[1_561_651]),
        other => unreachable!("no such network: {other}"),
    }
}

/// A number, possibly written as a string.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
}

fn fork_id(row: &Value, hash: &str, next: &str) -> ForkId {
    ForkId { hash: array(text(row, hash)), next: number(&row[next]) }
}

#[test]
fn every_fork_id_of_eip_2124_is_created() {
    let vectors = vectors("forkid");
    let rows = vectors["creation"].as_array().expect("a list");
    assert_eq!(rows.len(), 43);
    for row in rows {
        let (genesis, forks) = forks(text(row, "network"));
        let head = Head { block: number(&row["head"]), time: 0 };
        let made = ForkId::at(hash(genesis), forks.iter().copied(), head);
        assert_eq!(made, fork_id(row, "hash", "next"), "{row}");
    }
}

#[test]
fn every_fork_id_of_eip_2124_is_judged() {
    let vectors = vectors("forkid");
    let rows = vectors["validation"].as_array().expect("a list");
    assert_eq!(rows.len(), 15);
    for row in rows {
        let (genesis, forks) = forks(text(row, "local"));
        let head = Head { block: number(&row["head"]), time: 0 };
        let expected = match text(row, "result") {
            "nil" => Ok(()),
            "ErrRemoteStale" => Err(Incompatible::Remote),
            "ErrLocalIncompatibleOrStale" => Err(Incompatible::Local),
            other => unreachable!("no such result: {other}"),
        };
        let theirs = fork_id(row, "remote_hash", "remote_next");
        assert_eq!(theirs.validate(hash(genesis), forks, head), expected, "{row}");
    }
}

#[test]
fn every_fork_id_of_eip_2124_is_written_and_read() {
    for row in vectors("forkid")["rlp_encoding"].as_array().expect("a list") {
        let (id, encoded) = (fork_id(row, "hash", "next"), hex(text(row, "rlp")));
        let mut written = Vec::new();
        id.write(&mut written);
        assert_eq!(written, encoded);
        assert_eq!(ForkId::read(&mut Items::bare(&encoded)), Ok(id));
    }
}

#[test]
fn the_example_record_is_read() {
    let vectors = vectors("enr");
    let record: Enr = text(&vectors, "enr").parse().expect("it is one");
    let key = SecretKey::new(array(text(&vectors, "private_key"))).expect("a key");
    assert_eq!((record.id, record.seq), (key.public(), 1));
    assert_eq!(record.node_address(), array(text(&vectors, "node_id")));
    assert_eq!((record.ip.map(|ip| ip.to_string()), record.udp), (Some("127.0.0.1".to_owned()), Some(30303)));
    assert_eq!((record.tcp, record.ip6, record.fork_id), (None, None, None));
    assert_eq!(record.addresses().count(), 0, "it says where it can be discovered, but not where it listens");
}
