//! The program itself.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The program, built beside the calling test.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn verack() -> Command {
    let test = std::env::current_exe().expect("a test is a file");
    let program: PathBuf = test.ancestors().nth(2).expect("tests are in target/debug/deps").join("verack");
    assert!(program.exists(), "{} is missing: cargo build --package verack", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Time for events that must happen, on any machine.
const PATIENT: [&str; 2] = ["--timeout", "120s"];

/// The program's report of one handshake with a node.
///
/// # Panics
/// If it does not print JSON.
pub async fn report(target: &str, options: &[&str]) -> Value {
    run(&[&["--json"], patience(options), options, &[target]].concat()).await.swap_remove(0)
}

/// The default time, unless the options set one.
fn patience(options: &[&str]) -> &'static [&'static str] {
    if options.contains(&PATIENT[0]) { &[] } else { &PATIENT }
}

/// The lines of JSON that it prints with these arguments.
///
/// # Panics
/// If it prints anything else.
pub async fn run(args: &[&str]) -> Vec<Value> {
    let output = verack().args(args).output().await.expect("it runs");
    let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let read = |line: &[u8]| serde_json::from_slice(line).unwrap_or_else(|error| panic!("not JSON: {error}"));
    let lines: Vec<_> = lines.map(read).collect();
    assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    lines
}

/// `verack listen` on loopback. Dropping it stops it.
#[derive(Debug)]
pub struct Listening {
    child: Child,
    /// Its own name: an address, or one with its key.
    pub us: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Listening {
    /// Starts it.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(options: &[&str]) -> Self {
        let mut listen = verack();
        listen.args(["listen", "127.0.0.1:0", "--json"]).args(patience(options)).args(options);
        let mut child = listen.spawn().expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        // "listening on ADDRESS ...", and "we are NAME" where a key is a part of the name.
        let first = log.next_line().await.expect("it is text").expect("it says where it listens");
        let mut us = first.split(' ').nth(2).expect("an address").to_owned();
        if options.contains(&"--protocol") {
            while let Some(line) = log.next_line().await.expect("it is text") {
                if let Some(name) = line.strip_prefix("we are ") {
                    name.clone_into(&mut us);
                    break;
                }
            }
        }
        // Its other output is read, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, us, lines }
    }

    /// The next report of a handshake.
    ///
    /// # Panics
    /// If it ends before.
    pub async fn report(&mut self) -> Value {
        self.line(|line| line["type"] == "handshake").await
    }

    /// The next line that matches.
    ///
    /// # Panics
    /// If it ends before.
    pub async fn line(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = next_json(&mut self.lines).await;
            if is(&line) {
                return line;
            }
        }
    }

    /// Stops it.
    ///
    /// # Panics
    /// If it cannot be stopped.
    pub async fn end(mut self) {
        self.child.kill().await.expect("it is ours");
    }
}

/// `verack` that has dialled a node and keeps the connection. Dropping it stops it.
#[derive(Debug)]
pub struct Holding {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The report of the handshake.
    pub report: Value,
}

impl Holding {
    /// Dials a node, and waits until the handshake is over.
    ///
    /// # Panics
    /// If there is no report.
    pub async fn start(target: &str, options: &[&str]) -> Self {
        let mut dial = verack();
        dial.args(["--json", "--hold", "10m", target]).args(patience(options)).args(options);
        let mut child = dial.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let report = next_json(&mut lines).await;
        Self { _child: child, lines, report }
    }

    /// The record of the connection, after its end.
    ///
    /// # Panics
    /// If there is none.
    pub async fn end(&mut self) -> Value {
        next_json(&mut self.lines).await
    }
}

async fn next_json(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = lines.next_line().await.expect("it is text").expect("it has not ended");
    serde_json::from_str(&line).expect("each line is JSON")
}

/// The number of repetitions in a test: `VERACK_ROUNDS`, or this default.
///
/// # Panics
/// If it is set but not a number.
#[must_use]
pub fn rounds_or(usual: usize) -> usize {
    std::env::var("VERACK_ROUNDS").map_or(usual, |rounds| rounds.parse().expect("VERACK_ROUNDS is a number"))
}
