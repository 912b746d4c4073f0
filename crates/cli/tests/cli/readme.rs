//! The README says what is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
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
    for part in ["bitcoin", "ethereum", "libp2p", "lightning", "monero", "net", "cli"] {
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
    expected.extend(["ok", "closed", "reset", "io", "timeout", "flood"].map(str::to_owned));
    assert_eq!(explained, expected);
}
