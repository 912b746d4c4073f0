//! Finding out what listens at an address.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::common::{CHAIN, Simulated, json_lines, own_ip, run, text};
use crate::evidence::{Last, peer};
use crate::listen::listen;

fn identify(target: &str, options: &[&str]) -> (Value, Output) {
    let output = run([&["identify", "--json", target], options].concat());
    assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
    (json_lines(&output).remove(0), output)
}

#[test]
fn a_node_that_speaks_v2_is_known_with_its_network_after_one_key() {
    let (mut child, _log, address) = listen(&[]);
    let (answer, output) = identify(&address, &["--timeout", "20s"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert_eq!(answer["known"]["protocol"], "bitcoin");
    assert!(answer["known"]["chains"].as_array().unwrap().contains(&CHAIN.into()), "{answer}");
    let tried = answer["tried"].as_array().unwrap();
    assert_eq!((&tried[0]["what"], &tried[0]["outcome"]), (&"silence".into(), &"silent".into()));
    assert_eq!((&tried[1]["what"], &tried[1]["outcome"]), (&"bitcoin over v2".into(), &"bitcoin.magic".into()));
    assert_eq!(tried.len(), 2);
}

#[test]
fn nodes_of_other_protocols_are_known_by_their_own_answer() {
    for (options, protocol) in [(["--protocol", "libp2p"], "libp2p"), (["-c", "monero"], "monero")] {
        let (mut child, _log, address) = listen(&options);
        let (answer, _) = identify(&address, &["--timeout", "2s"]);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(answer["known"]["protocol"], protocol, "{answer}");
        assert!(answer["tried"].as_array().unwrap().len() <= 4, "{answer}");
    }
}

#[test]
fn a_plaintext_node_is_known_if_its_port_is_its_networks() {
    // Only one of regtest's v1-only peers listens on the usual port.
    let address = SocketAddr::from((own_ip(1), 18444));
    let simulated = Simulated::network();
    let node = simulated.peer("coalesced");
    relay(address, node);
    let (answer, _) = identify(&address.to_string(), &[]);
    assert!(answer["known"]["chains"].as_array().unwrap().contains(&CHAIN.into()), "{answer}");
    assert!(answer["known"]["agent"].as_str().is_some(), "{answer}");
    assert!(answer["tried"].as_array().unwrap().len() <= 3, "{answer}");
}

/// Forwards connections from `from` to `to`.
fn relay(from: SocketAddr, to: SocketAddr) {
    let listener = TcpListener::bind(from).unwrap();
    thread::spawn(move || {
        for inside in listener.incoming() {
            let inside = inside.unwrap();
            let outside = std::net::TcpStream::connect(to).unwrap();
            for (mut from, mut to) in [(inside.try_clone().unwrap(), outside.try_clone().unwrap()), (outside, inside)] {
                thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    while let Ok(len @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..len]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
}

#[test]
fn another_kind_of_service_is_named() {
    let (answer, output) = identify(&peer(b"HTTP/1.1 400 Bad Request\r\n\r\n", Last::Close).to_string(), &[]);
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert_eq!(answer["known"]["protocol"], Value::Null);
    assert!(answer["known"]["service"].as_str().unwrap().contains("HTTP"), "{answer}");
}

#[test]
fn what_closes_on_everything_sees_eight_connections_and_what_was_not_tried_is_listed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    let (answer, output) = identify(&address.to_string(), &[]);
    assert_eq!(output.status.code(), Some(1), "{answer}");
    assert_eq!(answer["known"], Value::Null);
    assert_eq!(connections.load(Ordering::Relaxed), 8);
    assert_eq!(answer["tried"].as_array().unwrap().len(), 8);
    let not_tried = answer["not_tried"].to_string();
    assert!(not_tried.contains("firo over v1"), "{not_tried}");
    assert_eq!(answer["needs_key"], serde_json::json!(["ethereum", "lightning"]));
}

#[test]
fn where_nothing_listens_one_connection_is_enough() {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let (answer, output) = identify(&address.to_string(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(answer["tried"].as_array().unwrap().len(), 1);
    assert_eq!(answer["tried"][0]["outcome"], "connect.refused");
}

#[test]
fn what_names_no_port_is_refused_in_one_short_sentence() {
    for target in ["node.example", "192.0.2.1", "/dnsaddr/node.example", "not a host:1", "node.example:70000"] {
        let output = run(["identify", target]);
        let sentence = text(&output.stderr).lines().next().unwrap().to_owned();
        assert_eq!(output.status.code(), Some(2), "{sentence}");
        assert!(sentence.split_whitespace().count() <= 25, "{sentence}");
        assert!(sentence.contains(target), "{sentence}");
    }
}
