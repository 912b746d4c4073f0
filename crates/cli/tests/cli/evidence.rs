//! What a peer did before its connection ended is told, whichever side we are.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::common::{CHAIN, json_lines, own_ip, run};
use crate::listen::{listen, output};

/// How a scripted peer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Last {
    /// It closes.
    Close,
    /// It stays, in silence, until we leave.
    Stay,
}

/// A peer on a free port. To each connection it says this, once it has heard something; then it ends so.
pub fn peer(says: &'static [u8], last: Last) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut heard = [0; 16 * 1024];
                let _ = stream.read(&mut heard);
                let _ = stream.write_all(says);
                while last == Last::Stay && stream.read(&mut heard).is_ok_and(|len| len > 0) {}
            });
        }
    });
    address
}

/// What the program says of a target.
fn detail_of(target: &str, options: &[&str]) -> (String, String) {
    let output = run(["--json", target].into_iter().chain(options.iter().copied()));
    let report = &json_lines(&output)[0];
    let field = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
    (field("reason"), field("detail"))
}

/// The point of the curve that every key is a multiple of.
const POINT: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const POINT_Y: &str = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

/// A header of regtest that announces a version of 97 bytes, and 93 of them.
const CUT_VERSION: &[u8] = &{
    let mut bytes = [7; 117];
    let header = b"\xfa\xbf\xb5\xdaversion\0\0\0\0\0\x61\0\0\0abcd";
    let mut at = 0;
    while at < header.len() {
        bytes[at] = header[at];
        at += 1;
    }
    bytes
};

/// Bytes that start no message of any protocol that we know.
const RANDOM: [u8; 64] = [0xd3; 64];

/// An ack of 386 bytes begins.
const CUT_ACK: &[u8] = b"\x01\x80\x04aaaaaaaaaaaaaaaaa";

/// The option or target of each protocol, what a peer says, and what is told of it.
fn rows(address: &dyn Fn(&'static [u8]) -> SocketAddr) -> Vec<(String, Vec<&'static str>, &'static str, &'static str)> {
    let bitcoin = vec!["-c", CHAIN, "--transport", "v1"];
    let at = |says: &'static [u8]| address(says).to_string();
    vec![
        (at(CUT_VERSION), bitcoin.clone(), "117 of", "121 bytes of its version message"),
        (at(&CUT_VERSION[..10]), bitcoin.clone(), "10 of", "24 bytes of its message header"),
        (at(&CUT_VERSION[..3]), bitcoin, "3 of", "24 bytes of its message header"),
        (at(&RANDOM[..30]), vec!["-c", CHAIN, "--transport", "v2"], "30 of", "64 bytes of its key"),
        (format!("enode://{POINT}{POINT_Y}@{}", at(CUT_ACK)), vec![], "20 of", "386 bytes of its ack"),
        (format!("02{POINT}@{}", at(&[0; 20])), vec![], "20 of", "50 bytes of its act two"),
        (multiaddr(address(b"\x13/multistr")), vec![], "10 of", "20 bytes of its multistream-select header"),
        (at(b"\x01\x21\x01\x01\x01\x01\x01\x01\x09"), vec!["-c", "monero"], "9 of", "33 bytes of its Levin header"),
    ]
}

fn multiaddr(address: SocketAddr) -> String {
    format!("/ip4/{}/tcp/{}", address.ip(), address.port())
}

#[test]
fn a_message_that_a_silent_peer_cut_short_is_told_with_its_bytes() {
    let rows = rows(&|says| peer(says, Last::Stay));
    for (target, options, got, whole) in rows {
        let (reason, detail) = detail_of(&target, &[&["--timeout", "700ms"], &options[..]].concat());
        let expected = format!("sent {got} the {whole} and no more within 0.7 s");
        assert_eq!((reason.as_str(), &detail), ("timeout", &expected), "{target}");
    }
}

#[test]
fn a_message_that_a_peer_left_in_the_middle_of_is_told_with_its_bytes() {
    let rows = rows(&|says| peer(says, Last::Close));
    for (target, options, got, whole) in rows {
        let (reason, detail) = detail_of(&target, &options);
        let (len, what) = whole.split_once(" bytes of its ").unwrap();
        let expected = format!("closed the connection in the middle of its {what} ({got} {len} bytes)");
        assert_eq!((reason.as_str(), &detail), ("closed", &expected), "{target}");
    }
}

/// What `listen` reports of a caller that says this and closes.
fn heard(options: &[&str], says: &[u8]) -> Value {
    let (child, _log, address) = listen(&[&["--once"], options].concat());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(says).unwrap();
    drop(stream);
    output(child).0.swap_remove(0)
}

#[test]
fn a_caller_that_left_in_the_middle_of_a_message_is_no_port_scan() {
    let rows: [(&[&str], &[u8], &str); 8] = [
        (&[], CUT_VERSION, "version message (117 of 121 bytes)"),
        (&[], &CUT_VERSION[..10], "message header (10 of 24 bytes)"),
        (&["--transport", "v1"], &CUT_VERSION[..3], "message header (3 of 24 bytes)"),
        (&[], &RANDOM[..30], "key (30 of 64 bytes)"),
        (&["-c", "ethereum"], CUT_ACK, "auth (20 of 386 bytes)"),
        (&["--protocol", "lightning"], &[0; 20], "act one (20 of 50 bytes)"),
        (&["--protocol", "libp2p"], b"\x13/multistr", "multistream-select header (10 of 20 bytes)"),
        (&["-c", "monero"], b"\x01\x21\x01\x01\x01\x01\x01\x01\x09", "Levin header (9 of 33 bytes)"),
    ];
    for (options, says, expected) in rows {
        let report = heard(options, says);
        let expected = format!("closed the connection in the middle of its {expected}");
        assert_eq!((&report["reason"], &report["detail"]), (&"closed".into(), &expected.into()), "{options:?}");
    }
}

/// A message of regtest, with the checksum of an empty payload.
macro_rules! message {
    ($command:literal) => {
        message!($command, b"\x5d\xf6\xe0\xe2")
    };
    ($command:literal, $checksum:literal) => {
        &[b"\xfa\xbf\xb5\xda".as_slice(), $command, b"\0\0\0\0", $checksum].concat()
    };
}

#[test]
fn what_came_in_place_of_a_version_is_named() {
    let v1 = ["-c", CHAIN, "--transport", "v1", "--timeout", "700ms"];
    let rows: [(&[u8], &str); 3] = [
        (message!(b"verack\0\0\0\0\0\0"), "sent verack, but no version within 0.7 s"),
        (message!(b"version     "), "sent \"version     \" (76657273696f6e2020202020), but no version within 0.7 s"),
        (
            message!(b"version\0\0\0\0\0", b"\0\0\0\0"),
            "the checksum of its version message is wrong: it says 00000000, computed 5df6e0e2",
        ),
    ];
    for (says, expected) in rows {
        let says: &'static [u8] = says.to_vec().leak();
        let (_, detail) = detail_of(&peer(says, Last::Stay).to_string(), &v1);
        assert_eq!(detail, expected);
    }
    let report = heard(&[], message!(b"verack\0\0\0\0\0\0"));
    assert_eq!(report["detail"], "sent verack and closed the connection before its version");
}

#[test]
fn a_client_of_another_service_is_told_by_what_it_asks() {
    const HTTP: &[u8] = b"GET / HTTP/1.1\r\nHost: node.example\r\n\r\n";
    const TLS: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x8a\x11\xd7\x55\x03";
    const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
    let rows: [(&[&str], &[u8], &str); 8] = [
        (&[], HTTP, "it asks in HTTP"),
        (&["--transport", "v1"], HTTP, "it asks in HTTP"),
        (&[], TLS, "it asks for TLS"),
        (&[], SSH, "it introduces itself as an SSH client"),
        (&["-c", "ethereum"], HTTP, "it asks in HTTP"),
        (&["--protocol", "lightning"], HTTP, "it asks in HTTP"),
        (&["--protocol", "libp2p"], TLS, "it asks for TLS"),
        (&["-c", "monero"], SSH, "it introduces itself as an SSH client"),
    ];
    for (options, says, expected) in rows {
        let report = heard(options, says);
        let detail = report["detail"].as_str().unwrap();
        assert!(detail.contains(expected) && !detail.contains("answers"), "{options:?}: {detail}");
        assert_eq!(report["blame"], "mismatch", "{options:?}: {detail}");
    }
}

#[test]
fn a_server_of_another_service_is_told_by_its_answer_in_every_protocol() {
    const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let rows = rows(&|_| peer(HTTP, Last::Close));
    for (target, options, ..) in rows {
        let (_, detail) = detail_of(&target, &options);
        assert!(detail.contains("it answers with HTTP"), "{target}: {detail}");
    }
}

/// A peer that closes each connection at once, without reading anything.
fn full() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    address
}

#[test]
fn a_silent_connection_tells_a_full_node_from_one_of_another_network() {
    for options in [&["-c", CHAIN, "--transport", "v1"][..], &["-c", CHAIN], &["-c", "monero"]] {
        for (address, code, expected) in [
            (full(), "closed.in-silence", "all its inbound slots are taken, or it refuses our address"),
            (peer(b"", Last::Close), "closed.on-hello", "it closes on what we say"),
        ] {
            let target = address.to_string();
            let output = run(["--json", &target].into_iter().chain(options.iter().copied()));
            let report = &json_lines(&output)[0];
            let detail = report["detail"].as_str().unwrap();
            let remarks = report["remarks"].as_array().unwrap();
            assert_eq!(report["reason"], "closed");
            assert!(detail.contains(expected), "{options:?}: {report}");
            // On loopback it may show already that nothing of ours had arrived.
            assert!(
                remarks.iter().any(|r| r["code"] == code || r["code"] == "closed.before-hello"),
                "{options:?}: {report}"
            );
        }
    }
}

#[test]
fn an_ethereum_node_that_closes_unread_has_nothing_against_our_key() {
    /// Whether it closes before our first bytes are there is a matter of microseconds.
    const TRIES: usize = 20;
    let enode = |address: SocketAddr| format!("enode://{POINT}{POINT_Y}@{address}");
    let unread = "it refuses our address, or saw us within the last 30 s, as geth does";
    let read = "most likely its key is not the one in its node id";
    let at_once = enode(full());
    let said: Vec<_> = (0..TRIES).map(|_| detail_of(&at_once, &[]).1).collect();
    assert!(said.iter().any(|detail| detail.contains(unread) && !detail.contains(read)), "{said:#?}");
    let (reason, detail) = detail_of(&enode(peer(b"", Last::Close)), &[]);
    assert!(reason == "closed" && detail.contains(read) && !detail.contains(unread), "{detail}");
}

#[test]
fn a_port_that_is_known_for_another_network_is_named() {
    let listener = TcpListener::bind((own_ip(2), 9333)).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().for_each(drop));
    for (chain, hint) in [("bitcoin", " (9333 is the port of litecoin and bitcoin-sv-stn)"), ("litecoin", "")] {
        let output = run(["-c", chain, "--transport", "v1", "--json", &target]);
        let report = &json_lines(&output)[0];
        let detail = report["detail"].as_str().unwrap();
        assert_eq!(report["reason"], "closed", "{report}");
        assert!(detail.ends_with(hint) && detail.contains("is the port of") != hint.is_empty(), "{detail}");
    }
}
