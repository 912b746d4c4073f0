//! Listing, counting and showing peers.

use std::process::Stdio;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{Map, NOW, ONION};
use crate::common::{json_lines, run, text};

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
        // The peer that was tried without success was never seen.
        ("--since @1699999970", &["1.2.3.4:8333", "9.9.9.9:8333"]),
        ("--since 2023-11-15", &[]),
        ("--since 1h", &[]),
        ("--network ipv6", &["[2a00::1]:8333"]),
        ("--network torv3", &[ONION]),
        ("--network onion", &[ONION]),
        ("--sort address --limit 2", &["1.2.3.4:8333", "1.2.3.4:9333"]),
        ("--sort last-seen -n 2", &["1.2.3.4:8333", "9.9.9.9:8333"]),
        ("--sort last-seen --reverse --limit 1", &[ONION]),
        ("--sort tried -n 1", &["1.2.3.4:8333"]),
        ("--sort version --limit 1", &["1.2.3.4:9333"]),
    ] {
        let mut found = map.addresses(args);
        // Peers that were stored at the same time have no order.
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
    for (name, _) in peers::Column::ALL {
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
    // The elapsed time varies.
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

#[test]
fn a_closed_pipe_is_no_error() {
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
    let before = run(["--format", "csv", "peers", "--db", db]);
    assert_eq!(text(&before.stdout).lines().count(), 8);
    assert_eq!(run(["peers", "--db", db, "--format", "csv"]).stdout, before.stdout);
    let ignored = run(["--chain", "litecoin", "peers", "--db", db]);
    assert_eq!(ignored.status.code(), Some(2));
    assert!(text(&ignored.stderr).starts_with("error: '--chain <NAME>' is not for 'peers'"));
}

#[test]
fn what_others_wrote_into_a_database_is_shown_escaped_and_cut() {
    let map = Map::of_a_crawl();
    sql(
        &map,
        "UPDATE text SET text = char(27) || '[2J' || text || char(8238) WHERE text IN ('/Satoshi:27.0.0/', 'ok', 'bitcoin', 'seed.example');
         UPDATE text SET text = text || hex(zeroblob(1000)) WHERE text = '/Satoshi:28.0.0/'",
    );
    let mut outputs = Vec::new();
    for column in ["user-agent", "reason", "chain", "source"] {
        for format in ["human", "json", "csv"] {
            outputs.push(map.peers(&format!("--count-by {column} --format {format}")));
        }
    }
    for args in ["", "--json", "export --as csv", "show 1.2.3.4", "show 2a00::1 --json", "-c nowhere"] {
        outputs.push(map.peers(args));
    }
    for output in outputs {
        for printed in [&output.stdout, &output.stderr] {
            assert!(
                printed.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')),
                "{}",
                String::from_utf8_lossy(printed)
            );
            assert!(!text(printed).contains("error"), "{}", text(printed));
            assert!(text(printed).len() < 20_000);
        }
    }
    assert!(text(&map.peers("--count-by reason").stdout).contains(r"\x1b[2Jok"));
}

#[test]
fn a_peer_of_any_network_is_asked_for_by_its_name() {
    let map = Map::of_a_crawl();
    for (chain, port) in [("monero", 18080), ("litecoin", 9333), ("sepolia", 30303)] {
        let output = map.peers(&format!("show 9.9.9.1 -c {chain}"));
        assert!(
            text(&output.stderr).contains(&format!("has never heard of 9.9.9.1:{port}")),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(1));
    }
    let output = map.peers("show 9.9.9.1 -c moner");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean"), "{}", text(&output.stderr));
}

fn sql(map: &Map, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut db = SqliteConnectOptions::new().filename(&map.path).connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    });
}
