//! `cargo xtask docs`: builds the book in `docs/`, with the pages that the program itself writes.
//!
//! ```text
//!  verack reasons --json ──▶ reasons.md ─────┐
//!  verack COMMAND --help ──▶ commands.md     │
//!  verack schema ─┬────────▶ schema.json.md  ├─ docs/src/generated ── mdbook ──▶ docs/book
//!                 └────────▶ fields.md ──────┘
//! ```

mod links;
mod pages;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cache;
use crate::run::{Outcome, cargo, output, root, run, target};

/// The version of mdBook that is installed.
const MDBOOK: &str = "0.5.4";

/// Writes the generated pages and builds the book.
///
/// # Errors
/// If the program cannot be built or asked, if mdBook fails or warns, or if a link leads nowhere.
pub(crate) fn docs() -> Outcome {
    let verack = program()?;
    let ask = |words: &str| output(Command::new(&verack).args(words.split_whitespace()));
    let schema = ask("schema")?;
    let pages = [
        ("reasons.md", pages::reasons(&ask("reasons --json")?)?),
        ("commands.md", pages::commands(ask)?),
        ("schema.json.md", pages::fenced("json", &schema)),
        ("fields.md", pages::fields(&schema)?),
    ];
    let generated = root().join("docs/src/generated");
    fs::create_dir_all(&generated).map_err(|error| format!("cannot make {}: {error}", generated.display()))?;
    for (name, text) in pages {
        let path = generated.join(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    build()?;
    let checked = links::check(&root().join("docs/book"))?;
    println!("   the book is docs/book/index.html; {checked} links lead somewhere");
    Ok(())
}

/// The program that writes the pages: the one that `VERACK` names, or else one that is built now.
fn program() -> Outcome<PathBuf> {
    if let Some(path) = env::var_os("VERACK") {
        return Ok(path.into());
    }
    run(cargo().args(["build", "--package", "verack"]))?;
    Ok(target().join("debug/verack"))
}

/// `mdbook build docs`. It succeeds if a file to include is missing, so its log decides as well.
fn build() -> Outcome {
    let mut command = Command::new(mdbook()?.join("bin/mdbook"));
    command.args(["build", "docs"]).current_dir(root());
    command.env("NO_COLOR", "1").env_remove("MDBOOK_LOG").env_remove("RUST_LOG");
    println!("   $ mdbook build docs");
    let output = command.output().map_err(|error| format!("mdbook cannot be run: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    print!("{log}");
    match complaints(&log) {
        0 if output.status.success() => Ok(()),
        0 => Err(format!("`mdbook build docs` failed: {}", output.status)),
        count => Err(format!("`mdbook build docs` printed {count} warnings or errors")),
    }
}

/// How many lines of mdBook's log are warnings or errors: ` WARN text`, `ERROR text`.
fn complaints(log: &str) -> usize {
    let levels = log.lines().filter_map(|line| line.split_whitespace().next());
    levels.filter(|level| ["WARN", "ERROR"].contains(level)).count()
}

/// The folder that mdBook is installed in.
fn mdbook() -> Outcome<PathBuf> {
    cache::built("mdbook", &[], MDBOOK, |to| {
        println!("   installing mdbook {MDBOOK}, once for this machine: this takes minutes");
        let mut install = cargo();
        install.args(["install", "--locked", "--debug", "--no-default-features", "--features", "search", "--root"]);
        run(install.arg(to).args(["mdbook", "--version", MDBOOK]))
    })
}

#[cfg(test)]
mod tests {
    use super::complaints;

    #[test]
    fn warnings_and_errors_of_the_log_are_counted_and_notes_are_not() {
        let log = " INFO Book building has started\n WARN unclosed HTML tag `<x>`\nERROR Error updating \"{{#include\n";
        assert_eq!(complaints(log), 2);
        assert_eq!(complaints(" INFO no ERROR here\n    WARNING\n\n"), 0);
    }
}
