//! The README and the book tell what is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{json_lines, run, text};
use crate::records;

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A document, by its path in the repository.
pub fn document(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
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

/// What stands before the dot of a reason code.
const FAMILIES: [&str; 11] =
    ["resolve", "connect", "local", "closed", "proxy", "tor", "bitcoin", "ethereum", "libp2p", "lightning", "monero"];

/// Every string of the sources that has the form of a reason: `"bitcoin.checksum"`.
fn reasons_with_a_dot() -> BTreeSet<String> {
    let mut files = Vec::new();
    for part in ["bitcoin", "ethereum", "libp2p", "lightning", "monero", "net", "proxy", "probe", "crawl", "cli"] {
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
            // No connection is made over I2P yet.
            FAMILIES.contains(&family) && is_word(what) && !what.starts_with("i2p-")
        })
        .collect()
}

#[test]
fn every_reason_of_the_sources_is_listed_and_none_is_invented() {
    let rows = json_lines(&run(["reasons", "--json"]));
    let listed: BTreeSet<_> = rows.iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect();
    let mut expected = reasons_with_a_dot();
    expected
        .extend(["ok", "closed", "reset", "io", "timeout", "flood", "interrupted", "unconfirmed"].map(str::to_owned));
    assert_eq!(listed, expected);
}

/// Every word of a document that stands in backticks.
fn words(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

#[test]
fn each_record_and_each_field_is_documented() {
    let json = document("docs/src/json.md");
    let fields: BTreeSet<_> = words(&json).collect();
    let peers = document("docs/src/peers.md");
    let columns: BTreeSet<_> = words(&peers).map(|word| word.trim_end_matches("2h")).collect();
    let mut types = BTreeSet::new();
    for record in records::all() {
        let name = record["type"].as_str().unwrap().to_owned();
        for field in record.as_object().unwrap().keys().filter(|field| *field != "type") {
            let is_told = fields.contains(&**field) || fields.iter().any(|word| word.starts_with(&format!("{field}.")));
            // What the database holds of a peer has a table of its own, with one of the five windows.
            let window = ["2h", "8h", "1d", "7d", "30d"].iter().find_map(|window| field.strip_suffix(window));
            let is_column = name == "peer" && columns.contains(window.unwrap_or(field));
            assert!(is_told || is_column, "{field} of {name} is not in the book");
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
    let page = document("docs/src/csv.md");
    let block = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let output = run(["--format", "csv", "-t", "1s", "127.0.0.1:1"]);
    let header = text(&output.stdout).lines().next().unwrap();
    assert_eq!(block.split_whitespace().collect::<String>(), header);
}

/// The commands that a help lists.
fn commands_in(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

/// The commands that a document has in backticks, with their arguments, which are in capitals: `verack peers show ADDR`.
fn commands_of(document: &str) -> BTreeSet<String> {
    let texts = words(document).filter_map(|word| word.strip_prefix("verack "));
    let is_name = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    texts.map(|text| text.split(' ').take_while(is_name).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn each_command_is_in_the_table_of_commands() {
    let page = document("docs/src/commands.md");
    let rows: String = page.lines().filter(|line| line.starts_with("| `verack ")).collect();
    let [all, of_peers] = [run(["-h"]), run(["peers", "-h"])];
    let of_peers = commands_in(text(&of_peers.stdout)).into_iter().map(|name| format!("peers {name}"));
    let mut expected: BTreeSet<_> = commands_in(text(&all.stdout)).into_iter().map(str::to_owned).collect();
    expected.extend(of_peers);
    // `verack TARGET...`
    expected.insert(String::new());
    assert_eq!(commands_of(&rows), expected);
}

/// The most lines that the README may have.
const README_LINES: usize = 150;

/// The files that a document links to, by the paths that it gives; without those elsewhere and those that are generated.
fn linked(document: &str) -> impl Iterator<Item = &str> {
    let links = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = links.filter(|link| !link.contains(':')).filter_map(|link| link.split('#').next());
    files.filter(|file| !file.is_empty() && !file.starts_with("generated/"))
}

#[test]
fn the_readme_is_short_and_its_links_and_those_of_the_book_lead_to_files() {
    let readme = document("README.md");
    let lines = readme.lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
    for (path, folder) in [("README.md", ""), ("docs/src/SUMMARY.md", "docs/src")] {
        let text = document(path);
        let files: Vec<_> = linked(&text).collect();
        assert!(files.len() >= 20, "{path} links to {files:?} alone");
        for file in files {
            assert!(repository().join(folder).join(file).is_file(), "{path} links to {file}, which is missing");
        }
    }
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let summary = document("docs/src/SUMMARY.md");
    let listed: BTreeSet<_> = linked(&summary).map(str::to_owned).collect();
    let entries = fs::read_dir(repository().join("docs/src")).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let pages: BTreeSet<_> = names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    assert_eq!(pages, listed);
}
