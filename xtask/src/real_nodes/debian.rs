//! Nodes from Debian's packages, and shells.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;

use crate::run::{Outcome, output, run, succeeds};

/// Programs from Debian: nodes, and shells to test completions; each with its package.
const DEBIAN: &[(&str, &str)] = &[("litecoind", "litecoind"), ("monerod", "monero"), ("zsh", "zsh"), ("fish", "fish")];

/// Installs missing packages. Returns those that are still missing, with the reason.
pub(super) fn install() -> Vec<String> {
    let missing = DEBIAN.iter().filter(|(program, _)| !succeeds(Command::new(program).arg("--version")));
    let failed =
        missing.filter_map(|(program, package)| install_package(package).err().map(|why| format!("{program} ({why})")));
    failed.collect()
}

fn install_package(package: &str) -> Outcome {
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

/// While this value lives, Debian's packages start no daemon during their installation.
#[derive(Debug)]
struct NoDaemons;

/// Debian asks this program whether a daemon may be started; 101 means that it may not.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoDaemons {
    /// `None` if the machine has its own policy, or we may not write one.
    fn declare() -> Option<Self> {
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        file.ok()?.write_all(b"#!/bin/sh\nexit 101\n").ok()?;
        Some(Self)
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        // If it remains, it only prevents daemons from starting at their installation.
        let _ = fs::remove_file(POLICY);
    }
}
