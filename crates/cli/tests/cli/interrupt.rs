//! Interrupted runs end at once, and report unfinished and untried targets.

use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{CHAIN, Simulated, TO_END, start, tell, text};
use crate::neighbours::{Neighbours, Peer, knows};

/// Starts the program, interrupts it once it has printed its first line, and returns all its lines and the exit code.
fn interrupted(words: &[&str]) -> (Vec<String>, Option<i32>) {
    let mut child = start(words.iter().copied());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    tell(&child, TO_END[0]);
    let all = [first].into_iter().chain(lines.map(Result::unwrap)).collect();
    (all, child.wait().unwrap().code())
}

fn json(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The records of this type.
fn of_type<'v>(lines: &'v [Value], name: &str) -> Vec<&'v Value> {
    lines.iter().filter(|line| line["type"] == name).collect()
}

#[test]
fn attempts_that_are_not_over_are_told_with_what_is_known() {
    let simulated = Simulated::network();
    let [ok, silent, half] =
        ["coalesced", "silent", "silent-after-version"].map(|name| simulated.peer(name).to_string());
    let words = ["-c", CHAIN, "-t", "10m", "--transport", "v1", "--json", &silent, &half, &ok];
    let mut child = start(words.into_iter().chain(["--trace"]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut seen: Vec<Value> = Vec::new();
    // Wait until one attempt is over, and the version of another has arrived.
    let heard = |line: &Value| line["address"] == *half && line["direction"] == "received";
    while !seen.iter().any(|line| line["type"] == "handshake") || !seen.iter().any(heard) {
        seen.push(serde_json::from_str(&lines.next().unwrap()).unwrap());
    }
    tell(&child, TO_END[0]);
    seen.extend(lines.map(|line| serde_json::from_str::<Value>(&line).unwrap()));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let unfinished = of_type(&seen, "unfinished");
    let of = |address: &String| {
        let found: Vec<_> = unfinished.iter().filter(|line| line["address"] == **address).collect();
        assert_eq!(found.len(), 1, "{unfinished:?}");
        *found[0]
    };
    for (address, stage, awaiting) in [(&silent, "hello", "version"), (&half, "ack", "verack")] {
        let record = of(address);
        assert_eq!((&record["stage"], &record["outcome"]), (&json!(stage), &json!("unfinished")), "{record}");
        assert_eq!((&record["reason"], &record["target"]), (&json!("interrupted"), &json!(address)));
        let detail = record["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("sent no {awaiting} within ")), "{detail}");
        assert!(detail.ends_with(" s, when the run was interrupted"), "{detail}");
        assert!(record["timing_ms"]["connect"].as_f64().is_some() && record["bytes"]["sent"] != json!(0), "{record}");
    }
    assert_eq!(of(&half)["peer"]["version"], 70017);
    let summary = seen.last().unwrap();
    assert_eq!((&summary["type"], &summary["ended"]), (&json!("summary"), &json!("interrupted")));
    assert_eq!((&summary["attempts"], &summary["ok"]), (&json!(1), &json!(1)));
    assert_eq!((&summary["unfinished"], &summary["not_tried"]), (&json!(2), &json!(0)));
}

#[test]
fn a_run_that_comes_to_its_end_says_that_it_is_complete() {
    let neighbours = Neighbours::up(|_| vec![Peer::at([127, 70, 2, 1], knows([]))]);
    let output = crate::common::run(["-c", CHAIN, "--json", &neighbours.address([127, 70, 2, 1])]);
    let lines = crate::common::json_lines(&output);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["ended"], &summary["unfinished"]), (&json!("complete"), &json!(0)));
}

#[test]
fn people_and_tables_are_told_too() {
    let simulated = Simulated::network();
    let [ok, silent] = ["coalesced", "silent"].map(|name| simulated.peer(name).to_string());
    let (lines, code) = interrupted(&["-c", CHAIN, "-t", "10m", "--transport", "v1", &ok, &silent, "-j", "2"]);
    assert_eq!(code, Some(130));
    let stopped = lines.iter().find(|line| line.starts_with("STOPPED ")).expect("a line");
    assert!(
        stopped.starts_with(&format!("STOPPED {silent:<22} not finished, at hello: sent no version within ")),
        "{stopped}"
    );
    assert!(lines.last().unwrap().ends_with(", 1 not finished)"), "{lines:?}");

    // The first line is the header, which is printed with the first result.
    let (lines, _) = interrupted(&["-c", CHAIN, "-t", "10m", "--transport", "v1", &ok, &silent, "--format", "csv"]);
    assert!(lines.iter().any(|line| line.contains(",unfinished,hello,interrupted,")), "{lines:?}");
}

#[test]
fn every_target_is_accounted_for_even_those_never_tried() {
    let simulated = Simulated::network();
    let [ok, silent] = ["coalesced", "silent"].map(|name| simulated.peer(name).to_string());
    // One connection at a time: the first has its result, and the second waits for a version that never comes.
    let never: Vec<_> = (1..=50).map(|last| format!("127.255.7.{last}:1")).collect();
    let mut words = vec!["-c", CHAIN, "-t", "10m", "--transport", "v1", "--json", "-j", "1", &ok, &silent];
    words.extend(never.iter().map(String::as_str));
    let (lines, code) = interrupted(&words);
    assert_eq!(code, Some(130));
    let lines = json(&lines);
    let summary = lines.last().unwrap();
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(count("attempts") + count("unfinished") + count("not_tried"), 52, "{summary}");
    assert_eq!((count("attempts"), of_type(&lines, "unfinished").len() as u64), (1, count("unfinished")));
}

#[test]
fn names_that_are_still_looked_up_are_told_and_those_that_wait_are_counted() {
    // It receives every query and answers none.
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = resolver.local_addr().unwrap().to_string();
    let simulated = Simulated::network();
    let ok = simulated.peer("coalesced").to_string();
    let names: Vec<_> = (0..100).map(|nth| format!("n{nth}.verack.test")).collect();
    let mut words = vec!["-c", CHAIN, "-t", "10m", "--transport", "v1", "--json", "--resolver", &server, &ok];
    words.extend(names.iter().map(String::as_str));
    let (lines, code) = interrupted(&words);
    assert_eq!(code, Some(130));
    let lines = json(&lines);
    let unfinished = of_type(&lines, "unfinished");
    assert!(!unfinished.is_empty());
    for record in &unfinished {
        assert_eq!((&record["stage"], &record["address"]), (&json!("resolve"), &Value::Null), "{record}");
        assert!(names.iter().any(|name| record["target"] == **name), "{record}");
    }
    let summary = lines.last().unwrap();
    assert_eq!(summary["unfinished"].as_u64().unwrap() + summary["not_tried"].as_u64().unwrap(), 100, "{summary}");
}

#[test]
fn a_listener_tells_of_peers_that_were_about_to_introduce_themselves() {
    let (mut child, _log, address) = crate::listen::listen(&["-t", "10m"]);
    let peer = std::net::TcpStream::connect(&address).unwrap();
    // This connection has been accepted once a later one is served.
    assert!(crate::common::run(["-c", CHAIN, "-q", &address]).status.success());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut all = vec![lines.next().unwrap()];
    tell(&child, TO_END[0]);
    all.extend(lines);
    child.wait().unwrap();
    let lines = json(&all);
    let unfinished = of_type(&lines, "unfinished");
    assert_eq!(unfinished.len(), 1, "{lines:?}");
    assert_eq!(unfinished[0]["address"], peer.local_addr().unwrap().to_string());
    assert_eq!((&unfinished[0]["role"], &unfinished[0]["target"]), (&json!("responder"), &json!(address)));
}

#[test]
fn peers_that_have_not_answered_are_told_by_the_other_commands_too() {
    let simulated = Simulated::network();
    let silent = simulated.peer("silent").to_string();
    for command in ["addrs", "whoami"] {
        let words = [command, "-c", CHAIN, "-t", "10m", "--transport", "v1", "--json", "--trace", &silent];
        // The first line is our version in the trace.
        let (lines, code) = interrupted(&words);
        assert_eq!(code, Some(130), "{command}");
        let lines = json(&lines);
        let unfinished = of_type(&lines, "unfinished");
        assert_eq!(unfinished.len(), 1, "{command}: {lines:?}");
        assert_eq!(unfinished[0]["address"], silent);
    }
}

/// A file with this many targets; none of them listens.
fn list_of(many: u32) -> (tempfile::NamedTempFile, String) {
    let mut list = tempfile::NamedTempFile::new().unwrap();
    let lines: String =
        (0..many).map(|nth| format!("127.{}.{}.{}:1\n", 100 + nth / 65_536, nth / 256 % 256, nth % 256)).collect();
    list.write_all(lines.as_bytes()).unwrap();
    let target = format!("@{}", list.path().display());
    (list, target)
}

const MILLION: u32 = 1_000_000;

/// Compares the time to end with the time to begin, on the same machine under the same load: reading and sorting takes
/// a little work for each target, and the end must take less.
#[test]
fn a_run_of_a_million_targets_ends_in_a_fraction_of_the_time_that_it_took_to_begin() {
    for (many, options) in [(MILLION, &["-j", "100"][..]), (MILLION / 5, &["--rate", "100"])] {
        let (_list, target) = list_of(many);
        let begun = Instant::now();
        let words = ["-c", CHAIN, "--transport", "v1", "--json", &target];
        let mut child = start(words.into_iter().chain(options.iter().copied()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.next().unwrap();
        let began = begun.elapsed();
        let told = Instant::now();
        tell(&child, TO_END[0]);
        let last = lines.last().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let ended = told.elapsed();
        assert!(ended < began / 2, "it began in {began:?} and ended in {ended:?}");
        let summary: Value = serde_json::from_str(text(last.as_bytes())).unwrap();
        let count = |name: &str| summary[name].as_u64().unwrap();
        assert_eq!(count("attempts") + count("unfinished") + count("not_tried"), u64::from(many), "{summary}");
        assert!(count("not_tried") > u64::from(many) / 2, "{summary}");
    }
}

#[test]
fn a_list_that_is_still_sorted_holds_up_no_end() {
    let (_list, target) = list_of(MILLION);
    let begun = Instant::now();
    let mut child = start(["-c", CHAIN, "--transport", "v1", "--json", &target]);
    // Once it handles the interrupt signal, it has read its list and sorts it.
    let minds = |child: &Child| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(caught, 16).unwrap() & 1 << (nix::sys::signal::Signal::SIGINT as u64 - 1) != 0
    };
    while !minds(&child) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let read = begun.elapsed();
    let told = Instant::now();
    tell(&child, TO_END[0]);
    let last = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).last().unwrap();
    let ended = told.elapsed();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Sorting this many takes longer than reading them.
    assert!(ended < read / 2, "it read for {read:?} and ended in {ended:?}");
    let summary: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&summary["ended"], &summary["not_tried"]), (&json!("interrupted"), &json!(MILLION)));
}
