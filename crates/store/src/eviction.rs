//! Limits the number of peers that never answered. A peer may gossip invented addresses, and a disk is finite.

use sqlx::SqliteConnection;

/// Peers that never answered: the database keeps at most this many, plus a few batches. That is four times the known
/// addresses of Bitcoin, in half a gigabyte. Peers that answered once are never forgotten.
pub const KEPT_UNANSWERED: u64 = 2_000_000;

/// Entries written between two counts: a count takes 50 ms for two million peers.
const COUNTED_EACH: usize = 1 << 18;

/// Peers forgotten with a batch, at most, in about 100 ms; no batch adds more.
const FORGOTTEN_AT_ONCE: u64 = 8192;

const COUNT: &str = "SELECT count(*) FROM peer WHERE user_agent IS NULL";

/// The peers known longest: a peer that is forgotten and gossiped again is new.
macro_rules! first_unanswered {
    ($delete:literal) => {
        concat!($delete, " IN (SELECT id FROM peer WHERE user_agent IS NULL AND last_good IS NULL ORDER BY id LIMIT ?)")
    };
}

/// In this order: the first statements still find the peers of which they delete what an import may have told. The number
/// of a deleted peer may be given to another.
const FORGET: [&str; 3] = [
    first_unanswered!("DELETE FROM attempt WHERE peer"),
    first_unanswered!("DELETE FROM introduction WHERE peer"),
    first_unanswered!("DELETE FROM peer WHERE id"),
];

/// The number of unanswered peers, as far as it is known.
#[derive(Debug)]
pub(crate) struct Eviction {
    most: u64,
    /// The excess at the last count.
    over: u64,
    uncounted: usize,
}

impl Eviction {
    /// Counts at its first use, and keeps at most this many.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, over: 0, uncounted: COUNTED_EACH }
    }

    /// Forgets some peers if there are too many, after this many entries were written.
    pub(crate) async fn thin_out(&mut self, db: &mut SqliteConnection, written: usize) -> Result<(), sqlx::Error> {
        self.uncounted += written;
        if self.uncounted >= COUNTED_EACH {
            let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *db).await?;
            self.over = count.cast_unsigned().saturating_sub(self.most);
            self.uncounted = 0;
        }
        let now = self.over.min(FORGOTTEN_AT_ONCE);
        if now > 0 {
            for delete in FORGET {
                sqlx::query(delete).bind(now.cast_signed()).execute(&mut *db).await?;
            }
            self.over -= now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, SqliteConnection};

    use super::Eviction;
    use crate::Store;
    use crate::writer::SqliteWriter;
    use peers::{Batch, BatchWriter as _, Endpoint, EscapedText, Learned, Time};

    fn address(nth: u32) -> Endpoint {
        SocketAddr::new(Ipv4Addr::from_bits(0x0100_0000 + nth).into(), 8333).into()
    }

    fn batch(told: std::ops::Range<u32>) -> Batch {
        let learned = told.map(|nth| Learned {
            chain: "bitcoin".into(),
            endpoint: address(nth),
            identity: None,
            at: Time(i64::from(nth)),
            seen: None,
            services: 1,
            source: "seed".into(),
        });
        Batch { learned: learned.collect(), told: Vec::new() }
    }

    async fn count(db: &mut SqliteConnection, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
    }

    #[tokio::test]
    async fn addresses_that_are_made_up_fill_no_disk_and_displace_no_peer_that_answered() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
        let options = SqliteConnectOptions::new().filename(store.path());
        let mut db = options.connect().await.unwrap();
        let mut writer = SqliteWriter::new(options.connect().await.unwrap(), store.path().into());
        writer.write(&batch(0..10)).await.unwrap();
        sqlx::query("INSERT INTO text (text) VALUES ('/a/')").execute(&mut db).await.unwrap();
        sqlx::raw_sql(
            "UPDATE peer SET user_agent = (SELECT id FROM text WHERE text = '/a/'), last_good = 1 WHERE id <= 4;
             UPDATE peer SET last_good = 1 WHERE id = 5;
             INSERT INTO attempt (peer, slot, at, outcome, stage, reason) SELECT id, 0, 1, 2, 1, 1 FROM peer;
             INSERT INTO introduction (peer, at, json) SELECT id, 1, '{}' FROM peer;",
        )
        .execute(&mut db)
        .await
        .unwrap();

        let mut writer = writer.keeping(Eviction::new(1000));
        // Learned in batches that each are as large as the limit.
        for nth in 1..=300 {
            writer.write(&batch(nth * 1000..(nth + 1) * 1000)).await.unwrap();
        }
        for _ in 0..300 {
            writer.write(&batch(300_999..301_000)).await.unwrap();
        }
        let peers = count(&mut db, "SELECT count(*) FROM peer").await;
        assert!((1000..300_000).contains(&peers), "{peers}");
        assert_eq!(count(&mut db, "SELECT count(*) FROM peer WHERE last_good = 1").await, 5);
        assert_eq!(count(&mut db, "SELECT count(*) FROM attempt").await, 5, "forgotten with their peers");
        assert_eq!(count(&mut db, "SELECT count(*) FROM introduction").await, 5, "and so are these");
        assert_eq!(store.show(&address(300_999)).await.unwrap().len(), 1, "the latest is kept");
        assert_eq!(store.show(&address(5)).await.unwrap().len(), 0, "the first is not");
        assert_eq!(store.show(&address(0)).await.unwrap()[0].peer.user_agent, Some(EscapedText::from("/a/")));
    }
}
