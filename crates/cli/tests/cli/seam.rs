//! A protocol that the program does not contain needs its own crate, one adapter and one line. All else follows from
//! these. (`examples/toy`)

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::common::{json_lines, text};

/// The program with the toy protocol, built next to this test.
fn toy() -> Command {
    let test = std::env::current_exe().unwrap();
    let program: PathBuf = test.ancestors().nth(2).unwrap().join("examples/toy");
    assert!(program.exists(), "{} is missing: cargo build --examples", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    toy().args(args).output().unwrap()
}

/// A peer that answers the first byte with `answer`. Returns its address.
fn peer(answer: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        stream.write_all(&[answer]).unwrap();
    });
    address
}

#[test]
fn it_appears_in_help_completions_networks_and_reasons() {
    let help = run(&["--help"]);
    assert!(text(&help.stdout).contains("Toy:\n      --toy-byte <N>\n          The byte that we say"));
    let listen = run(&["listen", "--help"]);
    assert!(text(&listen.stdout).contains("- toy:       One byte each way"), "{}", text(&listen.stdout));
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        for word in ["toytown", "toy-byte"] {
            assert!(text(&script.stdout).contains(word), "{shell} does not complete {word}");
        }
    }
    let networks = json_lines(&run(&["chains", "--json"]));
    assert!(networks.iter().any(|row| row["name"] == "toytown" && row["protocol"] == "toy" && row["port"] == 4242));
    let explained = run(&["explain", "toy.zero"]);
    assert!(text(&explained.stdout).contains("it said 0"), "{}", text(&explained.stderr));
    let mistyped = run(&["-c", "toytwon", "127.0.0.1:1"]);
    assert!(text(&mistyped.stderr).contains("did you mean toytown?"), "{}", text(&mistyped.stderr));
}

#[test]
fn it_is_dialled_and_reported_in_every_format() {
    let records = json_lines(&run(&["-c", "toytown", "--json", "--trace", &peer(7)]));
    let of = |kind: &str| records.iter().filter(move |record| record["type"] == kind).collect::<Vec<_>>();
    let [report] = &of("handshake")[..] else { panic!("{records:?}") };
    assert_eq!(
        (&report["outcome"], &report["protocol"], &report["transport"]),
        (&"ok".into(), &"toy".into(), &"bare".into())
    );
    assert_eq!(report["peer"], serde_json::json!({"byte": 7}));
    assert_eq!(of("message").len(), 2);
    let line = run(&["-c", "toys", &peer(7)]);
    assert!(text(&line.stdout).contains("bare says 7, nothing more, "), "{}", text(&line.stdout));
    let table = run(&["-c", "toytown", "--format", "csv", &peer(7)]);
    let mut rows = csv::Reader::from_reader(&*table.stdout);
    let header = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let column = header.iter().position(|name| name == "byte").unwrap();
    assert_eq!((&row[column], column), ("7", header.len() - 1), "a new column stands behind the others");
}

#[test]
fn its_faults_have_its_reasons_and_its_options_are_its_own() {
    let records = json_lines(&run(&["-c", "toytown", "--json", &peer(0)]));
    assert_eq!((&records[0]["reason"], &records[0]["blame"]), (&"toy.zero".into(), &"peer".into()), "{records:?}");
    let refused = run(&["--toy-byte", "3", "127.0.0.1:1"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("'--toy-byte' means nothing in bitcoin; it is an option of toy"));
}

#[test]
fn it_listens() {
    let mut listening = toy().args(["listen", "127.0.0.1:0", "-c", "toytown", "--once", "--json"]).spawn().unwrap();
    let mut log = BufReader::new(listening.stderr.take().unwrap()).lines();
    let first = log.next().unwrap().unwrap();
    let address = first.split(' ').nth(2).unwrap();
    let dialled = json_lines(&run(&["-c", "toytown", "--toy-byte", "5", "--json", address]));
    assert_eq!(dialled[0]["peer"]["byte"], 42);
    let output = listening.wait_with_output().unwrap();
    let heard: Vec<Value> = json_lines(&output);
    assert_eq!((&heard[0]["role"], &heard[0]["peer"]["byte"]), (&"responder".into(), &5.into()));
}
