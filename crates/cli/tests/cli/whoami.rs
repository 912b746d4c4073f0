//! Our public address, from the command line.

use std::process::Output;

use serde_json::json;

use crate::common::{CHAIN, Simulated, json_lines, run, text};
use crate::neighbours::{Neighbours, Peer};

const US: [u8; 4] = [8, 8, 8, 8];
const ANOTHER: [u8; 4] = [9, 9, 9, 9];

fn asked(peers: Vec<Peer>, options: &[&str]) -> Output {
    let ips: Vec<_> = peers.iter().map(|peer| peer.ip.octets()).collect();
    let neighbours = Neighbours::up(|_| peers);
    let addresses: Vec<_> = ips.into_iter().map(|ip| neighbours.address(ip)).collect();
    let words = ["whoami", "-c", CHAIN, "--timeout", "5s"].into_iter().chain(options.iter().copied());
    run(words.chain(addresses.iter().map(String::as_str)))
}

#[test]
fn what_peers_in_most_networks_say_is_believed() {
    let peers = || {
        let mut peers: Vec<_> = (71..75).map(|second| Peer::seeing([127, second, 0, 1], US)).collect();
        peers.push(Peer::seeing([127, 75, 0, 1], ANOTHER));
        peers
    };
    let output = asked(peers(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = json_lines(&output);
    assert_eq!(lines.iter().filter(|line| line["type"] == "handshake").count(), 5);
    let last = lines.last().unwrap();
    assert_eq!((&last["type"], &last["ipv6"]), (&json!("whoami"), &json!(null)));
    let dissenters = json!([{"network": "127.75.0.0/16", "address": "9.9.9.9"}]);
    assert_eq!(last["ipv4"], json!({"address": "8.8.8.8", "agreed": 4, "of": 5, "dissenters": dissenters}));

    let said = asked(peers(), &[]);
    let expected = "8.8.8.8  (so say peers in 4 of 5 networks)\n  127.75.0.0/16 says 9.9.9.9\n";
    assert_eq!(text(&said.stdout), expected);
}

#[test]
fn one_network_is_believed_no_more_than_one_peer() {
    let many = (1..=20).map(|last| Peer::seeing([127, 71, 0, last], US)).collect();
    let two = vec![Peer::seeing([127, 71, 0, 1], US), Peer::seeing([127, 72, 0, 1], US)];
    for (peers, heard) in [(many, 1), (two, 2)] {
        let output = asked(peers, &["--json"]);
        assert_eq!(output.status.code(), Some(1));
        let lines = json_lines(&output);
        let last = lines.last().unwrap();
        assert_eq!((&last["ipv4"], &last["heard"]), (&json!(null), &json!(heard)));
    }
}

#[test]
fn peers_that_do_not_say_and_those_that_say_nonsense_do_not_count() {
    let mut peers: Vec<_> = (71..74).map(|second| Peer::seeing([127, second, 0, 1], [10, 0, 0, 1])).collect();
    peers.extend((74..76).map(|second| Peer { sees: None, ..Peer::seeing([127, second, 0, 1], US) }));
    let output = asked(peers, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("not known: of 5 peers 5 introduced themselves, and in 0 networks"));
}

#[test]
fn no_more_peers_are_asked_than_are_needed() {
    let peers = (71..91).map(|second| Peer::seeing([127, second, 0, 1], US)).collect();
    let output = asked(peers, &["--json", "--peers", "3"]);
    let lines = json_lines(&output);
    let last = lines.last().unwrap();
    assert_eq!((&last["dialled"], &last["ipv4"]["agreed"]), (&json!(3), &json!(3)));
}

#[test]
fn why_an_address_behind_a_name_is_not_dialled_is_said() {
    let simulated = Simulated::network();
    let (dns, seed) = (simulated.network.dns().to_string(), &simulated.network.seeds()[0]);
    let words = ["whoami", "-c", CHAIN, "--resolver", &dns, seed];
    let output = run(words.into_iter().chain(["--json"]));
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    let (last, reported) = lines.split_last().unwrap();
    assert_eq!((&last["dialled"], &last["heard"]), (&json!(0), &json!(0)));
    assert!(!reported.is_empty() && reported.iter().all(|line| line["reason"] == "local.address-not-routable"));

    let said = run(words);
    assert!(text(&said.stdout).ends_with(&format!("{:>7}  local.address-not-routable\n", reported.len())));
}
