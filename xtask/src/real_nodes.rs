//! Installs or builds the real nodes for the tests in `interop/`.
//!
//! | from | what | where |
//! |---|---|---|
//! | Debian | litecoind, monerod; zsh and fish, for completions | the system, by apt-get |
//! | npm | each folder of `interop/peers/npm` | the cache |
//! | Go | each folder of `interop/peers/go` | the cache |
//! | crates.io | each folder of `interop/peers/rust` | the cache |

mod debian;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::run::{Outcome, cargo, output, root, run, target};

/// The folder where the tests look for nodes: one link for each, into the cache.
pub(crate) fn directory() -> PathBuf {
    target().join("real-nodes")
}

/// Installs missing nodes where possible. Returns a sentence for each that is still missing, with the reason.
pub(crate) fn install() -> Vec<String> {
    let mut missing = debian::install();
    for (kind, make) in [("npm", npm as Make), ("go", go), ("rust", rust)] {
        let folder = root().join("interop/peers").join(kind);
        let mut sources: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        sources.sort_by_key(fs::DirEntry::file_name);
        for source in sources {
            let name = source.file_name().to_string_lossy().into_owned();
            let linked = make(&name, &source.path()).and_then(|built| cache::link(&built, &directory().join(&name)));
            missing.extend(linked.err().map(|why| format!("{name} ({why})")));
        }
    }
    for node in &missing {
        println!("   left out: {node}");
    }
    missing
}

/// `cargo xtask real-nodes`: fills the cache.
pub(crate) fn fill() -> Outcome {
    let missing = install();
    println!("   real nodes are in {}, and linked from {}", cache::directory().display(), directory().display());
    if missing.is_empty() { Ok(()) } else { Err(format!("left out: {}", missing.join(", "))) }
}

/// Builds the node of a name from its source; returns its folder.
type Make = fn(&str, &Path) -> Outcome<PathBuf>;

/// Installs the packages of a lock file. No script of any package is run.
fn npm(name: &str, source: &Path) -> Outcome<PathBuf> {
    const FILES: [&str; 2] = ["package.json", "package-lock.json"];
    let version = output(Command::new("npm").arg("--version")).map_err(|_| "npm is not installed".to_owned())?;
    cache::built(name, &FILES.map(|file| source.join(file)), &version, |to| {
        println!("   installing {name} from npm, once for this machine");
        for file in FILES {
            fs::copy(source.join(file), to.join(file)).map_err(|error| format!("cannot copy {file}: {error}"))?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(to))
    })
}

/// Builds the tools that a module names, or its own program, as pinned by `go.sum`.
fn go(name: &str, source: &Path) -> Outcome<PathBuf> {
    let go = || {
        let mut go = Command::new("go");
        // Only the installed version builds it: no other toolchain is downloaded.
        go.current_dir(source).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly");
        go
    };
    let version = output(go().arg("version")).map_err(|_| "go is not installed (version 1.26 or later)".to_owned())?;
    let module = fs::read_to_string(source.join("go.mod")).map_err(|error| format!("cannot read go.mod: {error}"))?;
    let names_tools = module.lines().any(|line| line.starts_with("tool"));
    cache::built(name, &files(source)?, &version, |to| {
        println!("   building {name} with go, once for this machine: this takes minutes");
        let bin = to.join("bin");
        fs::create_dir(&bin).map_err(|error| format!("cannot make {}: {error}", bin.display()))?;
        // With a slash at its end it is a folder, for one program or several.
        let target = if names_tools { "tool" } else { "." };
        run(go().args(["build", "-buildvcs=false", "-o"]).arg(bin.join("")).arg(target))?;
        if name == "geth" { copy_test_chain(&mut go(), to) } else { Ok(()) }
    })
}

/// geth's source contains the chain of its conformance tests.
fn copy_test_chain(go: &mut Command, to: &Path) -> Outcome {
    const MODULE: &str = "github.com/ethereum/go-ethereum";
    let module = output(go.args(["list", "-m", "-f", "{{.Dir}}", MODULE]))?;
    let from = Path::new(module.trim()).join("cmd/devp2p/internal/ethtest/testdata");
    let to = to.join("testdata");
    fs::create_dir(&to).map_err(|error| format!("cannot make {}: {error}", to.display()))?;
    for file in files(&from)? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, to.join(name)).map_err(|error| format!("cannot copy {}: {error}", file.display()))?;
    }
    Ok(())
}

/// Builds the program of a package with its own workspace, as pinned by its `Cargo.lock`.
fn rust(name: &str, source: &Path) -> Outcome<PathBuf> {
    let version = output(cargo().arg("--version"))?;
    let inputs = [source.join("Cargo.toml"), source.join("Cargo.lock"), source.join("src/main.rs")];
    cache::built(name, &inputs, &version, |to| {
        println!("   building {name} with cargo, once for this machine: this takes minutes");
        let mut build = cargo();
        build.current_dir(source).args(["build", "--locked", "--target-dir"]).arg(to.join("build"));
        run(&mut build)?;
        let bin = to.join("bin");
        fs::create_dir(&bin).map_err(|error| format!("cannot make {}: {error}", bin.display()))?;
        let built = to.join("build/debug").join(name);
        fs::rename(&built, bin.join(name)).map_err(|error| format!("cannot move {}: {error}", built.display()))?;
        // The build's files take a hundred times the space of the program.
        fs::remove_dir_all(to.join("build")).map_err(|error| format!("cannot clear {}: {error}", to.display()))
    })
}

/// The files of a folder, in order, without subfolders.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}
