//! Asking one peer for addresses, from the command line.

use bitcoin::gossip::{Address, Endpoint, Entry};
use bitcoin::{Command, Message, Services};
use serde_json::{Value, json};

use crate::common::{CHAIN, json_lines, run, text};
use crate::neighbours::{Answer, Neighbours, Peer, entry, knows};

const IP: [u8; 4] = [127, 70, 0, 1];

fn entries() -> Vec<Entry> {
    let at = |address, port| Entry { endpoint: Endpoint { address, port }, ..entry([0; 4], 0) };
    vec![
        entry([203, 0, 113, 7], 8333),
        at("2a01::1".parse().unwrap(), 8333),
        at(Address::Onion([7; 32]), 8333),
        at(Address::I2p([7; 32]), 0),
        at("fc00::7".parse().unwrap(), 8333),
    ]
}

/// The peer's announcement of itself, followed by its answer.
fn answer(port: u16) -> Answer {
    let own = Message::Addrv2(vec![entry(IP, port)].into());
    Answer::Messages(vec![Message::Ping(Some(1)), own, Message::Addrv2(entries().into())])
}

fn asked(neighbours: &Neighbours, options: &[&str]) -> std::process::Output {
    let address = neighbours.address(IP);
    run(["addrs", &address, "-c", CHAIN, "--timeout", "5s"].into_iter().chain(options.iter().copied()))
}

#[test]
fn addresses_of_every_network_are_shown_and_the_peers_own_apart_from_them() {
    let neighbours = Neighbours::up(|port| vec![Peer::at(IP, answer(port))]);
    for transport in ["v1", "v2"] {
        let output = asked(&neighbours, &["--json", "--transport", transport]);
        assert_eq!(output.status.code(), Some(0));
        let lines = json_lines(&output);
        assert_eq!((&lines[0]["type"], &lines[0]["transport"]), (&json!("handshake"), &json!(transport)));
        let told: Vec<_> = lines.iter().filter(|line| line["type"] == "address").collect();
        let own: Vec<_> = told.iter().filter(|line| line["own"] == true).map(|line| &line["address"]).collect();
        assert_eq!(own, [&json!(neighbours.address(IP))]);
        let networks: Vec<_> = told[1..].iter().map(|line| line["network"].as_str().unwrap()).collect();
        assert_eq!(networks, ["ipv4", "ipv6", "onion", "i2p", "cjdns"]);
        assert_eq!((&told[1]["address"], &told[1]["services"]), (&json!("203.0.113.7:8333"), &json!(9)));
        assert_eq!(told[1]["service_names"], json!(["NETWORK", "WITNESS"]));
        assert_eq!(told[2]["address"], "[2a01::1]:8333");
        assert_eq!(told[5]["address"], "[fc00::7]:8333");
        let last = lines.last().unwrap();
        assert_eq!((&last["type"], &last["outcome"], &last["told"]), (&json!("addrs"), &json!("ok"), &json!(5)));
        assert_eq!(last["networks"], json!({"ipv4": 1, "ipv6": 1, "onion": 1, "i2p": 1, "cjdns": 1}));
    }
}

/// btcd sends IPv4 in the form of IPv6; an entry may be unusable.
#[test]
fn what_is_told_and_of_no_use_is_counted() {
    let entry = |network: u8, address: &[u8], port: u8| {
        let len = u8::try_from(address.len()).unwrap();
        [&[0, 0xf1, 0x53, 0x65, 9, network, len], address, &[0x20, port]].concat()
    };
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7];
    let nowhere = entry(2, &[0; 16], 0x8d);
    let mut port_0 = entry(1, &[203, 0, 113, 8], 0);
    let at = port_0.len() - 2;
    port_0[at] = 0;
    let told = [entry(2, &mapped, 0x8d), nowhere, port_0, entry(7, &[2; 16], 1), entry(3, &[1; 10], 1)].concat();
    let answer = Answer::Payload(Command::ADDRV2, [&[5][..], &told].concat());
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, answer)]);
    let output = asked(&neighbours, &["--json", "--transport", "v1"]);
    let lines = json_lines(&output);
    let shown: Vec<_> = lines.iter().filter(|line| line["type"] == "address").map(|line| &line["address"]).collect();
    assert_eq!(shown, [&json!("203.0.113.7:8333")]);
    let last = lines.last().unwrap();
    assert_eq!((&last["told"], &last["networks"]), (&json!(5), &json!({"ipv4": 1})));
    assert_eq!(last["unusable"], json!({"no-address": 1, "port-0": 1, "unknown-network": 2}));

    let output = asked(&neighbours, &["--transport", "v1"]);
    let expected = " told 5 addresses: 1 ipv4, 1 with port 0, 2 of unknown networks, 1 without an address\n";
    assert!(text(&output.stdout).ends_with(expected), "{}", text(&output.stdout));
}

#[test]
fn people_get_a_table_and_programs_rows() {
    let neighbours = Neighbours::up(|port| vec![Peer::at(IP, answer(port))]);
    let address = neighbours.address(IP);
    let output = asked(&neighbours, &[]);
    let table = text(&output.stdout);
    assert!(table.starts_with("OK      ") && table.contains("/Satoshi:1.0(neighbour)/"), "{table}");
    assert!(table.contains("\nonion a4"), "{table}");
    let sum = format!("{address} told 5 addresses: 1 cjdns, 1 i2p, 1 ipv4, 1 ipv6, 1 onion\n");
    assert!(table.ends_with(&format!("{sum}{address} announces itself as {address}\n")), "{table}");

    let output = asked(&neighbours, &["--format", "csv"]);
    let rows: Vec<_> = text(&output.stdout).lines().collect();
    assert_eq!(rows[0], "from,network,address,time,services,service_names,own,started,services_hex");
    assert!(
        rows[1].starts_with(&format!("{address},ipv4,{address},1700000000,9,NETWORK WITNESS,true,")),
        "{}",
        rows[1]
    );
    assert_eq!(rows.len(), 7);
}

#[test]
fn a_peer_that_tells_nothing_has_a_verdict_too() {
    let too_many = [&[0xfd, 0xe9, 0x03][..], &[0; 40_000]].concat();
    let flood = Message::Addrv2(vec![entry(IP, 1)].into());
    for (answer, outcome, reason) in [
        (Answer::Silence, "failed", "timeout"),
        (knows([]), "ok", "ok"),
        (Answer::Payload(Command::ADDRV2, too_many), "failed", "bitcoin.malformed"),
        (Answer::Endless(Box::new(flood)), "failed", "flood"),
    ] {
        let neighbours = Neighbours::up(|_| vec![Peer::at(IP, answer)]);
        let output = asked(&neighbours, &["--json", "--transport", "v1", "--answer-timeout", "1s"]);
        let lines = json_lines(&output);
        assert_eq!(lines[0]["outcome"], "ok", "{reason}");
        let last = lines.last().unwrap();
        assert_eq!((&last["outcome"], &last["reason"]), (&json!(outcome), &json!(reason)), "{last}");
        assert_eq!(output.status.code(), Some(i32::from(outcome != "ok")), "{reason}");
    }
}

#[test]
fn a_peer_that_cannot_be_asked_is_reported_as_everywhere() {
    let neighbours = Neighbours::up(|_| vec![]);
    let output = asked(&neighbours, &["--json"]);
    let lines = json_lines(&output);
    assert_eq!((lines.len(), &lines[0]["reason"]), (1, &json!("connect.refused")));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(run(["addrs", "not a target"]).status.code(), Some(2));
    assert_eq!(run(["addrs"]).status.code(), Some(2));
}

#[test]
fn text_that_a_peer_chose_does_no_harm() {
    let strange = Entry { services: Services(u64::MAX), time: u32::MAX, ..entry([1, 2, 3, 4], 1) };
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, knows([strange, strange]))]);
    let output = asked(&neighbours, &[]);
    assert!(text(&output.stdout).contains("1.2.3.4:1 ") && text(&output.stdout).contains(" now "));
    let lines: Vec<Value> = json_lines(&asked(&neighbours, &["--json"]));
    assert_eq!(lines[1]["services"], u64::MAX);
    assert_eq!(lines[1]["services_hex"], "0xffffffffffffffff");
}
