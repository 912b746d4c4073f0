//! What the records of every command have in common.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crate::common::{CHAIN, json_lines, run, text};
use crate::neighbours::{Neighbours, Peer, entry, knows};

const IP: [u8; 4] = [127, 70, 1, 1];

/// Whether a text is a time in RFC 3339 with milliseconds in UTC, between these two.
fn is_between(text: &str, (from, to): (SystemTime, SystemTime)) -> bool {
    /// The clock may be set, by a little, while a run lasts.
    const SLACK: Duration = Duration::from_secs(5);
    let time = humantime::parse_rfc3339(text).unwrap();
    text.len() == "2026-11-29T23:14:00.000Z".len() && from - SLACK <= time && time <= to + SLACK
}

#[test]
fn every_record_says_when_it_began() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(IP, knows([entry([203, 0, 113, 7], 8333)]))]);
    let address = neighbours.address(IP);
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").display().to_string();
    for (words, kinds) in [
        (&["--trace", &address][..], &["handshake", "message", "summary"][..]),
        (&["crawl", "--db", &db, "--allow-private", &address], &["handshake", "crawl"]),
        (&["addrs", &address], &["handshake", "address", "addrs"]),
        (&["whoami", &address], &["handshake", "whoami"]),
        (&["--plan", &address], &["planned", "plan"]),
    ] {
        let from = SystemTime::now();
        let output = run(words.iter().copied().chain(["--json", "-c", CHAIN, "--timeout", "10s"]));
        let lines = json_lines(&output);
        for line in &lines {
            let started = line["started"].as_str().unwrap_or_else(|| panic!("no time in {line}"));
            assert!(is_between(started, (from, SystemTime::now())), "{line}");
        }
        let found: BTreeSet<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
        assert_eq!(found, kinds.iter().copied().collect(), "{words:?}");
    }
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
