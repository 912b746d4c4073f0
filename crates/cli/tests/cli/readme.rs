//! The README says what is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{run, text};
use crate::records;

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every string of the sources that has the form of a reason: `"bitcoin.checksum"`.
fn reasons_with_a_dot() -> BTreeSet<String> {
    let mut files = Vec::new();
    for part in ["bitcoin", "ethereum", "libp2p", "lightning", "monero", "net", "probe", "cli"] {
        sources(&repository().join("crates").join(part).join("src"), &mut files);
    }
    let texts = files.iter().map(|path| fs::read_to_string(path).unwrap());
    let strings = texts.flat_map(|text| text.split('"').map(str::to_owned).collect::<Vec<_>>());
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
    };
    strings
        .filter(|string| {
            let (family, what) = string.split_once('.').unwrap_or_default();
            ["resolve", "connect", "local", "bitcoin", "ethereum", "libp2p", "lightning", "monero"].contains(&family)
                && is_word(what)
        })
        .collect()
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let table = readme.split("| reason | blame | what happened |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let remarks = readme.split("| remark | what the peer did |").nth(1).unwrap();
    let rows = rows.chain(remarks.lines().skip(2).take_while(|line| line.starts_with('|')));
    let explained: BTreeSet<_> = rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect();
    let mut expected = reasons_with_a_dot();
    expected
        .extend(["ok", "closed", "reset", "io", "timeout", "flood", "interrupted", "unconfirmed"].map(str::to_owned));
    assert_eq!(explained, expected);
}

/// The text below a heading.
fn section<'r>(readme: &'r str, heading: &str) -> &'r str {
    let text = readme.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    text.split("\n## ").next().unwrap()
}

#[test]
fn each_record_and_each_field_is_documented() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let json = section(&readme, "JSON");
    let words: BTreeSet<_> = json.split('`').skip(1).step_by(2).map(|word| word.trim_start_matches('.')).collect();
    let columns = section(&readme, "Asking the map");
    let columns: BTreeSet<_> = columns.split('`').skip(1).step_by(2).map(|word| word.trim_end_matches("2h")).collect();
    let mut types = BTreeSet::new();
    for record in records::all() {
        let name = record["type"].as_str().unwrap().to_owned();
        for field in record.as_object().unwrap().keys().filter(|field| *field != "type") {
            let is_told = words.contains(&**field) || words.iter().any(|word| word.starts_with(&format!("{field}.")));
            // What the database holds of a peer has a table of its own, with one of the five windows.
            let window = ["2h", "8h", "1d", "7d", "30d"].iter().find_map(|window| field.strip_suffix(window));
            let is_column = name == "peer" && columns.contains(window.unwrap_or(field));
            assert!(is_told || is_column, "{field} of {name} is not in the README");
        }
        types.insert(name);
    }
    let rows = json.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).map(|(name, _)| name);
    let rows: BTreeSet<_> = rows.collect();
    let missing: Vec<_> = types.iter().filter(|name| *name != "handshake" && !rows.contains(&***name)).collect();
    assert!(missing.is_empty(), "{missing:?} have no row");
    let expected = ["address", "addrs", "chain", "count", "crawl", "handshake", "hold", "identify", "import", "key"];
    let others = ["message", "peer", "plan", "planned", "reason", "summary", "unfinished", "whoami"];
    assert_eq!(types, expected.into_iter().chain(others).map(str::to_owned).collect());
}

#[test]
fn the_columns_of_the_table_are_documented_in_their_order() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let block = section(&readme, "JSON").split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let output = run(["--format", "csv", "-t", "1s", "127.0.0.1:1"]);
    let header = text(&output.stdout).lines().next().unwrap();
    assert_eq!(block.split_whitespace().collect::<String>(), header);
}
