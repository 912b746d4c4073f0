//! Every command in the documents runs, on a machine of its own with the nodes that the documents name.
//!
//! ```text
//! README.md, the book, READMEs of crates ─┐
//! examples in `verack COMMAND --help` ────┴─▶ a command ── INSTEAD ──▶ sh ──▶ does it print what is shown?
//!                                                          BESIDE ───▶ sh
//! ```

mod document;
mod machine;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use self::document::{Block, Document, Example, blocks_of_help, has_arguments, markdown, shape, spans};
use self::machine::{Job, Machine, on_a_machine_with_nodes};
use crate::common::{run, text};
use crate::readme::document;
use crate::records::commands;

/// What stands in a document, and what runs in its place: a simulated node for an address that is only an example, a
/// whole key for one that is cut short, a value for a word in capitals, and less time.
const INSTEAD: [(&str, &str); 28] = [
    ("-c sepolia enode://...", "-c sepolia enode://...@192.0.2.1"),
    ("enode://24653eac...@", "enode://...@"),
    (
        "enode://...@",
        "enode://24653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c\
         119fc5009a032aa9fe47f5e149bb8442f71f884ccb516590686d8ff6ab91c613@",
    ),
    ("02...@", "0324653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c@"),
    ("12D3KooW...", "12D3KooWC4T1AXU2s2YBgGJ2FeaYVtsKoHZWJeubnWe9SnuSE7Zb"),
    ("11.0.0.1", "192.0.2.1"),
    // A simulated node of Bitcoin, Litecoin and Litecoin's regtest. (`machine::NODE`)
    ("192.0.2.1", "80.75.4.193"),
    (" --hold 30s", " --hold 1s"),
    (" --hold 2s", " --hold 1s"),
    ("addrs -c monero NODE", "addrs -c monero node.example"),
    ("[TARGET]...", "TARGET"),
    ("TARGET...", "TARGET"),
    ("TARGET", "my.node.example"),
    ("[ADDR[:PORT]]...", "127.0.0.1:18446"),
    ("show ADDR", "show 192.0.2.4"),
    ("show --json", "show --json 192.0.2.4"),
    ("FROM peers ORDER BY", "FROM peers WHERE chain = 'litecoin-regtest' ORDER BY"),
    ("HOST:PORT", "my.node.example:8333"),
    ("--seed-nodes FILE", "--seed-nodes seeds.txt"),
    ("import FILE...", "import seeds.txt"),
    ("key FILE", "key theirs.key"),
    ("--as FORMAT", "--as csv"),
    ("completions SHELL", "completions zsh"),
    ("[PREFIX]", "bitcoin.v2"),
    ("CODE...", "timeout"),
    ("~/.local/share/bash-completion/completions/", "./"),
    ("~/.config/fish/completions/", "./"),
    ("~/.zfunc/", "./"),
];

/// What stands in a command of a document, and the node that runs beside it.
const BESIDE: [(&str, &str); 13] = [
    (
        "613@127.0.0.1",
        "verack listen -c ethereum --key theirs.key --fork-id c376cf8b:1764798551 --capabilities eth/67,eth/68 \
         --user-agent ethereumjs-devp2p/interop",
    ),
    ("verack enode://...@192.0.2.1", "verack listen 192.0.2.1 -c ethereum --key theirs.key"),
    ("-c sepolia enode", "verack listen 192.0.2.1 -c sepolia --key theirs.key"),
    ("02...@192.0.2.1", "verack listen 192.0.2.1 --protocol lightning --key theirs.key"),
    ("/tcp/4001", "verack listen 192.0.2.1 --protocol libp2p --key theirs.key"),
    ("/dnsaddr/bootstrap.libp2p.io", "verack listen 192.0.2.1 --protocol libp2p --key theirs.key"),
    ("-c monero", "verack listen 192.0.2.1 -c monero"),
    ("-c monero-regtest", "verack listen -c monero-regtest"),
    (
        "127.0.0.1:29444",
        "verack listen 127.0.0.1:29444 -c litecoin-regtest --transport v1 --user-agent /LitecoinCore:0.21.2.1/ \
         --services NETWORK,WITNESS,NETWORK_LIMITED,MWEB --relay --hold 9s",
    ),
    ("--hold 2s 127.0.0.1", "verack listen -c regtest --hold 9s"),
    ("--trace 127.0.0.1 -c regtest", "verack listen -c regtest"),
    ("--trace 127.0.0.1:18444", "verack listen -c regtest"),
    ("crawl --allow-private 127.0.0.1:18444", "verack listen -c regtest"),
];

/// What stands in a command that fails here, and why.
const FAILS: [(&str, &str); 1] = [("verack whoami", "no simulated node says how it sees its caller")];

/// Lines that documents show and that no command prints here, by their shape and with the reason.
const NOT_PRINTED: [(&str, &str); 5] = [
    ("# s: # known, # tried", "no crawl takes ten seconds here"),
    ("# local.no-route", "every simulated node has a route"),
    ("# /.../", "simulated nodes have other names"),
    ("# # ms <- txpool complement notification", "monerod alone sends it"),
    ("# # ms <- (skipped)", "monerod alone sends it"),
];

/// Commands of the demo. They take longer than all others: `the_demo_prints_what_is_shown` runs its clients until they
/// have printed that, and `help::the_demo_tells_the_truth` runs the command.
const OF_THE_DEMO: [&str; 3] = ["verack demo", "verack seed.verack.test", "verack crawl --chain bitcoin-regtest"];

fn is_of_the_demo(example: &Example) -> bool {
    let [demo, clients @ ..] = OF_THE_DEMO;
    example.line == demo || clients.iter().any(|client| example.line.starts_with(client))
}

/// The documents, and the help of each command.
fn documents() -> Vec<Document> {
    let help = |command: String| {
        let help = run(command.split_whitespace().chain(["--help"]));
        (format!("verack {command} --help"), blocks_of_help(text(&help.stdout)))
    };
    let helps = ["".to_owned()].into_iter().chain(commands()).map(help);
    markdown().into_iter().chain(helps.filter(|(_, blocks)| !blocks.is_empty())).collect()
}

#[test]
fn each_command_runs_and_prints_what_is_shown() {
    /// Each has machines with several hundred open files.
    const THREADS: usize = 6;
    let _ = net::raise_open_files();
    let documents = documents();
    let examples = documents.iter().flat_map(|(_, blocks)| blocks).flatten().count();
    assert!(documents.len() > 15 && examples > 100, "{examples} examples in {} documents", documents.len());
    let (next, wrong) = (Mutex::new(documents.iter()), Mutex::new(Vec::new()));
    let run_all = || {
        while let Some((name, blocks)) = { next.lock().unwrap().next() } {
            on_a_machine_with_nodes([35577, 43849], |machine| {
                let found: Vec<_> = blocks.iter().flat_map(|block| run_block(machine, block)).collect();
                wrong.lock().unwrap().extend(found.iter().map(|what| format!("{name}: {what}")));
            });
        }
    };
    thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(run_all))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs the commands of a block, one after the other. Returns what is wrong with them.
fn run_block(machine: &Machine, block: &Block) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut jobs = Vec::new();
    let mut nodes_in_background = Vec::new();
    for example in block.iter().filter(|example| !is_of_the_demo(example)) {
        let nodes = start_nodes(machine, example);
        let Some(line) = without_missing_tools(&instead(&example.line)) else { continue };
        let is_in_background = line.ends_with('&');
        let mut job = machine.start(line.trim_end_matches('&'));
        if is_in_background || goes_on(&line) {
            job.wait_for(is_up);
        }
        if is_in_background {
            nodes_in_background.extend(nodes);
        } else {
            wrong.extend(end(&mut job, example));
        }
        jobs.push((example, is_in_background, job));
    }
    for (example, _, job) in jobs.iter_mut().filter(|(_, is_in_background, _)| *is_in_background) {
        wrong.extend(end(job, example));
    }
    let in_background: BTreeSet<_> =
        jobs.iter().filter(|(_, is, _)| *is).flat_map(|(.., job)| shapes(&job.output())).collect();
    for (example, _, job) in &jobs {
        wrong.extend(not_printed(example, &job.output(), &in_background));
    }
    wrong
}

fn start_nodes(machine: &Machine, example: &Example) -> Vec<Job> {
    let nodes = BESIDE.iter().filter(|(command, _)| example.line.contains(command));
    let start = |(_, node): &(&str, &str)| {
        let mut job = machine.start(&instead(node));
        job.wait_for(is_up);
        job
    };
    nodes.map(start).collect()
}

fn instead(line: &str) -> String {
    INSTEAD.iter().fold(line.to_owned(), |line, (shown, runs)| line.replace(shown, runs))
}

/// The command line without what it pipes into a program that this machine does not have.
fn without_missing_tools(line: &str) -> Option<String> {
    let is_there = |command: &&str| {
        let tool = command.split(' ').next().unwrap();
        let found = Command::new("sh").args(["-c", "command -v \"$0\"", tool]).stdout(Stdio::null()).status();
        tool == "verack" || found.is_ok_and(|status| status.success())
    };
    let commands: Vec<_> = line.split(" | ").take_while(is_there).collect();
    let runs = commands.join(" | ");
    if runs != line {
        println!("left out: the last part of {line}");
    }
    (!runs.is_empty()).then_some(runs)
}

/// Whether a command goes on until it is interrupted.
fn goes_on(line: &str) -> bool {
    let has = |word| line.split(' ').any(|other| other == word);
    has("listen") && !has("--once") || has("--watch") || has("--serve")
}

/// Whether such a command has begun, or has nothing to begin with.
fn is_up(output: &str) -> bool {
    ["listening on", "Ctrl-C ends it.", "remembered in", " from "].iter().any(|said| output.contains(said))
}

/// Waits for the end of a command, or interrupts it. Returns what is wrong with that.
fn end(job: &mut Job, example: &Example) -> Option<String> {
    let fails = FAILS.iter().any(|(command, _)| example.line.contains(command));
    let code = if fails { 1 } else { example.code() };
    let (ended, expected) = match goes_on(&job.line) {
        true => (job.interrupt(), "its end by an interrupt".to_owned()),
        false => (job.end().code() == Some(code), format!("exit code {code}")),
    };
    (!ended).then(|| format!("$ {}\n{}instead of {expected}", job.line, job.output()))
}

fn shapes(output: &str) -> Vec<String> {
    output.lines().map(shape).collect()
}

/// The lines that an example shows, and that are not printed in that order, or in the background.
fn not_printed(example: &Example, output: &str, in_background: &BTreeSet<String>) -> Option<String> {
    let printed = shapes(output);
    let mut rest = &printed[..];
    let mut missing = Vec::new();
    for line in example.prints.iter().filter(|line| *line != "...") {
        let shape = shape(line);
        if let Some(at) = rest.iter().position(|other| *other == shape) {
            rest = &rest[at + 1..];
        } else if !in_background.contains(&shape) && !NOT_PRINTED.iter().any(|(start, _)| shape.starts_with(start)) {
            missing.push(format!("{line}\n({shape})"));
        }
    }
    let said = || format!("$ {}\n{output}which does not have\n{}", example.line, missing.join("\n"));
    (!missing.is_empty()).then(said)
}

/// The lines that documents show of the demo.
fn shown_of_the_demo() -> Vec<String> {
    let examples = markdown().into_iter().flat_map(|(_, blocks)| blocks).flatten().filter(is_of_the_demo);
    let lines: Vec<_> = examples.flat_map(|example| example.prints).collect();
    assert!(lines.len() > 25, "{lines:?}");
    lines.into_iter().filter(|line| !line.is_empty() && line != "...").collect()
}

/// Whether one of its clients prints this, not the demo itself.
fn is_of_a_client(line: &str) -> bool {
    ["OK ", "PARTIAL ", "FAILED ", "Finished! "].iter().any(|start| line.starts_with(start))
}

/// Checks what the demo itself says, in its log.
pub fn assert_the_demo_says_what_is_shown(log: &str) {
    let said = shapes(log);
    for line in shown_of_the_demo().iter().filter(|line| !is_of_a_client(line)) {
        assert!(said.contains(&shape(line)), "{line} is not in\n{log}");
    }
}

/// The shape of a line, whichever seed led to its peer.
fn shape_without_seed(line: &str) -> String {
    let told = line.rsplit_once("  (").filter(|(_, seed)| seed.ends_with(".test)"));
    shape(told.map_or(line, |(line, _)| line))
}

#[test]
fn the_demo_prints_what_is_shown() {
    /// The end of a run would take as long as its silent peers: the clients run until all lines are there.
    const LONG: Duration = Duration::from_secs(60);
    let (_, blocks) = markdown().into_iter().find(|(path, _)| path == "docs/src/introduction.md").unwrap();
    let clients =
        blocks.into_iter().flatten().filter(|example| is_of_the_demo(example) && example.line != OF_THE_DEMO[0]);
    let clients: Vec<_> = clients.map(|example| example.line).collect();
    assert_eq!(clients.len(), 2, "{clients:?}");
    on_a_machine_with_nodes([45385, 41185], |machine| {
        let dns = machine.networks.dns.to_string();
        let files = [("/tmp/verack-demo-28487.txt", "keyed.txt"), ("/tmp/.tmpGaMRJn/peers.sqlite", "map.sqlite")];
        let instead = files.into_iter().chain([("127.0.0.1:36113", &*dns), ("--timeout 2s", "--timeout 60s")]);
        let instead: Vec<_> = instead.collect();
        let client = |line: &String| {
            assert!(instead.iter().any(|(shown, _)| line.contains(shown)), "{line}");
            machine.start(&instead.iter().fold(line.clone(), |line, (shown, runs)| line.replace(shown, runs)))
        };
        let monero = machine.start(&machine.networks.client_of_monero());
        let jobs: Vec<_> = clients.iter().map(client).chain([monero]).collect();
        let shown = shown_of_the_demo();
        let missing = || {
            let outputs: String = jobs.iter().map(Job::output).collect();
            let printed: BTreeSet<_> = outputs.lines().map(shape_without_seed).collect();
            let is_missing = |line: &&String| {
                is_of_a_client(line)
                    && !line.starts_with("Finished! Handshake results")
                    && !printed.contains(&shape_without_seed(line))
            };
            shown.iter().filter(is_missing).collect::<Vec<_>>().first().map(|line| (*line).clone())
        };
        let started = Instant::now();
        while let Some(line) = missing() {
            let said = || jobs.iter().map(Job::output).collect::<String>();
            assert!(started.elapsed() < LONG, "{line} is not in\n{}", said());
            thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn what_is_run_instead_and_left_out_is_in_the_documents() {
    let documents = documents();
    let examples: Vec<_> = documents.iter().flat_map(|(_, blocks)| blocks).flatten().collect();
    let commands = INSTEAD.iter().chain(&BESIDE).chain(&FAILS).map(|(shown, _)| *shown).chain(OF_THE_DEMO);
    // What another replacement makes.
    for command in commands.filter(|command| *command != "TARGET") {
        assert!(examples.iter().any(|example| example.line.contains(command)), "no document has {command}");
    }
    let shown: Vec<_> = examples.iter().flat_map(|example| &example.prints).map(|line| shape(line)).collect();
    for (line, _) in NOT_PRINTED {
        assert!(shown.iter().any(|shown| shown.starts_with(line)), "no document shows {line}");
    }
}

/// The options in a text: `--name` or `--name=value`.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2)
}

#[test]
fn each_command_and_each_option_in_backticks_is_in_the_help() {
    /// Of cargo.
    const OTHERS: [&str; 1] = ["--require-real-nodes"];
    let commands = commands();
    let names = ["".to_owned()].into_iter().chain(commands.iter().cloned());
    let helps: Vec<_> = names.map(|name| run(name.split_whitespace().chain(["--help"])).stdout).collect();
    let known: BTreeSet<_> = helps.iter().flat_map(|help| options(text(help))).chain(OTHERS).collect();
    for (path, _) in markdown() {
        for span in spans(&document(&path)) {
            let unknown: Vec<_> = options(&span).filter(|option| !known.contains(option)).collect();
            assert!(unknown.is_empty(), "{path} has {unknown:?}");
            if let Some(command) = span.strip_prefix("verack ").filter(|words| !has_arguments(words)) {
                assert!(commands.contains(command), "{path} has {span}");
            }
        }
    }
}
