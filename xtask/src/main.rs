//! `cargo xtask <task>`: the checks of CI, and the chores around them. One file per task.

mod arrows;
mod cache;
mod confine;
mod docs;
mod fuzz;
mod programs;
mod real_nodes;
mod run;
mod test;
mod tools;

use std::env;
use std::process::ExitCode;

use run::Outcome;

const USAGE: &str = "\
usage: cargo xtask <task>

  test [--require-real-nodes]  everything CI runs; real nodes that cannot run here are left out, or required
  real-nodes                   installs or builds the real nodes, once for this machine
  arrows                       which crate may depend on which
  docs                         builds the book in docs/book, with the pages that the program itself writes
  fuzz [SECONDS]               runs each fuzz target for so long (default: 60)";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Outcome {
    match args {
        ["test", args @ ..] => test::test(args),
        ["real-nodes"] => real_nodes::fill(),
        ["arrows"] => arrows::arrows(),
        ["docs"] => docs::docs(),
        ["fuzz", args @ ..] => fuzz::fuzz(args),
        _ => Err(USAGE.to_owned()),
    }
}
