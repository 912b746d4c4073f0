//! Accepting connections, from the command line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStderr};
use std::time::Instant;

use crate::common::{CHAIN, TO_END, run, start, tell, text};
use crate::names::machine::{Etc, ip, on_machine};
use serde_json::Value;

/// A listener on a free port, and its address: on [`CHAIN`] unless the options name another network.
pub fn listen(options: &[&str]) -> (Child, BufReader<ChildStderr>, String) {
    listen_at("127.0.0.1", options)
}

/// The same, on this IP address.
fn listen_at(ip: &str, options: &[&str]) -> (Child, BufReader<ChildStderr>, String) {
    let chain: &[&str] = if options.contains(&"-c") || options.contains(&"libp2p") { &[] } else { &["-c", CHAIN] };
    let mut child = start([&["listen", &format!("{ip}:0"), "--json"], chain, options].concat());
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next()).expect(&line).to_owned();
    (child, log, address)
}

pub fn output(mut child: Child) -> (Vec<Value>, Option<i32>) {
    let mut out = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    let lines = text(&out).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, child.wait().unwrap().code())
}

#[test]
fn both_sides_report_the_same_handshake() {
    let (child, _log, address) = listen(&["--once", "--user-agent", "/responder/"]);
    let dialled = run(["-c", CHAIN, "--json", &address, "--user-agent", "/initiator/"]);
    let dialled: Value = serde_json::from_str(text(&dialled.stdout).lines().next().unwrap()).unwrap();
    let (lines, code) = output(child);
    let heard = &lines[0];
    assert_eq!(code, Some(0));
    assert_eq!((&heard["role"], &heard["outcome"]), (&"responder".into(), &"ok".into()));
    assert_eq!(heard["target"], *address);
    assert_eq!(heard["timing_ms"]["connect"], Value::Null);
    assert_eq!(heard["peer"]["user_agent"], "/initiator/");
    assert_eq!(dialled["peer"]["user_agent"], "/responder/");
    assert_eq!(dialled["peer"]["our_address"], heard["address"]);
    assert_eq!(heard["bytes"]["received"], dialled["bytes"]["sent"]);
}

#[test]
fn a_user_agent_that_is_a_formula_is_none_in_csv() {
    let (mut child, _log, address) = listen(&["--once", "--user-agent", "=1+1"]);
    let dialled = run(["-c", CHAIN, "--format", "csv", &address]);
    child.wait().unwrap();
    let table = text(&dialled.stdout);
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let header = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let cell = |name| row.get(header.iter().position(|column| column == name).unwrap()).unwrap();
    assert_eq!(cell("user_agent"), r"\x3d1+1");
    assert!(cell("detail").starts_with(r"\x3d1+1, version "), "{table}");
}

#[test]
fn it_ends_after_as_many_peers_as_it_was_told() {
    let (child, _log, address) = listen(&["--count", "3"]);
    for _ in 0..3 {
        assert!(run(["-c", CHAIN, "-q", &address]).status.success());
    }
    let (lines, code) = output(child);
    assert_eq!((lines.len(), code), (4, Some(0)));
    assert_eq!(lines[3]["ok"], 3);
}

#[test]
fn it_sums_up_who_came_when_it_is_told_to_end() {
    for signal in TO_END {
        let (mut child, _log, address) = listen(&[]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(run(["-c", CHAIN, "-q", &address]).status.success());
        assert!(lines.next().unwrap().unwrap().contains("\"responder\""));
        tell(&child, signal);
        let summary: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
        assert_eq!((&summary["type"], &summary["ok"]), (&"summary".into(), &1.into()), "{signal}");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
}

#[test]
fn one_address_cannot_take_all_places() {
    let (mut child, _log, address) = listen(&["--per-address", "1", "--hold", "60s"]);
    let held = start(["-c", CHAIN, &address, "--hold", "60s"]);
    let mut reports = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(reports.next().unwrap().unwrap().contains("\"outcome\":\"ok\""));
    let turned_away = run(["-c", CHAIN, "--json", &address]);
    let report: Value = serde_json::from_str(text(&turned_away.stdout).lines().next().unwrap()).unwrap();
    assert_eq!((&report["reason"], &report["stage"]), (&"closed".into(), &"hello".into()));
    for mut process in [child, held] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
fn an_address_that_is_not_ours_is_our_own_sides_failure() {
    let output = run(["listen", "192.0.2.1:18444"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("error: cannot listen on 192.0.2.1:18444: "));
}

#[test]
fn a_network_that_takes_all_places_shuts_no_other_out() {
    let (mut child, _log, address) = listen(&["-j", "20", "--per-address", "16", "--timeout", "60s"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Twenty connections, each from another /24 of 127.5.0.0/16, occupy all slots and stay open.
    let greedy: Vec<_> = (0..20u8)
        .map(|nth| {
            runtime.block_on(async {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind(([127, 5, nth, 1], 0).into()).unwrap();
                socket.connect(address.parse().unwrap()).await.unwrap()
            })
        })
        .collect();
    let honest = run(["-c", CHAIN, "--json", "--timeout", "20s", &address]);
    let report: Value = serde_json::from_str(text(&honest.stdout).lines().next().unwrap()).unwrap();
    assert_eq!(report["outcome"], "ok", "{report}");
    drop(greedy);
    tell(&child, TO_END[0]);
    child.wait().unwrap();
}

/// How many of these consecutive callers from one address began a handshake, and how many seconds that took.
fn shaken(callers: usize, options: &[&str]) -> (usize, u64) {
    let began = Instant::now();
    let (child, _log, address) = listen_at("192.0.2.1", &[&["--per-address-rate", "1"], options].concat());
    for _ in 0..callers {
        let mut stream = TcpStream::connect(&address).unwrap();
        // The listener may reject the caller before these bytes are written or read.
        let _ = stream.write_all(&[0xd3; 30]).and_then(|()| stream.shutdown(Shutdown::Write));
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let took = began.elapsed().as_secs();
    tell(&child, TO_END[0]);
    let (lines, _) = output(child);
    (lines.iter().filter(|line| line["type"] != "summary").count(), took)
}

/// A caller is rejected before its bytes are read: it costs no key exchange, and appears in no record.
#[test]
fn an_address_that_begins_handshakes_faster_than_its_rate_is_turned_away_in_each_protocol_with_keys() {
    /// Handshakes that an address may begin at once.
    const BURST: usize = 200;
    const MORE: usize = 60;
    on_machine(Etc { nsswitch: "hosts: files\n", ..Etc::default() }, || {
        assert!(ip("address add 192.0.2.1/32 dev lo"));
        let keyed: [&[&str]; 5] =
            [&[], &["--transport", "v2"], &["-c", "ethereum"], &["--protocol", "lightning"], &["--protocol", "libp2p"]];
        for options in keyed {
            let (shaken, took) = shaken(BURST + MORE, options);
            // One more for each second, including the one that has begun.
            let most = BURST + usize::try_from(took).unwrap() + 1;
            assert!((BURST..=most).contains(&shaken), "{options:?}: {shaken} of at most {most}");
        }
        // A plain-text handshake costs no more than reading the bytes.
        let plain: [&[&str]; 2] = [&["--transport", "v1"], &["-c", "monero"]];
        for options in plain {
            assert_eq!(shaken(BURST + MORE, options).0, BURST + MORE, "{options:?}");
        }
    });
}
