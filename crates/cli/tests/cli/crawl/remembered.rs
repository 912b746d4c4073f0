//! Results of earlier runs and of files: where a crawl may go with them, and what it says when it ends early.

use std::io::{BufRead, BufReader, Read};

use bitcoin::gossip::Entry;
use nix::sys::signal::Signal;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{FIRST, crawl, database, ring, stored, summary, words};
use crate::common::{CHAIN, run, start, tell, text};
use crate::neighbours::{Answer, Neighbours, Peer, entry, knows};

fn no_nodes() -> Vec<Entry> {
    Vec::new()
}

/// Imports a file with these contents.
fn import(db: &str, name: &str, contents: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name).display().to_string();
    std::fs::write(&path, contents).unwrap();
    let output = run(["peers", "import", "--db", db, "-c", CHAIN, &path]);
    assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
}

/// A file in each format, which lists this address as reached.
fn files(address: &str) -> [(&'static str, String); 6] {
    let (host, port) = address.rsplit_once(':').unwrap();
    let good = "1700000000";
    [
        ("bitnodes.json", format!("[[\"{host}\",{port},70016,\"/a/\",{good},9,1,null,null,null,0,0,null,null,null]]")),
        (
            "api.json",
            format!("{{\"nodes\":{{\"{address}\":[70016,\"/a/\",{good},9,1,null,null,null,0,0,null,null,null]}}}}"),
        ),
        ("dnsseed.dump", format!("{address} 1 {good} 99% 99% 99% 99% 99% 9 00000409 70016 \"/a/\"\n")),
        (
            "peers.jsonl",
            format!(
                "{{\"address\":\"{address}\",\"chain\":\"{CHAIN}\",\"last_good\":{good},\"last_tried\":{good},\"tried\":1,\"good\":1}}\n"
            ),
        ),
        ("peers.csv", format!("address,last_good,last_tried,tried,good\n{address},{good},{good},1,1\n")),
        ("list.txt", format!("{address}\n")),
    ]
}

#[test]
fn what_a_file_says_is_not_dialled_in_our_own_network_unless_that_is_allowed() {
    let neighbours = Neighbours::up(|_| vec![Peer::at(FIRST, knows(no_nodes()))]);
    let address = neighbours.address(FIRST);
    for (name, contents) in files(&address) {
        let (_folder, db) = database();
        import(&db, name, &contents);
        let output = crawl(&db, &["--json"]);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), neighbours.calls()), (Some(2), 0), "{name}: {said}");
        assert!(said.contains("nowhere to begin") && said.contains("none of the 1 addresses"), "{name}: {said}");
    }
    let (_folder, db) = database();
    import(&db, "list.txt", &address);
    let allowed = summary(&crawl(&db, &["--json", "--allow-private"]));
    assert_eq!((&allowed["reachable"], neighbours.calls()), (&json!(1), 1));
    // The run with `--allow-private` stores the address; the next run may not dial it, unless the user names it.
    assert_eq!(crawl(&db, &["--again"]).status.code(), Some(2));
    let named = summary(&crawl(&db, &["--json", "--again", &address]));
    assert_eq!((&named["reachable"], neighbours.calls()), (&json!(1), 2));
}

#[test]
fn a_host_of_a_file_is_not_scanned() {
    let (_folder, db) = database();
    let rows: String =
        (10_000..12_000).map(|port| format!("127.80.0.5:{port} 1 1700000000 9% 9% 9% 9% 9% 9 9 9 \"/a/\"\n")).collect();
    import(&db, "dnsseed.dump", &(rows + "127.80.0.6:22 1 1700000000 9% 9% 9% 9% 9% 9 9 9 \"/a/\"\n"));
    let output = crawl(&db, &["--json", "--allow-private", "--prefix-rate", "0"]);
    let summary = summary(&output);
    assert_eq!((&summary["dials"], &summary["refused"]), (&json!(8), &json!(1993)));
    assert!(text(&output.stderr).contains("1993 addresses in"), "{}", text(&output.stderr));
}

/// Runs a statement on a database.
fn sql(db: &str, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut db = SqliteConnectOptions::new().filename(db).connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    });
}

/// Queries a number from a database.
fn number(db: &str, question: &'static str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut db = SqliteConnectOptions::new().filename(db).connect().await.unwrap();
        let number = sqlx::query_scalar(question).fetch_one(&mut db).await.unwrap();
        db.close().await.unwrap();
        number
    })
}

#[test]
fn results_of_a_clock_that_was_ahead_stand_for_nothing_and_are_mended() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    let first = neighbours.address(FIRST);
    crawl(&db, &["--allow-private", &first]);
    for options in [&["--json", "--allow-private"][..], &["--json", "--allow-private", "--watch", "--for", "2s"]] {
        // 2030-01-01
        sql(
            &db,
            "UPDATE peer SET first_seen = 1893456000, last_seen = 1893456000, last_tried = 1893456000, \
                  last_good = CASE WHEN outcome = 0 THEN 1893456000 END",
        );
        let summary = summary(&crawl(&db, options));
        assert_eq!((&summary["reachable"], &summary["resumed"]), (&json!(6), &json!(0)), "{options:?}");
        assert!(summary["dials"].as_u64().unwrap() >= 7, "{summary}");
        let latest = number(&db, "SELECT max(max(first_seen, last_seen, last_tried, ifnull(last_good, 0))) FROM peer");
        assert!(latest <= peers::Time::now().0, "{latest}");
    }
}

#[test]
fn no_node_is_said_to_have_been_tried_that_was_not() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    crawl(&db, &["--allow-private", &neighbours.address(FIRST)]);
    let output = crawl(&db, &["--allow-private"]);
    let last = text(&output.stdout).lines().last().unwrap();
    let expected = "Finished! bitcoin-regtest: none tried; of 7 whose last result is too young to be asked again, 6 were \
                    reachable, 7 known, in ";
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn a_crawl_that_is_cut_short_says_what_is_left_and_how_to_go_on() {
    let silent = |_| {
        let mut peers = vec![Peer::at(FIRST, Answer::Silence)];
        peers.extend((2..9).map(|last| Peer::at([127, 71, 0, last], Answer::Silence)));
        peers
    };
    let neighbours = Neighbours::up(silent);
    let (_folder, db) = database();
    let addresses: Vec<_> = (1..9).map(|last| neighbours.address([127, 71, 0, last])).collect();
    let mut options = vec!["-j", "1", "--answer-timeout", "1h"];
    options.extend(addresses.iter().map(String::as_str));
    let mut child = start(words(&db, &options));
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while neighbours.calls() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    log.read_line(&mut line).unwrap();
    tell(&child, Signal::SIGINT);
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("Interrupted! bitcoin-regtest: 0 reachable of 0 tried, 8 known, in "), "{last}");
    assert!(last.ends_with(&format!("; 8 not tried; the same command goes on (all is stored in {db})")), "{last}");

    let timed = crawl(&db, &["-j", "1", "--answer-timeout", "1h", "--for", "200ms", &addresses[0]]);
    let last = text(&timed.stdout).lines().last().unwrap();
    assert!(last.starts_with("Its time is over! bitcoin-regtest: 0 reachable of 0 tried, "), "{last}");
}

#[test]
fn as_many_peers_are_reached_as_were_asked_for_and_no_more() {
    let neighbours = Neighbours::up(|port| {
        let all: Vec<_> = (1..=30).map(|last| entry([127, 72, 0, last], port)).collect();
        let mut peers: Vec<_> = (1..=30).map(|last| Peer::at([127, 72, 0, last], knows(no_nodes()))).collect();
        peers.push(Peer::at(FIRST, knows(all)));
        peers
    });
    let (_folder, db) = database();
    let options = ["--json", "--allow-private", "--prefix-rate", "0", "--max-peers", "10", &neighbours.address(FIRST)];
    let summary = summary(&crawl(&db, &options));
    assert_eq!((&summary["reachable"], &summary["ended"], neighbours.calls()), (&json!(10), &json!("enough"), 10));
}

#[test]
fn a_small_network_whose_nodes_tell_another_part_each_time_is_found_whole() {
    let neighbours = Neighbours::up(|port| {
        let live = (1..=5).map(|last| [127, 73, 0, last]);
        let dead = (1..=40).map(|last| [127, 99, 0, last]);
        let all: Vec<_> = live.clone().chain(dead).map(|ip| entry(ip, port)).collect();
        live.map(|ip| Peer::at(ip, Answer::Part(all.clone()))).collect()
    });
    for _ in 0..3 {
        let (_folder, db) = database();
        let first = neighbours.address([127, 73, 0, 1]);
        let calls = neighbours.calls();
        let output = crawl(&db, &["--json", "--allow-private", "--prefix-rate", "0", &first]);
        let summary = summary(&output);
        assert_eq!(
            (&summary["reachable"], &summary["answers"], &summary["ended"]),
            (&json!(5), &json!(5), &json!("complete"))
        );
        assert!(neighbours.calls() - calls > 10, "they were asked again");
        assert!(stored(&db).iter().all(|peer| peer.tried <= 1), "which is no other result");
    }
}

#[test]
fn only_nodes_that_tell_another_part_each_time_are_asked_again() {
    let core = |port: u16| {
        let all: Vec<_> = (1..=5).map(|last| entry([127, 73, 1, last], port)).collect();
        (1..=5).map(|last| Peer::at([127, 73, 1, last], knows(all.clone()))).collect()
    };
    let btcd = |port: u16| {
        let all: Vec<_> = (1..=5).map(|last| entry([127, 73, 2, last], port)).collect();
        (1..=5).map(|last| Peer::at([127, 73, 2, last], Answer::Part(all.repeat(4)))).collect()
    };
    let calls = |peers: &dyn Fn(u16) -> Vec<Peer>, network: u8| {
        let neighbours = Neighbours::up(peers);
        let (_folder, db) = database();
        let addresses: Vec<_> = (1..=5).map(|last| neighbours.address([127, 73, network, last])).collect();
        let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
        let common = ["--json", "--allow-private", "--prefix-rate", "0", "--answer-timeout", "1s"];
        summary(&crawl(&db, &[&common[..], &addresses].concat()));
        neighbours.calls()
    };
    assert!(calls(&btcd, 2) > 5, "those of btcd were not asked again");
    assert_eq!(calls(&core, 1), 5, "Core's were asked again");
}

/// Also if its nodes run a program that would be asked again on a small network.
#[test]
fn a_big_network_pays_nothing_for_what_small_ones_need() {
    const MANY: u8 = 110;
    let neighbours = Neighbours::up(|port| {
        let ips = (1..=MANY).map(|last| [127, 73, 3, last]);
        let all: Vec<_> = ips.clone().map(|ip| entry(ip, port)).collect();
        let mut peers: Vec<_> = ips.skip(1).map(|ip| Peer::at(ip, Answer::Part(all[..20].to_vec()))).collect();
        peers.push(Peer::at([127, 73, 3, 1], knows(all)));
        peers
    });
    let (_folder, db) = database();
    let first = neighbours.address([127, 73, 3, 1]);
    let times = ["--timeout", "60s", "--connect-timeout", "60s", "--answer-timeout", "60s", "-j", "20"];
    let options = ["--db", &db, "-c", CHAIN, "--json", "--allow-private", "--prefix-rate", "0", &first];
    let summary = summary(&run(["crawl"].into_iter().chain(times).chain(options)));
    assert_eq!((&summary["reachable"], &summary["ended"]), (&json!(MANY), &json!("complete")), "{summary}");
    assert_eq!(neighbours.calls(), usize::from(MANY));
}
