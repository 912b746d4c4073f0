//! Over which transport, from the command line.

use crate::common::{CHAIN, Simulated, json_lines, run};
use crate::listen::{listen, output};
use serde_json::Value;

/// The reports of a run, without its summary.
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
fn a_peer_that_speaks_only_v1_fails_over_v2_with_its_code() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    let [report] = &reports(&["--transport", "v2", &address])[..] else { panic!("one report") };
    assert_eq!((&report["outcome"], &report["transport"]), (&"failed".into(), &"v2".into()));
    assert_eq!((&report["stage"], &report["reason"]), (&"transport".into(), &"bitcoin.v1-only".into()));
    assert_eq!(report["fallback_from"], Value::Null);
    assert_eq!(run(["-c", CHAIN, "--transport", "v2", &address]).status.code(), Some(1));
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
    // Both sides give an encrypted connection the same name.
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
