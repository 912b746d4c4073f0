//! Asking a node for addresses: vectors of BIP155, recorded answers, and invalid bytes.

mod common;

use std::net::IpAddr;

use common::v2::{Peer, ours, said as said_encrypted};
use common::{Flight, params, said, version};
use handshake::{Blame, Fault, Fields, Role};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;
use testing::{Ended, cut, feed, flip, hex};
use verack_bitcoin::frame::HEADER_LEN;
use verack_bitcoin::gossip::{
    Address, Endpoint, Entries, Entry, Gossip, MAX_ENTRIES, Told, Unusable, read_address, write_address,
};
use verack_bitcoin::message::{Command, MAX_ADDRESSES_LEN, Message};
use verack_bitcoin::version::{Tail, Version};
use verack_bitcoin::{Channel, Error, Services};

/// Network 2, 16 bytes, and the first 12 of `::ffff:a.b.c.d`.
const IPV4_AS_IPV6: &[u8] = &[2, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

#[test]
fn addresses_are_read_as_cores_own_tests_read_them() {
    let rows = data("net_addr_v2.json");
    for row in rows.as_array().unwrap() {
        let bytes = hex(row["hex"].as_str().unwrap());
        let mut fields = Fields::new(&bytes);
        let read = read_address(&mut fields);
        match row["result"].as_str().unwrap() {
            "error" => assert!(read.is_err(), "{row}"),
            // Core ignores IPv4-mapped IPv6. btcd sends it.
            "ignore" if bytes.starts_with(IPV4_AS_IPV6) => assert!(matches!(read, Ok(Ok(Address::Ipv4(_)))), "{row}"),
            "ignore" => assert!(matches!(read, Ok(Err(_))), "{row}"),
            _ => {
                let address = read.unwrap().expect("an address");
                assert_eq!(address.to_string(), row["text"].as_str().unwrap());
                let name = row["net"].as_str().unwrap().replace("torv3", "onion");
                assert_eq!(address.network().name(), name);
                assert_eq!(address.to_string().parse(), Ok(address));
                let mut written = Vec::new();
                write_address(&address, &mut written);
                assert_eq!(written, bytes);
            }
        }
        if read.is_ok() {
            assert!(fields.is_empty(), "{row}");
        }
    }
}

#[test]
fn the_older_form_of_addresses_is_read_as_cores_own_tests_read_it() {
    for row in data("net_addr_v1.json").as_array().unwrap() {
        let entry = [&[1][..], &[0; 12], &hex(row["hex"].as_str().unwrap()), &[0x20, 0x8d]].concat();
        let Ok(Message::Addr(entries)) = Message::read(Command::ADDR, &entry) else { panic!("unread: {row}") };
        let texts: Vec<_> = entries.iter().map(|entry| entry.endpoint.address.to_string()).collect();
        let expected: Vec<_> = row["text"].as_str().filter(|_| row["note"].is_null()).into_iter().collect();
        assert_eq!(texts, expected, "{row}");
    }
}

#[test]
fn both_messages_are_read_and_written_as_cores_own_tests_have_them() {
    let vectors = data("addr_vectors.json");
    let number = |row: &Value, field: &str| row[field].as_u64().unwrap();
    let entries = vectors["entries"].as_array().unwrap().iter().map(|row| Entry {
        time: number(row, "time").try_into().unwrap(),
        services: Services(number(row, "services")),
        endpoint: Endpoint {
            address: row["ip"].as_str().unwrap().parse().unwrap(),
            port: number(row, "port").try_into().unwrap(),
        },
    });
    let entries: Vec<_> = entries.collect();
    for (message, field) in [
        (Message::Addr(entries.clone().into()), "addr_v1_payload_hex"),
        (Message::Addrv2(entries.clone().into()), "addr_v2_payload_hex"),
    ] {
        let payload = hex(vectors[field].as_str().unwrap());
        let mut written = Vec::new();
        message.write(&Tail::None, &mut written);
        assert_eq!(written, payload, "{field}");
        let Ok(Message::Addr(read) | Message::Addrv2(read)) = Message::read(message.command(), &payload) else {
            panic!("{field} is not read")
        };
        // The first has port 0.
        assert_eq!((&read[..], read.told()), (&entries[1..], entries.len()), "{field}");
        assert_eq!(read.unusable().collect::<Vec<_>>(), [(Unusable::Port, 1)], "{field}");
    }
}

#[test]
fn core_announces_itself_before_it_answers() {
    for (file, known) in [("addrv1", 15), ("addrv2", 25)] {
        let bytes = answer_of(&format!("core-31.99_responder_v1_synced_{file}"));
        let regtest = params("bitcoin-regtest");
        let version = Version { time: 0x6b00_3bbe, ..version("bitcoin") };
        let ended = cut(|| Gossip::new(Channel::v1(regtest), Some(IpAddr::from([127, 0, 0, 1])), &version), &bytes);
        let told = ended.result.expect("over").expect("no fault");
        assert_eq!(told.own.map(|own| own.endpoint.to_string()).as_deref(), Some("45.67.89.10:28444"), "{file}");
        assert_eq!(told.entries.len(), known, "{file}");
    }
}

#[test]
fn however_an_answer_is_cut_it_is_the_same() {
    let flight = Flight::on("bitcoin")
        .say(&Message::Ping(Some(1)))
        .say(&Message::Sendcmpct { announce: false, version: 2 })
        .say(&Message::Addrv2(vec![own()].into()))
        .payload("inv", &[0; 2049])
        .say(&Message::Addrv2(entries(100).into()))
        .say(&Message::Ping(Some(2)));
    let answer = flight.starts[5] - flight.starts[4];
    assert!(answer > 2048 + HEADER_LEN, "longer than what is read whole elsewhere");
    let ended = cut(gossip, &flight.bytes);
    assert_eq!(ended.taken, *flight.starts.last().unwrap(), "what follows the answer is left");
    assert_eq!(said(&ended.sent), ["getaddr", "pong"]);
    assert_eq!(ended.result.unwrap().unwrap(), Told { entries: entries(100).into(), own: Some(own()) });
}

/// Our side asks over an encrypted channel; `say` adds what the peer sends from there on.
fn encrypted(say: impl FnOnce(Peer) -> Peer) -> (impl Fn() -> Gossip, Vec<u8>) {
    let hello = Peer::ready(Role::Initiator).hello(&version("bitcoin"));
    let (handshake, all) = (hello.bytes.clone(), say(hello).bytes);
    let after = all[handshake.len()..].to_vec();
    let asked = move || {
        let concluded = feed(&mut ours(Role::Initiator), [&handshake[..]]).result.expect("over").expect("no fault");
        Gossip::new(concluded.channel, Some(PEER.into()), &concluded.agreed.version)
    };
    (asked, after)
}

#[test]
fn however_an_encrypted_answer_is_cut_it_is_the_same() {
    let (asked, bytes) = encrypted(|peer| {
        peer.say(&Message::Ping(Some(1)))
            .packet(true, b"a decoy")
            .say(&Message::Addrv2(vec![own()].into()))
            .say(&Message::Addrv2(entries(80).into()))
    });
    assert!(bytes.len() > 2048, "longer than what is read whole elsewhere");
    let ended = cut(asked, &bytes);
    assert_eq!(ended.taken, bytes.len());
    assert_eq!(ended.result.unwrap().unwrap(), Told { entries: entries(80).into(), own: Some(own()) });
}

#[test]
fn an_encrypted_answer_is_asked_for_and_bounded_as_a_plain_one_is() {
    let (asked, bytes) = encrypted(|peer| peer.say(&Message::Addrv2(entries(MAX_ENTRIES).into())));
    assert_eq!(feed(&mut asked(), [&bytes[..]]).result.unwrap().unwrap().entries.len(), MAX_ENTRIES);

    let hello = Peer::ready(Role::Initiator).hello(&version("bitcoin"));
    let handshake = feed(&mut ours(Role::Initiator), [&hello.bytes[..]]);
    let concluded = handshake.result.expect("over").expect("no fault");
    let mut gossip = Gossip::new(concluded.channel, None, &concluded.agreed.version);
    let sent = [handshake.sent, feed(&mut gossip, [&[][..]]).sent].concat();
    let packets = said_encrypted(Role::Initiator, &sent);
    assert_eq!(packets.last().unwrap().1, b"\0getaddr\0\0\0\0\0", "BIP324 has no short name for it");

    let (asked, bytes) =
        encrypted(|peer| peer.packet(false, &[&[28][..], &[0; MAX_ADDRESSES_LEN as usize + 13]].concat()));
    let fault = feed(&mut asked(), [&bytes[..100]]).result.expect("over").expect_err("a fault");
    assert!(matches!(fault, Error::Oversized { max: MAX_ADDRESSES_LEN, .. }), "{fault}");
    let (asked, bytes) = encrypted(|peer| peer.packet(false, b"\x1c\xfd\xe9\x03"));
    assert_eq!(feed(&mut asked(), [&bytes[..]]).result.unwrap().unwrap_err().code(), "bitcoin.malformed");
}

#[test]
fn a_lone_address_is_an_answer_unless_it_is_the_peers_own() {
    let fresh = u32::try_from(version("bitcoin").time).unwrap();
    let services = version("bitcoin").services;
    let other = |time, services| Entry { time, services, ..entries(1)[0] };
    for (alone, is_own) in [
        (own(), true),
        (other(fresh + 600, services), true),
        (other(fresh + 601, services), false),
        (other(fresh, Services(9)), false),
    ] {
        let ended = tell(&[Message::Addrv2(vec![alone].into())]);
        assert_eq!(ended.result.is_none(), is_own, "{alone:?}");
    }
    let twice = tell(&[Message::Addr(vec![own()].into()), Message::Addr(vec![other(fresh, services)].into())]);
    assert!(twice.result.is_some(), "it announces itself once");
    let again = tell(&[Message::Addr(vec![own()].into()), Message::Addr(vec![own()].into())]);
    assert!(again.result.is_none(), "unless it repeats itself");
}

#[test]
fn an_empty_answer_is_one() {
    assert_eq!(
        tell(&[Message::Addr(Entries::default())]).result.unwrap().unwrap(),
        Told { entries: Entries::default(), own: None }
    );
}

#[test]
fn a_thousand_addresses_are_an_answer_and_one_more_is_a_fault() {
    let full = tell(&[Message::Addrv2(entries(MAX_ENTRIES).into())]);
    assert_eq!(full.result.unwrap().unwrap().entries.len(), MAX_ENTRIES);
    for command in ["addr", "addrv2"] {
        let too_many = [&[0xfd, 0xe9, 0x03][..], &[0; 40_000]].concat();
        assert_eq!(fault(command, &too_many), ("bitcoin.malformed", Blame::Peer));
        let none_there = [0xfe, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(fault(command, &none_there), ("bitcoin.malformed", Blame::Peer));
        assert_eq!(fault(command, b""), ("bitcoin.malformed", Blame::Peer));
        assert_eq!(fault(command, &[2; 31]), ("bitcoin.malformed", Blame::Peer));
    }
}

#[test]
fn addresses_of_no_use_are_counted_and_one_of_a_wrong_length_spoils_all() {
    let entry = |network: u8, len: usize| {
        let compact = if len < 253 {
            vec![u8::try_from(len).unwrap()]
        } else {
            [&[0xfd][..], &u16::try_from(len).unwrap().to_le_bytes()].concat()
        };
        [&[0; 4][..], &[9, network], &compact, &vec![1; len], &[0x20, 0x8d]].concat()
    };
    let told = |odd: Vec<u8>| [&[3][..], &entry(1, 4), &odd, &entry(1, 4)].concat();
    for (network, len) in [(3, 10), (7, 16), (170, 0), (255, 512)] {
        let flight = Flight::on("bitcoin").payload("addrv2", &told(entry(network, len)));
        let ended = cut(gossip, &flight.bytes);
        assert_eq!(ended.result.unwrap().unwrap().entries.len(), 2, "network {network}");
    }
    let entry_at = |address: &[u8], port: u8| {
        let len = u8::try_from(address.len() - 1).unwrap();
        [&[0; 4][..], &[9, address[0], len], &address[1..], &[0, port]].concat()
    };
    let mapped = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8];
    let nowhere = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let [yggdrasil, tor_v2] = [entry(7, 16), entry(3, 10)];
    let all = [entry_at(&mapped, 1), entry_at(&mapped, 0), entry_at(&nowhere, 1), yggdrasil, tor_v2].concat();
    let flight = Flight::on("bitcoin").payload("addrv2", &[&[5][..], &all].concat());
    let answer = cut(gossip, &flight.bytes).result.unwrap().unwrap();
    let shown: Vec<_> = answer.entries.iter().map(|entry| entry.endpoint.to_string()).collect();
    assert_eq!((shown, answer.entries.told()), (vec!["8.8.8.8:1".to_owned()], 5));
    let unusable: Vec<_> = answer.entries.unusable().collect();
    assert_eq!(unusable, [(Unusable::Port, 1), (Unusable::Network, 2), (Unusable::NoAddress, 1)]);
    for (network, len) in [(1, 5), (2, 15), (4, 0), (5, 33), (6, 4), (170, 513)] {
        assert_eq!(fault("addrv2", &told(entry(network, len))), ("bitcoin.malformed", Blame::Peer));
    }
}

#[test]
fn an_answer_longer_than_any_is_not_waited_for() {
    for command in [Command::ADDR, Command::ADDRV2] {
        let header = |len: u32| {
            let mut header = [0; HEADER_LEN];
            header[..4].copy_from_slice(&params("bitcoin").magic.0);
            header[4..16].copy_from_slice(&command.0);
            header[16..20].copy_from_slice(&len.to_le_bytes());
            header
        };
        assert!(feed(&mut gossip(), [&header(MAX_ADDRESSES_LEN)[..]]).result.is_none());
        let ended = feed(&mut gossip(), [&header(MAX_ADDRESSES_LEN + 1)[..]]);
        assert_eq!(ended.result.unwrap().unwrap_err().code(), "bitcoin.oversized");
    }
}

#[test]
fn no_changed_byte_of_an_answer_goes_unnoticed() {
    let flight = Flight::on("bitcoin").say(&Message::Addrv2(entries(5).into()));
    flip(gossip, &flight.bytes, |at, ended| match &ended.result {
        None => assert!((4..20).contains(&at), "byte {at}: another message, or a longer one"),
        Some(Ok(told)) => panic!("byte {at} went unnoticed: {told:?}"),
        Some(Err(fault)) => assert!(at >= 4 || fault.code() == "bitcoin.magic"),
    });
}

#[test]
fn a_peer_that_tells_nothing_is_asked_once_and_all_its_pings_are_answered() {
    let flight = (0..100).fold(Flight::on("bitcoin"), |flight, nonce| flight.say(&Message::Ping(Some(nonce))));
    let ended = feed(&mut gossip(), [&flight.bytes[..]]);
    assert!(ended.result.is_none());
    assert_eq!((said(&ended.sent).len(), ended.awaiting), (101, "addr"));
}

proptest! {
    #[test]
    fn what_is_told_is_heard(entries in vec(any_entry(), 2..50), older in any::<bool>(), piece in 1usize..500) {
        let ip = |entry: &Entry| matches!(entry.endpoint.address, Address::Ipv4(_) | Address::Ipv6(_));
        let (message, heard) = if older {
            (Message::Addr(entries.clone().into()), entries.iter().copied().filter(ip).collect())
        } else {
            (Message::Addrv2(entries.clone().into()), entries)
        };
        let ended = feed(&mut gossip(), Flight::on("bitcoin").say(&message).bytes.chunks(piece));
        match ended.result {
            Some(result) => prop_assert_eq!(result.unwrap().entries.to_vec(), heard),
            // The one left is the peer's own.
            None => prop_assert_eq!(heard.len(), 1),
        }
    }

    #[test]
    fn every_address_has_a_text_of_its_own(entry in any_entry()) {
        prop_assert_eq!(entry.endpoint.to_string().parse(), Ok(entry.endpoint));
    }
}

/// The address at which we reached the peer.
const PEER: [u8; 4] = [203, 0, 113, 1];

fn gossip() -> Gossip {
    Gossip::new(Channel::v1(params("bitcoin")), Some(PEER.into()), &version("bitcoin"))
}

fn own() -> Entry {
    Entry { time: 1, services: Services(1), endpoint: (PEER, 8333).into() }
}

/// Entries of all networks in turn.
fn entries(count: usize) -> Vec<Entry> {
    let entry = |n: usize| {
        let byte = u8::try_from(n % 251).expect("below 251");
        let address = match n % 5 {
            0 => IpAddr::from([8, 8, 4, byte]).into(),
            1 => IpAddr::from([0x2a01, 0, 0, 0, 0, 0, 0, u16::from(byte)]).into(),
            2 => Address::Onion([byte; 32]),
            3 => Address::I2p([byte; 32]),
            _ => Address::Cjdns([0xfc00, 0, 0, 0, 0, 0, 0, u16::from(byte)].into()),
        };
        Entry { time: 1_600_000_000, services: Services(0xc09), endpoint: Endpoint { address, port: 8333 } }
    };
    (0..count).map(entry).collect()
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let v6 = |head: u16| any::<[u16; 7]>().prop_map(move |[b, c, d, e, f, g, h]| [head, b, c, d, e, f, g, h]);
    let address = prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| IpAddr::from(ip).into()),
        v6(0x2a01).prop_map(|ip| IpAddr::from(ip).into()),
        any::<[u8; 32]>().prop_map(Address::Onion),
        any::<[u8; 32]>().prop_map(Address::I2p),
        v6(0xfc00).prop_map(|ip| Address::Cjdns(ip.into())),
    ];
    // Entries with port 0 are left out.
    (any::<u32>(), any::<u64>(), address, 1..=u16::MAX).prop_map(|(time, services, address, port)| Entry {
        time,
        services: Services(services),
        endpoint: Endpoint { address, port },
    })
}

fn tell(messages: &[Message]) -> Ended<Gossip> {
    let flight = messages.iter().fold(Flight::on("bitcoin"), Flight::say);
    feed(&mut gossip(), [&flight.bytes[..]])
}

#[track_caller]
fn fault(command: &str, payload: &[u8]) -> (&'static str, Blame) {
    let flight = Flight::on("bitcoin").payload(command, payload);
    let fault = feed(&mut gossip(), [&flight.bytes[..]]).result.expect("over").expect_err("a fault");
    (fault.code(), fault.blame())
}

/// The bytes that the node of a transcript sent after our `getaddr`.
fn answer_of(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/transcripts/{file}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let lines = std::fs::read_to_string(path).expect("the transcript is there");
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("one object a line"));
    let getaddr = |line: &Value| line["dir"] == "out" && line["hex"].as_str().expect("text").contains("67657461646472");
    let after = lines.skip_while(|line| !getaddr(line));
    after.filter(|line| line["dir"] == "in").flat_map(|line| hex(line["hex"].as_str().expect("text"))).collect()
}

fn data(file: &str) -> Value {
    let path = format!("{}/tests/data/bip155/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("it is there")).expect("JSON")
}
