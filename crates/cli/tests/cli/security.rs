//! Each claim of SECURITY.md names tests that exist.

use std::fs;

use super::readme::{repository, sources};

/// `crate::name` of each test that a claim names.
fn tests_named(document: &str) -> Vec<(String, String)> {
    let claims = document.split("## Claims").nth(1).unwrap();
    let rows = claims.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| claim"));
    let words = rows.flat_map(|row| row.rsplit(" | ").next().unwrap().split('`'));
    words.filter_map(|word| word.split_once("::")).map(|(place, name)| (place.to_owned(), name.to_owned())).collect()
}

#[test]
fn every_claim_names_tests_and_each_of_them_exists() {
    let document = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let named = tests_named(&document);
    assert!(named.len() > 50, "{}", named.len());
    for (place, name) in named {
        let folder = if place == "verack" { "cli" } else { &*place };
        let mut files = Vec::new();
        sources(&repository().join("crates").join(folder), &mut files);
        let test = format!("fn {name}(");
        let is_there = |path| fs::read_to_string(path).unwrap().contains(&test);
        assert!(files.iter().any(is_there), "{place}::{name} is no test");
    }
}
