//! Targets that lead to the same address: it is dialled once, and every target is reported.

use serde_json::{Value, json};

use super::scripted::{A, Reply, scripted};
use super::{LOCALHOST, reasons, resolved};
use crate::common::{CHAIN, json_lines, own_ip, run, text};
use crate::evidence::{calls, closing_at};
use crate::neighbours::{Neighbours, Peer, knows};

const ONE: [u8; 4] = [127, 70, 9, 1];
const OTHER: [u8; 4] = [127, 70, 9, 2];

/// Two nodes: one name leads to both, another name to the first.
fn two_seeds() -> (Neighbours, std::net::SocketAddr) {
    let neighbours = Neighbours::up(|_| vec![Peer::at(ONE, knows([])), Peer::at(OTHER, knows([]))]);
    let server = scripted(LOCALHOST, |name, kind| {
        let addresses: &[[u8; 4]] = if name == "both.test" { &[ONE, OTHER] } else { &[ONE] };
        Reply::Records(addresses.iter().filter(|_| kind == A).map(|ip| (A, ip.to_vec())).collect())
    });
    (neighbours, server)
}

fn port(address: &str) -> &str {
    address.rsplit_once(':').unwrap().1
}

/// The record of this address.
fn at<'v>(lines: &'v [Value], address: &str) -> &'v Value {
    let found: Vec<_> = lines.iter().filter(|line| line["address"] == address).collect();
    assert_eq!(found.len(), 1, "{address}: {lines:?}");
    found[0]
}

#[test]
fn each_name_is_told_how_it_went_with_its_addresses() {
    let (neighbours, server) = two_seeds();
    let address = neighbours.address(ONE);
    let words = ["-c", CHAIN, "-4", "-p", port(&address), "both.test", "one.test", "one.test"];
    let (lines, _) = resolved(server, &words);
    assert_eq!(lines.iter().filter(|line| line["type"] == "handshake").count(), 2, "{lines:?}");
    let summary = lines.last().unwrap();
    let mut names = summary["names"].as_array().unwrap().clone();
    names.sort_by_key(|name| name["target"].to_string());
    let tally = |target: &str, count: u64| json!({"target": target, "addresses": count, "ok": count, "partial": 0, "failed": 0, "unfinished": 0, "not_tried": 0});
    assert_eq!(names, [tally("both.test", 2), tally("one.test", 1)]);

    let server = server.to_string();
    let output = run(words.into_iter().chain(["--allow-private", "--resolver", &server]));
    let printed = text(&output.stdout);
    assert!(printed.contains("\nboth.test: 2 addresses, 2 OK\n"), "{printed}");
    assert!(printed.contains("\none.test: 1 address, 1 OK\n"), "{printed}");
}

#[test]
fn all_that_led_to_a_peer_is_named_in_its_record() {
    let (neighbours, server) = two_seeds();
    let (address, other) = (neighbours.address(ONE), neighbours.address(OTHER));
    let bare = address.split(':').next().unwrap();
    let words = ["-c", CHAIN, "-4", "-p", port(&address), &address, bare, &address, &other];
    let (lines, _) = resolved(server, &words);
    assert_eq!(at(&lines, &address)["target"], address);
    assert_eq!(at(&lines, &address)["targets"], json!([address, bare]));
    assert_eq!(at(&lines, &other)["targets"], json!([other]));
    assert_eq!(lines.last().unwrap()["names"], json!([]));

    // A name that leads to an address that the user also named. The lookup runs while that address is dialled.
    let (lines, _) = resolved(server, &["-c", CHAIN, "-4", "-p", port(&address), bare, "one.test"]);
    assert_eq!(at(&lines, &address)["target"], bare);
    assert_eq!(lines.last().unwrap()["names"][0]["target"], "one.test");
    assert_eq!(lines.last().unwrap()["names"][0]["ok"], 1);

    let output = run(["-c", CHAIN, "--format", "csv", &address, bare, "-p", port(&address)]);
    let row = text(&output.stdout).lines().nth(1).unwrap();
    assert!(row.contains(&format!(",{address} {bare},")), "{row}");
}

#[test]
fn one_peer_over_two_transports_is_one_peer() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(ONE, knows([]))]);
    let words = ["-c", CHAIN, "--transport", "both", &neighbours.address(ONE)];
    let output = run(words);
    assert!(text(&output.stdout).contains("(1 peer, 2 attempts in "), "{}", text(&output.stdout));
    let lines = json_lines(&run(words.into_iter().chain(["--json"])));
    let summary = lines.last().unwrap();
    assert_eq!((&summary["peers"], &summary["attempts"]), (&json!(1), &json!(2)));
}

#[test]
fn only_the_first_address_of_a_name_costs_its_node_a_silent_connection() {
    let ips = [own_ip(3), own_ip(4)];
    let first = closing_at(CHAIN, (ips[0], 0));
    let nodes = [closing_at(CHAIN, (ips[1], first.address.port())), first];
    let server = scripted(LOCALHOST, move |_, kind| {
        Reply::Records(ips.iter().filter(|_| kind == A).map(|ip| (A, ip.octets().to_vec())).collect())
    });
    let target = format!("both.test:{}", nodes[0].address.port());
    let (lines, _) = resolved(server, &["-c", CHAIN, "--transport", "v1", &target]);
    assert_eq!(reasons(&lines), ["closed", "closed"]);
    let mut had = nodes.each_ref().map(calls);
    had.sort_unstable();
    assert_eq!(had, [1, 2], "{lines:?}");
}
