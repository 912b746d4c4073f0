//! Monero's networks, in both roles.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr};

use serde_json::{Value, json};
use simnet::{Network, Plan, Transport};
use tokio::runtime::Runtime;

use crate::common::{json_lines, run, start, text};

/// A listener, and its address.
struct Listening {
    child: Child,
    _log: BufReader<ChildStderr>,
    address: String,
}

impl Listening {
    fn start(chain: &str, options: &[&str]) -> Self {
        let fixed = ["listen", "127.0.0.1:0", "--json", "-c", chain];
        let mut child = start(fixed.into_iter().chain(options.iter().copied()));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next()).expect(&line).into();
        Self { child, _log: log, address }
    }

    /// Its records.
    fn end(mut self) -> Vec<Value> {
        let mut out = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        self.child.wait().unwrap();
        text(&out).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn report(args: &[&str]) -> Value {
    let output = run(["--json", "--timeout", "5s"].into_iter().chain(args.iter().copied()));
    assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
    json_lines(&output).remove(0)
}

#[test]
fn both_sides_report_the_same_handshake() {
    let own = ["--peer-id", "00000000deadbeef", "--start-height", "77", "--rpc-port", "18089", "--pruning-seed", "384"];
    let listening = Listening::start("monero-stagenet", &[&own[..], &["--once"]].concat());
    let dialled = report(&["-c", "monero-stagenet", "--my-port", "38080", "--support-flags", "0", &listening.address]);
    let accepted = listening.end().remove(0);
    for (report, role) in [(&dialled, "initiator"), (&accepted, "responder")] {
        assert_eq!((&report["outcome"], &report["role"]), (&json!("ok"), &json!(role)), "{report}");
        assert_eq!((&report["protocol"], &report["chain"]), (&json!("monero"), &json!("monero-stagenet")));
        assert_eq!(report["transport"], "levin");
    }
    let expected = json!({
        "peer_id": "00000000deadbeef", "network": "monero-stagenet", "height": 77, "top_version": 1,
        "top_block": "76ee3cc98646292206cd3e86f74d88b4dcc1d937088645e9b0cbca84b7ce74eb",
        "cumulative_difficulty": "1", "support_flags": 1, "my_port": null, "rpc_port": 18089, "pruning_seed": 384,
        "peers": 0,
    });
    assert_eq!(dialled["peer"], expected);
    assert_eq!(dialled["detail"], "peer 00000000deadbeef, height 77, version 1");
    let theirs = &accepted["peer"];
    assert_eq!((&theirs["my_port"], &theirs["support_flags"]), (&json!(38080), &json!(0)));
    assert_eq!(dialled["bytes"]["sent"], accepted["bytes"]["received"]);
}

#[test]
fn another_network_is_called_by_its_name_and_shown_all_the_same() {
    let listening = Listening::start("monero", &["--once"]);
    let dialled = report(&["-c", "monero-testnet", &listening.address]);
    assert_eq!((&dialled["reason"], &dialled["stage"]), (&json!("closed"), &json!("hello")), "{dialled}");
    let accepted = listening.end().remove(0);
    assert_eq!((&accepted["reason"], &accepted["blame"]), (&json!("monero.network"), &json!("mismatch")));
    assert_eq!(accepted["detail"], "it is on monero-testnet, not on monero");
    assert_eq!(accepted["peer"]["network"], "monero-testnet");
}

#[test]
fn a_trace_has_every_message_and_a_held_connection_answers() {
    let listening = Listening::start("monero", &["--once", "--hold", "30s"]);
    let output = run(["--json", "--trace", "-c", "monero", "--hold", "1s", &listening.address]);
    let lines = json_lines(&output);
    let messages: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "message")
        .map(|line| [&line["direction"], &line["message"]].map(|text| text.as_str().unwrap()))
        .collect();
    assert_eq!(messages[..2], [["sent", "handshake request"], ["received", "handshake response"]]);
    // The other side keeps the connection alive in the same way.
    for message in ["ping request", "ping response", "timed sync request", "timed sync response"] {
        assert!(messages.contains(&["sent", message]) && messages.contains(&["received", message]), "{messages:?}");
    }
    let response = lines.iter().find(|line| line["message"] == "handshake response").unwrap();
    assert_eq!((&response["fields"]["network"], &response["fields"]["height"]), (&json!("monero"), &json!(1)));
    assert_eq!(response["fields"]["peers"], json!([]));
    assert_eq!(listening.end()[0]["outcome"], "ok");
}

#[test]
fn every_scripted_node_gets_the_verdict_that_it_deserves() {
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let network = monero::Network::named("monero").unwrap();
    let plan = Plan::only(simnet::monero::peers(network));
    let simulated = runtime.block_on(Network::start(plan)).unwrap();
    let targets: Vec<String> = simulated.addresses().map(|address| address.to_string()).collect();
    let options = ["--json", "-c", "monero", "--timeout", "3s"];
    let output = run(options.into_iter().chain(targets.iter().map(String::as_str)));
    let reports: Vec<_> = json_lines(&output).into_iter().filter(|line| line["type"] == "handshake").collect();
    assert_eq!(reports.len(), targets.len());
    for report in &reports {
        let address = report["address"].as_str().unwrap().parse().unwrap();
        let (name, truths) = simulated.truth(address).unwrap();
        let truth = truths.over(Transport::Auto);
        let found = [&report["outcome"], &report["stage"], &report["reason"]].map(|text| text.as_str().unwrap());
        assert_eq!(found, [truth.outcome.name(), truth.stage.name(), truth.reason], "{name}: {report}");
    }
    let most = reports.iter().find(|report| report["peer"]["peers"] == 250);
    assert!(most.is_some(), "a node knows as many as can be told");
}

/// A node that shares 250 addresses, without the times when they were seen.
fn telling() -> (Runtime, Network, String) {
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let network = monero::Network::named("monero").unwrap();
    let peers = simnet::monero::peers(network).into_iter().filter(|peer| peer.name == "most-peers").collect();
    let plan = Plan::only(peers);
    let simulated = runtime.block_on(Network::start(plan)).unwrap();
    let target = simulated.addresses().next().unwrap().to_string();
    (runtime, simulated, target)
}

#[test]
fn when_a_peer_was_seen_is_unknown_unless_the_teller_says_it() {
    let (_runtime, _network, target) = telling();
    let told = |options: &[&str]| run(["addrs", "-c", "monero", &target].into_iter().chain(options.iter().copied()));
    let lines = json_lines(&told(&["--json"]));
    assert_eq!(lines.iter().filter(|line| line["type"] == "address" && line["time"] == Value::Null).count(), 250);
    let output = told(&[]);
    let human = text(&output.stdout);
    assert_eq!(human.lines().filter(|line| line.contains("unknown")).count(), 250);
    assert!(!human.contains("ago"), "{human}");
}

#[test]
fn a_database_keeps_as_unknown_when_a_peer_was_seen_and_shows_and_exports_it_so() {
    let (_runtime, _network, target) = telling();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (db, copy, file) = (path("peers.sqlite"), path("copy.sqlite"), path("peers.jsonl"));
    // None of the shared addresses is dialled.
    let crawl = ["crawl", "-c", "monero", "--allow-private", "--max-peers", "1", "--db", &db, &target];
    assert_eq!(run(crawl).status.code(), Some(0));
    let peers = |args: &[&str]| run(["peers"].into_iter().chain(args.iter().copied()));
    let told = |db: &str| -> Vec<Value> {
        let listed = json_lines(&peers(&["export", "--db", db]));
        listed.into_iter().filter(|peer| peer["address"] != target.as_str()).collect()
    };
    let stored = told(&db);
    assert_eq!(stored.len(), 250);
    assert!(stored.iter().all(|peer| peer["last_seen"].is_null() && peer["first_seen"].is_i64()), "{}", stored[0]);

    let listed = peers(&["--db", &db]);
    assert!(text(&listed.stdout).lines().filter(|line| line.trim_end().ends_with(" -")).count() >= 250);
    let shown = peers(&["show", "--db", &db, "-c", "monero", stored[0]["address"].as_str().unwrap()]);
    assert!(text(&shown.stdout).contains("last seen     unknown"), "{}", text(&shown.stdout));
    let since = peers(&["--db", &db, "--since", "2020-01-01", "--json"]);
    assert_eq!(json_lines(&since).len(), 1, "the one that answered");

    for format in ["jsonl", "csv"] {
        std::fs::write(&file, peers(&["export", "--db", &db, "--as", format]).stdout).unwrap();
        assert_eq!(peers(&["import", "--db", &copy, &file]).status.code(), Some(0));
        assert_eq!(told(&copy), stored, "{format}");
        std::fs::remove_file(&copy).unwrap();
    }
}
