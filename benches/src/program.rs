//! The measured programs, and the roles of this program for comparison.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use crate::Result;
use crate::peers;
use crate::place::place;

/// Builds the release version of `verack`, and returns its path.
pub fn verack() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", "verack"])
        .current_dir(here)
        .status()?;
    if !built.success() {
        return Err("verack cannot be built".into());
    }
    let path = env::current_exe()?.with_file_name("verack");
    if cfg!(debug_assertions) || !path.exists() {
        return Err("only releases are compared: cargo run --release".into());
    }
    Ok(path)
}

/// This program in another role, in this network namespace.
pub fn role(role: &str, namespace: Option<&str>) -> Result<Command> {
    let mut command = within(namespace, env::current_exe()?);
    command.arg(role);
    Ok(command)
}

/// A program in a network namespace, or in ours.
pub fn within(namespace: Option<&str>, program: impl AsRef<OsStr>) -> Command {
    match namespace {
        None => Command::new(program),
        Some(namespace) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", namespace]).arg(program);
            command
        }
    }
}

/// A role of this program that serves until its standard input ends: when this value is dropped, or when this process
/// ends.
pub struct Served(Child);

impl Served {
    /// Starts it, and waits for the line that it prints once it serves.
    pub fn start(command: &mut Command) -> Result<(Self, String)> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line)?;
        Ok((Self(process), line))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Running peers.
pub struct Peers {
    /// The port of all of them.
    pub port: u16,
    _process: Served,
}

impl Peers {
    /// Starts peers that answer or are silent, on every loopback address if `address` is 0.0.0.0.
    pub fn start(temper: &str, address: &str, namespace: Option<&str>) -> Result<Self> {
        let (process, line) = Served::start(role(peers::ROLE, namespace)?.args([temper, address]))?;
        Ok(Self { port: line.trim().parse()?, _process: process })
    }
}

/// A file of targets: the first `count` places.
pub fn targets(count: usize) -> Result<NamedTempFile> {
    let mut text = String::new();
    for nth in 0..count {
        writeln!(text, "{}", place(nth))?;
    }
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Prints the machine and its load: without them, the numbers mean nothing.
pub fn print_machine() -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load: Vec<_> = load.split(' ').take(3).collect();
    println!("{cores} cores, Linux {}, load before {}", kernel.trim(), load.join(" "));
    Ok(())
}
