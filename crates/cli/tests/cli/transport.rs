//! The choice of transport, from the command line.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

use crate::common::{CHAIN, Simulated, json_lines, run, text};
use crate::listen::{listen, output};
use crate::names::machine::{Etc, ip, on_machine};
use crate::scripted::{Said, Scripted, Wire};
use bitcoin::{Message, Services, Version};
use serde_json::Value;

/// The reports of a run, without the summary.
fn reports(args: &[&str]) -> Vec<Value> {
    let output = run(["-c", CHAIN, "--json"].into_iter().chain(args.iter().copied()));
    let mut lines = json_lines(&output);
    lines.retain(|line| line["type"] == "handshake");
    lines
}

#[test]
fn auto_falls_back_to_v1_and_says_so() {
    let simulated = Simulated::network();
    let [report] = &reports(&[&simulated.peer("coalesced").to_string()])[..] else { panic!("one report") };
    assert_eq!((&report["outcome"], &report["transport"]), (&"ok".into(), &"v1".into()));
    let earlier = &report["fallback_from"];
    assert_eq!((&earlier["transport"], &earlier["stage"]), (&"v2".into(), &"transport".into()));
    assert_eq!((&earlier["outcome"], &earlier["reason"]), (&"failed".into(), &"bitcoin.v1-only".into()));
    assert_eq!(earlier["blame"], "mismatch");
    assert!(earlier["bytes"]["sent"].as_u64().unwrap() >= 64);
    assert_eq!(earlier["bytes"]["received"], 0);
}

#[test]
fn a_peer_that_closes_on_our_key_is_not_said_to_speak_only_v1_unless_it_says_so_itself() {
    let node = Scripted::on(CHAIN, |_, wire| wire.close_on_key());
    let started = Instant::now();
    let [report] = &reports(&["--transport", "v2", &node.address.to_string()])[..] else { panic!("one report") };
    assert_eq!((&report["outcome"], &report["transport"]), (&"failed".into(), &"v2".into()));
    assert_eq!((&report["stage"], &report["reason"]), (&"transport".into(), &"bitcoin.v2.closed".into()));
    assert_eq!((&report["blame"], &report["fallback_from"]), (&"network".into(), &Value::Null));
    let detail = "closed the connection on our key without a word: it speaks only the v1 transport, or limits attempts \
                  over v2, or is full, or has banned us";
    assert_eq!(report["detail"], detail);
    assert!(started.elapsed() >= Duration::from_secs(1), "the second key comes a second later");
    assert_eq!(node.connections(), 2);
    // If both attempts end alike, people also get only one sentence.
    let address = node.address.to_string();
    let output = run(["-c", CHAIN, "--transport", "v2", &address]);
    let line = text(&output.stdout).lines().next().unwrap();
    assert_eq!(line, format!("FAILED  {address:<22} bitcoin.v2.closed: {detail}"));
    assert_eq!(node.connections(), 4);

    let plain = Scripted::on(CHAIN, |_, wire| {
        let version = wire.version();
        wire.say(&[Said::Message(Message::Version(version))]);
        wire.hang();
    });
    let [report] = &reports(&["--transport", "v2", &plain.address.to_string()])[..] else { panic!("one report") };
    assert_eq!((&report["reason"], &report["blame"]), (&"bitcoin.v1-only".into(), &"mismatch".into()));
    assert_eq!(plain.connections(), 1);
}

/// btcd does this on more than two keys in a second.
#[test]
fn a_peer_that_limits_keys_gets_another_one_a_second_later_if_v2_was_asked_for() {
    for transport in ["v2", "both"] {
        let node = Scripted::on(CHAIN, |number, wire| match number {
            0 => wire.close_on_key(),
            1 => wire.shake_encrypted(),
            _ => {
                let version = wire.version();
                wire.shake(version);
            }
        });
        let reports = reports(&["--transport", transport, &node.address.to_string()]);
        let report = &reports[0];
        assert_eq!((&report["outcome"], &report["transport"]), (&"ok".into(), &"v2".into()), "{report}");
        let earlier = &report["fallback_from"];
        assert_eq!((&earlier["transport"], &earlier["reason"]), (&"v2".into(), &"bitcoin.v2.refused".into()));
        assert_eq!(earlier["blame"], "refused");
        assert_eq!(node.connections(), 1 + reports.len());
    }
    let node = Scripted::on(CHAIN, |_, wire| wire.close_on_key());
    let reports = reports(&["--transport", "v2", "--timeout", "900ms", &node.address.to_string()]);
    assert_eq!(
        (&reports[0]["reason"], node.connections()),
        (&"bitcoin.v2.closed".into(), 1),
        "there is no time for it"
    );
}

#[test]
fn a_peer_that_offers_v2_and_closes_on_our_key_is_not_said_to_speak_only_v1() {
    let node = || {
        Scripted::on(CHAIN, |number, wire| {
            let version = Version { services: Services(0xc09), ..wire.version() };
            if number == 0 { wire.close_on_key() } else { wire.shake(version) }
        })
    };
    let [report] = &reports(&[&node().address.to_string()])[..] else { panic!("one report") };
    assert_eq!((&report["outcome"], &report["transport"]), (&"ok".into(), &"v1".into()));
    let earlier = &report["fallback_from"];
    assert_eq!((&earlier["reason"], &earlier["blame"]), (&"bitcoin.v2.refused".into(), &"refused".into()));
    let detail =
        "closed the connection on our key without a word although it offers BIP324: it limits attempts, or is full";
    assert_eq!(earlier["detail"], detail);

    // Nor does the database record a failure of v2.
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").to_str().unwrap().to_owned();
    let crawled = node();
    let address = crawled.address.to_string();
    let words = ["crawl", "-c", CHAIN, "--db", &db, "--answer-timeout", "1s", "--timeout", "5s", &address];
    assert_eq!(run(words).status.code(), Some(0));
    let peers = json_lines(&run(["peers", "-c", CHAIN, "--db", &db, "--json"]));
    assert_eq!((&peers[0]["v1"], &peers[0]["v2"]), (&"ok".into(), &Value::Null), "{}", peers[0]);
}

/// A host with this many nodes, each with v2.
fn nodes_of_one_host(count: usize) -> Vec<Scripted> {
    let node = || Scripted::at((Ipv4Addr::new(192, 0, 2, 1), 0), CHAIN, |_, wire| wire.shake_encrypted());
    (0..count).map(|_| node()).collect()
}

/// The limit of btcd nodes holds for every way to a host: addresses, names, a crawl.
#[test]
fn a_host_gets_no_more_than_two_keys_in_a_second_whatever_leads_there() {
    const NODES: usize = 5;
    let least = Duration::from_millis(500) * u32::try_from(NODES - 1).unwrap();
    let hosts = "192.0.2.1 a.test b.test c.test d.test e.test\n";
    on_machine(Etc { nsswitch: "hosts: files\n", hosts, ..Etc::default() }, || {
        assert!(ip("address add 192.0.2.1/32 dev lo"));
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("peers.sqlite").to_str().unwrap().to_owned();
        let crawl = ["crawl", "--db", &db, "--answer-timeout", "1s"];
        let whoami = ["whoami", "--peers", "5"];
        for (command, by_name) in
            [(&[][..], false), (&[], true), (&["--transport", "both"], false), (&crawl, false), (&whoami, false)]
        {
            let nodes = nodes_of_one_host(NODES);
            let ports = nodes.iter().map(|node| node.address.port());
            let host = |nth: usize| {
                if by_name { ["a", "b", "c", "d", "e"][nth].to_owned() + ".test" } else { "192.0.2.1".to_owned() }
            };
            let targets: Vec<_> = ports.enumerate().map(|(nth, port)| format!("{}:{port}", host(nth))).collect();
            let words = ["-c", CHAIN, "--json", "--allow-private", "--timeout", "60s"];
            let began = SystemTime::now();
            let output = run(command.iter().copied().chain(words).chain(targets.iter().map(String::as_str)));
            let lines = json_lines(&output);
            let keys = lines.iter().filter(|line| line["type"] == "handshake" && line["transport"] == "v2");
            let started: Vec<_> = keys.map(|line| line["started"].as_str().unwrap()).collect();
            assert_eq!(started.len(), NODES, "{command:?}: {lines:?}");
            // The record's time is rounded down to a millisecond.
            let last = humantime::parse_rfc3339(started.iter().max().unwrap()).unwrap() + Duration::from_millis(1);
            let took = last.duration_since(began).unwrap();
            assert!(took >= least, "{command:?}: the last of {NODES} keys after {took:?}");
        }
    });
}

/// The record of the only node in a crawl with this database.
fn crawled(db: &str, node: &Scripted) -> Value {
    let address = node.address.to_string();
    let times = ["--answer-timeout", "1s", "--timeout", "60s"];
    let words = ["crawl", "--again", "-c", CHAIN, "--json", "--db", db, "--allow-private", &address];
    json_lines(&run(words.into_iter().chain(times))).remove(0)
}

/// A node that spoke v2 on its first connection and closes the second on our key, with the database of the crawl that
/// made the first connection.
fn spoke_v2_once(later: impl Fn(&mut Wire) + Send + Sync + 'static) -> (tempfile::TempDir, String, Scripted) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").to_str().unwrap().to_owned();
    let node = Scripted::on(CHAIN, move |number, wire| match number {
        0 => wire.shake_encrypted(),
        1 => wire.close_on_hello(),
        _ => later(wire),
    });
    let first = crawled(&db, &node);
    assert_eq!((&first["outcome"], &first["transport"]), (&"ok".into(), &"v2".into()), "{first}");
    (folder, db, node)
}

#[test]
fn a_peer_that_spoke_v2_before_is_not_said_to_speak_only_v1_when_it_closes() {
    let (_folder, db, node) = spoke_v2_once(Wire::close_on_hello);
    let report = crawled(&db, &node);
    assert_eq!((&report["reason"], &report["transport"]), (&"closed".into(), &"v1".into()), "{report}");
    let earlier = &report["fallback_from"];
    assert_eq!((&earlier["reason"], &earlier["blame"]), (&"bitcoin.v2.refused".into(), &"refused".into()), "{report}");
    let detail = "closed the connection on our key without a word although it spoke BIP324 before, or is said to offer it: it \
                  limits attempts, or is full, or has banned us";
    assert_eq!(earlier["detail"], detail);
}

/// The peer's present announcement counts more than its earlier conduct.
#[test]
fn a_peer_that_spoke_v2_before_and_does_not_offer_it_any_more_speaks_only_v1() {
    let (_folder, db, node) = spoke_v2_once(|wire| {
        let version = wire.version();
        wire.shake(version);
    });
    let report = crawled(&db, &node);
    assert_eq!((&report["outcome"], &report["transport"]), (&"ok".into(), &"v1".into()), "{report}");
    assert_eq!(report["fallback_from"]["reason"], "bitcoin.v1-only", "{report}");
}

#[test]
fn both_transports_are_tried_and_reported_each() {
    let (child, _log, address) = listen(&["--count", "2"]);
    let dialled = reports(&["--transport", "both", &address]);
    let (heard, _) = output(child);
    let over = |lines: &[Value]| lines.iter().map(|line| line["transport"].clone()).collect::<Vec<_>>();
    assert_eq!(over(&dialled), ["v2", "v1"]);
    assert_eq!(over(&heard[..2]), ["v2", "v1"]);
    assert!(dialled.iter().all(|report| report["outcome"] == "ok"));
    // Both sides compute the same session id.
    assert_eq!(dialled[0]["session_id"].as_str().unwrap().len(), 64);
    assert_eq!(dialled[0]["session_id"], heard[0]["session_id"]);
    assert_eq!((&dialled[1]["session_id"], &heard[1]["session_id"]), (&Value::Null, &Value::Null));
    assert_eq!(heard[0]["bytes"]["received"], dialled[0]["bytes"]["sent"]);
}

#[test]
fn a_listener_takes_only_the_transport_that_it_was_told() {
    let (child, _log, address) = listen(&["--transport", "v1", "--count", "2"]);
    let dialled = reports(&[&address]);
    assert_eq!((&dialled[0]["transport"], &dialled[0]["outcome"]), (&"v1".into(), &"ok".into()));
    assert_eq!(dialled[0]["fallback_from"]["reason"], "bitcoin.v1-only");
    let (heard, _) = output(child);
    assert_eq!(heard[0]["reason"], "bitcoin.no-message");

    let (child, _log, address) = listen(&["--transport", "v2", "--once"]);
    let dialled = reports(&["--transport", "v1", &address]);
    assert_eq!(dialled[0]["outcome"], "failed");
    let (heard, _) = output(child);
    assert_eq!((&heard[0]["transport"], &heard[0]["reason"]), (&"v2".into(), &"bitcoin.v1-only".into()));
}

#[test]
fn a_trace_shows_the_phases_of_the_encrypted_transport() {
    let (child, _log, address) = listen(&["--once", "--decoy", "3", "--garbage", "9"]);
    let output_of_trace = run(["-c", CHAIN, "--json", "--trace", "--garbage", "0", "--decoy", "5", &address]);
    let lines = json_lines(&output_of_trace);
    let messages: Vec<_> = lines.iter().filter(|line| line["type"] == "message").collect();
    let said: Vec<_> = messages
        .iter()
        .map(|line| format!("{} {}", line["direction"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        said[..10],
        [
            "sent key",
            "received key",
            "sent garbage terminator",
            "sent decoy",
            "sent version packet",
            "sent version",
            "received garbage",
            "received decoy",
            "received version packet",
            "received version"
        ]
    );
    assert_eq!(messages[0]["fields"]["garbage_bytes"], 0);
    assert_eq!(messages[3]["fields"]["contents_bytes"], 5);
    assert_eq!(messages[6]["fields"]["garbage_bytes"], 9);
    assert_eq!(messages[7]["fields"]["contents_bytes"], 3);
    let report = lines.iter().find(|line| line["type"] == "handshake").unwrap();
    assert_eq!(messages[1]["fields"]["session_id"], report["session_id"]);
    output(child);
}

#[test]
fn lengths_that_no_peer_would_take_are_refused() {
    for (option, value, expected) in
        [("--garbage", "4096", "at most 4095"), ("--decoy", "4000014", "at most 4000013"), ("--transport", "v3", "v2")]
    {
        let output = run(["127.0.0.1", option, value]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(value) && said.contains(expected), "{said}");
    }
}
