//! A database of an older version is upgraded, and keeps all its data.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use common::{CHAIN, KNOWN, address, all, good, learned, shown};
use peers::{Filter, Learned, Outcome, Time};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use verack_store::Store;

/// As the first version of this program made it.
const FIRST: &str = include_str!("../schema/1.sql");

/// Three peers and the attempts of one of them, as that version wrote them.
const ROWS: &str = "
    PRAGMA application_id = 0x7672636b;
    PRAGMA user_version = 1;
    INSERT INTO text VALUES (1, 'bitcoin'), (2, 'ok'), (4, '/agent/'), (7, 'seed');
    INSERT INTO peer (id, address, chain, network, first_seen, last_seen, source, services, tried, good, last_tried,
        last_good, outcome, stage, reason, v1, v2, version, user_agent, height, latency, reliability_2h, averages)
    VALUES
        (3, '1.2.3.5:8333', 1, 1, 10, 20, 7, -1, 2, 1, 20, 20, 0, 5, 2, 2, 0, 70016, 4, 900000, 12345, 0.5,
            x'0000803f000000400000000000000000000000000000000000000000000000000000000000000000'),
        (9, '1.2.3.6:8333', 1, 1, 11, 12, 7, 9, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL),
        (5, '1.2.3.7:8333', 1, 1, 13, 13, NULL, 0, 1, 0, 13, NULL, 2, 1, 2, NULL, NULL, NULL, NULL, NULL, NULL, 0.0,
            NULL);
    INSERT INTO attempt VALUES (3, 0, 15, 2, 1, 2, 2, NULL, NULL, NULL), (3, 1, 20, 0, 5, 2, NULL, 0, 4, 12345);
";

async fn connect(path: &std::path::Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// A database of the first version.
async fn first() -> (std::path::PathBuf, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("peers.sqlite");
    let mut db = connect(&path).await;
    for sql in [FIRST, ROWS] {
        sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    (path, directory)
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_all_that_it_had() {
    let (path, _directory) = first().await;
    for open in ["the first time", "again"] {
        let store = Store::open(&path).await.unwrap();
        let peers = all(store.peers(&Filter::default(), KNOWN, None)).await;
        let seen: Vec<_> =
            peers.iter().map(|peer| (peer.endpoint, peer.first_seen.0, peer.last_seen.map(|seen| seen.0))).collect();
        let expected = [(1, 10, Some(20)), (3, 13, Some(13)), (2, 11, Some(12))];
        assert_eq!(seen, expected.map(|(nth, first, last)| (address(nth), first, last)), "{open}");
        let history = shown(&store, 1).await;
        let peer = &history.peer;
        assert_eq!((peer.services, peer.tried, peer.good, peer.height), (u64::MAX, 2, 1, Some(900_000)));
        assert_eq!((peer.reason(), peer.transports.v2), (Some("ok"), Some(Outcome::Ok)));
        assert_eq!(peer.user_agent.as_ref().unwrap().as_str(), "/agent/");
        let average = peer.reliability.0[0];
        assert_eq!((average.reliability, average.weight, average.count), (0.5, 1.0, 2.0));
        assert_eq!(history.attempts.iter().map(|past| past.at.0).collect::<Vec<_>>(), [20, 15]);
        store.close().await;
    }
}

/// A copy of the database that an earlier release made.
fn copy(schema: i64) -> (std::path::PathBuf, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("peers.sqlite");
    let data = format!("{}/tests/data/schema-{schema}.sqlite", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(data, &path).unwrap();
    (path, directory)
}

#[tokio::test]
async fn the_databases_of_earlier_releases_keep_all_that_they_had() {
    for schema in [1, 2] {
        let (path, _directory) = copy(schema);
        let store = Store::open(&path).await.unwrap();
        let peers = all(store.peers(&Filter::default(), KNOWN, None)).await;
        let seen: Vec<_> = peers
            .iter()
            .map(|peer| (peer.endpoint.to_string(), peer.chain.as_str(), peer.reason(), peer.tried, peer.version))
            .collect();
        // The onion name with a wrong checksum is gone.
        let expected = [
            ("127.61.0.9:18444", "bitcoin-regtest", Some("connect.refused"), 2, None),
            ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:18444", "bitcoin-regtest", None, 0, None),
            ("ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0", "bitcoin-regtest", None, 0, None),
            ("[fc32::1]:18444", "bitcoin-regtest", None, 0, None),
            ("[2a01:4f8::7]:18444", "bitcoin-regtest", None, 0, None),
            ("127.61.0.1:18444", "bitcoin-regtest", Some("ok"), 2, Some(70_017)),
            ("127.61.0.2:18444", "bitcoin-regtest", Some("ok"), 2, Some(70_017)),
            ("127.61.0.3:38080", "monero", Some("ok"), 2, Some(1)),
        ];
        let expected = expected
            .map(|(address, chain, reason, tried, version)| (address.to_owned(), chain, reason, tried, version));
        assert_eq!(seen, expected, "schema {schema}");
        assert!(peers.iter().all(|peer| peer.identity.is_none() && peer.introduction.is_none()));
        let reached = store.show(&"127.61.0.1:18444".parse().unwrap()).await.unwrap();
        assert_eq!(reached[0].attempts.len(), 2);
        store.close().await;
    }
}

#[tokio::test]
async fn a_database_whose_upgrade_fails_is_left_as_it_was() {
    for schema in [1, 2] {
        let (path, _directory) = copy(schema);
        let mut db = connect(&path).await;
        // The last step cannot make its table.
        sqlx::raw_sql("CREATE TABLE introduction (mine TEXT)").execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(&path).await.unwrap_err().to_string();
        let why = format!("its schema {schema} cannot be upgraded to 3, so it is left as it was: ");
        assert!(error.contains(&why) && error.contains("table introduction already exists"), "{error}");
        let mut db = connect(&path).await;
        let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut db).await.unwrap();
        assert_eq!(version, schema);
        db.close().await.unwrap();
        assert!(std::fs::read(&path).unwrap() == before, "some byte of the file was changed");
    }
}

#[tokio::test]
async fn a_database_of_the_first_version_is_written_like_a_new_one() {
    let (path, _directory) = first().await;
    let store = Store::open(&path).await.unwrap();
    let writer = store.writer().await.unwrap();
    writer.learned(Learned { at: Time(30), seen: None, ..learned(7, 0, "seed") }).await.unwrap();
    writer.record(good(1, 40, b"/new/")).await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(shown(&store, 7).await.peer.last_seen, None);
    assert_eq!((shown(&store, 1).await.attempts.len(), shown(&store, 1).await.peer.tried), (3, 3));
    store.close().await;

    // The schema of a new database, and nothing else.
    let made = async |path: &std::path::Path| {
        let mut db = connect(path).await;
        let query = "SELECT type || ' ' || name || ' ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1";
        let schema: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut db).await.unwrap();
        let view = "SELECT count(*) FROM peers WHERE chain = ? AND (last_seen IS NULL OR last_seen > '1970')";
        let peers: i64 = sqlx::query_scalar(view).bind(CHAIN).fetch_one(&mut db).await.unwrap();
        db.close().await.unwrap();
        (schema, peers)
    };
    let (fresh, _other) = common::store().await;
    let (old, new) = (made(&path).await, made(fresh.path()).await);
    assert_eq!((old.1, new.1), (4, 0));
    assert_eq!(old.0, new.0);
}
