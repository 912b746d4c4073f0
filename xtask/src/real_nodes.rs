//! Installs the real nodes that the tests in `interop/` shake hands with.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Outcome, output, root, run, succeeds, target};

/// Nodes that Debian has: the program, and its package.
const DEBIAN: &[(&str, &str)] = &[("litecoind", "litecoind"), ("monerod", "monero")];

/// Where nodes from npm are installed, each in a directory of its own.
pub(crate) fn directory() -> PathBuf {
    target().join("real-nodes")
}

/// Installs what is missing and can be installed. What then is still missing, its test will tell.
pub(crate) fn install() {
    for (program, package) in DEBIAN {
        if !succeeds(Command::new(program).arg("--version")) {
            report(package, install_from_debian(package));
        }
    }
    let peers = root().join("interop/peers");
    for peer in fs::read_dir(peers).into_iter().flatten().flatten() {
        let name = peer.file_name();
        report(&name.to_string_lossy(), install_from_npm(&peer.path(), &directory().join(&name)));
    }
}

fn report(name: &str, outcome: Outcome) {
    if let Err(why) = outcome {
        println!("   {name} is not installed: {why}");
    }
}

fn install_from_debian(package: &str) -> Outcome {
    let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
    if !is_root {
        return Err(format!("only root may (apt-get install {package})"));
    }
    println!("   installing Debian's {package}; nothing of it is started");
    let _policy = NoDaemons::declare();
    let apt_get = |args: &[&str]| run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args));
    apt_get(&["update", "--quiet"])?;
    apt_get(&["install", "--quiet", "--yes", "--no-install-recommends", package])
}

/// While this lives, Debian's packages start no daemon when they are installed.
#[derive(Debug)]
struct NoDaemons;

/// Debian asks this program whether a daemon may be started; 101 means that it may not.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoDaemons {
    /// `None` if the machine has a policy of its own, or we may not give it one.
    fn declare() -> Option<Self> {
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        file.ok()?.write_all(b"#!/bin/sh\nexit 101\n").ok()?;
        Some(Self)
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        // If it stays, daemons are merely not started at their installation.
        let _ = fs::remove_file(POLICY);
    }
}

/// Installs what a lock file says, unless that is there already. No script of any package is run.
fn install_from_npm(peer: &Path, to: &Path) -> Outcome {
    const LOCK: &str = "package-lock.json";
    let lock = |directory: &Path| fs::read(directory.join(LOCK)).ok();
    // npm writes this file when all else is done.
    let is_whole = to.join("node_modules/.package-lock.json").exists();
    if is_whole && lock(peer) == lock(to) {
        return Ok(());
    }
    println!("   installing from npm into {}", to.display());
    fs::create_dir_all(to).map_err(|error| format!("cannot make {}: {error}", to.display()))?;
    for file in ["package.json", LOCK] {
        fs::copy(peer.join(file), to.join(file)).map_err(|error| format!("cannot copy {file}: {error}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(to);
    run(&mut npm)
}
