//! Cargo subcommands that a task needs, installed if they are missing, once for this machine.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::cache;
use crate::run::{Outcome, cargo, run, succeeds};

/// Checks licenses, sources and bans.
pub(crate) const DENY: Tool = Tool { name: "deny", version: "0.20.2" };

/// Drives libFuzzer.
pub(crate) const FUZZ: Tool = Tool { name: "fuzz", version: "0.13.2" };

/// A cargo subcommand.
#[derive(Debug)]
pub(crate) struct Tool {
    name: &'static str,
    /// The version to install. An existing installation may have another.
    version: &'static str,
}

impl Tool {
    /// Installs it if it is missing, into the machine's cache.
    pub(crate) fn ensure(&self) -> Outcome {
        if succeeds(self.cargo().arg("--version")) {
            return Ok(());
        }
        let Self { name, version } = self;
        println!("   cargo {name} is not installed: installing version {version}, once for this machine");
        let mut install = cargo();
        // A debug build: its build time matters more than its speed.
        install.args(["install", "--locked", "--debug", "--version", version, "--root"]).arg(self.directory());
        run(install.arg(format!("cargo-{name}")))
    }

    /// `cargo <name>`.
    pub(crate) fn cargo(&self) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::split_paths(&path).chain([self.directory().join("bin")]);
        let mut cargo = cargo();
        cargo.env("PATH", env::join_paths(path).expect("a path of a PATH")).arg(self.name);
        cargo
    }

    fn directory(&self) -> PathBuf {
        cache::directory().join(format!("cargo-{}-{}", self.name, self.version))
    }
}
