//! Reports say what a peer did before its connection ended, in both roles.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use bitcoin::Message;
use handshake::Role;
use serde_json::{Value, json};

use crate::common::{CHAIN, json_lines, own_ip, run, verack};
use crate::listen::{listen, output};
use crate::scripted::{Said, Scripted, sealed};

/// The end of a scripted peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Last {
    /// It closes.
    Close,
    /// It stays silent until we leave.
    Stay,
}

/// A peer on a free port. On each connection it waits for bytes, sends `says`, and ends like this.
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

/// The reason and the detail that the program reports for a target.
fn detail_of(target: &str, options: &[&str]) -> (String, String) {
    let output = run(["--json", target].into_iter().chain(options.iter().copied()));
    let report = &json_lines(&output)[0];
    let field = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
    (field("reason"), field("detail"))
}

/// The generator point, of which every key is a multiple.
pub const POINT: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
pub const POINT_Y: &str = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

/// A regtest header that announces a version of 97 bytes, and 93 of these bytes.
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

/// Bytes that begin no message of any known protocol.
const RANDOM: [u8; 64] = [0xd3; 64];

/// The start of an ack of 386 bytes.
const CUT_ACK: &[u8] = b"\x01\x80\x04aaaaaaaaaaaaaaaaa";

/// Each protocol's target, options, what a peer sends, and the expected words about it.
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

/// The report on a peer that ends like this in the middle of an encrypted packet, and the packet's length.
fn cut_packet(got: usize, last: Last) -> (String, String, usize) {
    let (sender, len) = std::sync::mpsc::channel();
    let node = Scripted::on(CHAIN, move |_, wire| {
        let mut session = wire.exchange_keys(Role::Responder);
        let packet = sealed(&mut session, &[Said::Message(Message::Version(wire.version()))]);
        sender.send(packet.len()).unwrap();
        wire.stream.write_all(&packet[..got]).unwrap();
        if last == Last::Close {
            wire.stream.shutdown(Shutdown::Write).unwrap();
        }
        wire.hang();
    });
    let timeout = if last == Last::Close { "60s" } else { "700ms" };
    let address = node.address.to_string();
    let (reason, detail) = detail_of(&address, &["-c", CHAIN, "--transport", "v2", "--timeout", timeout]);
    (reason, detail, len.recv().unwrap())
}

/// A message's name is inside its packet, and not authentic before the whole packet has arrived.
#[test]
fn an_encrypted_packet_that_was_cut_short_is_told_with_its_bytes() {
    for got in [3, 60] {
        let (reason, detail, len) = cut_packet(got, Last::Close);
        let expected = format!("closed the connection in the middle of its next packet ({got} of {len} bytes)");
        assert_eq!((reason.as_str(), detail), ("closed", expected));
        let (reason, detail, len) = cut_packet(got, Last::Stay);
        let expected = format!("sent {got} of the {len} bytes of its next packet and no more within 0.7 s");
        assert_eq!((reason.as_str(), detail), ("timeout", expected));
    }
    // The first three bytes give the packet's length.
    assert_eq!(cut_packet(1, Last::Stay).1, "sent 1 byte of its next packet and no more within 0.7 s");
    assert_eq!(cut_packet(2, Last::Close).1, "closed the connection in the middle of its next packet (2 bytes)");
}

/// The report of `listen` on a caller that sends these bytes and ends like this.
fn heard(options: &[&str], says: &[u8], last: Last) -> Value {
    let (child, _log, address) = listen(&[&["--once"], options].concat());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(says).unwrap();
    if last == Last::Close {
        drop(stream);
        return output(child).0.swap_remove(0);
    }
    let lines = output(child).0;
    drop(stream);
    lines[0].clone()
}

/// Each protocol's options of `listen`, the bytes of a caller, and the expected report.
type Callers = [(&'static [&'static str], &'static [u8], &'static str, u32, u32); 8];
const CALLERS: Callers = [
    (&[], CUT_VERSION, "version message", 117, 121),
    (&[], CUT_VERSION.split_at(10).0, "message header", 10, 24),
    (&["--transport", "v1"], CUT_VERSION.split_at(3).0, "message header", 3, 24),
    (&[], RANDOM.split_at(30).0, "key", 30, 64),
    (&["-c", "ethereum"], CUT_ACK, "auth", 20, 386),
    (&["--protocol", "lightning"], &[0; 20], "act one", 20, 50),
    (&["--protocol", "libp2p"], b"\x13/multistr", "multistream-select header", 10, 20),
    (&["-c", "monero"], b"\x01\x21\x01\x01\x01\x01\x01\x01\x09", "Levin header", 9, 33),
];

#[test]
fn a_caller_that_left_in_the_middle_of_a_message_is_no_port_scan() {
    for (options, says, what, got, len) in CALLERS {
        let report = heard(options, says, Last::Close);
        let expected = format!("closed the connection in the middle of its {what} ({got} of {len} bytes)");
        assert_eq!((&report["reason"], &report["detail"]), (&"closed".into(), &expected.into()), "{options:?}");
    }
}

#[test]
fn a_caller_that_fell_silent_in_the_middle_of_a_message_is_no_port_scan() {
    for (options, says, what, got, len) in CALLERS {
        let report = heard(&[&["--timeout", "700ms"], options].concat(), says, Last::Stay);
        let expected = format!("sent {got} of the {len} bytes of its {what} and no more within 0.7 s");
        assert_eq!((&report["reason"], &report["detail"]), (&"timeout".into(), &expected.into()), "{options:?}");
    }
}

/// A regtest message, with the checksum of an empty payload.
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
    let report = heard(&[], message!(b"verack\0\0\0\0\0\0"), Last::Close);
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
        let report = heard(options, says, Last::Close);
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

/// A peer that closes each connection at once and reads nothing.
fn full() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    address
}

/// What a node does on a connection on which we send nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum InSilence {
    /// It closes at once.
    Closes,
    /// It keeps the connection open.
    Waits,
    /// It speaks first.
    Speaks,
}

/// A node that closes its first `hellos` connections after reading, and behaves like this on the next one.
fn closing(hellos: usize, then: InSilence) -> Scripted {
    Scripted::on(CHAIN, move |number, wire| match then {
        InSilence::Closes if number == hellos => {}
        InSilence::Speaks if number == hellos => {
            let _ = wire.stream.write_all(b"200 news.example ready\r\n");
            wire.hang();
        }
        _ => wire.close_on_hello(),
    })
}

#[test]
fn a_silent_connection_tells_a_full_node_from_one_of_another_network_and_from_another_service() {
    // With `auto`, we send a key before the version.
    for (options, hellos) in [(&["-c", CHAIN, "--transport", "v1"][..], 1), (&["-c", CHAIN], 2), (&["-c", "monero"], 1)]
    {
        for (then, code, expected) in [
            (InSilence::Closes, "closed.in-silence", "all its inbound slots are taken, or it refuses our address"),
            (InSilence::Waits, "closed.on-hello", "it closes on what we say"),
            (InSilence::Speaks, "closed.spoke-first", "it is no node of this network"),
        ] {
            let node = closing(hellos, then);
            let target = node.address.to_string();
            let output = run(["--json", &target].into_iter().chain(options.iter().copied()));
            let report = &json_lines(&output)[0];
            let codes: Vec<_> = report["remarks"].as_array().unwrap().iter().map(|remark| &remark["code"]).collect();
            assert_eq!((&report["reason"], codes), (&json!("closed"), vec![&json!(code)]), "{options:?}: {report}");
            assert!(report["detail"].as_str().unwrap().contains(expected), "{options:?}: {report}");
            assert_eq!(node.connections(), hellos + 1);
        }
    }
}

/// The number of connections that a node received from a program that has ended.
pub fn calls(node: &Scripted) -> usize {
    // Connections are accepted in order: once this one is served, all earlier ones are counted.
    let mut last = TcpStream::connect(node.address).unwrap();
    last.write_all(&[0; 24]).unwrap();
    let _ = last.read_to_end(&mut Vec::new());
    node.connections() - 1
}

/// A node of this network that closes after reading.
pub fn closing_at(chain: &str, address: (Ipv4Addr, u16)) -> Scripted {
    Scripted::at(address, chain, |_, wire| wire.close_on_hello())
}

#[test]
fn only_a_handshake_with_few_targets_costs_a_node_a_silent_connection() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite");
    let crawl = ["crawl", "--db", db.to_str().unwrap()];
    for (command, expected) in [(&[][..], 2), (&["addrs"], 1), (&["whoami"], 1), (&crawl, 1)] {
        let node = closing_at(CHAIN, (Ipv4Addr::LOCALHOST, 0));
        let target = node.address.to_string();
        let words = ["-c", CHAIN, "--transport", "v1", &target];
        let output = verack(command.iter().copied().chain(words)).output().unwrap();
        assert_eq!(calls(&node), expected, "{command:?}: {output:?}");
    }
    // Zebra accepts one connection from each address in two minutes.
    let node = closing_at("zcash", (Ipv4Addr::LOCALHOST, 0));
    run(["-c", "zcash", &node.address.to_string()]);
    assert_eq!(calls(&node), 1, "zcash");

    for (count, each) in [(16, 2), (17, 1)] {
        let nodes: Vec<_> = (0..count).map(|_| closing_at(CHAIN, (Ipv4Addr::LOCALHOST, 0))).collect();
        let targets: Vec<_> = nodes.iter().map(|node| node.address.to_string()).collect();
        run(["-c", CHAIN, "--transport", "v1"].into_iter().chain(targets.iter().map(String::as_str)));
        assert!(nodes.iter().all(|node| calls(node) == each), "{count} targets");
    }
}

#[test]
fn an_ethereum_node_that_closes_unread_has_nothing_against_our_key() {
    /// Whether it closes before our first bytes arrive is a matter of microseconds.
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
    for (port, ours, hint) in [
        (9333, "bitcoin", " (9333 is the port of litecoin and bitcoin-sv-stn)"),
        (9333, "litecoin", ""),
        (19444, "bitcoin", " (19444 is the port of litecoin-regtest)"),
        (19444, "monero", " (19444 is the port of litecoin-regtest)"),
        (19444, "litecoin-regtest", ""),
        (18080, "bitcoin", " (18080 is the port of monero and monero-regtest)"),
        (18080, "monero", ""),
    ] {
        let listener = TcpListener::bind((own_ip(2), port)).unwrap();
        let target = listener.local_addr().unwrap().to_string();
        // A second, silent connection would be refused.
        let node = thread::spawn(move || drop(listener.accept()));
        let transport: &[&str] = if ours == "monero" { &[] } else { &["--transport", "v1"] };
        let output = run(["-c", ours, "--json", &target].into_iter().chain(transport.iter().copied()));
        node.join().unwrap();
        let report = &json_lines(&output)[0];
        let detail = report["detail"].as_str().unwrap();
        assert_eq!(report["reason"], "closed", "{report}");
        assert!(detail.ends_with(hint) && detail.contains("is the port of") != hint.is_empty(), "{detail}");
    }
}
