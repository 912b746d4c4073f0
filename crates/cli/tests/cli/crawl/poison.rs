//! Peers that share false addresses.

use bitcoin::gossip::{Address, Endpoint, Entries, Entry};
use bitcoin::{Command, Message};
use peers::{Network, Peer as Stored};
use serde_json::{Value, json};

use super::{FIRST, crawl, database, stored, summary};
use crate::neighbours::{Answer, Neighbours, Peer, entry, knows};

/// One peer shares all kinds of addresses; none of them is dialled, since one peer is enough.
fn poisoned(answer: Answer) -> (Value, Vec<Stored>, String) {
    let neighbours = Neighbours::up(|_| vec![Peer::at(FIRST, answer)]);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let output = crawl(&db, &["--json", "--transport", "v1", "--max-peers", "1", &first]);
    assert_eq!(output.status.code(), Some(0));
    let summary = summary(&output);
    assert_eq!(summary["reachable"], 1, "whatever it tells, it is there");
    (summary, stored(&db), first)
}

#[test]
fn what_cannot_be_dialled_is_not_kept_and_what_cannot_be_true_is_not_believed() {
    let global = |last, time| Entry { time, ..entry([8, 8, 8, last], 8333) };
    let overlay = |address| Entry { endpoint: Endpoint { address, port: 8333 }, ..entry([0; 4], 0) };
    let entries = vec![
        entry([10, 0, 0, 1], 8333),
        entry([127, 0, 0, 9], 8333),
        entry([192, 168, 0, 1], 8333),
        entry([169, 254, 0, 1], 8333),
        entry([100, 64, 0, 1], 8333),
        entry([224, 0, 0, 1], 8333),
        entry([255, 255, 255, 255], 8333),
        entry([0, 0, 0, 0], 8333),
        overlay("fe80::1".parse().unwrap()),
        overlay("::1".parse().unwrap()),
        entry([8, 8, 8, 1], 0),
        global(2, u32::MAX),
        global(3, 0),
        global(4, 1_600_000_000),
        global(4, 1_600_000_000),
        overlay(Address::Onion([7; 32])),
        overlay(Address::I2p([7; 32])),
        overlay("fc00::7".parse().unwrap()),
    ];
    let count = entries.len();
    let (summary, peers, first) = poisoned(knows(entries));
    assert_eq!((&summary["told"], &summary["refused"], &summary["known"]), (&json!(count), &json!(9), &json!(7)));
    assert_eq!(summary["unusable"], json!({"no-address": 1, "port-0": 1}));
    let kept: Vec<_> = peers.iter().map(|peer| peer.endpoint.to_string()).filter(|address| *address != first).collect();
    assert_eq!(&kept[..4], ["8.8.8.2:8333", "8.8.8.3:8333", "8.8.8.4:8333", "[fc00::7]:8333"]);
    let networks: Vec<_> = peers.iter().map(|peer| peer.endpoint.network()).collect();
    assert!(networks.contains(&Network::Onion) && networks.contains(&Network::I2p) && networks.len() == 7);
    let seen = |address: &str| peers.iter().find(|peer| peer.endpoint.to_string() == address).unwrap().last_seen;
    assert_eq!(["8.8.8.2:8333", "8.8.8.3:8333"].map(seen), [None, None], "of the future, and none");
    assert_eq!(seen("8.8.8.4:8333"), Some(peers::Time(1_600_000_000)));
}

#[test]
fn an_answer_that_cannot_be_read_or_has_no_end_spoils_nothing_else() {
    let too_many = [&[0xfd, 0xe9, 0x03][..], &[0; 40_000]].concat();
    let cut = [&[2][..], &[0; 20]].concat();
    let alone = Message::Addrv2(vec![Entry { time: 1, ..entry([8, 8, 8, 8], 8333) }].into());
    for (answer, told) in [
        (Answer::Payload(Command::ADDRV2, too_many), 0),
        (Answer::Payload(Command::ADDR, cut), 0),
        // A single address other than the peer's own is an answer, so we do not wait for more.
        (Answer::Endless(Box::new(alone)), 1),
        (Answer::Endless(Box::new(Message::Ping(Some(1)))), 0),
        (Answer::Messages(vec![Message::Addr(Entries::default())]), 0),
    ] {
        let (summary, peers, _) = poisoned(answer);
        assert_eq!((&summary["told"], peers.len()), (&json!(told), told + 1));
    }
}

#[test]
fn a_flood_of_made_up_addresses_fills_no_more_than_its_share() {
    // Ten peers of one hoster share a thousand each, on every port of a few addresses.
    let neighbours = Neighbours::up(|port| {
        let made_up = |nth: u16| entry([8, 8, 8, u8::try_from(nth / 250).unwrap()], 1 + nth);
        let told = |peer: u16| (0..1000).map(move |nth| made_up(peer * 1000 + nth)).collect::<Vec<_>>();
        let mut peers: Vec<_> = (1..=10u8).map(|last| Peer::at([127, 72, 0, last], knows(told(last.into())))).collect();
        let all = (1..=10).map(|last| entry([127, 72, 0, last], port)).collect::<Vec<_>>();
        peers.push(Peer::at(FIRST, knows(all)));
        peers
    });
    let (_folder, db) = database();
    let options = ["--json", "--allow-private", "--max-peers", "11", "--max-known", "5000", "--prefix-rate", "0"];
    let output = crawl(&db, &[&options[..], &[&neighbours.address(FIRST)]].concat());
    let summary = summary(&output);
    assert!(summary["known"].as_u64().unwrap() <= 5000, "{summary}");
    assert!(summary["refused"].as_u64().unwrap() >= 5000, "{summary}");
    assert_eq!(summary["reachable"], 11);
}
