//! The test programs of the workspace: built by one command, so that nothing is built twice with different features,
//! and run side by side.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::confine::Confinement;
use crate::run::{Outcome, cargo, output, run};

/// The package with the tests against real nodes.
const INTEROP: &str = "verack-interop";

/// Programs that run at the same time. They wait more than they compute.
const LANES: usize = 2;

/// Tests of [`INTEROP`] that run at the same time. Each mostly waits for a node.
const INTEROP_THREADS: &str = "4";

#[derive(Debug)]
struct Program {
    /// Its package and its name: `verack-net driver`.
    name: String,
    path: PathBuf,
    /// The folder of its package, its working directory.
    folder: PathBuf,
    meets_real_nodes: bool,
}

#[derive(Debug)]
struct Ran {
    name: String,
    time: Duration,
    result: Outcome,
    /// Its messages about tests that are left out.
    left_out: Vec<String>,
}

/// Builds all test programs and the tested program, runs them, and then the examples in the documentation.
///
/// # Errors
/// The names of all that failed; their output has been shown.
pub(crate) fn test(real_nodes: &[(&str, PathBuf)], requires_real_nodes: bool) -> Outcome {
    let programs = build()?;
    let count = programs.len();
    let confinement = Confinement::find();
    let waiting = Mutex::new(programs);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let ran = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(program) = next() {
                    let done = execute(&program, &confinement, real_nodes, requires_real_nodes);
                    println!(
                        "   {} {:.1} s: {}",
                        if done.result.is_ok() { "ok" } else { "FAILED" },
                        done.time.as_secs_f64(),
                        done.name
                    );
                    ran.lock().unwrap_or_else(PoisonError::into_inner).push(done);
                }
            });
        }
    });
    let ran = ran.into_inner().unwrap_or_else(PoisonError::into_inner);
    for line in ran.iter().flat_map(|program| &program.left_out) {
        println!("   {line}");
    }
    let failed: Vec<_> = ran.iter().filter_map(|ran| Some((&ran.name, ran.result.as_ref().err()?))).collect();
    for (name, said) in &failed {
        println!("--- {name}\n{said}");
    }
    if !failed.is_empty() {
        let names: Vec<_> = failed.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("{} of {count} test programs failed: {}", failed.len(), names.join(", ")));
    }
    run(cargo().args(["test", "--workspace", "--doc", "--quiet"]))
}

/// The slowest come first, so that none is left alone at the end.
fn build() -> Outcome<VecDeque<Program>> {
    let mut build = cargo();
    build.args(["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
    println!("   $ cargo test --workspace --no-run");
    let messages = output(&mut build)?;
    let programs = messages.lines().filter_map(|line| program(&serde_json::from_str(line).ok()?));
    let mut programs: Vec<_> = programs.collect();
    let simulated = |program: &Program| program.name.starts_with("verack-simnet ") || program.name == "verack cli";
    programs.sort_by_key(|program| (!program.meets_real_nodes, !simulated(program)));
    Ok(programs.into())
}

/// The test program in a message of cargo, if it has one.
fn program(message: &Value) -> Option<Program> {
    let path = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let package = message["package_id"].as_str()?;
    // path+file:///verack/crates/net#verack-net@0.1.0, and without the name if the folder has it.
    let package = package.rsplit('#').next()?.split('@').next()?;
    let folder = manifest.parent()?.to_owned();
    let package = if package.starts_with(|c: char| c.is_ascii_digit()) {
        folder.file_name()?.to_string_lossy().into_owned()
    } else {
        package.to_owned()
    };
    Some(Program {
        name: format!("{package} {}", message["target"]["name"].as_str()?),
        path: path.into(),
        folder,
        meets_real_nodes: package == INTEROP,
    })
}

fn execute(
    program: &Program,
    confinement: &Confinement,
    real_nodes: &[(&str, PathBuf)],
    requires_real_nodes: bool,
) -> Ran {
    let mut command = Command::new(&program.path);
    if program.meets_real_nodes {
        // A test that is left out passes, and reports it in its output.
        command.args(["--show-output", "--test-threads", INTEROP_THREADS]);
        command = confinement.apply(&command);
        command.envs(real_nodes.iter().map(|(name, value)| (name, value)));
        if requires_real_nodes {
            command.env("VERACK_REQUIRE_REAL_NODES", "1");
        }
    }
    // As cargo sets it; snapshots are found by it.
    command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder).env("CARGO", cargo().get_program());
    let began = Instant::now();
    let said = command.output();
    let time = began.elapsed();
    let (result, left_out) = match said {
        Ok(output) => {
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            let left_out = text.lines().filter(|line| line.starts_with("left out: ")).map(str::to_owned).collect();
            (if output.status.success() { Ok(()) } else { Err(text) }, left_out)
        }
        Err(error) => (Err(format!("it cannot be run: {error}")), Vec::new()),
    };
    Ran { name: program.name.clone(), time, result, left_out }
}
