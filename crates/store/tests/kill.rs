//! A killed process loses nothing that was in the database, nor anything recorded more than 2 s before.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{good, learned};
use peers::Filter;
use verack_store::Store;

const TIMES: u32 = 20;

/// No older data may be lost.
const OLDEST: Duration = Duration::from_secs(2);

/// Passes the database's path to the child.
const DATABASE: &str = "VERACK_STORE_KILLED";

/// Not a test by itself: the child process of the test below.
#[tokio::test]
async fn child() {
    let Some(path) = env::var_os(DATABASE) else { return };
    let store = Store::open(path).await.unwrap();
    let writer = store.writer().await.unwrap();
    for nth in 0.. {
        writer.record(good(nth, nth.into(), format!("/agent:{}/", nth % 50).as_bytes())).await.unwrap();
        writer.learned(learned(1_000_000 + nth, 1, "seed")).await.unwrap();
        let word = if nth % 300 == 299 {
            writer.flush().await.unwrap();
            "flushed"
        } else {
            "told"
        };
        // The test harness captures the output of print!.
        writeln!(std::io::stdout(), "{word} {nth}").unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_nothing_older_than_two_seconds() {
    let killed: Vec<_> = (0..TIMES).map(|nth| std::thread::spawn(move || kill_one(nth))).collect();
    let stored: Vec<_> = killed.into_iter().map(|killed| killed.join().unwrap()).collect();
    assert!(stored.iter().any(|stored| *stored > 0), "none lived long enough to store anything");
}

/// Starts a child, kills it, and returns how many of its results were stored.
fn kill_one(nth: u32) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("peers.sqlite");
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DATABASE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (read, heard) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| read.send((Instant::now(), line))));
    // At a different moment each time, sometimes before the first batch is due.
    std::thread::sleep(Duration::from_millis(100 + 137 * u64::from(nth)));
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut safe = 0;
    for (at, line) in heard {
        let Some((word, nth)) = line.split_once(' ') else { continue };
        let told = word == "told" && at + OLDEST < killed;
        if (word == "flushed" && at < killed) || told {
            safe = nth.parse::<u64>().unwrap() + 1;
        }
    }
    let stored = tokio::runtime::Runtime::new().unwrap().block_on(stored(&path));
    assert!(stored >= safe, "{stored} of {safe} results are stored");
    stored
}

/// Opens the remaining database, and counts its results: they must be the first ones, without gaps.
async fn stored(path: &std::path::Path) -> u64 {
    let store = Store::open(path).await.unwrap();
    let tried = store.count(&Filter { ever_good: true, ..Filter::default() }).await.unwrap();
    if let Some(last) = u32::try_from(tried).unwrap().checked_sub(1) {
        common::shown(&store, last).await;
    }
    let mut db = sqlx::SqlitePool::connect(path.to_str().unwrap()).await.unwrap().acquire().await.unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *db).await.unwrap();
    assert_eq!(check, "ok");
    let attempts: i64 = sqlx::query_scalar("SELECT count(*) FROM attempt").fetch_one(&mut *db).await.unwrap();
    assert_eq!(attempts.unsigned_abs(), tried, "a peer and its attempt are written together");
    tried
}
