//! Names resolve as on the system.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::{Etc, ip, on_machine};
use super::scripted::{A, AAAA, Reply, TXT, scripted, texts};
use super::{LONG, peer};
use crate::common::{json_lines, run, start, text, verack};

const DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

fn report(args: &[&str]) -> Value {
    // `--transport` does not apply to a target that contains a key.
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
        // The system also asks for AAAA, which the file lacks; the server answers only after the address was dialled.
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

/// The system's resolver waits for this one server for two and a half minutes.
const PATIENT: &str = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n";

#[test]
fn the_system_finds_an_address_that_is_dialled_while_its_aaaa_is_unanswered() {
    on_machine(Etc { resolv_conf: Some(PATIENT), nsswitch: "hosts: files dns\n", hosts: "" }, || {
        let (port, called) = peer((Ipv4Addr::LOCALHOST, 0).into());
        let (sender, in_time) = std::sync::mpsc::channel();
        let called = Mutex::new(called);
        scripted(DNS, move |name, kind| match kind {
            // Answered only after the address of the other family was dialled.
            AAAA if name == "late.test" => {
                let _ = sender.send(called.lock().unwrap().recv_timeout(LONG).is_ok());
                Reply::Records(vec![])
            }
            AAAA => Reply::Silence,
            _ => loopback(name, kind),
        });
        let target = format!("late.test:{port}");
        assert_eq!(report(&["--allow-private", "--timeout", "120s", &target])["address"], format!("127.0.0.1:{port}"));
        assert!(in_time.recv().unwrap(), "it waited for AAAA");
        // An AAAA query without any answer does not delay the A address.
        let target = format!("half.test:{port}");
        let lines = json_lines(&run(["--json", "--allow-private", "--transport", "v1", "--timeout", "3s", &target]));
        let [report, summary] = &lines[..] else { panic!("one report: {lines:?}") };
        assert_eq!((&report["reason"], &summary["attempts"]), (&"closed".into(), &1.into()), "{report}");
    });
}

/// A module of the name service switch that knows a single name.
const MODULE: &str = r#"
#include <netdb.h>
#include <nss.h>
#include <string.h>
#include <arpa/inet.h>

struct room { char *addresses[2]; char *aliases[1]; struct in_addr ip; };

enum nss_status _nss_verack_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                             size_t len, int *error, int *host_error) {
    struct room *room = (struct room *)buffer;
    (void)error;
    if (family != AF_INET || strcmp(name, "printer.test") != 0 || len < sizeof *room) {
        *host_error = HOST_NOT_FOUND;
        return NSS_STATUS_NOTFOUND;
    }
    room->ip.s_addr = htonl(INADDR_LOOPBACK);
    room->addresses[0] = (char *)&room->ip;
    room->addresses[1] = room->aliases[0] = 0;
    host->h_name = "printer.test";
    host->h_aliases = room->aliases;
    host->h_addrtype = AF_INET;
    host->h_length = sizeof room->ip;
    host->h_addr_list = room->addresses;
    return NSS_STATUS_SUCCESS;
}
"#;

/// Builds that module. Returns whether it succeeded.
fn build_module(folder: &Path) -> bool {
    let source = folder.join("module.c");
    fs::write(&source, MODULE).unwrap();
    let library = folder.join("libnss_verack.so.2");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    built.is_ok_and(|status| status.success())
}

#[test]
fn a_name_that_a_module_of_the_system_knows_is_dialled_and_never_sent_to_dns() {
    let folder = tempfile::tempdir().unwrap();
    if !build_module(folder.path()) {
        println!("left out: a module of the name service switch takes a C compiler");
        return;
    }
    let nsswitch = "hosts: files verack [NOTFOUND=return] dns\n";
    on_machine(Etc { resolv_conf: Some("nameserver 127.0.0.1\n"), nsswitch, hosts: "" }, || {
        let asked = Arc::new(Mutex::new(HashSet::new()));
        let heard = asked.clone();
        scripted(DNS, move |name, _| {
            heard.lock().unwrap().insert(name.to_owned());
            Reply::NoName
        });
        let words = ["--json", "--transport", "v1", "--allow-private", "printer.test:1"];
        let output = verack(words).env("LD_LIBRARY_PATH", folder.path()).output().unwrap();
        let report = &json_lines(&output)[0];
        assert_eq!((&report["reason"], &report["address"]), (&"connect.refused".into(), &"127.0.0.1:1".into()));
        assert_eq!(*asked.lock().unwrap(), HashSet::new(), "it asked DNS");
    });
}

/// The number of a process's threads that look up names.
fn resolvers(process: u32) -> usize {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return 0 };
    let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name == "resolver\n").count()
}

#[test]
fn names_that_hang_take_no_more_than_64_threads() {
    on_machine(Etc { resolv_conf: Some(PATIENT), nsswitch: "hosts: files dns\n", hosts: "" }, || {
        let asked = Arc::new(Mutex::new(HashSet::new()));
        let heard = asked.clone();
        scripted(DNS, move |name, kind| {
            heard.lock().unwrap().insert((name.to_owned(), kind));
            Reply::Silence
        });
        let names: Vec<_> = (0..128).map(|n| format!("n{n}.test")).collect();
        // The first 32 names time out after 1.5 s, while their calls still hang; then the next 32, and so on.
        let child = start(["--json", "--timeout", "2s"].into_iter().chain(names.iter().map(String::as_str)));
        let process = child.id();
        let watcher = thread::spawn(move || {
            let mut most = 0;
            loop {
                let now = resolvers(process);
                if now == 0 && most > 0 {
                    return most;
                }
                most = most.max(now);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let output = child.wait_with_output().unwrap();
        assert_eq!(json_lines(&output).last().unwrap()["reasons"]["resolve.timeout"], 128);
        let asked = asked.lock().unwrap().len();
        assert_eq!((watcher.join().unwrap(), asked), (64, 64), "32 names at once, each in two families");
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
    on_machine(Etc { resolv_conf: Some(PATIENT), nsswitch: "hosts: files dns\n", hosts: "" }, || {
        scripted(DNS, |_, _| Reply::Silence);
        let started = Instant::now();
        let names: Vec<_> = (0..100).map(|n| format!("n{n}.test")).collect();
        let args = ["--timeout", "1s", "127.0.0.1:1"].into_iter().chain(names.iter().map(String::as_str));
        let lines = json_lines(&run(["--json"].into_iter().chain(args)));
        assert_eq!(lines.last().unwrap()["reasons"]["resolve.timeout"], 100);
        // 32 names at a time, one second for each.
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
        // Without a zone, the system cannot choose the link.
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
