//! A file that cannot be opened is named in the error, with the reason, and left unchanged.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{all, good, learned};
use peers::{Error, Filter, Why};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use verack_store::Store;

fn file() -> (PathBuf, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (directory.path().join("peers.sqlite"), directory)
}

async fn run(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// The error for this file, after checking that the error names the file and the file is unchanged.
async fn refusal(path: &Path) -> Why {
    let before = fs::read(path).ok();
    let error: Error = Store::open(path).await.unwrap_err();
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert_eq!(fs::read(path).ok(), before);
    error.why
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let (path, _directory) = file();
    fs::write(&path, "1.2.3.4:8333\n".repeat(1000)).unwrap();
    assert_eq!(refusal(&path).await, Why::NoDatabase);
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let (path, _directory) = file();
    run(&path, "CREATE TABLE places (url TEXT); PRAGMA user_version = 1").await;
    assert_eq!(refusal(&path).await, Why::Foreign);
    let (path, _directory) = file();
    run(&path, "PRAGMA application_id = 1234").await;
    assert_eq!(refusal(&path).await, Why::Foreign);
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let (path, _directory) = file();
    Store::open(&path).await.unwrap().close().await;
    run(&path, "PRAGMA user_version = 99").await;
    let why = refusal(&path).await;
    assert!(matches!(why, Why::Newer { found: 99, known: 3 }), "{why}");
}

#[tokio::test]
async fn a_directory_and_a_missing_one_are_named() {
    let (path, directory) = file();
    assert_eq!(refusal(directory.path()).await, Why::NotOpened("it is a directory".to_owned()));
    let why = refusal(&path.join("peers.sqlite")).await;
    assert!(why.to_string().contains("No such file"), "{why}");
}

#[tokio::test]
async fn who_only_asks_makes_no_database() {
    let (path, _directory) = file();
    let error = Store::open_existing(&path).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{}: there is no database yet", path.display()));
    assert!(!path.exists());
    Store::open(&path).await.unwrap().close().await;
    let store = Store::open_existing(&path).await.unwrap();
    assert_eq!(store.count(&Filter::default()).await, Ok(0));
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (path, _directory) = file();
    fs::write(&path, "").unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.count(&Filter::default()).await, Ok(0));
}

#[tokio::test]
async fn a_database_opens_again_with_all_that_it_had() {
    let (path, directory) = file();
    for nth in 0..3 {
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.count(&Filter::default()).await, Ok(nth.into()));
        let writer = store.writer().await.unwrap();
        writer.record(good(nth, 1, b"")).await.unwrap();
        writer.close().await.unwrap();
        store.close().await;
    }
    drop(directory);
}

#[tokio::test]
async fn a_truncated_database_is_called_damaged() {
    let (path, _directory) = file();
    let store = Store::open(&path).await.unwrap();
    let writer = store.writer().await.unwrap();
    for nth in 0..5000 {
        writer.learned(learned(nth, 1, "seed")).await.unwrap();
    }
    writer.close().await.unwrap();
    store.close().await;
    run(&path, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").await;
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let asked = async {
        let store = Store::open(&path).await?;
        let mut peers = store.peers(&Filter::default(), common::KNOWN, None);
        while peers.next().await?.is_some() {}
        Ok(())
    };
    let error: Error = asked.await.unwrap_err();
    assert!(matches!(error.why, Why::Damaged(_)), "{error}");
    assert!(error.to_string().starts_with(&path.display().to_string()));
}

#[tokio::test]
async fn two_processes_that_make_it_at_once_make_one() {
    let (path, _directory) = file();
    let opened = futures_util::future::join_all((0..8).map(|_| Store::open(&path))).await;
    for store in opened {
        assert_eq!(all(store.unwrap().peers(&Filter::default(), common::KNOWN, None)).await, []);
    }
}

#[tokio::test]
async fn a_closed_writer_says_so() {
    let (path, _directory) = file();
    let writer = Store::open(&path).await.unwrap().writer().await.unwrap();
    writer.clone().close().await.unwrap();
    let refused = async {
        // The task may take a moment to end.
        loop {
            if let Err(error) = writer.record(good(1, 1, b"")).await {
                return error;
            }
            if let Err(error) = writer.flush().await {
                return error;
            }
        }
    };
    assert_eq!(refused.await.why, Why::Closed);
}
