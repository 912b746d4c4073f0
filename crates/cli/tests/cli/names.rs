//! From names to addresses: DNS servers of every kind, with our resolver and the system's.

mod caps;
mod leads;
pub mod machine;
pub mod scripted;
mod system;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::scripted::{A, AAAA, Reply, TXT, name_servers, scripted, texts};
use crate::common::{json_lines, run, text};

const LOCALHOST: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The lines of a run with this DNS server, and its duration.
fn resolved(server: SocketAddr, args: &[&str]) -> (Vec<Value>, Duration) {
    let server = server.to_string();
    let started = Instant::now();
    let options = ["--json", "--allow-private", "--resolver", &server];
    let output = run(args.iter().copied().chain(options));
    let lines = json_lines(&output);
    assert!(!lines.is_empty(), "{}", text(&output.stderr));
    (lines, started.elapsed())
}

fn reasons(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter(|line| line["type"] == "handshake").map(|line| line["reason"].as_str().unwrap()).collect()
}

/// A peer that accepts and closes one connection, and signals it.
pub fn peer(address: SocketAddr) -> (u16, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, called) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            let _ = sender.send(());
        }
    });
    (port, called)
}

/// Far longer than an answer takes on any machine.
pub const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_address_is_dialled_while_the_other_family_is_still_looked_up() {
    let (port, called) = peer(LOCALHOST);
    let (sender, in_time) = std::sync::mpsc::channel();
    let called = std::sync::Mutex::new(called);
    let server = scripted(LOCALHOST, move |_, kind| match kind {
        A => Reply::Records(vec![(A, vec![127, 0, 0, 1])]),
        // Answered only after the address of the other family was dialled.
        _ => {
            let _ = sender.send(called.lock().unwrap().recv_timeout(LONG).is_ok());
            Reply::Records(vec![])
        }
    });
    resolved(server, &["--timeout", "120s", "--transport", "v1", &format!("late.test:{port}")]);
    assert!(in_time.recv().unwrap(), "it waited for AAAA");
}

#[test]
fn a_family_that_is_never_answered_costs_nothing_but_itself() {
    let (port, _called) = peer(LOCALHOST);
    let server = scripted(LOCALHOST, |_, kind| match kind {
        A => Reply::Records(vec![(A, vec![127, 0, 0, 1])]),
        _ => Reply::Silence,
    });
    let (lines, _) = resolved(server, &["--timeout", "2s", "--transport", "v1", &format!("half.test:{port}")]);
    assert_eq!(reasons(&lines), ["closed"]);
}

#[test]
fn a_name_with_underscores_is_a_name() {
    let server = scripted(LOCALHOST, |name, kind| match kind {
        A if name == "x_bitcoind_1.test" => Reply::Records(vec![(A, vec![127, 0, 0, 1])]),
        _ => Reply::Records(vec![]),
    });
    let (lines, _) = resolved(server, &["-4", "x_bitcoind_1.test:1"]);
    assert_eq!(reasons(&lines), ["connect.refused"]);
}

#[test]
fn a_server_that_says_nothing_takes_no_longer_than_the_deadline() {
    let server = scripted(LOCALHOST, |_, _| Reply::Silence);
    for target in ["silent.test", "/dnsaddr/silent.test", "/dns4/silent.test/tcp/1"] {
        let (lines, took) = resolved(server, &["--timeout", "2s", target]);
        assert_eq!(reasons(&lines), ["resolve.timeout"], "{target}");
        assert!(took < Duration::from_secs(4), "{target}: {took:?}");
    }
}

#[test]
fn aliases_without_end_take_no_longer_than_the_deadline() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let server = scripted(LOCALHOST, move |_, _| {
        std::thread::sleep(Duration::from_millis(300));
        let alias = format!("alias{}.test", next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Reply::Records(vec![(5, name_servers(&alias))])
    });
    for target in ["alias.test", "/dnsaddr/alias.test"] {
        let (lines, took) = resolved(server, &["--timeout", "2s", target]);
        assert!(took < Duration::from_secs(4), "{target}: {took:?}");
        assert!(reasons(&lines).iter().all(|reason| reason.starts_with("resolve.")), "{:?}", reasons(&lines));
    }
}

#[test]
fn names_in_a_list_that_are_never_answered_are_asked_for_side_by_side() {
    let server = scripted(LOCALHOST, |name, kind| match kind {
        TXT if name == "_dnsaddr.many.test" => {
            Reply::Records((0..64).map(|n| (TXT, texts(&format!("dnsaddr=/dns4/n{n}.test/tcp/1")))).collect())
        }
        TXT if name == "_dnsaddr.lists.test" => {
            Reply::Records((0..64).map(|n| (TXT, texts(&format!("dnsaddr=/dnsaddr/n{n}.test")))).collect())
        }
        _ => Reply::Silence,
    });
    for list in ["/dnsaddr/many.test", "/dnsaddr/lists.test"] {
        let (lines, took) = resolved(server, &["--timeout", "2s", list]);
        assert_eq!(reasons(&lines), ["resolve.timeout"]);
        assert_eq!(lines[0]["detail"], format!("no DNS server answered for {} in time", &list[9..]));
        assert!(took < Duration::from_secs(4), "{list}: {took:?}");
    }
}

#[test]
fn a_list_leads_to_what_ends_as_the_target_does() {
    const ID: &str = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    let records = |records: &[String]| {
        Reply::Records(records.iter().map(|record| (TXT, texts(&format!("dnsaddr={record}")))).collect())
    };
    let server = scripted(LOCALHOST, move |name, kind| match (kind, name) {
        (TXT, "_dnsaddr.list.test") => records(&[
            format!("/ip4/127.0.0.1/tcp/1/p2p/{ID}"),
            format!("/ip4/127.0.0.2/tcp/2/p2p/{ID}"),
            format!("/ip4/127.0.0.3/udp/1/quic-v1/p2p/{ID}"),
            format!("/dnsaddr/more.test/tcp/1/p2p/{ID}"),
        ]),
        (TXT, "_dnsaddr.more.test") => records(&[format!("/ip4/127.0.0.4/tcp/1/p2p/{ID}")]),
        (TXT, "_dnsaddr.quic.test") => {
            records(&[format!("/ip4/127.0.0.1/udp/1/quic-v1/p2p/{ID}"), format!("/dns4/x.test/tcp/443/wss/p2p/{ID}")])
        }
        (TXT, "_dnsaddr.gone.test") => records(&["/dns4/nx.test/tcp/1".to_owned()]),
        _ => Reply::NoName,
    });
    let addresses = |target: &str| {
        let (lines, _) = resolved(server, &["--timeout", "20s", target]);
        let reports = lines.iter().filter(|line| line["type"] == "handshake");
        let mut addresses: Vec<_> = reports.map(|line| line["address"].as_str().unwrap_or("none").to_owned()).collect();
        addresses.sort();
        (addresses, lines[0].clone())
    };
    let all = ["127.0.0.1:1", "127.0.0.2:2", "127.0.0.4:1"];
    assert_eq!(addresses("/dnsaddr/list.test").0, all);
    assert_eq!(addresses("/dnsaddr/list.test/").0, all);
    assert_eq!(addresses(&format!("/dnsaddr/list.test/p2p/{ID}")).0, all);
    assert_eq!(addresses(&format!("/dnsaddr/list.test/tcp/1/p2p/{ID}")).0, ["127.0.0.1:1", "127.0.0.4:1"]);
    let (none, quic) = addresses("/dnsaddr/quic.test");
    assert_eq!((&*none, &quic["reason"]), (&["none".to_owned()][..], &"local.no-transport".into()));
    let said = quic["detail"].as_str().unwrap();
    assert!(said.starts_with("the records of quic.test name only quic-v1, wss"), "{said}");
    let (_, gone) = addresses("/dnsaddr/gone.test");
    assert_eq!(gone["reason"], "resolve.not-found");
    assert_eq!(
        gone["detail"],
        "no name that gone.test lists leads to an address: there is no host of the name nx.test"
    );
}

#[test]
fn places_behind_a_proxy_are_not_looked_up() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = asked.clone();
    let server = scripted(LOCALHOST, move |_, _| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Reply::NoName
    });
    let node = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";
    let targets = [
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p",
        &format!("{node}@pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"),
        "/dns/some.onion/tcp/1",
        "/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001",
    ];
    let (lines, _) = resolved(server, &targets);
    assert_eq!(reasons(&lines), ["local.no-proxy"; 5]);
    assert!(lines[..5].iter().all(|line| line["blame"] == "local" && line["address"] == Value::Null));
    for command in ["addrs", "whoami"] {
        let (lines, _) = resolved(server, &[command, targets[0]]);
        assert_eq!(reasons(&lines), ["local.no-proxy"], "{command}");
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0, "a name was given away to DNS");
}

#[test]
fn what_is_reached_over_another_transport_is_counted() {
    let targets = [
        "/ip4/127.0.0.1/udp/4001/quic-v1",
        "/dns4/node.test/tcp/443/wss",
        "/ip4/127.0.0.1/udp/4001/quic-v1/webtransport/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
        "/ip4/127.0.0.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit",
    ];
    let mut list = tempfile::NamedTempFile::new().unwrap();
    list.write_all(targets.join("\n").as_bytes()).unwrap();
    let list = format!("@{}", list.path().display());
    for named in [&targets[..], &[&list]] {
        let output = run(["--json"].iter().chain(named).copied());
        let lines = json_lines(&output);
        assert_eq!(reasons(&lines), ["local.no-transport"; 4]);
        for (line, transport) in lines.iter().zip(["quic-v1", "wss", "webtransport", "p2p-circuit"]) {
            let said = line["detail"].as_str().unwrap();
            assert_eq!(said, format!("it is reached over {transport}; verack dials libp2p over TCP alone"));
        }
        assert_eq!((output.status.code(), &lines[4]["attempts"]), (Some(3), &4.into()));
    }
}

#[test]
fn an_address_in_brackets_is_an_address_and_a_name_in_brackets_is_told() {
    let line = json_lines(&run(["--json", "[127.0.0.1]:1"])).remove(0);
    assert_eq!((&line["address"], &line["reason"]), (&"127.0.0.1:1".into(), &"connect.refused".into()));
    let output = run(["[node.example]:8333"]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "error: '[node.example]:8333' is not a target: brackets are for IPv6 addresses: [2001:db8::1]:8333";
    assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
}

#[test]
fn a_seed_that_knows_no_services_is_asked_by_its_own_name() {
    let server = scripted(LOCALHOST, |name, kind| match kind {
        A if name == "seed.bitcoin.sprovoost.nl" => Reply::Records(vec![(A, vec![127, 0, 0, 7])]),
        // Another seed answers the longer name with no records.
        _ if name == "x9.dnsseed.emzy.de" => Reply::Records(vec![]),
        A if name == "dnsseed.emzy.de" => Reply::Records(vec![(A, vec![127, 0, 0, 8])]),
        AAAA if name.starts_with("dnsseed.emzy") => Reply::Records(vec![]),
        _ => Reply::NoName,
    });
    let (lines, _) = resolved(server, &["--dns-seeds", "--port", "1", "-4"]);
    for (seed, address) in [("x9.seed.bitcoin.sprovoost.nl", "127.0.0.7:1"), ("x9.dnsseed.emzy.de", "127.0.0.8:1")] {
        assert!(lines.iter().any(|line| line["target"] == seed && line["address"] == address), "{seed}");
    }
    let (lines, _) = resolved(server, &["whoami", "--port", "1", "-4"]);
    assert!(lines.iter().any(|line| line["address"] == "127.0.0.7:1"));
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").display().to_string();
    // A crawl does not dial usual ports of other services.
    let (lines, _) = resolved(server, &["crawl", "--db", &db, "--port", "18399", "-4", "--timeout", "20s"]);
    assert!(lines.iter().any(|line| line["address"] == "127.0.0.7:18399"));
}

/// A log consists of lines, whatever peers and servers send.
#[test]
fn what_others_say_starts_no_line_of_the_log() {
    let server = scripted(LOCALHOST, |_, kind| match kind {
        TXT => Reply::Records(vec![(TXT, texts("dnsaddr=/dns4/x\r\nFORGED INFO line\u{202e}\u{1b}[2J/tcp/1"))]),
        _ => Reply::NoName,
    });
    let server = server.to_string();
    let args = ["--resolver", &server, "--timeout", "20s", "/dnsaddr/evil.test"];
    let output = crate::common::verack(args).env("RUST_LOG", "trace").output().unwrap();
    let log = text(&output.stderr);
    assert!(log.contains("FORGED") && !log.lines().any(|line| line.starts_with("FORGED")), "{log}");
    let strange: Vec<_> = log.chars().filter(|c| !matches!(c, ' '..='~' | '\n')).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
