//! The time of `verack --version`, from before the fork to its end, and the size of the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::program::{print_machine, verack};

/// Milliseconds, at most.
const MOST_TIME: f64 = 5.0;

/// Megabytes, at most.
const MOST_SIZE: f64 = 8.0;

/// Runs of each program.
const RUNS: usize = 100;

/// Runs it and a program that does nothing alternately.
pub fn measure() -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let (mut ours, mut nothing) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(milliseconds(Command::new(&verack).arg("--version"))?);
        nothing.push(milliseconds(&mut Command::new("true"))?);
    }
    println!("true: {:.2} ms", nothing.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_TIME, "ms until verack --version has ended", &ours.into_iter().collect());
    let size = [megabytes(&verack)?].into_iter().collect();
    findings.at_most(MOST_SIZE, "MB of the stripped program", &size);
    Ok(findings)
}

fn milliseconds(command: &mut Command) -> Result<f64> {
    Ok(Cost::of(command)?.0.wall.as_secs_f64() * 1e3)
}

fn megabytes(path: &Path) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "it has less than 2^53 bytes")]
    let bytes = fs::metadata(path)?.len() as f64;
    Ok(bytes / 1e6)
}
