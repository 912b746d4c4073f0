//! The README's statements about the database are true.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use std::collections::BTreeSet;

use common::{failed, good, learned, store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqliteConnection};
use verack_store::{KEPT_ATTEMPTS, KEPT_UNANSWERED, Store};

/// The page that is about it.
const PAGE: &str = include_str!("../../../docs/src/peers.md");

async fn asked(store: &Store) -> SqliteConnection {
    SqliteConnectOptions::new().filename(store.path()).read_only(true).connect().await.unwrap()
}

#[tokio::test]
async fn its_questions_have_answers() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let now = peers::Time::now().0;
    for (nth, ahead) in (0..3).zip(["3600", "null", "-5"]) {
        let mut attempt = good(nth, now - 7200, b"/Satoshi:27.0.0/");
        let json = format!(r#"{{"clock_offset_s":{ahead}}}"#);
        attempt.introduced.as_mut().unwrap().introduction = peers::Introduction::read(&json);
        writer.record(attempt).await.unwrap();
    }
    writer.record(failed(1, now - 3600)).await.unwrap();
    writer.learned(learned(9, now, "1.2.3.5:8333")).await.unwrap();
    writer.flush().await.unwrap();
    let block = PAGE.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    let mut db = asked(&store).await;
    let mut answers = Vec::new();
    for question in block.split("\n\n") {
        let rows = sqlx::query(AssertSqlSafe(question)).fetch_all(&mut db).await.unwrap();
        answers.push(rows.len());
    }
    // One wrong clock; one program; one silent peer; no pruned peer; two sources.
    assert_eq!(answers, [1, 1, 1, 0, 2]);
    let row = sqlx::query("SELECT source, count(*), sum(good > 0) FROM peers GROUP BY source").fetch_all(&mut db).await;
    let counts: Vec<(i64, i64)> = row.unwrap().iter().map(|row| (row.get(1), row.get(2))).collect();
    assert_eq!(counts, [(1, 0), (3, 3)]);
}

#[tokio::test]
async fn its_columns_are_those_of_the_view() {
    let (store, _directory) = store().await;
    let mut db = asked(&store).await;
    let names = sqlx::query_scalar("SELECT name FROM pragma_table_info('peers')").fetch_all(&mut db);
    let columns: BTreeSet<String> = names.await.unwrap().into_iter().collect();
    let rows = PAGE.split("| column | |\n|---|---|\n").nth(1).unwrap().lines();
    let names = rows.take_while(|row| row.starts_with('|')).flat_map(|row| row.split('|').nth(1).unwrap().split('`'));
    let explained = names.filter(|name| !name.trim().is_empty()).map(|name| match name.strip_prefix('_') {
        Some(window) => format!("reliability_{window}"),
        None => name.to_owned(),
    });
    assert_eq!(explained.collect::<BTreeSet<_>>(), columns);
}

#[test]
fn its_limits_are_those_of_the_code() {
    assert_eq!(KEPT_UNANSWERED, 2_000_000);
    let text = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Two million addresses that never answered are kept."));
    assert!(text.contains(&format!("The last {KEPT_ATTEMPTS} attempts of each peer are kept.")));
}
