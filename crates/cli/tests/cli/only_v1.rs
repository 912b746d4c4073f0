//! Networks whose nodes speak only v1, and nodes whose transport is unknown.

use serde_json::{Value, json};

use crate::common::{json_lines, run, verack};
use crate::neighbours::{Neighbours, Peer, knows};
use crate::scripted::Scripted;

/// A network with the magic of Bitcoin's regtest, and a client without BIP324.
const CHAIN: &str = "litecoin-regtest";

/// The reports of handshakes.
fn handshakes(output: &std::process::Output) -> Vec<Value> {
    let mut lines = json_lines(output);
    lines.retain(|line| line["type"] == "handshake");
    lines
}

/// Like Zebra, the node accepts one connection from an address and drops later ones.
#[test]
fn a_node_of_a_network_without_v2_is_reached_with_the_one_connection_that_it_takes() {
    for chain in ["zcash", "zcash-testnet", "bitcoin-sv", "digibyte"] {
        let node = Scripted::on(chain, |number, wire| {
            let version = wire.version();
            if number == 0 {
                wire.shake(version);
            }
        });
        let output = run(["-c", chain, "--json", "--timeout", "10s", &node.address.to_string()]);
        let [report] = &handshakes(&output)[..] else { panic!("one report") };
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("v1")), "{report}");
        assert_eq!(report["fallback_from"], Value::Null);
        assert_eq!(node.connections(), 1);
    }
}

#[test]
fn every_command_dials_a_network_without_v2_over_v1_alone() {
    let ip = [127, 76, 0, 1];
    for command in ["", "addrs", "whoami", "crawl"] {
        let neighbours = Neighbours::up(|_| vec![Peer::at(ip, knows([]))]);
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("peers.sqlite");
        let address = neighbours.address(ip);
        let words = ["-c", CHAIN, "--json", "--timeout", "10s", &address];
        let mut command_line: Vec<_> = [command].into_iter().filter(|word| !word.is_empty()).chain(words).collect();
        if command == "crawl" {
            command_line.extend(["--db", db.to_str().unwrap(), "--answer-timeout", "1s"]);
        }
        let output = verack(command_line).output().unwrap();
        let reports = handshakes(&output);
        assert_eq!(reports.len(), 1, "{command}: {output:?}");
        assert_eq!((&reports[0]["outcome"], &reports[0]["transport"]), (&json!("ok"), &json!("v1")), "{command}");
        assert_eq!((&reports[0]["fallback_from"], neighbours.calls()), (&Value::Null, 1), "{command}");
    }
}

/// A v1 node may ignore a key, and a node that hangs sends nothing; neither proves that it is not a Bitcoin node.
#[test]
fn a_peer_that_accepts_and_says_nothing_is_not_called_something_else() {
    let node = Scripted::on("bitcoin-regtest", |_, wire| wire.hang());
    let address = node.address.to_string();
    for (transport, stage, expected) in [
        (
            "auto",
            "transport",
            "it may speak only the v1 transport, hang, start up, be on another network, or be no Bitcoin node; \
             --transport v1 tells more",
        ),
        (
            "v1",
            "hello",
            "it may hang, start up, be on another network, be no Bitcoin node, or have discarded our version",
        ),
    ] {
        let words = ["-c", "bitcoin-regtest", "--json", "--timeout", "1s", "--transport", transport, &address];
        let [report] = &handshakes(&run(words))[..] else { panic!("one report") };
        assert_eq!((&report["reason"], &report["stage"]), (&json!("timeout"), &json!(stage)));
        assert!(report["detail"].as_str().unwrap().ends_with(expected), "{report}");
    }
}

#[test]
fn a_network_without_v2_is_dialled_over_v2_if_the_user_says_so() {
    let node = Scripted::on(CHAIN, |_, wire| {
        let version = wire.version();
        wire.shake(version);
    });
    let address = node.address.to_string();
    let output = run(["-c", CHAIN, "--json", "--timeout", "10s", "--transport", "both", &address]);
    let reports = handshakes(&output);
    let seen: Vec<_> = reports.iter().map(|report| (&report["transport"], &report["reason"])).collect();
    assert_eq!(seen, [(&json!("v2"), &json!("bitcoin.v1-only")), (&json!("v1"), &json!("ok"))]);
    let detail = "closed the connection on our key without a word: it speaks only the v1 transport, as the nodes of its \
                  network do";
    assert_eq!(reports[0]["detail"], detail);
    assert_eq!(node.connections(), 2, "what the network's nodes cannot do is not tried twice");
}
