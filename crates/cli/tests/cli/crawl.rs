//! Mapping a network, from the command line.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use bitcoin::gossip::{Address, Entry};
use bitcoin::{Command, Message};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use store::{Filter, Network, Outcome, Peer as Stored, Sort, SortBy, Store};
use tempfile::TempDir;

use crate::common::{CHAIN, Simulated, json_lines, run, start, text};
use crate::neighbours::{Answer, Neighbours, Peer, entry, knows};

/// A folder, and the name of a database in it.
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

/// The last line of a crawl, which says how it went.
fn summary(output: &Output) -> Value {
    let lines = json_lines(output);
    let last = lines.last().unwrap_or_else(|| panic!("{}", text(&output.stderr))).clone();
    assert_eq!(last["type"], "crawl");
    last
}

/// All that a database holds.
fn stored(db: &str) -> Vec<Stored> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(db).await.unwrap();
        let mut peers = store.peers(&Filter::default(), Sort { by: SortBy::Address, descending: false }, None);
        let mut all = Vec::new();
        while let Some(peer) = peers.next().await.unwrap() {
            all.push(peer);
        }
        all
    })
}

fn sql(db: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(db).create_if_missing(true);
        let mut db = options.connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    });
}

const FIRST: [u8; 4] = [127, 71, 0, 1];

/// Each knows the next, the last knows the first and somebody who is not there.
fn ring(port: u16) -> Vec<Peer> {
    let ip = |nth: u8| [127, 71 + nth, 0, 1];
    let mut peers: Vec<_> = (0..5).map(|nth| Peer::at(ip(nth), knows([entry(ip(nth + 1), port)]))).collect();
    peers.push(Peer::at(ip(5), knows([entry(ip(0), port), entry([127, 99, 0, 1], port)])));
    peers
}

#[test]
fn everybody_is_found_whom_somebody_knows() {
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
    assert_eq!(summary["user_agents"], json!({"/neighbour:1.0/": 6}));
    assert_eq!((&summary["networks"], &summary["transports"]), (&json!({"ipv4": 6}), &json!({"v2": 6})));
    assert!(summary["elapsed_ms"].as_f64().unwrap() > 0.0);

    let peers = stored(&db);
    assert_eq!(peers.len(), 7);
    let second = peers.iter().find(|peer| peer.address.host() == "127.72.0.1").unwrap();
    assert_eq!(second.source.as_ref().unwrap().as_str(), first);
    assert_eq!((second.tried, second.good, second.version), (1, 1, Some(70017)));
    assert_eq!(second.user_agent.as_ref().unwrap().as_str(), "/neighbour:1.0/");
    assert_eq!((second.transports.v2, second.transports.v1), (Some(Outcome::Ok), None));
    let missing = peers.iter().find(|peer| peer.address.host() == "127.99.0.1").unwrap();
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
    assert!(text(&output.stderr).contains("1 address from command line, 1 of them news"));
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
    assert_eq!(neighbours.calls() - calls, 4, "nobody is dialled twice");
    let nothing = summary(&crawl(&db, &["--json", "--allow-private"]));
    assert_eq!((&nothing["reachable"], &nothing["resumed"], &nothing["dials"]), (&json!(6), &json!(7), &json!(0)));
    let again = summary(&crawl(&db, &["--json", "--allow-private", "--again"]));
    assert_eq!((&again["reachable"], &again["resumed"], &again["dials"]), (&json!(6), &json!(0), &json!(7)));
    assert!(stored(&db).iter().all(|peer| peer.tried == 2));
}

#[test]
fn a_crawl_that_is_interrupted_has_stored_what_it_found() {
    // The silent one keeps the crawl waiting.
    let silent = [127, 90, 0, 1];
    let neighbours = Neighbours::up(|port| {
        let mut peers = ring(port);
        peers[5] = Peer::at([127, 76, 0, 1], knows([entry(silent, port), entry([127, 99, 0, 1], port)]));
        peers.push(Peer::at(silent, Answer::Silence));
        peers
    });
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let mut child = start(words(&db, &["--json", "--allow-private", "--answer-timeout", "1h", &first]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..7 {
        assert!(lines.next().unwrap().unwrap().contains("\"handshake\""));
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["ended"], &last["tried"]), (&json!("crawl"), &json!("interrupted"), &json!(7)));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let peers = stored(&db);
    assert_eq!((peers.len(), peers.iter().filter(|peer| peer.tried == 1).count()), (8, 7));

    let resumed = summary(&crawl(&db, &["--json", "--allow-private", "--answer-timeout", "100ms"]));
    assert_eq!((&resumed["reachable"], &resumed["dials"]), (&json!(7), &json!(1)));
}

#[test]
fn it_ends_after_its_time() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(FIRST, Answer::Silence)]);
    let (_folder, db) = database();
    let options = ["--json", "--for", "200ms", "--answer-timeout", "1h", &neighbours.address(FIRST)];
    let output = crawl(&db, &options);
    assert_eq!(summary(&output)["ended"], "time");
    assert_eq!(output.status.code(), Some(1), "nobody was reached by then");
}

#[test]
fn a_watch_looks_at_whom_it_reached_again() {
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

/// A peer tells all kinds of things; nobody of them is dialled, since one peer is enough.
fn poisoned(answer: Answer) -> (Value, Vec<Stored>, String) {
    let neighbours = Neighbours::up(|_| vec![Peer::at(FIRST, answer)]);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    let output = crawl(&db, &["--json", "--transport", "v1", "--max-peers", "1", &first]);
    assert_eq!(output.status.code(), Some(0));
    let summary = summary(&output);
    assert_eq!(summary["reachable"], 1, "whatever it tells, it is there");
    (summary, stored(&db), first)
}

#[test]
fn what_cannot_be_dialled_is_not_kept_and_what_cannot_be_true_is_not_believed() {
    let global = |last, time| Entry { time, ..entry([8, 8, 8, last], 8333) };
    let overlay = |address| Entry { address, ..entry([0; 4], 8333) };
    let entries = vec![
        entry([10, 0, 0, 1], 8333),
        entry([127, 0, 0, 9], 8333),
        entry([192, 168, 0, 1], 8333),
        entry([169, 254, 0, 1], 8333),
        entry([100, 64, 0, 1], 8333),
        entry([224, 0, 0, 1], 8333),
        entry([255, 255, 255, 255], 8333),
        entry([0, 0, 0, 0], 8333),
        overlay(Address::of("fe80::1".parse().unwrap())),
        overlay(Address::of("::1".parse().unwrap())),
        entry([8, 8, 8, 1], 0),
        global(2, u32::MAX),
        global(3, 0),
        global(4, 1_600_000_000),
        global(4, 1_600_000_000),
        overlay(Address::TorV3([7; 32])),
        overlay(Address::I2p([7; 32])),
        overlay(Address::Cjdns("fc00::7".parse().unwrap())),
    ];
    let count = entries.len();
    let (summary, peers, first) = poisoned(knows(entries));
    assert_eq!((&summary["told"], &summary["refused"], &summary["known"]), (&json!(count), &json!(11), &json!(7)));
    let kept: Vec<_> = peers.iter().map(|peer| peer.address.as_str()).filter(|address| *address != first).collect();
    assert_eq!(&kept[..4], ["8.8.8.2:8333", "8.8.8.3:8333", "8.8.8.4:8333", "[fc00::7]:8333"]);
    let networks: Vec<_> = peers.iter().map(|peer| peer.address.network()).collect();
    assert!(networks.contains(&Network::Onion) && networks.contains(&Network::I2p) && networks.len() == 7);
    let seen = |address: &str| peers.iter().find(|peer| peer.address.as_str() == address).unwrap().last_seen;
    let now = store::Time::now().0;
    for address in ["8.8.8.2:8333", "8.8.8.3:8333"] {
        assert!((now - 432_000 - seen(address).0).abs() < 100, "five days ago, as Core has it");
    }
    assert_eq!(seen("8.8.8.4:8333").0, 1_600_000_000);
}

#[test]
fn an_answer_that_cannot_be_read_or_has_no_end_spoils_nothing_else() {
    let too_many = [&[0xfd, 0xe9, 0x03][..], &[0; 40_000]].concat();
    let cut = [&[2][..], &[0; 20]].concat();
    let alone = Message::Addrv2(vec![Entry { time: 1, ..entry([8, 8, 8, 8], 1) }]);
    for (answer, told) in [
        (Answer::Payload(Command::ADDRV2, too_many), 0),
        (Answer::Payload(Command::ADDR, cut), 0),
        // A lone address that is not the peer's own is an answer, and what follows is not waited for.
        (Answer::Endless(alone), 1),
        (Answer::Endless(Message::Ping(Some(1))), 0),
        (Answer::Messages(vec![Message::Addr(Vec::new())]), 0),
    ] {
        let (summary, peers, _) = poisoned(answer);
        assert_eq!((&summary["told"], peers.len()), (&json!(told), told + 1));
    }
}

#[test]
fn a_flood_of_made_up_addresses_fills_no_more_than_its_share() {
    // Ten peers of one hoster tell a thousand each, on every port of a few addresses.
    let neighbours = Neighbours::up(|port| {
        let made_up = |nth: u16| entry([8, 8, 8, u8::try_from(nth / 250).unwrap()], 1 + nth);
        let told = |peer: u16| (0..1000).map(move |nth| made_up(peer * 1000 + nth)).collect::<Vec<_>>();
        let mut peers: Vec<_> = (1..=10u8).map(|last| Peer::at([127, 72, 0, last], knows(told(last.into())))).collect();
        let all = (1..=10).map(|last| entry([127, 72, 0, last], port)).collect::<Vec<_>>();
        peers.push(Peer::at(FIRST, knows(all)));
        peers
    });
    let (_folder, db) = database();
    let options = ["--json", "--allow-private", "--max-peers", "11", "--max-known", "5000", "--prefix-rate", "0"];
    let output = crawl(&db, &[&options[..], &[&neighbours.address(FIRST)]].concat());
    let summary = summary(&output);
    assert!(summary["known"].as_u64().unwrap() <= 5000, "{summary}");
    assert!(summary["refused"].as_u64().unwrap() >= 5000, "{summary}");
    assert_eq!(summary["reachable"], 11);
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
    // Regtest has no DNS seeds: the list is what is left.
    let output = crawl(&db, &common);
    assert_eq!((&summary(&output)["reachable"], output.status.code()), (&json!(1), Some(0)));
    let log = text(&output.stderr);
    assert!(log.contains("line 2: expected") || log.contains("line 3: expected"), "{log}");
    assert!(log.contains(&format!("1 address from {fixed}, 1 of them news")), "{log}");
    assert_eq!(stored(&db)[0].source.as_ref().unwrap().as_str(), fixed);

    // Whoever is named is asked, and then there is no need of a list.
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
    // Time enough for a flood to be read on a busy machine.
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
        let peer = peers.iter().find(|peer| peer.address.as_str() == address.to_string()).unwrap();
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
fn a_database_that_cannot_be_used_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "1.2.3.4:8333\n".repeat(1000)).unwrap();
    sql(&path("foreign"), "CREATE TABLE places (url TEXT); PRAGMA user_version = 1");
    crawl(&path("newer").display().to_string(), &["127.0.0.1:1"]);
    sql(&path("newer"), "PRAGMA user_version = 99");
    for (name, expected) in [
        ("text", "not a database"),
        ("foreign", "another program"),
        ("newer", "newer verack"),
        ("missing/peers", "No such file"),
        (".", "it is a directory"),
    ] {
        let before = std::fs::read(path(name)).ok();
        let output = crawl(&path(name).display().to_string(), &["127.0.0.1:1"]);
        let said = text(&output.stderr);
        assert!(said.contains(expected) && said.contains(&path(name).display().to_string()), "{name}: {said}");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""), "{name}");
        assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
    }
}

#[test]
fn a_database_that_was_cut_is_named() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    assert!(crawl(&db, &["--allow-private", &neighbours.address(FIRST)]).status.success());
    sql(Path::new(&db), "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    let bytes = std::fs::read(&db).unwrap();
    std::fs::write(&db, &bytes[..bytes.len() / 2]).unwrap();
    let output = crawl(&db, &["--allow-private"]);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: damaged")), "{said}");
    assert_eq!(output.status.code(), Some(3));
}

/// Peers that tell more than a small disk has room for.
fn talkative(port: u16) -> Vec<Peer> {
    let told = |peer: u8| (0..=249).flat_map(move |c| (1..=4).map(move |d| entry([8, peer, c, d], 8333)));
    let mut peers: Vec<_> =
        (1..=20).map(|nth| Peer::at([127, 72, 0, nth], knows(told(nth).collect::<Vec<_>>()))).collect();
    peers.push(Peer::at(FIRST, knows((1..=20).map(|nth| entry([127, 72, 0, nth], port)).collect::<Vec<_>>())));
    peers
}

#[test]
fn a_full_disk_is_said() {
    if !nix::unistd::Uid::effective().is_root() {
        println!("left out: a small disk takes root");
        return;
    }
    let neighbours = Neighbours::up(talkative);
    let (folder, db) = database();
    let script = "mount -t tmpfs -o size=600k none \"$0\" && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_verack"))
        .args(words(&db, &["--json", "--allow-private", "--max-peers", "21", &neighbours.address(FIRST)]))
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: no room is left on its disk")), "{said}");
    assert_eq!((output.status.code(), &summary(&output)["ended"]), (Some(3), &json!("store")));
}

#[test]
fn a_database_that_another_process_does_not_let_go_of_is_said() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    crawl(&db, &["127.0.0.1:1"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = runtime.block_on(async {
        let mut other = SqliteConnectOptions::new().filename(&db).connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        other
    });
    let output = crawl(&db, &["--json", "--allow-private", &neighbours.address(FIRST)]);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: locked by another process")), "{said}");
    let summary = summary(&output);
    assert_eq!((output.status.code(), &summary["ended"]), (Some(3), &json!("store")));
    drop(other);
    drop(runtime);
    assert_eq!(stored(&db).iter().filter(|peer| peer.good > 0).count(), 0);
}

#[test]
fn where_there_is_nowhere_to_begin_it_says_so() {
    let (folder, db) = database();
    let output = crawl(&db, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere to begin"), "{}", text(&output.stderr));
    let empty = folder.path().join("empty").display().to_string();
    std::fs::write(&empty, "# nobody\n").unwrap();
    for (list, expected) in [(empty.as_str(), "no address in"), ("/nonexistent", "cannot read")] {
        let output = crawl(&db, &["--seed-nodes", list]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
