//! The user decides what is dialled, from which address, how fast and under which name.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{CHAIN, Simulated, json_lines, run, text};
use crate::scripted::{Scripted, Wire};

fn list(content: &str) -> (tempfile::NamedTempFile, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let path = file.path().display().to_string();
    (file, path)
}

#[test]
fn what_is_excluded_is_never_dialled_whatever_leads_to_it() {
    let simulated = Simulated::network();
    let (node, resolver) = (simulated.peer("coalesced"), simulated.network.dns().to_string());
    let (_file, path) = list(&format!("# opted out\n{}/32 ; by mail\n192.0.2.0/24\n", node.ip()));
    let lines = json_lines(&run(["-c", CHAIN, "--json", "--exclude", &path, &node.to_string(), "192.0.2.7"]));
    assert_eq!((&lines[0]["reason"], &lines[1]["reason"]), (&"local.excluded".into(), &"local.excluded".into()));
    let expected = format!("{node} is left out: --exclude covers {}/32", node.ip());
    assert_eq!((&lines[0]["detail"], &lines[0]["blame"]), (&expected.into(), &"local".into()));

    let (_file, all) = list("127.0.0.0/8\n");
    let seed = &simulated.network.seeds()[0];
    let words = ["--exclude", &all, "--allow-private", "--resolver", &resolver, "-c", CHAIN, "--json"];
    for command in [&[][..], &["whoami"], &["addrs"]] {
        let lines = json_lines(&run(command.iter().copied().chain([seed.as_str()]).chain(words)));
        let reports: Vec<_> = lines.iter().filter(|line| line["type"] == "handshake").collect();
        assert!(!reports.is_empty() && reports.iter().all(|line| line["reason"] == "local.excluded"), "{command:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("peers.sqlite").display().to_string();
    let target = node.to_string();
    let output = run(["crawl", "--db", &db, &target].into_iter().chain(words));
    assert_eq!(json_lines(&output).iter().filter(|line| line["type"] == "handshake").count(), 0);
}

#[test]
fn a_list_of_networks_that_cannot_be_read_stops_everything() {
    let (_file, path) = list("10.0.0.0/8\n10.0.0.0/33\n");
    for command in [&[][..], &["crawl"], &["addrs"], &["whoami"]] {
        let output = run(command.iter().copied().chain(["--exclude", &path, "127.0.0.1:1"]));
        let expected = format!(
            "error: {path}, line 2: expected an address or a network (192.0.2.0/24, 2001:db8::/32), not \"10.0.0.0/33\""
        );
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(text(&output.stderr).starts_with(&expected), "{}", text(&output.stderr));
    }
}

#[test]
fn connections_come_from_the_address_that_was_chosen() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let from = std::thread::spawn(move || listener.accept().unwrap().1.ip().to_string());
    run(["--bind", "127.9.8.7", "--transport", "v1", &at]);
    assert_eq!(from.join().unwrap(), "127.9.8.7");

    let line = &json_lines(&run(["--json", "--bind", "127.9.8.7", "[::1]:1"]))[0];
    assert_eq!(line["reason"], "local.left-out");
    for (words, expected) in [
        (&["--bind", "192.0.2.1", "127.0.0.1"][..], "error: --bind 192.0.2.1 is not an address of this machine"),
        (&["--bind", "127.0.0.1", "-6", "::1"], "error: nothing can be dialled from --bind 127.0.0.1 with -6"),
        (&["--bind", "eth0", "::1"], "error: invalid value 'eth0' for '--bind <IP>': expected an IP address"),
    ] {
        let output = run(words.iter().copied());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn the_contact_stands_in_what_we_call_our_program() {
    let simulated = Simulated::network();
    let address = simulated.peer("coalesced").to_string();
    let words = ["-c", CHAIN, "--json", "--trace", "--transport", "v1", "--contact", "ops@example.org", &address];
    let version = &json_lines(&run(words))[0];
    let expected = concat!("/verack:", env!("CARGO_PKG_VERSION"), "(ops@example.org)/");
    assert_eq!(version["fields"]["user_agent"], expected);
    let output = run(["--contact", "http://x/", &address]);
    assert_eq!(output.status.code(), Some(2));
    let expected =
        "error: invalid value 'http://x/' for '--contact <TEXT>': expected at most 200 letters, digits, spaces";
    assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
}

#[test]
fn a_plan_dials_nothing() {
    let simulated = Simulated::network();
    let resolver = simulated.network.dns().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let (at, seed) = (listener.local_addr().unwrap().to_string(), &simulated.network.seeds()[0]);
    let words = ["--plan", "-c", CHAIN, "--resolver", &resolver, &at, seed, "[::1]:1", "-4"];
    let output = run(words.into_iter().chain(["--json", "--allow-private"]));
    let lines = json_lines(&output);
    let planned: Vec<_> = lines.iter().filter(|line| line["type"] == "planned").collect();
    assert!(planned.len() > 10 && planned.iter().any(|line| line["target"] == *seed));
    assert_eq!((&planned[0]["address"], &planned[0]["target"]), (&Value::from(&*at), &Value::from(&*at)));
    assert_eq!(planned[0]["transports"], serde_json::json!(["v2"]));
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["type"], &last["planned"], &last["left_out"]),
        (&"plan".into(), &planned.len().into(), &1.into())
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(listener.accept().is_err(), "it was dialled");

    let output = run(["--plan", "-c", CHAIN, &at]);
    let expected =
        format!("PLANNED {at:<22} {CHAIN} over v2\n1 address would be dialled, 0 left out. Nothing was dialled.\n");
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(run(["--plan", "--format", "csv", &at]).status.code(), Some(2));
}

#[test]
fn addresses_that_were_named_are_paced_only_if_that_was_asked_for() {
    let named: Vec<_> = (1..=60).map(|port| format!("127.5.0.1:{port}")).collect();
    let took = |options: &[&str]| {
        let started = Instant::now();
        let words = ["--transport", "v1", "--json"].into_iter().chain(options.iter().copied());
        let output = run(words.chain(named.iter().map(String::as_str)));
        assert_eq!(json_lines(&output).last().unwrap()["attempts"], 60);
        started.elapsed()
    };
    // A burst of 10, then 10 a second.
    assert!(took(&["--prefix-rate", "10"]) >= Duration::from_secs(5));
    // One after the other, 50 a second.
    assert!(took(&["--rate", "50"]) >= Duration::from_millis(1150));
    assert!(took(&["--prefix-rate", "0"]) < Duration::from_secs(5));
    assert!(took(&[]) < Duration::from_secs(5));
}

/// What a node does with a connection.
type Conduct = fn(&mut Wire);

/// geth accepts one connection from an address in 30 s, and closes further ones unread.
#[test]
fn an_ethereum_node_is_dialled_once_in_a_run_however_it_ends_and_whatever_names_it() {
    let point = ethereum::SecretKey::new([7; 32]).unwrap().public();
    let conducts: [(&str, Conduct); 3] = [
        ("closes at once", |_| {}),
        ("closes on what it hears", |wire| wire.close_on_key()),
        ("says nothing", |wire| wire.hang()),
    ];
    for (conduct, act) in conducts {
        for words in [
            &["--allow-private", "ADDRESS", "NAME", "ADDRESS", "FILE"][..],
            &["--status", "own", "-c", "sepolia", "--hold", "1s", "ADDRESS"],
            &["identify", "ADDRESS"],
        ] {
            let node = Scripted::on(CHAIN, move |_, wire| act(wire));
            let [by_address, by_name] =
                ["127.0.0.1", "localhost"].map(|host| format!("enode://{point}@{host}:{}", node.address.port()));
            let (_file, path) = list(&format!("{by_address}\n"));
            let by_file = format!("@{path}");
            let words = words.iter().map(|word| match *word {
                "FILE" => &*by_file,
                "ADDRESS" => &*by_address,
                "NAME" => &*by_name,
                word => word,
            });
            let output = run(words.clone().chain(["--json", "--timeout", "3s"]));
            let told = json_lines(&output).iter().any(|line| line["address"] == node.address.to_string());
            assert!(told, "{}", text(&output.stderr));
            assert_eq!(node.connections(), 1, "it {conduct}: {:?}", words.collect::<Vec<_>>());
        }
    }
}
