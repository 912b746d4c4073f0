//! `cargo xtask fuzz`: runs each fuzz target for a while. New inputs are not added to the corpora automatically.

use std::fs;

use crate::run::{Outcome, output, root, run, target};
use crate::tools::FUZZ;

/// The default time of each target.
const DEFAULT_SECONDS: u32 = 60;

pub(crate) fn fuzz(args: &[&str]) -> Outcome {
    let seconds = match args {
        [] => Some(DEFAULT_SECONDS),
        [seconds] => seconds.parse().ok(),
        _ => None,
    };
    let seconds = seconds.ok_or_else(|| format!("usage: cargo xtask fuzz [SECONDS], not {args:?}"))?;
    if !root().join("fuzz").exists() {
        return Err("there are no fuzz targets yet".to_owned());
    }
    FUZZ.ensure()?;
    let targets = output(FUZZ.cargo().arg("list"))?;
    for name in targets.lines() {
        run_target(name, seconds)?;
    }
    println!("{} targets ran for {seconds} s each", targets.lines().count());
    Ok(())
}

fn run_target(name: &str, seconds: u32) -> Outcome {
    // libFuzzer writes new inputs into its first directory, and only reads the second.
    let found = target().join("fuzz-found").join(name);
    fs::create_dir_all(&found).map_err(|error| format!("cannot make {}: {error}", found.display()))?;
    let mut fuzz = FUZZ.cargo();
    fuzz.args(["run", name]).arg(found);
    let corpus = root().join("fuzz/corpus").join(name);
    if corpus.exists() {
        fuzz.arg(corpus);
    }
    fuzz.args(["--", &format!("-max_total_time={seconds}")])
        // The sanitizers' flags are unstable; this lets the pinned toolchain take them.
        .env("RUSTC_BOOTSTRAP", "1");
    run(&mut fuzz)
}
