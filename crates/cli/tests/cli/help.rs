//! What the program says about itself.

use std::collections::BTreeSet;

use serde_json::json;

use crate::book::assert_the_demo_says_what_is_shown;
use crate::common::{json_lines, run, text};
use crate::records::assert_schema;

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
    let of = |protocol: &str, name: &str| format!("{protocol} {name}");
    let mut all: Vec<_> = bitcoin::CHAINS.iter().map(|chain| of("bitcoin", chain.name)).collect();
    all.extend(ethereum::NETWORKS.iter().map(|network| of("ethereum", network.name)));
    // Other chains occur only in reports.
    let can_be_asked_for = |name| bitcoin::Chain::named(name).is_some();
    let lightning = lightning::CHAINS.iter().filter(|chain| can_be_asked_for(chain.name));
    all.extend(lightning.map(|chain| of("lightning", chain.name)));
    all.extend(monero::NETWORKS.iter().map(|network| of("monero", network.name)));
    all.sort_unstable();

    let rows = json_lines(&run(["chains", "--json"]));
    let listed = rows.iter().map(|row| of(row["protocol"].as_str().unwrap(), row["name"].as_str().unwrap()));
    let mut listed: Vec<_> = listed.collect();
    listed.sort_unstable();
    assert_eq!(listed, all);

    // The other formats have the same rows after a header, and CSV has the same fields.
    assert_eq!(text(&run(["chains"]).stdout).lines().count(), all.len() + 1);
    let table = run(["chains", "--format", "csv"]).stdout;
    let mut table = csv::Reader::from_reader(&*table);
    let header = table.headers().unwrap().clone();
    let records: Vec<_> = table.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows.len());
    for (row, record) in rows.iter().zip(&records) {
        let fields = row.as_object().unwrap();
        for (column, cell) in header.iter().zip(record) {
            let value = fields.get(column).filter(|value| !value.is_null() && **value != json!([]));
            assert_eq!(cell.is_empty(), value.is_none(), "{column} of {row}");
        }
        assert!(fields.keys().all(|name| name == "type" || header.iter().any(|column| column == name)), "{row}");
    }
}

#[test]
fn a_network_is_listed_with_what_its_nodes_know_each_other_by() {
    let rows = json_lines(&run(["chains", "--json"]));
    let row = |protocol: &str, name: &str| {
        rows.iter().find(|row| row["protocol"] == protocol && row["name"] == name).unwrap()
    };
    assert_eq!(row("bitcoin", "bitcoin")["magic"], "f9beb4d9");
    assert_eq!(row("ethereum", "sepolia")["network_id"], 11_155_111);
    assert_eq!(row("lightning", "bitcoin-regtest")["aliases"], row("bitcoin", "bitcoin-regtest")["aliases"]);
    let genesis = "06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f";
    assert_eq!(row("lightning", "bitcoin-regtest")["chain_hash"], genesis);
    assert_eq!(row("monero", "monero-stagenet")["port"], 38080);
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
    // Verdicts other than a timeout must not depend on the load of this machine.
    let output = run(["demo", "--honest", "5", "--timeout", "30s", "--json"]);
    let log = text(&output.stderr);
    assert_eq!(log.matches("verdicts is the truth.\n").count(), 2, "{log}");
    assert!(log.ends_with("nodes, and no others.\n"), "{log}");
    assert_the_demo_says_what_is_shown(log);
    assert_eq!(output.status.code(), Some(0));
    let records = json_lines(&output);
    let kinds: BTreeSet<_> = records.iter().filter_map(|record| record["type"].as_str()).collect();
    assert!(kinds.is_superset(&["handshake", "summary", "crawl"].into()), "{kinds:?}");
    let protocols: Vec<_> = assert_schema(&records).into_iter().collect();
    assert_eq!(protocols, ["bitcoin", "ethereum", "libp2p", "lightning", "monero"]);
}
