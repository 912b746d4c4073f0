//! What the records of all commands share.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::common::{CHAIN, TO_END, json_lines, run, start, tell, text};
use crate::evidence::{Last, peer};
use crate::listen::{listen, output};
use crate::neighbours::{Neighbours, Peer, entry, knows};

const IP: [u8; 4] = [127, 70, 1, 1];

/// Whether a text is an RFC 3339 time in UTC with milliseconds, between these two.
fn is_between(text: &str, (from, to): (SystemTime, SystemTime)) -> bool {
    /// Allows for a small change of the clock during a run.
    const SLACK: Duration = Duration::from_secs(5);
    let time = humantime::parse_rfc3339(text).unwrap();
    text.len() == "2026-11-29T23:14:00.000Z".len() && from - SLACK <= time && time <= to + SLACK
}

/// Commands without records: they print scripts, a page or a file for other programs, or run the simulated network,
/// whose client prints the records of the commands that it runs.
const WITHOUT_RECORDS: [&str; 5] = ["completions", "demo", "man", "peers export", "schema"];

/// The commands in the help, and those of `peers`.
pub fn commands() -> BTreeSet<String> {
    let of = |command: &str| -> Vec<String> {
        let help = run(command.split_whitespace().chain(["-h"]));
        let lines = text(&help.stdout).lines().skip_while(|line| *line != "Commands:").skip(1);
        let names = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(|name| format!("{command} {name}").trim().to_owned()).collect()
    };
    let (all, of_peers) = (of(""), of("peers"));
    assert!(all.contains(&"listen".to_owned()) && of_peers.contains(&"peers show".to_owned()), "{all:?} {of_peers:?}");
    all.into_iter().chain(of_peers).collect()
}

/// The output of a run.
pub struct Printed {
    /// Its command; empty for none.
    command: &'static str,
    records: Vec<Value>,
    /// When it started, and when it ended.
    between: (SystemTime, SystemTime),
}

/// Records of every command, at least one of each kind.
pub fn of_every_command() -> Vec<Printed> {
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, knows([entry([203, 0, 113, 7], 8333)]))]);
    let address = &*neighbours.address(IP);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (db, list, key) = (&*path("peers.sqlite"), &*path("list"), &*path("key"));
    fs::write(list, "192.0.2.1:8333\n").unwrap();
    let mut all = Vec::new();
    for (command, words) in [
        ("", &["-c", CHAIN, "--trace=hex", "--hold", "100ms", address][..]),
        ("", &["-c", CHAIN, "--plan", address]),
        ("crawl", &["-c", CHAIN, "--db", db, "--allow-private", address]),
        ("addrs", &["-c", CHAIN, address]),
        ("whoami", &["-c", CHAIN, address]),
        ("identify", &[address]),
        ("peers", &["--db", db]),
        ("peers", &["--db", db, "--count-by", "version"]),
        ("peers show", &["--db", db, "-c", CHAIN, address]),
        ("peers import", &["--db", db, list]),
        ("key", &[key]),
        ("chains", &[]),
        ("reasons", &[]),
        ("explain", &["bitcoin.checksum"]),
    ] {
        let from = SystemTime::now();
        let output = run(command.split_whitespace().chain(words.iter().copied()).chain(["--json"]));
        let records = json_lines(&output);
        all.push(Printed { command, records, between: (from, SystemTime::now()) });
    }
    all.push(of_listen());
    all.push(of_an_interrupted_run());
    all
}

fn of_listen() -> Printed {
    let from = SystemTime::now();
    let (child, _log, address) = listen(&["--once"]);
    run(["-c", CHAIN, "-q", &address]);
    let (records, _) = output(child);
    Printed { command: "listen", records, between: (from, SystemTime::now()) }
}

/// A run that was interrupted while it waited for a peer's version.
fn of_an_interrupted_run() -> Printed {
    let from = SystemTime::now();
    let silent = peer(b"", Last::Stay).to_string();
    let mut child = start(["-c", CHAIN, "--transport", "v1", "-t", "10m", "--json", "--trace", &silent]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    tell(&child, TO_END[0]);
    let lines = [first].into_iter().chain(lines);
    let records = lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
    child.wait().unwrap();
    Printed { command: "", records, between: (from, SystemTime::now()) }
}

/// Every record of every command.
pub fn all() -> Vec<Value> {
    of_every_command().into_iter().flat_map(|printed| printed.records).collect()
}

#[test]
fn every_record_of_every_command_says_when_it_began() {
    let mut seen: BTreeSet<_> = WITHOUT_RECORDS.map(str::to_owned).into();
    for Printed { command, records, between } in of_every_command() {
        assert!(!records.is_empty(), "'verack {command}' printed nothing");
        for record in records {
            let started = record["started"].as_str().unwrap_or_else(|| panic!("no time in {record} of '{command}'"));
            assert!(is_between(started, between), "{record}");
        }
        seen.insert(command.to_owned());
    }
    let not_seen: Vec<_> = commands().into_iter().filter(|command| !seen.contains(command)).collect();
    assert!(not_seen.is_empty(), "what do {not_seen:?} print?");
}

#[test]
fn the_messages_of_a_connection_have_one_beginning() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, knows([]))]);
    let lines = json_lines(&run(["--json", "--trace", "-c", CHAIN, &neighbours.address(IP)]));
    let messages = lines.iter().filter(|line| line["type"] == "message");
    let begun: BTreeSet<_> = messages.filter_map(|line| line["started"].as_str()).collect();
    assert_eq!(begun.len(), 1, "{begun:?}");
}

#[test]
fn a_table_has_the_times_of_its_rows() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, knows([entry([203, 0, 113, 7], 8333)]))]);
    let address = neighbours.address(IP);
    for words in [&[&*address][..], &["addrs", &address]] {
        let from = SystemTime::now();
        let output = run(words.iter().copied().chain(["--format", "csv", "-c", CHAIN, "--timeout", "10s"]));
        let mut rows = csv::Reader::from_reader(text(&output.stdout).as_bytes());
        let column = rows.headers().unwrap().iter().position(|name| name == "started").expect("a column of times");
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        assert!(!rows.is_empty(), "{words:?}");
        for row in rows {
            assert!(is_between(&row[column], (from, SystemTime::now())), "{row:?}");
        }
    }
}

/// Checks records of attempts against the schema that the program prints, and skips other records. Returns the
/// protocols of the peers that introduced themselves.
pub fn assert_schema(records: &[Value]) -> BTreeSet<String> {
    let schema: Value = serde_json::from_slice(&run(["schema"]).stdout).unwrap();
    let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
    compiler.add_resource("verack.json", schema).unwrap();
    let schema = compiler.compile("verack.json", &mut schemas).unwrap();
    let is_attempt = |record: &&Value| ["handshake", "unfinished"].contains(&record["type"].as_str().unwrap_or(""));
    let mut protocols = BTreeSet::new();
    for record in records.iter().filter(is_attempt) {
        schemas.validate(record, schema).unwrap_or_else(|error| panic!("{error:#}: {record}"));
        if record["peer"].is_object() {
            protocols.insert(record["protocol"].as_str().unwrap().to_owned());
        }
    }
    protocols
}

#[test]
fn every_record_of_an_attempt_fits_the_schema() {
    assert!(assert_schema(&all()).contains("bitcoin"));
}
