//! The program itself.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

/// The program, built beside the test that asks for it.
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
