//! Names resolve as the system resolves them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::{Etc, ip, on_machine};
use super::scripted::{A, Reply, TXT, scripted, texts};
use super::{LONG, peer};
use crate::common::{json_lines, run, text};

const DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

fn report(args: &[&str]) -> Value {
    // It means nothing to a target that is named by its key.
    let is_bitcoin = !args.iter().any(|arg| arg.starts_with("/dnsaddr/"));
    let options = if is_bitcoin { &["--json", "--transport", "v1"][..] } else { &["--json"] };
    let output = run(options.iter().chain(args).copied());
    assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
    json_lines(&output).remove(0)
}

fn loopback(_: &str, kind: u16) -> Reply {
    match kind {
        A => Reply::Records(vec![(A, vec![127, 0, 0, 1])]),
        TXT => Reply::Records(vec![(TXT, texts("dnsaddr=/ip4/127.0.0.1/tcp/1"))]),
        _ => Reply::Records(vec![]),
    }
}

#[test]
fn without_a_resolv_conf_this_machine_is_asked() {
    on_machine(Etc { nsswitch: "hosts: files dns\n", ..Etc::default() }, || {
        scripted(DNS, loopback);
        for target in ["node.test:1", "/dnsaddr/node.test"] {
            assert_eq!(report(&["--allow-private", target])["reason"], "connect.refused", "{target}");
        }
    });
}

#[test]
fn odd_words_in_resolv_conf_end_nothing() {
    let resolv_conf = "search (none) ~.\nnameserver x\nnameserver 127.0.0.1\n";
    on_machine(Etc { resolv_conf: Some(resolv_conf), nsswitch: "hosts: files dns\n", hosts: "" }, || {
        scripted(DNS, loopback);
        for target in ["127.0.0.1:1", "node.test:1", "/dnsaddr/node.test"] {
            assert_eq!(report(&["--allow-private", target])["reason"], "connect.refused", "{target}");
        }
    });
}

#[test]
fn hosts_of_the_hosts_file_are_dialled_while_dns_is_dead() {
    let resolv_conf = "nameserver 127.0.0.1\n";
    let hosts = "127.0.0.1 x_bitcoind_1 hosts.test\n";
    on_machine(Etc { resolv_conf: Some(resolv_conf), nsswitch: "hosts: files dns\n", hosts }, || {
        let (port, called) = peer((Ipv4Addr::LOCALHOST, 0).into());
        // The system asks for AAAA, which the file does not have; there is no answer before the address was dialled.
        let (sender, in_time) = std::sync::mpsc::channel();
        let called = std::sync::Mutex::new(called);
        scripted(DNS, move |_, _| {
            let _ = sender.send(called.lock().unwrap().recv_timeout(LONG).is_ok());
            Reply::NoName
        });
        let report = report(&["--allow-private", "--timeout", "120s", &format!("x_bitcoind_1:{port}")]);
        assert_eq!(report["address"], format!("127.0.0.1:{port}"));
        assert!(in_time.recv().unwrap_or(true), "it waited for DNS");
    });
}

#[test]
fn what_the_system_does_not_ask_is_not_asked() {
    on_machine(Etc { resolv_conf: Some("nameserver 127.0.0.1\n"), nsswitch: "hosts: files\n", hosts: "" }, || {
        scripted(DNS, loopback);
        assert_eq!(report(&["node.test"])["reason"], "resolve.not-found");
    });
}

#[test]
fn a_call_that_hangs_holds_up_neither_the_deadline_nor_the_end() {
    let resolv_conf = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n";
    on_machine(Etc { resolv_conf: Some(resolv_conf), nsswitch: "hosts: files dns\n", hosts: "" }, || {
        scripted(DNS, |_, _| Reply::Silence);
        let started = Instant::now();
        let names: Vec<_> = (0..100).map(|n| format!("n{n}.test")).collect();
        let args = ["--timeout", "1s", "127.0.0.1:1"].into_iter().chain(names.iter().map(String::as_str));
        let lines = json_lines(&run(["--json"].into_iter().chain(args)));
        assert_eq!(lines.last().unwrap()["reasons"]["resolve.timeout"], 100);
        // 32 names at once, a second for each of them.
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    });
}

#[test]
fn an_address_of_a_link_keeps_its_zone() {
    on_machine(Etc { nsswitch: "hosts: files\n", ..Etc::default() }, || {
        assert!(ip("address add fe80::1/64 dev lo nodad"));
        let at: SocketAddr = "[fe80::1%1]:0".parse().unwrap();
        let (port, called) = peer(at);
        for target in [format!("[fe80::1%lo]:{port}"), format!("[fe80::1%1]:{port}")] {
            assert_eq!(report(&[&target])["address"], format!("[fe80::1%1]:{port}"));
            called.recv_timeout(LONG).unwrap();
        }
        assert_eq!(report(&["--port", &port.to_string(), "fe80::1%lo"])["reason"], "closed");
        // Without a zone the system does not know which link is meant.
        assert_eq!(report(&[&format!("[fe80::1]:{port}")])["reason"], "local.no-route");
    });
}

#[test]
fn a_route_of_ours_that_leads_nowhere_is_no_fault_of_the_peer() {
    on_machine(Etc { nsswitch: "hosts: files\n", ..Etc::default() }, || {
        for (kind, network) in
            [("blackhole", "198.51.100.0/26"), ("prohibit", "198.51.100.64/26"), ("unreachable", "198.51.100.128/26")]
        {
            assert!(ip(&format!("route add {kind} {network}")));
        }
        for address in ["198.51.100.1", "198.51.100.65", "198.51.100.129", "203.0.113.1"] {
            let output = run(["--json", "--transport", "v1", address]);
            let line = &json_lines(&output)[0];
            assert_eq!((&line["reason"], &line["blame"]), (&"local.no-route".into(), &"local".into()), "{address}");
            assert_eq!(output.status.code(), Some(3));
        }
    });
}
