//! Connections that are kept after the handshake: how long, and what ended them.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr};
use std::time::Duration;

use bitcoin::frame::write_message;
use bitcoin::{Accept, Chain, Command, Local, Message, v2, version::Tail};
use net::Limits;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::common::{CHAIN, TO_END, json_lines, run, start, tell, text};

/// The arguments of `listen`, and those of the side that dials it, for each protocol.
const PROTOCOLS: [(&str, &[&str], &[&str]); 5] = [
    ("bitcoin", &["-c", CHAIN], &["-c", CHAIN]),
    ("ethereum", &["--protocol", "ethereum", "-c", "hoodi"], &["-c", "hoodi"]),
    ("lightning", &["--protocol", "lightning"], &[]),
    ("libp2p", &["--protocol", "libp2p"], &[]),
    ("monero", &["-c", "monero-regtest"], &["-c", "monero-regtest"]),
];

/// Longer than any of these tests, so that the other side ends the connection.
const FOREVER: &str = "10m";

/// A listener, and its target for the side that dials it.
struct Listening {
    child: Child,
    _log: BufReader<ChildStderr>,
    target: String,
}

impl Listening {
    fn start(options: &[&str]) -> Self {
        let mut child = start(["listen", "127.0.0.1:0", "--json"].into_iter().chain(options.iter().copied()));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let mut target = line.split(' ').nth(2).expect(&line).to_owned();
        if ["any", "hoodi"].iter().any(|keyed| line.contains(&format!("({keyed})"))) {
            line.clear();
            log.read_line(&mut line).unwrap();
            target = line.trim_end().strip_prefix("we are ").expect(&line).to_owned();
        }
        Self { child, _log: log, target }
    }

    fn end(mut self) -> (Vec<Value>, Option<i32>) {
        let mut out = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        let lines = text(&out).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines, self.child.wait().unwrap().code())
    }
}

/// The record of the kept connection.
fn hold(lines: &[Value]) -> &Value {
    lines.iter().find(|line| line["type"] == "hold").unwrap_or_else(|| panic!("no record in {lines:?}"))
}

fn assert_left(lines: &[Value], protocol: &str, role: &str) {
    let (handshake, hold) = (&lines[0], hold(lines));
    assert_eq!((&handshake["type"], &handshake["outcome"]), (&json!("handshake"), &json!("ok")), "{handshake}");
    assert_eq!((&hold["protocol"], &hold["role"]), (&json!(protocol), &json!(role)));
    assert_eq!((&hold["target"], &hold["address"]), (&handshake["target"], &handshake["address"]));
    assert_eq!((&hold["chain"], &hold["transport"]), (&handshake["chain"], &handshake["transport"]));
    assert_eq!((&hold["complete"], &hold["ended_by"]), (&json!(false), &json!("peer")), "{hold}");
    assert!(["fin", "rst", "goodbye"].contains(&hold["how"].as_str().unwrap()), "{hold}");
    assert!(hold["reason"] != "ok" && !hold["blame"].is_null(), "{hold}");
    assert_eq!(hold["asked_ms"], 600_000.0);
    assert!(hold["held_ms"].as_f64().unwrap() < 600_000.0, "{hold}");
    assert!(hold["detail"].as_str().unwrap().starts_with("left after "), "{hold}");
    assert!(hold["started"].as_str().unwrap() >= handshake["started"].as_str().unwrap());
    let summary = lines.last().unwrap();
    assert_eq!((&summary["ok"], &summary["kept"], &summary["left"]), (&json!(1), &json!(0), &json!(1)), "{summary}");
}

#[test]
fn a_node_that_leaves_the_side_that_dialled_it_is_told_of() {
    for (protocol, listening, dialling) in PROTOCOLS {
        let node = Listening::start(&[listening, &["--once"]].concat());
        let output = run(["--json", "--hold", FOREVER, &node.target].into_iter().chain(dialling.iter().copied()));
        assert_left(&json_lines(&output), protocol, "initiator");
        assert_eq!(output.status.code(), Some(1), "{protocol}");
        node.end();
    }
}

#[test]
fn a_node_that_leaves_the_side_that_it_dialled_is_told_of() {
    for (protocol, listening, dialling) in PROTOCOLS {
        let node = Listening::start(&[listening, &["--once", "--hold", FOREVER]].concat());
        assert!(run(["-q", &node.target].into_iter().chain(dialling.iter().copied())).status.success(), "{protocol}");
        let (lines, code) = node.end();
        assert_left(&lines, protocol, "responder");
        assert_eq!(code, Some(1), "{protocol}");
    }
}

#[test]
fn a_connection_that_is_kept_to_its_end_is_a_success_and_its_pings_are_told() {
    for (protocol, listening, dialling) in PROTOCOLS {
        let node = Listening::start(&[listening, &["--once", "--hold", FOREVER]].concat());
        let output = run(["--json", "--hold", "500ms", &node.target].into_iter().chain(dialling.iter().copied()));
        assert_eq!(output.status.code(), Some(0), "{protocol}");
        let lines = json_lines(&output);
        let hold = hold(&lines);
        assert_eq!((&hold["complete"], &hold["ended_by"], &hold["how"]), (&json!(true), &json!("us"), &json!("time")));
        assert_eq!((&hold["reason"], &hold["blame"]), (&json!("ok"), &Value::Null));
        assert_eq!(hold["detail"], "kept for 0.5 s");
        assert!(hold["held_ms"].as_f64().unwrap() >= 500.0, "{hold}");
        let pings = &hold["pings"];
        assert_eq!((&pings["sent"], &pings["answered"]), (&json!(1), &json!(1)), "{protocol}: {pings}");
        let [min, median, max] = ["min_ms", "median_ms", "max_ms"].map(|name| pings[name].as_f64().unwrap());
        assert!(0.0 < min && min <= median && median <= max, "{pings}");
        assert_eq!(lines.last().unwrap()["kept"], 1);
        node.end();
    }
}

/// How a scripted node leaves.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    Fin,
    Rst,
    /// It sends an error, then closes.
    Reject,
    /// It stays, and sends unknown messages without end.
    Flood,
}

/// A node that performs a handshake over v1, and then leaves.
struct Node {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Node {
    fn up(leaving: Leaving) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, leaving));
            }
        });
        Self { address, _runtime: runtime }
    }
}

async fn converse(stream: TcpStream, leaving: Leaving) -> Option<()> {
    let local = Local::new(Chain::named(CHAIN).unwrap().params, 1_700_000_000, 7, [0; 32]);
    let start = v2::Start::new(v2::Keys::new([3; 32], [4; 32]).unwrap(), v2::Garbage::new(&b""[..]).unwrap());
    let mut handshake = Accept::new(local, start);
    let established = net::run(&mut handshake, stream, Limits::within(Duration::from_secs(60)), |_| {}).await.ok()?;
    let (mut stream, mut channel) = (established.io, established.output.channel);
    match leaving {
        Leaving::Fin => stream.shutdown().await.ok()?,
        Leaving::Rst => stream.set_zero_linger().ok()?,
        Leaving::Reject => {
            let mut sent = Vec::new();
            let reject =
                bitcoin::message::Reject { message: (*b"version").into(), code: 0x11, reason: (*b"no room").into() };
            channel.write(&Message::Reject(reject), &Tail::None, &mut sent);
            stream.write_all(&sent).await.ok()?;
            stream.shutdown().await.ok()?;
        }
        Leaving::Flood => {
            let mut unknown = Vec::new();
            let params = Chain::named(CHAIN).unwrap().params;
            let name = Command::new(b"unknown").unwrap();
            write_message(&params, name, &mut unknown, |tx| tx.resize(tx.len() + (1 << 20), 0));
            while stream.write_all(&unknown).await.is_ok() {}
        }
    }
    if !matches!(leaving, Leaving::Rst) {
        // With unread bytes, the kernel would reset the connection instead of closing it.
        let mut sink = tokio::io::sink();
        tokio::io::copy(&mut stream, &mut sink).await.ok()?;
    }
    Some(())
}

#[test]
fn a_close_a_reset_and_last_words_are_told_apart() {
    for (leaving, how, reason, said) in [
        (Leaving::Fin, "fin", "closed", "it closed the connection (FIN)"),
        (Leaving::Rst, "rst", "reset", "it reset the connection (RST)"),
        (Leaving::Reject, "fin", "bitcoin.rejected", "it closed the connection (FIN)"),
    ] {
        let node = Node::up(leaving);
        let address = node.address.to_string();
        let words = ["-c", CHAIN, "--transport", "v1", "--hold", FOREVER, &address];
        let output = run(words.into_iter().chain(["--json"]));
        let lines = json_lines(&output);
        let hold = hold(&lines);
        assert_eq!((&hold["how"], &hold["reason"]), (&json!(how), &json!(reason)), "{hold}");
        assert_eq!(hold["reason_number"].as_u64(), (reason == "bitcoin.rejected").then_some(0x11), "{hold}");
        assert_eq!(output.status.code(), Some(1));
        let detail = hold["detail"].as_str().unwrap();
        assert!(detail.starts_with("left after ") && detail.contains(" of 600 s: it "), "{detail}");
        assert!(detail.ends_with(said) && (reason != "bitcoin.rejected" || detail.contains("no room")), "{detail}");

        let output = run(words);
        let printed = text(&output.stdout);
        let mut printed = printed.lines();
        assert!(printed.next().unwrap().starts_with(&format!("OK      {address:<22} v1 ")));
        let left = printed.next().unwrap();
        assert!(left.starts_with(&format!("LEFT    {address:<22} left after ")), "{left}");
        assert!(printed.next_back().unwrap().ends_with(", 1 left early)"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_peer_that_sends_without_end_is_let_go() {
    let node = Node::up(Leaving::Flood);
    let address = node.address.to_string();
    let output = run(["-c", CHAIN, "--transport", "v1", "--hold", FOREVER, "--json", &address]);
    let lines = json_lines(&output);
    let hold = hold(&lines);
    assert_eq!((&hold["reason"], &hold["blame"]), (&json!("flood"), &json!("peer")), "{hold}");
    assert_eq!((&hold["ended_by"], &hold["complete"]), (&json!("us"), &json!(false)), "{hold}");
    assert!(hold["detail"].as_str().unwrap().contains(" of 600 s: it sent more than "), "{hold}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn one_that_left_is_not_made_up_for_if_all_are_required() {
    let (fin, stays) = (Node::up(Leaving::Fin), Listening::start(&["-c", CHAIN, "--hold", FOREVER]));
    let leaving = fin.address.to_string();
    let words = ["-c", CHAIN, "--transport", "v1", "--hold", "1s", "-q", &leaving, &stays.target];
    assert_eq!(run(words).status.code(), Some(0));
    assert_eq!(run(words.into_iter().chain(["--require", "all"])).status.code(), Some(1));
    tell(&stays.child, TO_END[0]);
    stays.end();
}

#[test]
fn a_connection_that_is_kept_when_the_run_is_interrupted_is_told_of() {
    for (protocol, listening, dialling) in PROTOCOLS {
        let node = Listening::start(&[listening, &["--hold", FOREVER]].concat());
        let words = ["--json", "--hold", FOREVER, &node.target];
        let mut child = start(words.into_iter().chain(dialling.iter().copied()));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(first.contains("\"outcome\":\"ok\""), "{protocol}: {first}");
        tell(&child, TO_END[0]);
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{protocol}");
        let hold = hold(&lines);
        assert_eq!((&hold["ended_by"], &hold["complete"]), (&json!("interrupted"), &json!(false)), "{hold}");
        assert!(hold["detail"].as_str().unwrap().ends_with(" of 600 s, when the run was interrupted"), "{hold}");
        let summary = lines.last().unwrap();
        assert_eq!((&summary["ended"], &summary["unfinished"]), (&json!("interrupted"), &json!(0)));
        assert_eq!((&summary["kept"], &summary["left"]), (&json!(0), &json!(0)));
        tell(&node.child, TO_END[0]);
        node.end();
    }
}
