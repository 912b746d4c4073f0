//! Deletes texts without references: sources of peers that were forgotten, and user agents that peers have replaced.

use sqlx::{Connection, SqliteConnection};

/// A run sweeps at its end if it wrote at least one entry for this many stored peers. A sweep takes 1 s for a million
/// peers: little beside writing a quarter as many.
const PEERS_TO_AN_ENTRY: u64 = 4;

/// Texts deleted at once, at most, in less than a second. The next run deletes the others.
const FORGOTTEN_AT_ONCE: u32 = 1 << 17;

const COUNT: &str = "SELECT count(*) FROM peer";

/// Each column that refers to texts is read once, in storage order.
const FORGET: &str = "DELETE FROM text WHERE id IN (SELECT id FROM text WHERE id NOT IN (\
     SELECT chain FROM peer \
     UNION ALL SELECT source FROM peer WHERE source IS NOT NULL \
     UNION ALL SELECT reason FROM peer WHERE reason IS NOT NULL \
     UNION ALL SELECT user_agent FROM peer WHERE user_agent IS NOT NULL \
     UNION ALL SELECT reason FROM attempt \
     UNION ALL SELECT user_agent FROM attempt WHERE user_agent IS NOT NULL) LIMIT ?)";

/// Deletes them, if enough entries were written that it is worth the time. It does not wait for another writing
/// process: the run that ends last sweeps as well.
pub(crate) async fn sweep(db: &mut SqliteConnection, written: u64) -> Result<(), sqlx::Error> {
    let peers: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *db).await?;
    if written == 0 || written.saturating_mul(PEERS_TO_AN_ENTRY) < peers.cast_unsigned() {
        return Ok(());
    }
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut *db).await?;
    // No other writer adds a text meanwhile.
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(FORGET).bind(FORGOTTEN_AT_ONCE).execute(&mut *transaction).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use handshake::Stage;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, SqliteConnection};
    use tempfile::TempDir;

    use crate::eviction::Eviction;
    use crate::writer::SqliteWriter;
    use crate::{KEPT_ATTEMPTS, Store};
    use peers::{
        Attempt, Batch, BatchWriter as _, Ending, Endpoint, Introduced, Learned, Outcome, PeerUpdate, Time, Transports,
    };

    fn address(nth: u8) -> Endpoint {
        SocketAddr::new(Ipv4Addr::new(1, 2, 3, nth).into(), 8333).into()
    }

    fn learned(nth: u8) -> Learned {
        let source = format!("source {nth}").as_str().into();
        Learned {
            chain: "bitcoin".into(),
            endpoint: address(nth),
            identity: None,
            at: Time(1),
            seen: None,
            services: 1,
            source,
        }
    }

    fn told(peers: std::ops::RangeInclusive<u8>) -> Batch {
        Batch { learned: peers.map(learned).collect(), told: Vec::new() }
    }

    /// The peer with this number answered with this user agent.
    fn there(nth: u8, user_agent: &str) -> Batch {
        let attempt = Attempt {
            chain: "bitcoin".into(),
            endpoint: address(nth),
            identity: None,
            at: Time(2),
            ending: Ending { outcome: Outcome::Ok, stage: Stage::Done, reason: "ok".into() },
            blame: None,
            transports: Transports::default(),
            introduced: Some(Introduced {
                version: 1,
                services: 1,
                user_agent: user_agent.into(),
                height: None,
                introduction: None,
            }),
            latency: None,
            source: None,
        };
        Batch { learned: Vec::new(), told: vec![PeerUpdate::Attempt(attempt)] }
    }

    async fn texts(db: &mut SqliteConnection) -> Vec<String> {
        sqlx::query_scalar("SELECT text FROM text ORDER BY id").fetch_all(db).await.unwrap()
    }

    async fn database() -> (TempDir, Store, SqliteConnectOptions) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
        let options = SqliteConnectOptions::new().filename(store.path());
        (directory, store, options)
    }

    #[tokio::test]
    async fn what_is_forgotten_leaves_no_text_behind_and_what_is_referred_to_stays() {
        let (_directory, store, options) = database().await;
        let mut db = options.connect().await.unwrap();
        let mut writer = SqliteWriter::new(options.connect().await.unwrap(), store.path().into());
        writer.write(&there(1, "/first/")).await.unwrap();
        for nth in 1..=KEPT_ATTEMPTS {
            writer.write(&there(1, &format!("/{nth}/"))).await.unwrap();
        }
        // It has a source now, and the last three of the others remain.
        let mut writer = writer.keeping(Eviction::new(3));
        writer.write(&told(1..=100)).await.unwrap();
        assert_eq!(texts(&mut db).await.len(), 3 + KEPT_ATTEMPTS as usize + 100);
        writer.sweep().await.unwrap();
        let mut kept = vec!["bitcoin".to_owned(), "ok".to_owned()];
        kept.extend((1..=KEPT_ATTEMPTS).map(|nth| format!("/{nth}/")));
        kept.extend([1, 98, 99, 100].map(|nth| format!("source {nth}")));
        kept.sort_unstable();
        let mut left = texts(&mut db).await;
        left.sort_unstable();
        assert_eq!(left, kept);
        let [known] = &store.show(&address(1)).await.unwrap()[..] else { panic!("it is known once") };
        assert_eq!(known.peer.user_agent, Some("/8/".into()));
        assert_eq!(known.attempts.len(), KEPT_ATTEMPTS as usize);
    }

    #[tokio::test]
    async fn a_run_that_wrote_little_leaves_it_to_another() {
        let (_directory, store, options) = database().await;
        let mut db = options.connect().await.unwrap();
        SqliteWriter::new(options.connect().await.unwrap(), store.path().into()).write(&told(1..=100)).await.unwrap();
        sqlx::query("INSERT INTO text (text) VALUES ('unused')").execute(&mut db).await.unwrap();
        let mut writer = SqliteWriter::new(options.connect().await.unwrap(), store.path().into());
        writer.write(&told(1..=24)).await.unwrap();
        writer.sweep().await.unwrap();
        assert!(texts(&mut db).await.contains(&"unused".to_owned()));
        writer.write(&told(25..=25)).await.unwrap();
        writer.sweep().await.unwrap();
        assert!(!texts(&mut db).await.contains(&"unused".to_owned()));
    }

    #[tokio::test]
    async fn a_text_that_another_process_forgot_is_known_anew() {
        let (_directory, store, options) = database().await;
        let (mut one, mut two) = (
            SqliteWriter::new(options.connect().await.unwrap(), store.path().into()),
            SqliteWriter::new(options.connect().await.unwrap(), store.path().into()),
        );
        one.write(&told(7..=7)).await.unwrap();
        let mut db = options.connect().await.unwrap();
        sqlx::query("DELETE FROM peer").execute(&mut db).await.unwrap();
        two.write(&told(8..=8)).await.unwrap();
        two.sweep().await.unwrap();
        assert_eq!(texts(&mut db).await, ["bitcoin", "source 8"]);
        two.write(&told(9..=9)).await.unwrap();
        one.write(&told(7..=7)).await.unwrap();
        for nth in 7..=9 {
            let known = &store.show(&address(nth)).await.unwrap()[0].peer;
            assert_eq!(known.source, Some(format!("source {nth}").as_str().into()));
        }
    }
}
