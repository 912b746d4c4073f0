//! Databases that cannot be used, from the start or from the middle of a crawl on.

use std::path::Path;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{FIRST, crawl, database, ring, stored, summary, words};
use crate::common::text;
use crate::neighbours::{Neighbours, Peer, entry, knows};

#[test]
fn a_database_that_cannot_be_used_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "1.2.3.4:8333\n".repeat(1000)).unwrap();
    sql(&path("foreign"), "CREATE TABLE places (url TEXT); PRAGMA user_version = 1");
    crawl(&path("newer").display().to_string(), &["127.0.0.1:1"]);
    sql(&path("newer"), "PRAGMA user_version = 99");
    for (name, expected) in [
        ("text", "not a database"),
        ("foreign", "another program"),
        ("newer", "newer verack"),
        ("missing/peers", "No such file"),
        (".", "it is a directory"),
    ] {
        let before = std::fs::read(path(name)).ok();
        let output = crawl(&path(name).display().to_string(), &["127.0.0.1:1"]);
        let said = text(&output.stderr);
        assert!(said.contains(expected) && said.contains(&path(name).display().to_string()), "{name}: {said}");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""), "{name}");
        assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
    }
}

#[test]
fn a_database_that_was_cut_is_named() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    assert!(crawl(&db, &["--allow-private", &neighbours.address(FIRST)]).status.success());
    sql(Path::new(&db), "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    let bytes = std::fs::read(&db).unwrap();
    std::fs::write(&db, &bytes[..bytes.len() / 2]).unwrap();
    let output = crawl(&db, &["--allow-private"]);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: damaged")), "{said}");
    assert_eq!(output.status.code(), Some(3));
}

/// Peers that share more than fits on a small disk.
fn talkative(port: u16) -> Vec<Peer> {
    let told = |peer: u8| (0..=249).flat_map(move |c| (1..=4).map(move |d| entry([8, peer, c, d], 8333)));
    let mut peers: Vec<_> =
        (1..=20).map(|nth| Peer::at([127, 72, 0, nth], knows(told(nth).collect::<Vec<_>>()))).collect();
    peers.push(Peer::at(FIRST, knows((1..=20).map(|nth| entry([127, 72, 0, nth], port)).collect::<Vec<_>>())));
    peers
}

#[test]
fn a_full_disk_is_said() {
    if !nix::unistd::Uid::effective().is_root() {
        println!("left out: a small disk takes root");
        return;
    }
    let neighbours = Neighbours::up(talkative);
    let (folder, db) = database();
    let script = "mount -t tmpfs -o size=600k none \"$0\" && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_verack"))
        .args(words(&db, &["--json", "--allow-private", "--max-peers", "21", &neighbours.address(FIRST)]))
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: no room is left on its disk")), "{said}");
    assert_eq!((output.status.code(), &summary(&output)["ended"]), (Some(3), &json!("store")));
}

#[test]
fn a_database_that_another_process_does_not_let_go_of_is_said() {
    let neighbours = Neighbours::up(ring);
    let (_folder, db) = database();
    crawl(&db, &["127.0.0.1:1"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = runtime.block_on(async {
        let mut other = SqliteConnectOptions::new().filename(&db).connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        other
    });
    let output = crawl(&db, &["--json", "--allow-private", &neighbours.address(FIRST)]);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("error: {db}: locked by another process")), "{said}");
    let summary = summary(&output);
    assert_eq!((output.status.code(), &summary["ended"]), (Some(3), &json!("store")));
    drop(other);
    drop(runtime);
    assert_eq!(stored(&db).iter().filter(|peer| peer.good > 0).count(), 0);
}

fn sql(db: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(db).create_if_missing(true);
        let mut db = options.connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    });
}
