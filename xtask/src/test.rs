//! `cargo xtask test`: all checks of CI, step by step, up to the first failure.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::arrows::arrows;
use crate::run::{Outcome, cargo, run, target};
use crate::tools::DENY;
use crate::{programs, real_nodes};

/// The checks, cheapest first.
const STEPS: &[(&str, Step)] = &[
    ("format", |_| run(cargo().args(["fmt", "--all", "--check"]))),
    ("arrows", |_| arrows()),
    ("deny", |_| deny()),
    ("clippy", |_| clippy()),
    ("fuzz targets", |_| fuzz_targets()),
    ("doc", |_| doc()),
    ("real nodes", real_nodes),
    ("tests", tests),
    ("demo", |_| demo()),
];

type Step = fn(&mut Run) -> Outcome;

#[derive(Debug)]
struct Run {
    /// Whether a test fails, instead of being left out, if its real node cannot run here.
    requires_real_nodes: bool,
    /// Missing real nodes, with reasons.
    left_out: Vec<String>,
}

pub(crate) fn test(args: &[&str]) -> Outcome {
    let requires_real_nodes = match args {
        [] => false,
        ["--require-real-nodes"] => true,
        _ => return Err(format!("usage: cargo xtask test [--require-real-nodes], not {args:?}")),
    };
    let mut run = Run { requires_real_nodes, left_out: Vec::new() };
    let started = Instant::now();
    let mut times = String::new();
    for (n, (name, step)) in STEPS.iter().enumerate() {
        let place = format!("{} of {}", n + 1, STEPS.len());
        println!("== {name} ({place})");
        let began = Instant::now();
        let outcome = step(&mut run);
        let took = seconds(began.elapsed());
        outcome.map_err(|why| format!("{why}\nFAILED at {name} (step {place}) after {took}"))?;
        println!("== {name}: ok in {took}\n");
        write!(times, ", {name} {took}").expect("a string takes it");
    }
    let total = seconds(started.elapsed());
    println!("All {} steps are ok in {total}{times}", STEPS.len());
    if !run.left_out.is_empty() {
        println!("Left out: {}", run.left_out.join(", "));
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn deny() -> Outcome {
    DENY.ensure()?;
    run(DENY.cargo().args(["check", "bans", "licenses", "sources"]))
}

fn clippy() -> Outcome {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    // The lean program: it shakes hands and listens, nothing else.
    run(cargo().args(["clippy", "--package", "verack", "--no-default-features", "--", "--deny", "warnings"]))
}

/// The fuzz targets have their own workspace, which no other step builds. libFuzzer, in C++, is left out.
fn fuzz_targets() -> Outcome {
    const MANIFEST: [&str; 2] = ["--manifest-path", "fuzz/Cargo.toml"];
    run(cargo().arg("fmt").args(MANIFEST).arg("--check"))?;
    run(cargo().arg("check").args(MANIFEST).args(["--locked", "--no-default-features"]))
}

fn doc() -> Outcome {
    let mut doc = cargo();
    doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings");
    run(&mut doc)
}

/// Installs and builds them with access to the network; the tests run without.
fn real_nodes(run: &mut Run) -> Outcome {
    run.left_out = real_nodes::install();
    Ok(())
}

fn tests(run: &mut Run) -> Outcome {
    let real_nodes = [("VERACK_REAL_NODES", real_nodes::directory())];
    programs::test(&real_nodes, run.requires_real_nodes)
}

/// With the program that was built for the tests: a release build takes minutes more.
fn demo() -> Outcome {
    run(Command::new(target().join("debug/verack")).arg("demo"))
}
