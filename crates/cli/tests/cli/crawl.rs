//! Mapping a network, from the command line.

mod poison;
mod remembered;
mod trouble;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Output;

use bitcoin::Services;
use bitcoin::gossip::{Address, Endpoint, Entry};
use peers::{Filter, Network, Outcome, Peer as Stored, Sort, SortBy, Time};
use serde_json::{Value, json};
use store::Store;
use tempfile::TempDir;

use crate::common::{CHAIN, Simulated, TO_END, json_lines, run, start, tell, text};
use crate::neighbours::{Answer, Neighbours, Peer, entry, knows};

/// A folder, and the path of a database in it.
fn database() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.sqlite").display().to_string();
    (folder, path)
}

fn words<'w>(db: &'w str, options: &[&'w str]) -> Vec<&'w str> {
    let common = ["crawl", "--db", db, "-c", CHAIN, "--connect-timeout", "1s", "--timeout", "2s"];
    common.into_iter().chain(options.iter().copied()).collect()
}

fn crawl(db: &str, options: &[&str]) -> Output {
    run(words(db, options))
}

/// The last line of a crawl, which summarizes it.
fn summary(output: &Output) -> Value {
    let lines = json_lines(output);
    let last = lines.last().unwrap_or_else(|| panic!("{}", text(&output.stderr))).clone();
    assert_eq!(last["type"], "crawl");
    last
}

/// All peers in a database.
fn stored(db: &str) -> Vec<Stored> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(db).await.unwrap();
        let mut all = Vec::new();
        let peers = store.peers(&Filter::default(), Sort { by: SortBy::Address, descending: false }, None);
        peers.for_each(|peer| all.push(peer)).await.unwrap();
        all
    })
}

const FIRST: [u8; 4] = [127, 71, 0, 1];

/// Each peer knows the next one, as a node with v2; the last knows the first and an address without a node.
fn ring(port: u16) -> Vec<Peer> {
    let ip = |nth: u8| [127, 71 + nth, 0, 1];
    let next = |nth| Entry { services: Services(0x809), ..entry(ip(nth), port) };
    let mut peers: Vec<_> = (0..5).map(|nth| Peer::at(ip(nth), knows([next(nth + 1)]))).collect();
    peers.push(Peer::at(ip(5), knows([next(0), entry([127, 99, 0, 1], port)])));
    peers
}

#[test]
fn every_node_that_another_knows_is_found() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let output = crawl(&db, &["--json", "--allow-private", &first]);
    assert_eq!(output.status.code(), Some(0));
    let lines = json_lines(&output);
    assert_eq!(lines.iter().filter(|line| line["type"] == "handshake" && line["outcome"] == "ok").count(), 6);
    let summary = summary(&output);
    assert_eq!((&summary["known"], &summary["tried"], &summary["reachable"]), (&json!(7), &json!(7), &json!(6)));
    assert_eq!(summary["reasons"], json!({"ok": 6, "connect.refused": 1}));
    assert_eq!((&summary["ended"], &summary["answers"], &summary["told"]), (&json!("complete"), &json!(6), &json!(7)));
    assert_eq!(summary["user_agents"], json!({"/Satoshi:1.0(neighbour)/": 6}));
    // The same counts as lists, without data as keys.
    assert_eq!(summary["format"], 2);
    for (list, object) in [
        ("by_reason", "reasons"),
        ("by_known_network", "known_networks"),
        ("by_network", "networks"),
        ("by_transport", "transports"),
        ("by_version", "versions"),
        ("by_service", "services"),
        ("by_user_agent", "user_agents"),
    ] {
        let rows = summary[list].as_array().unwrap();
        let rows = rows.iter().map(|row| (row["value"].as_str().unwrap().to_owned(), row["peers"].clone()));
        assert_eq!(Value::Object(rows.collect()), summary[object], "{list}");
    }
    assert_eq!((&summary["networks"], &summary["transports"]), (&json!({"ipv4": 6}), &json!({"v2": 6})));
    assert!(summary["elapsed_ms"].as_f64().unwrap() > 0.0);

    let peers = stored(&db);
    assert_eq!(peers.len(), 7);
    let second = peers.iter().find(|peer| peer.endpoint.address.to_string() == "127.72.0.1").unwrap();
    assert_eq!(second.source.as_ref().unwrap().as_str(), first);
    assert_eq!((second.tried, second.good, second.version), (1, 1, Some(70017)));
    assert_eq!(second.user_agent.as_ref().unwrap().as_str(), "/Satoshi:1.0(neighbour)/");
    assert_eq!((second.transports.v2, second.transports.v1), (Some(Outcome::Ok), None));
    let missing = peers.iter().find(|peer| peer.endpoint.address.to_string() == "127.99.0.1").unwrap();
    assert_eq!(missing.ending.as_ref().unwrap().reason.as_str(), "connect.refused");
}

#[test]
fn people_see_sums_and_no_line_for_each_peer() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    let output = crawl(&db, &["--allow-private", &neighbours.address(FIRST)]);
    let said = text(&output.stdout);
    assert!(!said.contains("127.71.0.1"), "{said}");
    assert!(said.contains("\n       6  ok\n       1  connect.refused\n"), "{said}");
    assert!(said.contains("\n6 peers told 7 addresses; known are 7 ipv4.\n"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("Finished! bitcoin-regtest: 6 reachable of 7 tried, 7 known, in "), "{last}");
    assert!(text(&output.stderr).contains("1 address from command line, 1 of them new"));
    let quiet = crawl(&db, &["--quiet", "--again", "--allow-private"]);
    assert_eq!((quiet.status.code(), text(&quiet.stdout), text(&quiet.stderr)), (Some(0), "", ""));
}

#[test]
fn a_second_run_goes_on_where_the_first_ended() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let options = ["--json", "--allow-private", "--max-peers", "2", "-j", "1", &first];
    let begun = summary(&crawl(&db, &options));
    assert_eq!((&begun["reachable"], &begun["ended"]), (&json!(2), &json!("enough")));
    let calls = neighbours.calls();

    let gone_on = summary(&crawl(&db, &["--json", "--allow-private"]));
    assert_eq!((&gone_on["reachable"], &gone_on["tried"], &gone_on["resumed"]), (&json!(6), &json!(7), &json!(2)));
    assert_eq!(neighbours.calls() - calls, 4, "no node is dialled twice");
    let nothing = summary(&crawl(&db, &["--json", "--allow-private"]));
    assert_eq!((&nothing["reachable"], &nothing["resumed"], &nothing["dials"]), (&json!(6), &json!(7), &json!(0)));
    let again = summary(&crawl(&db, &["--json", "--allow-private", "--again"]));
    assert_eq!((&again["reachable"], &again["resumed"], &again["dials"]), (&json!(6), &json!(0), &json!(7)));
    assert!(stored(&db).iter().all(|peer| peer.tried == 2));
}

#[test]
fn a_crawl_that_is_told_to_end_has_stored_what_it_found() {
    // The silent peer keeps the crawl waiting.
    let silent = [127, 90, 0, 1];
    let neighbours = Neighbours::up(|port| {
        let mut peers = ring(port);
        peers[5] = Peer::at([127, 76, 0, 1], knows([entry(silent, port), entry([127, 99, 0, 1], port)]));
        peers.push(Peer::at(silent, Answer::Silence));
        peers
    });
    let first = neighbours.address(FIRST);
    for signal in TO_END {
        let (_folder, db) = database();
        let mut child = start(words(&db, &["--json", "--allow-private", "--answer-timeout", "1h", &first]));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..7 {
            assert!(lines.next().unwrap().unwrap().contains("\"handshake\""));
        }
        tell(&child, signal);
        let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
        assert_eq!(
            (&last["type"], &last["ended"], &last["tried"]),
            (&json!("crawl"), &json!("interrupted"), &json!(7)),
            "{signal}"
        );
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        let peers = stored(&db);
        assert_eq!((peers.len(), peers.iter().filter(|peer| peer.tried == 1).count()), (8, 7), "{signal}");

        let resumed = summary(&crawl(&db, &["--json", "--allow-private", "--answer-timeout", "100ms"]));
        assert_eq!((&resumed["reachable"], &resumed["dials"]), (&json!(7), &json!(1)), "{signal}");
    }
}

#[test]
fn the_last_time_at_which_a_node_was_seen_is_stored() {
    const THEN: u32 = 1_700_000_000;
    const DAY: u32 = 86_400;
    let onion = |time, port| Entry {
        time,
        services: Services(9),
        endpoint: Endpoint { address: Address::Onion([7; 32]), port },
    };
    // A node that we cannot reach is seen only by the peers that share its address.
    let neighbours = Neighbours::up(|port| {
        let absent = |time| Entry { time, ..entry([127, 99, 0, 1], port) };
        let next = |nth: u8| entry([127, 71 + nth, 0, 1], port);
        vec![
            Peer::at(FIRST, knows([next(1), absent(THEN), onion(THEN, port)])),
            Peer::at([127, 72, 0, 1], knows([next(2), absent(THEN + 3 * DAY), onion(THEN + 2 * DAY, port)])),
            Peer::at([127, 73, 0, 1], knows([next(3), absent(THEN + DAY), onion(THEN + DAY, port)])),
            Peer::at([127, 74, 0, 1], knows([absent(u32::MAX), onion(u32::MAX, port), absent(0)])),
        ]
    });
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    for options in [&["--json", "--allow-private", &first][..], &["--json", "--allow-private", "--again"]] {
        assert_eq!(summary(&crawl(&db, options))["reachable"], 4);
        let last_seen = |network| {
            let found = stored(&db).into_iter().find(|peer| peer.good == 0 && peer.endpoint.network() == network);
            found.unwrap().last_seen
        };
        assert_eq!(last_seen(Network::Ipv4), Some(Time((THEN + 3 * DAY).into())));
        assert_eq!(last_seen(Network::Onion), Some(Time((THEN + 2 * DAY).into())));
    }
}

#[test]
fn who_is_said_not_to_speak_v2_is_dialled_over_v1_until_it_says_otherwise() {
    let neighbours = Neighbours::up(|port| {
        let said = |nth: u8, services| Entry { services: Services(services), ..entry([127, 71 + nth, 0, 1], port) };
        let mut peers = ring(port);
        // A node without any claim is dialled as one that may speak v2; one claim of v2 by either of two peers has the
        // same effect.
        peers[0].answer = knows([said(1, 0x409), said(2, 0), said(3, 0x409), said(3, 0x809), said(4, 0x409)]);
        peers[3].answer = knows([said(4, 0x409), said(5, 0x809)]);
        peers
    });
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let over_v1 = || {
        let peers = stored(&db).into_iter().filter(|peer| peer.good > 0 && peer.transports.v2.is_none());
        peers.map(|peer| peer.endpoint.address.to_string().to_owned()).collect::<Vec<_>>()
    };
    let options = ["--json", "--allow-private", "-j", "1", &first];
    let mapped = summary(&crawl(&db, &options));
    assert_eq!((&mapped["reachable"], &mapped["transports"]), (&json!(6), &json!({"v1": 2, "v2": 4})));
    assert_eq!(over_v1(), ["127.72.0.1", "127.75.0.1"]);
    // They announced v2 in their own introductions.
    let again = summary(&crawl(&db, &[&options[..], &["--again"]].concat()));
    assert_eq!(again["transports"], json!({"v2": 6}));
    let calls = neighbours.calls();
    let over_both = summary(&crawl(&db, &[&options[..], &["--again", "--transport", "both"]].concat()));
    assert_eq!((&over_both["transports"], neighbours.calls() - calls), (&json!({"v1": 6, "v2": 6}), 12));
}

#[test]
fn it_ends_after_its_time() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(FIRST, Answer::Silence)]);
    let (_folder, db) = database();
    let options = ["--json", "--for", "200ms", "--answer-timeout", "1h", &neighbours.address(FIRST)];
    let output = crawl(&db, &options);
    assert_eq!(summary(&output)["ended"], "time");
    assert_eq!(output.status.code(), Some(1), "no node was reached by then");
}

#[test]
fn a_watch_dials_reached_peers_again() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let options = ["--json", "--allow-private", "--watch=1s", "--for", "4s", "--prefix-rate", "0", &first];
    let output = crawl(&db, &options);
    let summary = summary(&output);
    assert_eq!((&summary["ended"], &summary["tried"], &summary["reachable"]), (&json!("time"), &json!(7), &json!(6)));
    assert!(summary["dials"].as_u64().unwrap() > 7);
    assert!(stored(&db).iter().any(|peer| peer.good > 1));
}

#[test]
fn seeds_are_asked_in_the_order_of_a_node() {
    let simulated = Simulated::network();
    let good = simulated.peer("coalesced");
    let (folder, db) = database();
    let (dns, port) = (simulated.network.dns().to_string(), simulated.network.port().to_string());
    let fixed = folder.path().join("seeds.txt");
    std::fs::write(&fixed, format!("# fixed\n{good}\nnonsense\n")).unwrap();
    let fixed = fixed.display().to_string();
    let common = ["--json", "--allow-private", "--resolver", &dns, "-p", &port, "--seed-nodes", &fixed];
    // Regtest has no DNS seeds: only the list remains.
    let output = crawl(&db, &common);
    assert_eq!((&summary(&output)["reachable"], output.status.code()), (&json!(1), Some(0)));
    let log = text(&output.stderr);
    assert!(log.contains(&format!("warning: {fixed}:3: expected")), "{log}");
    assert!(log.contains(&format!("1 address from {fixed}, 1 of them new")), "{log}");
    assert_eq!(stored(&db)[0].source.as_ref().unwrap().as_str(), fixed);

    // Named targets are asked first, and then the list is not needed.
    let (_folder, db) = database();
    let output = crawl(&db, &[&common[..], &["seed.verack.test", "missing.verack.test"]].concat());
    let log = text(&output.stderr);
    assert!(log.contains(" from seed.verack.test") && !log.contains(&format!(" from {fixed}")), "{log}");
    assert!(log.contains("warning: there is no host of the name missing.verack.test"), "{log}");
    assert!(summary(&output)["reachable"].as_u64().unwrap() > 2);
    assert!(stored(&db).iter().all(|peer| peer.source.as_ref().unwrap().as_str() == "seed.verack.test"));
}

#[test]
fn a_name_does_not_lead_into_our_own_network_unless_that_is_allowed() {
    let simulated = Simulated::network();
    let (_folder, db) = database();
    let (dns, port) = (simulated.network.dns().to_string(), simulated.network.port().to_string());
    let output = crawl(&db, &["--json", "--resolver", &dns, "-p", &port, "seed.verack.test"]);
    let summary = summary(&output);
    assert_eq!((&summary["known"], &summary["dials"]), (&json!(0), &json!(0)));
    assert!(summary["refused"].as_u64().unwrap() > 2);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_kind_of_peer_is_stored_as_it_is_reported() {
    let simulated = Simulated::network();
    let (_folder, db) = database();
    let (dns, port) = (simulated.network.dns().to_string(), simulated.network.port().to_string());
    let seeds = simulated.network.seeds();
    // Enough time to read a flood on a busy machine.
    let options =
        ["crawl", "--db", &db, "-c", CHAIN, "--connect-timeout", "1s", "--timeout", "8s", "--answer-timeout", "1s"];
    let network = ["--json", "--allow-private", "--resolver", &dns, "-p", &port];
    let options = options.into_iter().chain(network);
    let output = run(options.chain(seeds.iter().map(String::as_str)));
    let lines = json_lines(&output);
    let peers = stored(&db);
    let mut compared = 0;
    for line in lines.iter().filter(|line| line["type"] == "handshake") {
        let address: SocketAddr = line["address"].as_str().unwrap().parse().unwrap();
        let (name, truths) = simulated.network.truth(address).unwrap();
        let truth = truths.over(simnet::Transport::Auto);
        assert_eq!((&line["outcome"], &line["reason"]), (&json!(truth.outcome.name()), &json!(truth.reason)), "{name}");
        let peer = peers.iter().find(|peer| peer.endpoint == address.into()).unwrap();
        let Some(ending) = &peer.ending else {
            assert_eq!(line["blame"], "local", "what is our own fault is no result of the peer's");
            continue;
        };
        assert_eq!((ending.outcome.name(), ending.stage.name()), (truth.outcome.name(), truth.stage.name()), "{name}");
        assert_eq!(ending.reason.as_str(), truth.reason, "{name}");
        compared += 1;
    }
    assert!(compared > 100 && compared + 1 >= simulated.network.addresses().count(), "{compared}");
}

#[test]
fn where_there_is_nowhere_to_begin_it_says_so() {
    let (folder, db) = database();
    let output = crawl(&db, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere to begin"), "{}", text(&output.stderr));
    let empty = folder.path().join("empty").display().to_string();
    std::fs::write(&empty, "# none\n").unwrap();
    for (list, expected) in
        [(empty.as_str(), "there is no address of bitcoin-regtest in"), ("/nonexistent", "cannot read")]
    {
        let output = crawl(&db, &["--seed-nodes", list]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
