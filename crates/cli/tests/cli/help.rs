//! What the program says about itself.

use crate::common::{run, text};

#[test]
fn the_help_is_as_it_was_reviewed() {
    for (name, args) in [
        ("help", &["--help"][..]),
        ("listen", &["listen", "-h"]),
        ("demo", &["demo", "-h"]),
        ("crawl", &["crawl", "-h"]),
        ("addrs", &["addrs", "-h"]),
        ("whoami", &["whoami", "-h"]),
        ("peers", &["peers", "--help"]),
        ("peers_import", &["peers", "import", "-h"]),
    ] {
        insta::assert_snapshot!(name, text(&run(args.iter().copied()).stdout));
    }
}

#[test]
fn every_chain_is_listed() {
    let lines = |args: &[&str]| text(&run(args.iter().copied()).stdout).lines().count();
    assert_eq!(lines(&["chains"]), bitcoin::CHAINS.len() + 1);
    assert_eq!(lines(&["chains", "--json"]), bitcoin::CHAINS.len());
    assert_eq!(lines(&["chains", "--format", "csv"]), bitcoin::CHAINS.len() + 1);
}

#[test]
fn completions_and_the_manual_page_come_from_the_same_description() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(text(&run(["completions", shell]).stdout).contains("dns-seeds"), "{shell}");
    }
    assert!(text(&run(["man"]).stdout).contains(".TH verack 1"));
}

#[test]
fn the_demo_tells_the_truth() {
    let output = run(["demo", "--honest", "5"]);
    let log = text(&output.stderr);
    assert_eq!(log.matches("verdicts is the truth.\n").count(), 2, "{log}");
    assert!(log.ends_with("nodes, and nobody else.\n"), "{log}");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Finished! Handshake results: "));
    assert!(text(&output.stdout).contains("Finished! bitcoin-regtest: "));
}
