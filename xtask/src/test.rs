//! `cargo xtask test`: everything CI runs, step by step, up to the first that fails.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::arrows::arrows;
use crate::confine::confined;
use crate::real_nodes;
use crate::run::{Outcome, cargo, run};
use crate::tools::DENY;

/// What is checked, cheapest first.
const STEPS: &[(&str, Step)] = &[
    ("format", |_| run(cargo().args(["fmt", "--all", "--check"]))),
    ("arrows", |_| arrows()),
    ("deny", |_| deny()),
    ("clippy", |_| clippy()),
    ("fuzz targets", |_| fuzz_targets()),
    ("doc", |_| doc()),
    ("tests", |_| run(cargo().args(["test", "--workspace", "--exclude", INTEROP]))),
    ("real nodes", real_nodes),
    ("demo", |_| demo()),
];

type Step = fn(Required) -> Outcome;

const INTEROP: &str = "verack-interop";

/// Whether a test fails, rather than being left out, if its real node cannot run here.
#[derive(Clone, Copy, Debug)]
struct Required(bool);

pub(crate) fn test(args: &[&str]) -> Outcome {
    let required = match args {
        [] => Required(false),
        ["--require-real-nodes"] => Required(true),
        _ => return Err(format!("usage: cargo xtask test [--require-real-nodes], not {args:?}")),
    };
    let started = Instant::now();
    let mut times = String::new();
    for (n, (name, step)) in STEPS.iter().enumerate() {
        let place = format!("{} of {}", n + 1, STEPS.len());
        println!("== {name} ({place})");
        let began = Instant::now();
        let outcome = step(required);
        let took = seconds(began.elapsed());
        outcome.map_err(|why| format!("{why}\nFAILED at {name} (step {place}) after {took}"))?;
        println!("== {name}: ok in {took}\n");
        write!(times, ", {name} {took}").expect("a string takes it");
    }
    let total = seconds(started.elapsed());
    println!("All {} steps are ok in {total}{times}", STEPS.len());
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
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// They are a workspace of their own, which nothing else here builds. libFuzzer, in C++, is left out.
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

/// Builds with the network that there is, then runs without.
fn real_nodes(Required(required): Required) -> Outcome {
    real_nodes::install();
    run(cargo().args(["build", "--package", "verack"]))?;
    run(cargo().args(["test", "--package", INTEROP, "--no-run"]))?;
    let mut test = confined(cargo().args(["test", "--package", INTEROP, "--offline"]));
    test.env("VERACK_REAL_NODES", real_nodes::directory());
    if required {
        test.env("VERACK_REQUIRE_REAL_NODES", "1");
    }
    // A test that is left out passes, and says so in its output.
    run(test.args(["--", "--show-output"]))
}

fn demo() -> Outcome {
    run(cargo().args(["run", "--release", "--package", "verack", "--", "demo"]))
}
