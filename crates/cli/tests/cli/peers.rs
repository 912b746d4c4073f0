//! Asking the peer database, and telling it what others know.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use handshake::{Blame, Stage};
use serde_json::Value;
use store::{Address, Attempt, Ending, Introduced, Learned, Outcome, Store, Text, Time, Transports};
use tempfile::TempDir;

use crate::common::{json_lines, run, text, verack};

/// 2023-11-14 22:13:20
const NOW: i64 = 1_700_000_000;

const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";

/// A database as a crawl leaves it, and the folder that goes with it.
struct Map {
    folder: TempDir,
    path: PathBuf,
}

impl Map {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.sqlite");
        Self { folder, path }
    }

    /// Four nodes that answered, one of them on Litecoin and one that calls itself a formula, one that is full, one
    /// that is silent, and one that nobody has tried.
    fn of_a_crawl() -> Self {
        let map = Self::empty();
        let satoshi = || introduced("/Satoshi:27.0.0/", 70016, 0xc09);
        map.store([
            attempt("1.2.3.4:8333", NOW - 90_000, satoshi(), OK),
            attempt("1.2.3.4:8333", NOW, satoshi(), OK),
            attempt("[2a00::1]:8333", NOW - 60, introduced("/Satoshi:28.0.0/", 70016, 0x409), OK),
            attempt("5.6.7.8:8333", NOW - 50, introduced("=cmd|' /C calc'!A0", 70015, 1), OK),
            Attempt {
                chain: "litecoin".into(),
                ..attempt("1.2.3.4:9333", NOW - 40, introduced("/LitecoinCore:0.21.2/", 70017, 1), OK)
            },
            attempt("9.9.9.9:8333", NOW - 30, satoshi(), (Outcome::Partial, Stage::Ack, "closed")),
            attempt("8.8.8.8:8333", NOW - 20, None, (Outcome::Failed, Stage::Connect, "connect.timeout")),
        ]);
        map
    }

    fn store(&self, attempts: impl IntoIterator<Item = Attempt>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&self.path).await.unwrap();
            let writer = store.writer().await.unwrap();
            for attempt in attempts {
                writer.record(attempt).await.unwrap();
            }
            let learned = Learned {
                chain: "bitcoin".into(),
                address: ONION.parse().unwrap(),
                seen: Time(NOW - 3600),
                services: 9,
                source: "1.2.3.4:8333".into(),
            };
            writer.learned(learned).await.unwrap();
            writer.close().await.unwrap();
            store.close().await;
        });
    }

    /// Runs `verack peers` on it.
    fn peers(&self, args: &str) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &str) -> Command {
        let mut command = verack(["peers", "--db", self.path.to_str().unwrap()]);
        command.args(args.split_whitespace());
        command
    }

    /// The addresses of the peers that are listed.
    fn addresses(&self, args: &str) -> Vec<String> {
        let output = self.peers(&format!("--json {args}"));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{args}");
        json_lines(&output).iter().map(|peer| peer["address"].as_str().unwrap().to_owned()).collect()
    }

    /// A file beside it.
    fn file(&self, name: &str, contents: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

const OK: (Outcome, Stage, &str) = (Outcome::Ok, Stage::Done, "ok");

fn introduced(user_agent: &str, version: i32, services: u64) -> Option<Introduced> {
    Some(Introduced { version, services, user_agent: user_agent.into(), height: Some(820_000) })
}

fn attempt(
    address: &str,
    at: i64,
    introduced: Option<Introduced>,
    (outcome, stage, reason): (Outcome, Stage, &str),
) -> Attempt {
    Attempt {
        chain: "bitcoin".into(),
        address: address.parse::<Address>().unwrap(),
        at: Time(at),
        ending: Ending { outcome, stage, reason: reason.into() },
        blame: (outcome != Outcome::Ok).then_some(Blame::Network),
        transports: Transports { v1: None, v2: Some(outcome) },
        latency: introduced.as_ref().map(|_| Duration::from_micros(41_300)),
        introduced,
        source: Some(Text::from("seed.example")),
    }
}

#[test]
fn peers_are_listed_for_people() {
    let map = Map::of_a_crawl();
    let output = map.peers("");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    insta::assert_snapshot!("peers_list", text(&output.stdout));
    let coloured = map.peers("--color always --reachable -n 1");
    assert!(text(&coloured.stdout).contains("\u{1b}[1m\u{1b}[32mok"), "{}", text(&coloured.stdout));
}

#[test]
fn each_filter_lets_through_what_it_says() {
    let map = Map::of_a_crawl();
    for (args, expected) in [
        (
            "",
            &["1.2.3.4:8333", "[2a00::1]:8333", "5.6.7.8:8333", "1.2.3.4:9333", "9.9.9.9:8333", "8.8.8.8:8333", ONION]
                [..],
        ),
        ("--chain ltc", &["1.2.3.4:9333"]),
        ("-c litecoin --reachable", &["1.2.3.4:9333"]),
        ("--user-agent satoshi:2", &["1.2.3.4:8333", "[2a00::1]:8333", "9.9.9.9:8333"]),
        ("--user-agent /Satoshi:28*", &["[2a00::1]:8333"]),
        ("--services NETWORK,WITNESS", &["1.2.3.4:8333", "[2a00::1]:8333", "9.9.9.9:8333", ONION]),
        ("--services 0x800", &["1.2.3.4:8333", "9.9.9.9:8333"]),
        ("--reachable", &["1.2.3.4:8333", "[2a00::1]:8333", "5.6.7.8:8333", "1.2.3.4:9333"]),
        ("--unreachable", &["9.9.9.9:8333", "8.8.8.8:8333"]),
        ("--since @1699999970", &["1.2.3.4:8333", "9.9.9.9:8333", "8.8.8.8:8333"]),
        ("--since 2023-11-15", &[]),
        ("--since 1h", &[]),
        ("--network ipv6", &["[2a00::1]:8333"]),
        ("--network torv3", &[ONION]),
        ("--network onion", &[ONION]),
        ("--sort address --limit 2", &["1.2.3.4:8333", "1.2.3.4:9333"]),
        ("--sort last-seen -n 2", &["1.2.3.4:8333", "8.8.8.8:8333"]),
        ("--sort last-seen --reverse --limit 1", &[ONION]),
        ("--sort tried -n 1", &["1.2.3.4:8333"]),
        ("--sort version --limit 1", &["1.2.3.4:9333"]),
    ] {
        let mut found = map.addresses(args);
        // What was stored at once is in no order.
        let mut expected: Vec<_> = expected.iter().map(|address| (*address).to_owned()).collect();
        if !args.contains("--sort") {
            found.sort();
            expected.sort();
        }
        assert_eq!(found, expected, "{args}");
    }
}

#[test]
fn a_word_that_means_nothing_is_answered_with_those_that_do() {
    let map = Map::of_a_crawl();
    for (args, answer) in [
        ("--sort colour", "possible values: known, address"),
        ("--count-by colour", "possible values: user-agent, version"),
        ("--network lan", "possible values: ipv4, ipv6, onion-v2, onion, i2p"),
        ("--since yesterday", "expected how long ago (90m, 7d)"),
        ("--services FLYING", "'FLYING' is not a service of bitcoin; known are NETWORK"),
        ("show seed.example", "'seed.example': expected an address"),
        ("export --as xml", "possible values: jsonl, csv, bitnodes, dnsseed, list, table"),
    ] {
        let output = map.peers(args);
        assert_eq!(output.status.code(), Some(2), "{args}");
        assert!(text(&output.stderr).contains(answer), "{args}: {}", text(&output.stderr));
    }
}

#[test]
fn peers_are_counted_by_any_column() {
    let map = Map::of_a_crawl();
    let human = map.peers("--count-by user-agent");
    insta::assert_snapshot!("peers_count", text(&human.stdout));
    for (name, _) in store::Column::ALL {
        let counts = json_lines(&map.peers(&format!("--json --count-by {name}")));
        let sum: u64 = counts.iter().map(|count| count["peers"].as_u64().unwrap()).sum();
        assert_eq!(sum, 7, "{name}");
        assert!(counts.iter().all(|count| count["type"] == "count" && count["by"] == name.replace('-', "_")));
    }
    let csv = map.peers("--format csv --count-by user-agent --chain bitcoin --limit 3 --unreachable");
    assert_eq!(text(&csv.stdout), "user_agent,peers\n,1\n/Satoshi:27.0.0/,1\n");
    let csv = map.peers("--format csv --count-by user-agent");
    assert!(text(&csv.stdout).contains("\n\\x3dcmd|' /C calc'!A0,1\n"), "{}", text(&csv.stdout));
}

#[test]
fn one_peer_is_shown_with_its_history() {
    let map = Map::of_a_crawl();
    let output = map.peers("show 1.2.3.4");
    assert_eq!(output.status.code(), Some(0));
    // How long ago it was changes.
    let shown = text(&output.stdout).lines().map(|line| match line.split_once(" UTC, ") {
        Some((before, _)) => format!("{before} UTC, ... ago\n"),
        None => format!("{line}\n"),
    });
    insta::assert_snapshot!("peers_show", shown.collect::<String>());

    let [peer] = &json_lines(&map.peers("--json show 1.2.3.4:8333"))[..] else { panic!("one peer") };
    assert_eq!((&peer["type"], &peer["source"], &peer["tried"]), (&"peer".into(), &"seed.example".into(), &2.into()));
    let times: Vec<_> = peer["attempts"].as_array().unwrap().iter().map(|attempt| attempt["at"].clone()).collect();
    assert_eq!(times, [NOW, NOW - 90_000]);
    for window in ["2h", "8h", "1d", "7d", "30d"] {
        assert!(peer[&format!("reliability_{window}")].as_f64().unwrap() > 0.0, "{window}");
    }
    let rows = map.peers("--format csv show 5.6.7.8:8333");
    assert!(text(&rows.stdout).contains("5.6.7.8:8333,bitcoin,1699999950,ok,done,ok,,ok,\\x3dcmd"));

    assert_eq!(map.peers("show -c litecoin 1.2.3.4").status.code(), Some(0), "with Litecoin's port");
    let unknown = map.peers("show 4.4.4.4");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("has never heard of 4.4.4.4:8333"));
}

#[test]
fn who_finds_nothing_is_told_what_there_is() {
    let map = Map::of_a_crawl();
    for (args, said) in
        [("--chain dogecoin", true), ("--chain dogecoin --count-by version", true), ("--chain dogecoin -q", false)]
    {
        let output = map.peers(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""));
        assert_eq!(text(&output.stderr).contains("holds 6 of bitcoin, 1 of litecoin"), said, "{args}");
    }
}

/// A row of `dnsseed.dump` as Core's contrib/seeds/makeseeds.py reads it: this is its `parseline`, line by line.
fn makeseeds(line: &str) -> Option<(String, u16, i64, f64, i64, u64, String)> {
    let sline: Vec<_> = line.split_whitespace().collect();
    if sline.len() < 11 {
        return None;
    }
    // PATTERN_IPV4, PATTERN_IPV6, PATTERN_ONION: an address and a port, whatever it is.
    let (address, port) = sline[0].rsplit_once(':')?;
    let host = match address.strip_prefix('[') {
        Some(ipv6) => ipv6.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
        None if address.strip_suffix(".onion").is_some_and(|key| key.len() == 56) => address.to_owned(),
        None => address.parse::<std::net::Ipv4Addr>().ok()?.to_string(),
    };
    // Skip bad results.
    if sline[1] == "0" {
        return None;
    }
    let uptime = sline[7].strip_suffix('%')?.parse().ok()?;
    let last_success = sline[2].parse().ok()?;
    let version: i64 = sline[10].parse().ok()?;
    let quoted = sline.get(11)?;
    let agent = quoted.get(1..quoted.len() - 1)?.to_owned();
    let services = u64::from_str_radix(sline[9], 16).ok()?;
    let _blocks: i64 = sline[8].parse().ok()?;
    Some((host, port.parse().ok()?, last_success, uptime, version, services, agent))
}

#[test]
fn makeseeds_reads_the_dump_of_a_crawl() {
    let map = Map::of_a_crawl();
    let output = map.peers("export --as dnsseed -c bitcoin");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), "3 peers written\n"));
    let mut read: Vec<_> = text(&output.stdout).lines().filter_map(makeseeds).collect();
    read.sort_by(|one, other| one.0.cmp(&other.0));
    let [first, second, third] = &read[..] else { panic!("{read:?}") };
    let agents = [first, second, third].map(|(host, port, at, _, version, services, agent)| {
        (host.as_str(), *port, *at, *version, *services, agent.as_str())
    });
    assert_eq!(agents[0], ("1.2.3.4", 8333, NOW, 70016, 0xc09, "/Satoshi:27.0.0/"));
    assert_eq!(agents[1], ("2a00::1", 8333, NOW - 60, 70016, 0x409, "/Satoshi:28.0.0/"));
    assert_eq!(agents[2].0, "5.6.7.8");
    // exp(-age / 30 d) of what the first attempt gained, and what the second adds.
    assert!((first.3 - 3.45).abs() < 0.006, "{}", first.3);
}

/// A JSON schema's words on a bitnodes row, as far as they are needed to tell a right one from a wrong one.
const BITNODES_ROW: [(&str, &[&str]); 15] = [
    ("address", &["string"]),
    ("port", &["integer"]),
    ("protocol_version", &["integer"]),
    ("user_agent", &["string"]),
    ("connected_since", &["integer"]),
    ("services", &["integer"]),
    ("height", &["integer"]),
    ("hostname", &["string", "null"]),
    ("city", &["string", "null"]),
    ("country_code", &["string", "null"]),
    ("latitude", &["number"]),
    ("longitude", &["number"]),
    ("timezone", &["string", "null"]),
    ("asn", &["string", "null"]),
    ("organization", &["string", "null"]),
];

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn the_bitnodes_rows_of_a_crawl_have_its_schema() {
    let map = Map::of_a_crawl();
    let output = map.peers("export --as bitnodes --chain bitcoin --sort address");
    let rows: Vec<Vec<Value>> = serde_json::from_slice(&output.stdout).unwrap();
    let addresses: Vec<_> = rows.iter().map(|row| (row[0].as_str().unwrap(), row[1].as_u64().unwrap())).collect();
    assert_eq!(addresses, [("1.2.3.4", 8333), ("5.6.7.8", 8333), ("2a00::1", 8333)]);
    for row in &rows {
        assert_eq!(row.len(), BITNODES_ROW.len());
        for (value, (name, types)) in row.iter().zip(BITNODES_ROW) {
            assert!(types.contains(&json_type(value)), "{name}: {value}");
        }
    }
}

#[test]
fn every_export_is_taken_in_again() {
    let map = Map::of_a_crawl();
    for (format, all) in [("jsonl", true), ("csv", true), ("bitnodes", false), ("dnsseed", false), ("list", false)] {
        let output = map.peers(&format!("export --as {format} -q{}", if all { "" } else { " -c bitcoin" }));
        assert_eq!(text(&output.stderr), "", "{format}");
        let other = Map::empty();
        let file = other.file("exported", &output.stdout);
        let imported = other.peers(&format!("import {file}"));
        assert_eq!((imported.status.code(), text(&imported.stderr)), (Some(0), ""), "{format}");
        let count = match format {
            "bitnodes" | "dnsseed" => 3,
            "list" => 6,
            _ => 7,
        };
        assert_eq!(text(&imported.stdout), format!("{file}: {count} peers as {format}\n"));
        assert_eq!(other.addresses("").len(), count, "{format}");
        if all {
            let known = |map: &Map| {
                let peers = json_lines(&map.peers("--json"));
                peers.into_iter().map(|peer| (peer["address"].to_string(), peer)).collect::<BTreeMap<_, _>>()
            };
            assert_eq!(known(&other), known(&map), "{format} holds all that is known");
        }
    }
}

#[test]
fn a_format_without_networks_is_not_given_two() {
    let map = Map::of_a_crawl();
    for format in ["bitnodes", "dnsseed", "list"] {
        let output = map.peers(&format!("export --as {format}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{format}");
        assert!(text(&output.stderr).contains("name one with --chain: there are 6 of bitcoin, 1 of litecoin"));
    }
    assert_eq!(text(&map.peers("export --as list --user-agent Litecoin").stdout), "1.2.3.4:9333\n");
}

#[test]
fn the_table_is_exported_as_it_is_listed() {
    let map = Map::of_a_crawl();
    assert_eq!(map.peers("export --as table --chain bitcoin").stdout, map.peers("--chain bitcoin").stdout);
    assert_eq!(map.peers("export --format csv").stdout, map.peers("--format csv").stdout);
    assert_eq!(map.peers("export").stdout, map.peers("--json").stdout);
}

#[test]
fn a_broken_line_is_named_and_the_rest_is_taken() {
    let map = Map::empty();
    let list = map.file("nodes.txt", b"1.2.3.4\nseed.example\n[2a00::1]:8334 # AS1\n1.2.3.4:99999\n");
    let rows = map.file("nodes.json", b"[[\"9.9.9.9\",8333,1033,900000],\n[\"9.9.9.9\"],\n[\"8.8.8.8\",8333,1,1]]");
    let output = map.peers(&format!("import {list} {rows}"));
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("{list}: 2 peers as list, 2 bad lines\n{rows}: 2 peers as bitnodes, 1 bad line\n");
    assert_eq!(text(&output.stdout), expected);
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    let [second, fourth, row] = lines[..] else { panic!("{lines:?}") };
    assert!(second.starts_with(&format!("{list}:2: expected an address: ip, ip:port")), "{second}");
    assert!(fourth.starts_with(&format!("{list}:4: expected an address")), "{fourth}");
    assert!(row.starts_with(&format!("{rows}:2: expected a row of 15 values, or of 4")), "{row}");
    let mut addresses = map.addresses("");
    addresses.sort();
    assert_eq!(addresses, ["1.2.3.4:8333", "8.8.8.8:8333", "9.9.9.9:8333", "[2a00::1]:8334"]);

    let json = map.peers(&format!("--json import {list} --chain litecoin"));
    let [report] = &json_lines(&json)[..] else { panic!("one file") };
    assert_eq!((&report["type"], &report["peers"], &report["bad_lines"]), (&"import".into(), &2.into(), &2.into()));
    assert!(map.addresses("-c litecoin").contains(&"1.2.3.4:9333".to_owned()), "with its network's port");
}

#[test]
fn a_file_of_another_kind_is_not_printed_as_errors() {
    let map = Map::empty();
    let file = map.file("book.txt", &b"it was the best of times\n".repeat(1000));
    let output = map.peers(&format!("import {file}"));
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20], format!("{file}: and 980 more lines"));
}

#[test]
fn peers_are_taken_from_standard_input() {
    let map = Map::empty();
    let mut child = map.command("import -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"address\":\"1.2.3.4:1\",\"chain\":\"litecoin\"}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "-: 1 peer as jsonl\n");
    assert_eq!(map.addresses("--chain litecoin"), ["1.2.3.4:1"]);
}

#[test]
fn what_cannot_be_read_is_named_before_anything_is_stored() {
    let map = Map::empty();
    let list = map.file("nodes.txt", b"1.2.3.4\n");
    let folder = map.folder.path().to_str().unwrap();
    for missing in ["/nowhere/nodes.txt", folder] {
        let output = map.peers(&format!("import {list} {missing}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
        assert!(text(&output.stderr).starts_with(&format!("error: cannot read {missing}: ")));
        assert!(!map.path.exists());
    }
}

#[test]
fn a_database_that_is_not_there_is_not_made_by_asking() {
    let map = Map::empty();
    for args in ["", "--count-by version", "show 1.2.3.4", "export --as list"] {
        let output = map.peers(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""), "{args}");
        let said = text(&output.stderr);
        assert!(said.contains("there is no database yet: 'verack crawl' and 'verack peers import' make one"), "{said}");
        assert!(!map.path.exists());
    }
}

#[test]
fn the_database_is_in_the_users_data_folder() {
    let home = tempfile::tempdir().unwrap();
    let list = home.path().join("nodes.txt");
    fs::write(&list, "1.2.3.4\n").unwrap();
    let run = |variable: &str, value: &Path| {
        let mut command = verack(["peers", "import", list.to_str().unwrap()]);
        command.env("HOME", home.path()).env_remove("XDG_DATA_HOME").env(variable, value).output().unwrap()
    };
    assert_eq!(run("HOME", home.path()).status.code(), Some(0));
    let folder = home.path().join(".local/share/verack");
    assert!(folder.join("peers.sqlite").is_file());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(run("XDG_DATA_HOME", &home.path().join("data")).status.code(), Some(0));
    assert!(home.path().join("data/verack/peers.sqlite").is_file());
}

#[test]
fn a_database_that_cannot_be_used_is_said_in_one_line() {
    let map = Map::empty();
    let foreign = map.file("notes.txt", &b"shopping list\n".repeat(1000));
    let list = map.file("list.txt", b"1.2.3.4\n");
    let mut cases = vec![(foreign, "not a database of SQLite; name another file with --db")];
    cases.push((map.folder.path().to_str().unwrap().to_owned(), "cannot be opened: it is a directory"));
    for (path, why) in cases {
        for args in [&["peers", "--db", &path][..], &["peers", "import", "--db", &path, &list]] {
            let output = run(args.iter().copied());
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
            assert_eq!(text(&output.stderr), format!("error: {path}: {why}\n"));
        }
    }
}

/// The program without what lets root write where nobody may.
fn unprivileged(command: &Command) -> Command {
    let mut unprivileged = Command::new(command.get_program());
    if nix::unistd::geteuid().is_root() {
        unprivileged = Command::new("setpriv");
        unprivileged.args(["--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]).arg(command.get_program());
    }
    unprivileged.args(command.get_args());
    unprivileged
}

#[test]
fn a_database_in_a_folder_that_is_read_only_is_read() {
    let map = Map::of_a_crawl();
    let list = map.file("list.txt", b"4.4.4.4\n");
    let set = |mode| fs::set_permissions(map.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    for file_mode in [0o644, 0o444] {
        fs::set_permissions(&map.path, fs::Permissions::from_mode(file_mode)).unwrap();
        set(0o555);
        let asked = unprivileged(&map.command("--count-by chain --format csv")).output().unwrap();
        let told = unprivileged(&map.command(&format!("import {list}"))).output().unwrap();
        let left: Vec<_> = fs::read_dir(map.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        set(0o755);
        assert_eq!(text(&asked.stderr), "");
        assert_eq!(text(&asked.stdout), "chain,peers\nbitcoin,6\nlitecoin,1\n");
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(told.status.code(), Some(3));
        let said = text(&told.stderr);
        assert!(said.ends_with("cannot be written to: the file or its directory is read-only\n"), "{said}");
    }
    assert_eq!(map.addresses("").len(), 7);
}

#[test]
fn nobody_reading_is_no_error() {
    let map = Map::of_a_crawl();
    for args in ["", "--json", "--format csv", "--count-by version", "export --as dnsseed -c bitcoin", "show 1.2.3.4"] {
        let mut child = map.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(!text(&output.stderr).contains("error"), "{args}: {}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{args}");
    }
}

#[test]
fn options_may_come_before_the_command() {
    let map = Map::of_a_crawl();
    let db = map.path.to_str().unwrap();
    let before = run(["--json", "peers", "--db", db]);
    assert_eq!(json_lines(&before).len(), 7);
    assert_eq!(run(["peers", "--db", db, "--json"]).stdout, before.stdout);
    let ignored = run(["--chain", "litecoin", "peers", "--db", db]);
    assert_eq!(ignored.status.code(), Some(2));
    assert!(text(&ignored.stderr).starts_with("error: '--chain <NAME>' is not for 'peers'"));
}
