//! Protocols with targets that contain a key: Ethereum, Lightning and libp2p, in both roles.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStderr};

use serde_json::Value;
use simnet::{Answer, Dns, Zone};

use crate::common::{json_lines, run, start, text};

/// A listener, and its target for the side that dials it.
pub struct Listening {
    pub child: Child,
    _log: BufReader<ChildStderr>,
    pub target: String,
    pub address: String,
}

impl Listening {
    pub fn start(options: &[&str]) -> Self {
        let mut child = start(["listen", "127.0.0.1:0", "--json"].into_iter().chain(options.iter().copied()));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = String::new();
        for _ in 0..2 {
            log.read_line(&mut lines).unwrap();
        }
        let target = lines.lines().find_map(|line| line.strip_prefix("we are ")).expect(&lines).to_owned();
        let address = lines.split(' ').nth(2).expect(&lines).to_owned();
        Self { child, _log: log, target, address }
    }

    /// The records, after it has ended with every handshake OK.
    pub fn end(self) -> Vec<Value> {
        self.end_with(0)
    }

    /// The records, after it has ended with this exit status.
    pub fn end_with(mut self, status: i32) -> Vec<Value> {
        let mut out = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(status), "{}", text(&out));
        text(&out).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn report(args: &[&str]) -> Value {
    let output = run(["--json", "--timeout", "5s"].into_iter().chain(args.iter().copied()));
    assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
    json_lines(&output).remove(0)
}

/// A frame of one block: header, its MAC, the block, its MAC.
const DISCONNECT_LEN: u64 = 4 * 16;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn both_sides_of_ethereums_handshake_report_the_same() {
    let listening = Listening::start(&["--protocol", "ethereum", "-c", "hoodi", "--once", "--user-agent", "their/1"]);
    let dialled =
        report(&["-c", "hoodi", "--user-agent", "our/2", "--capabilities", "eth/69,snap/1:8", &listening.target]);
    let accepted = listening.end().remove(0);
    for (report, role) in [(&dialled, "initiator"), (&accepted, "responder")] {
        assert_eq!((&report["outcome"], &report["role"]), (&"ok".into(), &role.into()), "{report}");
        assert_eq!((&report["protocol"], &report["chain"]), (&"ethereum".into(), &"hoodi".into()));
        assert_eq!(report["transport"], "rlpx");
        assert_eq!((&report["peer"]["network"], &report["peer"]["fork"]), (&"hoodi".into(), &"bpo2".into()));
        assert_eq!(report["peer"]["eth_version"], 69);
    }
    assert_eq!((&dialled["peer"]["client_id"], &accepted["peer"]["client_id"]), (&"their/1".into(), &"our/2".into()));
    assert_eq!(accepted["peer"]["capabilities"], serde_json::json!(["eth/69", "snap/1"]));
    // Each side leaves with a Disconnect, and need not wait for the other's.
    let [sent, received] = [(&dialled, "sent"), (&accepted, "received")].map(|(report, way)| &report["bytes"][way]);
    let unread = sent.as_u64().unwrap() - received.as_u64().unwrap();
    assert!([0, DISCONNECT_LEN].contains(&unread), "{sent} {received}");
    assert!(dialled["target"].as_str().unwrap().contains(dialled["peer"]["node_id"].as_str().unwrap()));
    let documented = [
        "capabilities",
        "client_id",
        "earliest",
        "eth_version",
        "fork",
        "fork_hash",
        "fork_next",
        "genesis",
        "head",
        "latest",
        "listen_port",
        "network",
        "network_id",
        "node_id",
        "total_difficulty",
        "version",
    ];
    assert_eq!(keys(&dialled["peer"]), documented);
}

#[test]
fn both_sides_of_lightnings_handshake_report_the_same() {
    let listening = Listening::start(&["--protocol", "lightning", "-c", "regtest", "--once"]);
    let dialled = report(&["-c", "regtest", "--feature-bits", "9,option_anchors,1001", &listening.target]);
    let accepted = listening.end().remove(0);
    for (report, role) in [(&dialled, "initiator"), (&accepted, "responder")] {
        assert_eq!((&report["outcome"], &report["role"]), (&"ok".into(), &role.into()), "{report}");
        assert_eq!((&report["protocol"], &report["chain"]), (&"lightning".into(), &"bitcoin-regtest".into()));
        assert_eq!(
            (&report["transport"], &report["peer"]["networks"][0]),
            (&"bolt8".into(), &"bitcoin-regtest".into())
        );
    }
    assert_eq!(accepted["peer"]["features"], serde_json::json!(["var_onion_optin", "option_anchors"]));
    assert_eq!(accepted["peer"]["unknown_bits"], serde_json::json!([1001]));
    assert_eq!(dialled["peer"]["our_address"], accepted["address"]);
    assert_eq!(dialled["bytes"]["received"], accepted["bytes"]["sent"]);
    let documented = ["features", "networks", "node_id", "our_address", "required_bits", "unknown_bits"];
    assert_eq!(keys(&dialled["peer"]), documented);
}

#[test]
fn both_sides_of_libp2ps_handshake_report_the_same() {
    let listening = Listening::start(&["--protocol", "libp2p", "--once", "--user-agent", "their\\1"]);
    assert!(listening.target.starts_with("/ip4/127.0.0.1/tcp/"), "{}", listening.target);
    let dialled = report(&["--user-agent", "our/2", &listening.target]);
    let accepted = listening.end().remove(0);
    for (report, role) in [(&dialled, "initiator"), (&accepted, "responder")] {
        assert_eq!((&report["outcome"], &report["role"]), (&"ok".into(), &role.into()), "{report}");
        assert_eq!((&report["protocol"], &report["chain"]), (&"libp2p".into(), &"any".into()));
        assert_eq!((&report["transport"], &report["peer"]["muxer"]), (&"noise".into(), &"inlined".into()));
        assert_eq!(report["peer"]["key_type"], "Ed25519");
        assert_eq!(report["peer"]["protocols"], serde_json::json!(["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]));
    }
    assert_eq!((&dialled["peer"]["agent"], &accepted["peer"]["agent"]), (&"their\\\\1".into(), &"our/2".into()));
    let seen = accepted["address"].as_str().unwrap().replace("127.0.0.1:", "/ip4/127.0.0.1/tcp/");
    assert_eq!(dialled["peer"]["our_address"], seen);
    assert!(dialled["target"].as_str().unwrap().ends_with(dialled["peer"]["peer_id"].as_str().unwrap()));
    let documented = [
        "agent",
        "key_type",
        "listen_addrs",
        "listen_addrs_total",
        "muxer",
        "our_address",
        "peer_id",
        "protocol_version",
        "protocols",
        "protocols_total",
    ];
    assert_eq!(keys(&dialled["peer"]), documented);
}

#[test]
fn the_peer_id_of_a_target_is_checked_and_a_missing_one_is_learned() {
    let listening = Listening::start(&["--protocol", "libp2p", "--count", "2"]);
    let (place, peer_id) = listening.target.split_once("/p2p/").unwrap();
    let learned = report(&[place]);
    assert_eq!((&learned["reason"], &learned["peer"]["peer_id"]), (&"ok".into(), &peer_id.into()));
    let wrong = report(&[&format!("{place}/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")]);
    assert_eq!((&wrong["reason"], &wrong["blame"]), (&"libp2p.peer-id".into(), &"mismatch".into()));
    assert_eq!(wrong["peer"]["peer_id"], peer_id);
    assert_eq!(wrong["peer"]["agent"], Value::Null);
}

#[test]
fn a_name_lists_multiaddrs_and_lists_of_them() {
    let listening = Listening::start(&["--protocol", "libp2p", "--count", "2"]);
    let (place, peer_id) = listening.target.split_once("/p2p/").unwrap();
    let port = place.rsplit('/').next().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let texts = |texts: &[String]| Answer::Texts(texts.to_vec());
    let zone = Zone::from([
        ("_dnsaddr.list.test".into(), texts(&["v=spf1".into(), "dnsaddr=/dnsaddr/more.test".into()])),
        (
            "_dnsaddr.more.test".into(),
            texts(&[
                "dnsaddr=/ip4/127.0.0.1/udp/1/quic-v1".into(),
                format!("dnsaddr=/dns4/node.test/tcp/{port}/p2p/{peer_id}"),
                "dnsaddr=/dnsaddr/list.test".into(),
            ]),
        ),
        (
            "_dnsaddr.own.test".into(),
            texts(&[
                format!("dnsaddr=/dns4/node.test/tcp/{port}/p2p/{peer_id}"),
                "dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA".into(),
            ]),
        ),
        ("node.test".into(), Answer::Addresses(vec!["127.0.0.1".parse().unwrap()])),
    ]);
    let dns = runtime.block_on(Dns::start(zone)).unwrap();
    let resolver = dns.address().to_string();
    let dial = |more: &[&str]| {
        json_lines(&run(["--json", "--timeout", "5s", "--resolver", &resolver].into_iter().chain(more.iter().copied())))
    };
    // Two lists that name each other; and a list that also names a node that was not requested.
    for target in ["/dnsaddr/list.test".to_owned(), format!("/dnsaddr/own.test/p2p/{peer_id}")] {
        let lines = dial(&["--allow-private", &target]);
        assert_eq!((lines.len(), &lines[0]["reason"]), (2, &"ok".into()), "{lines:?}");
        assert_eq!((&lines[0]["target"], &lines[0]["peer"]["peer_id"]), (&target.into(), &peer_id.into()));
    }
    let lines = dial(&["/dnsaddr/list.test", "/dnsaddr/node.test", "/dns6/node.test/tcp/1"]);
    let mut reasons: Vec<_> = lines[..3].iter().map(|line| line["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["local.address-not-routable", "resolve.not-found", "resolve.not-found"]);
    listening.end();
}

#[test]
fn one_run_has_targets_of_every_protocol() {
    let ethereum = Listening::start(&["--protocol", "ethereum", "-c", "sepolia", "--once"]);
    let lightning = Listening::start(&["--protocol", "lightning", "-c", "regtest", "--once"]);
    let output = run(["--json", "-c", "regtest", "127.0.0.1:1", &ethereum.target, &lightning.target]);
    let mut seen: Vec<_> = json_lines(&output)
        .iter()
        .filter(|line| line["type"] == "handshake")
        .map(|line| {
            [&line["protocol"], &line["chain"], &line["reason"]].map(|value| value.as_str().unwrap().to_owned())
        })
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            ["bitcoin", "bitcoin-regtest", "connect.refused"],
            ["ethereum", "any", "ok"],
            ["lightning", "bitcoin-regtest", "ok"]
        ]
    );
    ethereum.end();
    lightning.end();
}

#[test]
fn a_peer_on_another_network_is_a_mismatch_and_is_shown_all_the_same() {
    let listening = Listening::start(&["--protocol", "ethereum", "-c", "sepolia", "--count", "1"]);
    let dialled = report(&["-c", "ethereum", &listening.target]);
    assert_eq!((&dialled["reason"], &dialled["blame"]), (&"ethereum.network-id".into(), &"mismatch".into()));
    assert_eq!(dialled["peer"]["network"], "sepolia");
    let private = ["--network-id", "1337", "--genesis", &"07".repeat(32)];
    let listening = Listening::start(&[&["--protocol", "ethereum", "--once"], &private[..]].concat());
    let dialled = report(&[&private[..], &["--status", "echo", &listening.target]].concat());
    assert_eq!((&dialled["reason"], &dialled["chain"]), (&"ok".into(), &"network-1337".into()));
    assert_eq!((&dialled["peer"]["network_id"], &dialled["peer"]["network"]), (&1337.into(), &Value::Null));

    let listening = Listening::start(&["--protocol", "lightning", "-c", "signet", "--count", "1"]);
    let dialled = report(&["-c", "regtest", &listening.target]);
    assert_eq!((&dialled["reason"], &dialled["blame"]), (&"lightning.network".into(), &"mismatch".into()));
    assert_eq!(dialled["peer"]["networks"], serde_json::json!(["bitcoin-signet"]));
}

#[test]
fn hello_alone_is_enough_if_no_status_is_wanted() {
    let listening = Listening::start(&["--protocol", "ethereum", "--status", "none", "--once"]);
    let dialled = report(&["--status", "none", "--capabilities", "les/4:10", &listening.target]);
    assert_eq!(dialled["reason"], "ok");
    assert_eq!((&dialled["peer"]["client_id"], &dialled["peer"]["genesis"]), (&own_client_id().into(), &Value::Null));
    listening.end();
}

fn own_client_id() -> String {
    format!("verack/v{}", env!("CARGO_PKG_VERSION"))
}

/// All bytes that passed in this direction.
fn wire(lines: &[Value], direction: &str) -> String {
    let messages = lines.iter().filter(|line| line["type"] == "message" && line["direction"] == direction);
    messages.map(|line| line["hex"].as_str().unwrap()).collect()
}

#[test]
fn the_bytes_that_a_trace_shows_are_those_of_the_wire() {
    let both = |options: &[&str], target: &dyn Fn(Option<&str>, &str) -> String| {
        let mut child = start(["listen", "127.0.0.1:0", "--once"].into_iter().chain(options.iter().copied()));
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let address = log.next().unwrap().split(' ').nth(2).unwrap().to_owned();
        let named = options.contains(&"--protocol").then(|| log.next().unwrap());
        let named = named.as_deref().and_then(|line| line.strip_prefix("we are "));
        // The client times out before the listener: if both ended at once, neither would read the other's last message.
        let dials = ["--timeout", "3s", &*target(named, &address)];
        let dialled = json_lines(&run(options[..2].iter().copied().chain(dials)));
        let mut heard = String::new();
        child.stdout.take().unwrap().read_to_string(&mut heard).unwrap();
        child.wait().unwrap();
        let heard: Vec<Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(wire(&dialled, "sent"), wire(&heard, "received"), "{options:?}");
        assert_eq!(wire(&dialled, "received"), wire(&heard, "sent"), "{options:?}");
        assert!(wire(&heard, "sent").len() > 128, "{options:?}");
    };
    both(&["--json", "--trace=hex"], &|_, address| address.to_owned());
    for protocol in ["ethereum", "lightning", "libp2p"] {
        let named = |named: Option<&str>, _: &str| named.unwrap().to_owned();
        both(&["--json", "--trace=hex", "--protocol", protocol], &named);
    }
}

#[test]
fn a_held_channel_lives() {
    for (options, ping, pong) in [
        (&["--protocol", "ethereum", "-c", "sepolia"][..], "Ping", "Pong"),
        (&["--protocol", "lightning", "-c", "regtest"], "ping", "pong"),
        (&["--protocol", "libp2p"], "yamux ping", "yamux pong"),
    ] {
        let listening = Listening::start(&[options, &["--once", "--hold", "60s"]].concat());
        let mut dialling = start(["--json", "--trace=hex", "--hold", "60s", &listening.target]);
        let mut passed = Vec::new();
        for line in BufReader::new(dialling.stdout.take().unwrap()).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line["type"] == "message" {
                let bytes = usize::try_from(line["bytes"].as_u64().unwrap()).unwrap();
                assert_eq!(line["hex"].as_str().unwrap().len(), 2 * bytes, "{line}");
                passed.push([&line["direction"], &line["message"]].map(|value| value.as_str().unwrap().to_owned()));
            }
            if passed.last().is_some_and(|[direction, message]| direction == "received" && message == pong) {
                break;
            }
        }
        assert!(passed.contains(&["sent".to_owned(), ping.to_owned()]), "{passed:?}");
        for mut process in [dialling, listening.child] {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

#[test]
fn a_key_is_made_once_and_names_us() {
    let folder = std::env::temp_dir().join(format!("verack-key-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("key");
    let path = file.to_str().unwrap();
    let made = json_lines(&run(["key", path, "--json"])).remove(0);
    assert_eq!((&made["type"], &made["made"]), (&"key".into(), &true.into()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read_to_string(&file).unwrap();
    let again = json_lines(&run(["key", path, "--json"])).remove(0);
    assert_eq!((&again["made"], &again["lightning_node_id"]), (&false.into(), &made["lightning_node_id"]));
    assert_eq!(fs::read_to_string(&file).unwrap(), secret);
    let shown = run(["key", path]);
    assert!(!text(&shown.stdout).contains(secret.trim()) && !made.to_string().contains(secret.trim()));

    for (protocol, id) in
        [("ethereum", "ethereum_node_id"), ("lightning", "lightning_node_id"), ("libp2p", "libp2p_peer_id")]
    {
        let listening = Listening::start(&["--protocol", protocol, "--key", path, "--once"]);
        assert!(listening.target.contains(made[id].as_str().unwrap()), "{}", listening.target);
        // A peer with our key is ourselves.
        let dialled = report(&["--key", path, &listening.target]);
        assert_eq!(
            (&dialled["reason"], &dialled["blame"]),
            (&format!("{protocol}.self-connect").into(), &"local".into())
        );
        let mut child = listening.child;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fs::write(&file, "no key").unwrap();
    for args in [["key", path].as_slice(), &["--key", path, &format!("{}@127.0.0.1", "02".repeat(33))]] {
        assert_eq!(run(args.iter().copied()).status.code(), Some(2));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "no key");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_is_refused_before_anybody_is_dialled() {
    let id = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";
    for (args, word) in [
        (&["-c", "sepolia", "node.example"][..], "whose nodes are named enode://"),
        (&["-c", "sepolia", "--dns-seeds"], "sepolia has no DNS seeds"),
        (&["enode://00@127.0.0.1"], "not 128 hex digits"),
        (&["enr:-xx"], "not a node record"),
        (&[&format!("{id}x@127.0.0.1")], "66 hexadecimal digits"),
        (&["--network-id", "5", &format!("enode://{}@127.0.0.1:1", "00".repeat(64))], "not a point"),
        (&["listen", "--protocol", "ethereum", "--network-id", "5"], "--genesis belong together"),
        (&["listen", "--protocol", "ethereum", "--status", "own"], "needs a network"),
        (&["listen", "--protocol", "bitcoin", "-c", "sepolia"], "the nodes of sepolia speak ethereum, not bitcoin"),
        (
            &["listen", "--protocol", "lightning", "-c", "dogecoin"],
            "the nodes of dogecoin speak bitcoin, not lightning",
        ),
        (&["listen", "--protocol", "ethereum", "-c", "litecoin"], "the nodes of litecoin speak bitcoin, not ethereum"),
        (&["listen", "--protocol", "libp2p", "-c", "sepolia"], "libp2p has no networks"),
        (&["/ip4/127.0.0.1"], "not a multiaddr that can be dialled"),
        (&["--key", "/no/such/key", &format!("{id}@127.0.0.1")], "cannot read the key in /no/such/key"),
    ] {
        let output = run(args.iter().copied());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(word), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn what_is_no_regular_file_of_a_keys_size_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let pipe = path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let large = path("large");
    fs::write(&large, "0".repeat(5000)).unwrap();
    for (file, expected) in
        [("/dev/zero", "it is not a regular file"), (&pipe, "it is not a regular file"), (&large, "there is no key in")]
    {
        for args in [&["key", file][..], &["listen", "127.0.0.1:0", "--protocol", "ethereum", "--key", file]] {
            let output = run(args.iter().copied());
            assert_eq!(output.status.code(), Some(2), "{file}");
            assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn a_key_that_others_may_read_is_warned_of_wherever_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key").display().to_string();
    assert_eq!(run(["key", &file]).status.code(), Some(0));
    let said = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let dial = ["-c", "ethereum", "--timeout", "1s", "--key", &file];
        // The key of geth's first mainnet node, at another address.
        let target = "enode://d860a01f9722d78051619d1e2351aba3f43f943f6f00718d1b9baa4101932a1f\
                      5011f16bb2b1bb35db20d6fe28fa0bf09636d26a87d31de9ec6203eeedb1f666@127.0.0.1:1";
        [run(["key", &file]), run(dial.into_iter().chain([target]))].map(|output| text(&output.stderr).to_owned())
    };
    assert!(said(0o600).iter().all(|said| !said.contains("warning")));
    for said in said(0o644) {
        assert!(said.contains("warning: others than you may read") && said.matches("warning").count() == 1, "{said}");
    }
    for protocol in ["ethereum", "lightning", "libp2p"] {
        let mut listening = start(["listen", "127.0.0.1:0", "--protocol", protocol, "--key", &file]);
        let mut lines = BufReader::new(listening.stderr.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("we are ")).collect();
        listening.kill().unwrap();
        listening.wait().unwrap();
        let warnings: Vec<_> = said.iter().filter(|line| line.starts_with("warning: ")).collect();
        let [warning] = &warnings[..] else { panic!("listen --protocol {protocol}: {said:?}") };
        assert!(warning.starts_with("warning: others than you may read"), "{warning}");
    }
}
