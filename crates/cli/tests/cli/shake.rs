//! Handshakes with targets, from the command line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::common::{CHAIN, Simulated, TO_END, json_lines, run, start, tell, text, verack};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The keys in an object's text, in their written order.
fn keys_in_order<'t>(line: &'t str, keys: &[&'t str]) -> Vec<&'t str> {
    let mut found: Vec<_> = keys.iter().map(|key| (line.find(&format!("\"{key}\":")).unwrap(), *key)).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, key)| key).collect()
}

#[test]
fn the_json_is_the_one_that_is_documented() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    let output = run(["-c", CHAIN, "--json", "--transport", "v1", &address]);
    let lines: Vec<_> = text(&output.stdout).lines().collect();
    let [report, summary] = lines[..] else { panic!("{lines:?}") };

    const KEYS: [&str; 21] = [
        "type",
        "started",
        "target",
        "targets",
        "address",
        "chain",
        "protocol",
        "role",
        "transport",
        "outcome",
        "stage",
        "reason",
        "reason_number",
        "blame",
        "detail",
        "remarks",
        "peer",
        "timing_ms",
        "bytes",
        "session_id",
        "fallback_from",
    ];
    assert_eq!(keys_in_order(report, &KEYS), KEYS);
    let report: Value = serde_json::from_str(report).unwrap();
    assert_eq!(keys(&report).len(), KEYS.len());
    assert_eq!(report["type"], "handshake");
    assert_eq!((&report["target"], &report["targets"]), (&Value::from(&*address), &Value::from(vec![&*address])));
    assert_eq!(report["address"], *address);
    assert_eq!(report["chain"], CHAIN);
    assert_eq!(report["protocol"], "bitcoin");
    assert_eq!(report["role"], "initiator");
    assert_eq!(report["transport"], "v1");
    assert_eq!((&report["outcome"], &report["stage"]), (&"ok".into(), &"done".into()));
    assert_eq!((&report["reason"], &report["blame"]), (&"ok".into(), &Value::Null));

    let peer = &report["peer"];
    let mut peer_keys = keys(peer);
    peer_keys.sort_unstable();
    assert_eq!(
        peer_keys,
        [
            "clock_offset_s",
            "features",
            "nonce",
            "our_address",
            "relay",
            "service_names",
            "services",
            "services_hex",
            "start_height",
            "time",
            "user_agent",
            "version"
        ]
    );
    assert_eq!(peer["version"], 70017);
    assert_eq!((&peer["services"], &peer["services_hex"]), (&1033.into(), &"0x409".into()));
    assert_eq!(peer["service_names"], serde_json::json!(["NETWORK", "WITNESS", "NETWORK_LIMITED"]));
    assert_eq!(peer["nonce"].as_str().unwrap().len(), 16);
    for time in ["connect", "hello", "handshake", "total"] {
        assert!(report["timing_ms"][time].as_f64().unwrap() > 0.0, "{time}");
    }
    assert!(report["bytes"]["sent"].as_u64().unwrap() > 150);
    assert_eq!((&report["session_id"], &report["fallback_from"]), (&Value::Null, &Value::Null));

    const SUMMARY: [&str; 15] = [
        "type",
        "started",
        "ended",
        "peers",
        "attempts",
        "ok",
        "partial",
        "failed",
        "unfinished",
        "not_tried",
        "kept",
        "left",
        "reasons",
        "names",
        "elapsed_ms",
    ];
    assert_eq!(keys_in_order(summary, &SUMMARY), SUMMARY);
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(keys(&summary).len(), SUMMARY.len());
    assert_eq!(summary["reasons"], serde_json::json!({ "ok": 1 }));
}

#[test]
fn the_csv_has_the_same_fields_and_one_header() {
    let simulated = Simulated::network();
    let (ok, closed) = (simulated.peer("coalesced").to_string(), simulated.peer("close-after-version").to_string());
    let output = run(["-c", CHAIN, "--format", "csv", &ok, &closed]);
    let lines: Vec<_> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("target,address,chain,protocol,role,transport,outcome,stage,reason,blame,detail,"));
    assert!(lines[1..].iter().any(|line| line.contains(",partial,ack,closed,network,")));
    assert!(text(&output.stderr).starts_with("Finished! Handshake results: 1 OK | 1 PARTIALLY OK | 0 FAILED"));
}

#[test]
fn a_target_may_be_followed_by_a_port_and_milliseconds() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced");
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    assert!(run(["-c", CHAIN, &ip, &port, "5000"]).status.success());
    let silent = simulated.peer("silent").ip().to_string();
    let output = run(["-c", CHAIN, &silent, &port, "200", "--json"]);
    assert_eq!(json_lines(&output)[0]["reason"], "timeout");
}

#[test]
fn exit_codes_say_what_happened() {
    let simulated = Simulated::network();
    let (ok, bad) = (simulated.peer("coalesced").to_string(), simulated.peer("http").to_string());
    let code = |args: &[&str]| run(["-c", CHAIN].into_iter().chain(args.iter().copied())).status.code();
    assert_eq!(code(&[&ok, &bad]), Some(0));
    assert_eq!(code(&[&ok, &bad, "--require", "all"]), Some(1));
    assert_eq!(code(&[&ok, "--require", "all"]), Some(0));
    assert_eq!(code(&[&bad]), Some(1));
    assert_eq!(code(&["no such target"]), Some(2));
    assert_eq!(code(&["--no-such-option"]), Some(2));
    assert_eq!(code(&["@/no/such/file"]), Some(2));
    // Addresses that we refuse to dial are failures of our own side.
    let resolver = simulated.network.dns().to_string();
    assert_eq!(code(&["--resolver", &resolver, &simulated.network.seeds()[0]]), Some(3));
}

#[test]
fn an_address_that_only_a_name_led_to_must_be_routable() {
    let simulated = Simulated::network();
    let (resolver, seed) = (simulated.network.dns().to_string(), &simulated.network.seeds()[0]);
    let output = run(["--resolver", &resolver, seed, "--json"]);
    let reports = json_lines(&output);
    assert!(reports.len() > 10);
    for report in &reports[..reports.len() - 1] {
        assert_eq!((&report["reason"], &report["blame"]), (&"local.address-not-routable".into(), &"local".into()));
        assert_eq!(report["bytes"]["sent"], 0);
    }
}

#[test]
fn a_name_that_does_not_resolve_does_not_stop_the_others() {
    let simulated = Simulated::network();
    let resolver = simulated.network.dns().to_string();
    let address = simulated.peer("coalesced").to_string();
    let output = run(["-c", CHAIN, "-t", "2", "--json", "--resolver", &resolver, "missing.verack.test", &address]);
    let reports = json_lines(&output);
    let reason = |target: &str| reports.iter().find(|report| report["target"] == *target).unwrap()["reason"].clone();
    assert_eq!(reason("missing.verack.test"), "resolve.not-found");
    assert_eq!(reason(&address), "ok");
}

#[test]
fn targets_come_from_standard_input_too_and_none_is_dialled_twice() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced");
    let mut child = verack(["-c", CHAIN, "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = format!("# ours\n{address}\n!!\n{address} # again\n");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(json_lines(&output).last().unwrap()["attempts"], 1);
    assert!(text(&output.stderr).contains("standard input, line 3: '!!': expected a host name"));
}

#[test]
fn nothing_but_printable_text_is_printed_and_no_colour_into_a_pipe() {
    let simulated = Simulated::network();
    let addresses: Vec<_> = simulated.network.addresses().map(|address| address.to_string()).collect();
    for format in ["human", "json", "csv"] {
        let options = ["-c", CHAIN, "-t", "2", "--format", format, "--trace=hex"];
        let output = run(options.into_iter().chain(addresses.iter().map(String::as_str)));
        let bytes = output.stdout.iter().chain(&output.stderr);
        let strange: Vec<_> = bytes.filter(|b| !matches!(b, b' '..=b'~' | b'\n')).collect();
        assert!(strange.is_empty(), "{format}: {strange:?}");
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let simulated = Simulated::network();
    let addresses: Vec<_> = simulated.network.addresses().map(|address| address.to_string()).collect();
    let mut child = start(["-c", CHAIN, "-t", "2"].into_iter().chain(addresses.iter().map(String::as_str)));
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(!first.is_empty());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn nor_is_it_one_that_standard_error_is_not_read() {
    let mut child = start(["listen", "192.0.2.1:18444"]);
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_disk_that_is_full_is_our_own_failure() {
    for command in [&["127.0.0.1:1", "--json"][..], &["addrs", "127.0.0.1:1", "--json"], &["whoami", "127.0.0.1:1"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = verack(command.iter().copied()).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        assert!(text(&output.stderr).contains("error: cannot write to standard output: "), "{command:?}");
    }
}

#[test]
fn csv_without_rows_still_names_its_columns() {
    let mut child = start(["listen", "127.0.0.1:0", "--format", "csv"]);
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    tell(&child, TO_END[0]);
    let output = child.wait_with_output().unwrap();
    assert!(text(&output.stdout).starts_with("target,address,chain,"));
}

#[test]
fn what_was_named_and_is_left_out_is_reported() {
    for (option, address) in [("-6", "127.0.0.1:1"), ("-4", "[::1]:1")] {
        let lines = json_lines(&run(["--json", option, address]));
        assert_eq!((&lines[0]["address"], &lines[0]["reason"]), (&address.into(), &"local.left-out".into()));
        assert_eq!((&lines[1]["attempts"], &lines[1]["failed"]), (&1.into(), &1.into()));
    }
}

#[test]
fn a_list_may_begin_with_a_byte_order_mark() {
    let mut list = tempfile::NamedTempFile::new().unwrap();
    list.write_all("\u{feff}127.0.0.1:1\r\n".as_bytes()).unwrap();
    let output = run(["--json", &format!("@{}", list.path().display())]);
    assert_eq!(json_lines(&output)[0]["address"], "127.0.0.1:1");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_network_of_ones_own_has_no_dns_seeds_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").display().to_string();
    for (words, expected) in [
        (
            &["--dns-seeds", "--magic", "01020304"][..],
            "a network of your own, with the magic 01020304, has no DNS seeds",
        ),
        (&["whoami", "--signet-challenge", "51"], "a network of your own, with the magic 54d26fbd, has no DNS seeds"),
        (&["crawl", "--db", &db, "--magic", "01020304"], "nowhere to begin: magic-01020304 has no DNS"),
    ] {
        let output = run(words.iter().copied());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with(&format!("error: {expected}")), "{}", text(&output.stderr));
    }
}

#[test]
fn a_port_that_is_none_is_named() {
    for (words, expected) in [
        (&["host:0"][..], "'host:0' is not a target: a port is a number from 1 to 65535"),
        (&["host", "65536"], "'65536' is no port of host: expected a whole number from 1 to 65535"),
        (&["--port", "x", "host"], "invalid value 'x' for '--port <PORT>': expected a whole number from 1 to 65535"),
    ] {
        let output = run(words.iter().copied());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with(&format!("error: {expected}")), "{}", text(&output.stderr));
    }
}

#[test]
fn a_log_that_cannot_be_chosen_so_is_named_and_stops_nothing() {
    let output = verack(["chains"]).env("RUST_LOG", "verack=loud").output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stderr).starts_with("verack: nothing is logged: RUST_LOG is \"verack=loud\""));
    let output = verack(["chains"]).env("RUST_LOG", "verack=debug,info").output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_user_who_ends_it_is_told_what_is_known() {
    let simulated = Simulated::network();
    let (ok, silent) = (simulated.peer("coalesced").to_string(), simulated.peer("silent").to_string());
    for signal in TO_END {
        let mut child = start(["-c", CHAIN, "-t", "60", &ok, &silent]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().starts_with("OK "));
        tell(&child, signal);
        let last = lines.map(Result::unwrap).last().unwrap();
        let expected = "Interrupted! Handshake results: 1 OK | 0 PARTIALLY OK | 0 FAILED (1 peer in ";
        assert!(last.starts_with(expected), "{signal}: {last}");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
}

#[test]
fn it_ends_when_it_is_told_to_even_if_its_output_is_not_read() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    // More than a pipe holds, and the reader takes none of it.
    let flood = [address.as_str()].into_iter().chain(["--trace=hex", "-t", "60"]);
    let many: Vec<_> = (1..3000).map(|port| format!("127.255.0.1:{port}")).collect();
    let args: Vec<_> = ["-c", CHAIN].into_iter().chain(flood).chain(many.iter().map(String::as_str)).collect();
    for signal in TO_END {
        let mut child = start(args.iter().copied());
        let mut first = [0; 1];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        tell(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
}

#[test]
fn a_trace_shows_both_sides_in_the_order_of_the_wire() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    let output = run(["-c", CHAIN, "--transport", "v1", "--json", "--trace=hex", &address]);
    let lines = json_lines(&output);
    let messages: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "message")
        .map(|line| format!("{} {}", line["direction"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect();
    assert_eq!(messages[..2], ["sent version", "received version"]);
    assert!(messages.contains(&"sent verack".to_owned()) && messages.contains(&"received verack".to_owned()));
    let version = &lines[0];
    assert_eq!(version["fields"]["user_agent"], concat!("/verack:", env!("CARGO_PKG_VERSION"), "/"));
    let hex = version["hex"].as_str().unwrap();
    assert!(hex.starts_with("fabfb5da76657273696f6e0000000000"));
    assert_eq!(hex.len() as u64, 2 * version["bytes"].as_u64().unwrap());
}

#[test]
fn nothing_of_our_introduction_is_fixed() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    let output = run([
        "-c",
        CHAIN,
        "--json",
        "--trace",
        "--transport",
        "v1",
        &address,
        "--protocol-version",
        "70012",
        "-s",
        "NETWORK,0x400",
        "-r",
        "9",
        "--user-agent",
        "/me:1/",
        "--start-height",
        "7",
        "--relay",
        "--nonce",
        "0123456789abcdef",
        "--time",
        "-5",
    ]);
    let fields = &json_lines(&output)[0]["fields"];
    assert_eq!(fields["version"], 70012);
    assert_eq!(fields["services"], "0x401");
    assert_eq!(fields["receiver_services"], "0x9");
    assert_eq!(fields["user_agent"], "/me:1/");
    assert_eq!(fields["start_height"], 7);
    assert_eq!(fields["relay"], true);
    assert_eq!(fields["nonce"], "0123456789abcdef");
    assert_eq!(fields["time"], -5);
}
