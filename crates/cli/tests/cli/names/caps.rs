//! How many addresses a name may lead to, and how fast we dial them.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;

use super::scripted::{A, Reply, TXT, scripted, texts};
use super::{LOCALHOST, resolved};
use crate::common::CHAIN;

/// A DNS server whose names have 4000 addresses each in one network, as many as an answer over TCP holds.
fn crowded() -> SocketAddr {
    let many = || (0..4000_u16).map(|n| [&[127, 1][..], &n.to_be_bytes()].concat());
    scripted(LOCALHOST, move |_, kind| Reply::Records(many().filter(|_| kind == A).map(|ip| (A, ip)).collect()))
}

fn split(lines: &[Value]) -> (Vec<&Value>, Vec<&Value>) {
    lines.iter().filter(|line| line["type"] == "handshake").partition(|line| line["reason"] != "local.over-cap")
}

#[test]
fn a_name_leads_to_so_many_addresses_and_no_more() {
    let (lines, _) =
        resolved(crowded(), &["-4", "--timeout", "60s", "--transport", "v1", "--prefix-rate", "0", "crowd.test:1"]);
    let (dialled, over) = split(&lines);
    assert_eq!((dialled.len(), over.len()), (256, 1));
    assert_eq!(over[0]["detail"], "crowd.test leads to 3744 more; 256 addresses are dialled for a name");
    assert_eq!((&over[0]["address"], &over[0]["blame"]), (&Value::Null, &"local".into()));
}

#[test]
fn what_a_name_leads_to_in_one_network_is_paced_and_ends_in_time() {
    let args = ["-4", "--timeout", "2s", "--transport", "v1", "crowd.test:1"];
    let (lines, took) = resolved(crowded(), &args);
    let (dialled, over) = split(&lines);
    // A burst of 20, then 20 a second, for half of the time limit.
    assert!((20..=41).contains(&dialled.len()), "{}", dialled.len());
    assert!(took < Duration::from_secs(4), "{took:?}");
    let said: Vec<_> = over.iter().map(|line| line["detail"].as_str().unwrap()).collect();
    assert!(
        said.iter()
            .any(|said| said.ends_with("more in 127.1.0.0/16; at 20 dials a second there, their turn is too late")),
        "{said:?}"
    );
}

#[test]
fn a_list_leads_to_no_more_than_a_name() {
    let server = scripted(LOCALHOST, |name, kind| match kind {
        TXT if name == "_dnsaddr.list.test" => {
            Reply::Records((0..64).map(|n| (TXT, texts(&format!("dnsaddr=/dns4/crowd.test/tcp/{}", n + 1)))).collect())
        }
        TXT => {
            Reply::Records((0..64).map(|n| (TXT, texts(&format!("dnsaddr=/ip4/127.1.0.1/tcp/{}", n + 1)))).collect())
        }
        A => Reply::Records((0..60).map(|n| (A, vec![127, 1, 1, n])).collect()),
        _ => Reply::Records(vec![]),
    });
    let args = ["--timeout", "60s", "--prefix-rate", "0"];
    let (lines, _) = resolved(server, &[&args[..], &["/dnsaddr/list.test"]].concat());
    let (dialled, over) = split(&lines);
    assert_eq!((dialled.len(), over.len()), (256, 1), "{:?}", over[0]["detail"]);
    let (lines, _) = resolved(server, &[&args[..], &["/dnsaddr/ports.test"]].concat());
    let (dialled, over) = split(&lines);
    assert_eq!((dialled.len(), over.len()), (8, 1));
    let expected = "ports.test leads to 56 more ports of hosts of which 8 ports are dialled already";
    assert_eq!(over[0]["detail"], expected);
}

#[test]
fn the_other_commands_dial_what_a_name_leads_to_as_slowly() {
    // A burst of 100, then 100 a second, for 256 addresses; none has a listener.
    const AT_LEAST: Duration = Duration::from_millis(1500);
    for command in ["whoami", "addrs"] {
        let args = [command, "-c", CHAIN, "-4", "--timeout", "60s", "--prefix-rate", "100", "crowd.test:1"];
        let (lines, took) = resolved(crowded(), &[&args[..], &["--transport", "v1"]].concat());
        assert_eq!(split(&lines).0.len(), 256, "{command}");
        assert!(took >= AT_LEAST, "{command}: {took:?}");
    }
}

#[test]
fn the_second_connection_to_a_peer_counts_against_the_pace_of_its_network() {
    // Each of twenty peers reads our key and closes, so we dial it again over v1.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let server = scripted(LOCALHOST, |_, kind| {
        Reply::Records((1..=20).filter(|_| kind == A).map(|last| (A, vec![127, 66, 7, last])).collect())
    });
    let target = format!("twenty.test:{port}");
    let (lines, took) = resolved(server, &["-c", CHAIN, "-4", "--timeout", "60s", "--prefix-rate", "10", &target]);
    let (dialled, _) = split(&lines);
    assert_eq!(dialled.len(), 20);
    assert!(dialled.iter().all(|line| line["fallback_from"]["transport"] == "v2"), "{dialled:?}");
    // A burst of ten dials with ten second dials, which use the time of ten more; then two dials in a fifth of a
    // second.
    assert!(took > Duration::from_secs(2), "{took:?}");
}
