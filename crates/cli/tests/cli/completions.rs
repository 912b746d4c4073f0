//! Completions in the real shells: what the user gets for pressing Tab.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{run, text};

/// What the user types, and what the shell makes of it.
const TYPED: [(&str, &str); 6] = [
    ("verack cra", "verack crawl"),
    ("verack peers sho", "verack peers show"),
    ("verack -c bitcoin-sign", "verack -c bitcoin-signet"),
    ("verack listen --protocol mon", "verack listen --protocol monero"),
    ("verack crawl --max-k", "verack crawl --max-known"),
    ("verack --status ec", "verack --status echo"),
];

/// Whether a shell is installed. Where the real nodes are required, shells are required too.
fn has(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("VERACK_REQUIRE_REAL_NODES").is_none(), "{shell} is not installed");
    there
}

/// Writes the script for a shell to a file.
fn script(shell: &str, folder: &Path) -> String {
    let path = folder.join(format!("verack.{shell}"));
    std::fs::write(&path, &run(["completions", shell]).stdout).unwrap();
    path.display().to_string()
}

fn printed(shell: &str, args: &[&str], code: &str) -> String {
    let output = Command::new(shell).args(args).arg("-c").arg(code).env("TERM", "dumb").output().unwrap();
    assert!(output.stderr.is_empty(), "{shell}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = script("bash", folder.path());
    for (typed, expected) in TYPED {
        let words: Vec<_> = typed.split(' ').collect();
        let (last, before) = (words.len() - 1, words[words.len() - 2]);
        let code = format!(
            "source {script}; COMP_WORDS=({typed}); COMP_CWORD={last}; _verack verack {} {before}; echo \"${{COMPREPLY[*]}}\"",
            words[last]
        );
        let found = printed("bash", &["--norc"], &code);
        let wanted = expected.rsplit(' ').next().unwrap();
        assert!(found.split_whitespace().any(|word| word == wanted), "{typed}: {found}");
    }
}

#[test]
fn fish_completes_commands_options_and_values() {
    if !has("fish") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = script("fish", folder.path());
    for (typed, expected) in TYPED {
        let found = printed("fish", &["--no-config"], &format!("source {script}; complete -C '{typed}'"));
        let wanted = expected.rsplit(' ').next().unwrap();
        let first = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        assert!(found.lines().any(|line| first(line) == wanted), "{typed}: {found}");
    }
}

/// zsh completes only in its line editor, so it needs its own terminal; a key reports the completed line.
#[test]
fn zsh_completes_commands_options_and_values() {
    if !has("zsh") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = script("zsh", folder.path());
    let setup = format!(
        "PROMPT=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; source {script}; \
         report() {{ print -r -- \\\"<\\$BUFFER>\\\"; BUFFER=; }}; zle -N report; bindkey '^X' report; \
         print READY\\$((1+1))"
    );
    for (typed, expected) in TYPED {
        let code = format!(
            "zmodload zsh/zpty; zpty z 'zsh -f -i'; zpty -w z \"{setup}\"; zpty -r z out '*READY2*'; \
             zpty -w -n z '{typed}'$'\\t'$'\\x18'; zpty -r z out '*<verack*>*'; print -r -- $out"
        );
        let found = printed("zsh", &["-f"], &code);
        let line = found.rsplit('<').next().unwrap().split('>').next().unwrap();
        assert_eq!(line.trim_end_matches([' ', '=']), expected, "{found}");
    }
}
