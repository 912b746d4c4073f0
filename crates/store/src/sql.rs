//! All SQL of the store except its schema, in one place.
//!
//! It uses, as far as possible, syntax that PostgreSQL understands, too: upserts, `RETURNING`, `UPDATE … FROM`.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

/// It owns all its bound values.
pub(crate) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The columns that [`crate::row::Columns::peer`] reads, with numbers in place of texts.
macro_rules! peer_columns {
    ($chain:literal, $source:literal, $reason:literal, $user_agent:literal, $introduction:literal) => {
        concat!(
            "peer.address, ",
            $chain,
            ", identity, first_seen, last_seen, ",
            $source,
            ", services, tried, good, last_tried, ",
            "last_good, outcome, stage, ",
            $reason,
            ", v1, v2, version, ",
            $user_agent,
            ", height, ",
            $introduction,
            ", latency, ",
            "reliability_2h, reliability_8h, reliability_1d, reliability_7d, reliability_30d, averages"
        )
    };
}

/// Where their texts are.
macro_rules! peer_texts {
    () => {
        ", peer.id FROM peer JOIN text AS chain ON chain.id = peer.chain \
         LEFT JOIN text AS source ON source.id = peer.source \
         LEFT JOIN text AS reason ON reason.id = peer.reason \
         LEFT JOIN text AS user_agent ON user_agent.id = peer.user_agent"
    };
}

/// Peers, with their texts and introductions. Conditions, order and limit follow.
pub(crate) const PEERS: &str = concat!(
    "SELECT ",
    peer_columns!("chain.text", "source.text", "reason.text", "user_agent.text", "introduction.json"),
    peer_texts!(),
    " LEFT JOIN introduction ON introduction.peer = peer.id"
);

/// The same without introductions, which a crawl does not need.
pub(crate) const KNOWN_PEERS: &str = concat!(
    "SELECT ",
    peer_columns!("chain.text", "source.text", "reason.text", "user_agent.text", "NULL"),
    peer_texts!()
);

/// The attempts of a peer, newest first.
pub(crate) const ATTEMPTS: &str = "SELECT at, outcome, stage, reason.text, v1, v2, user_agent.text, latency \
     FROM attempt JOIN text AS reason ON reason.id = attempt.reason \
     LEFT JOIN text AS user_agent ON user_agent.id = attempt.user_agent \
     WHERE peer = ? ORDER BY at DESC, slot DESC";

/// A statement for many rows at once.
///
/// Each run of a statement goes through a queue to SQLite's thread and back, which costs more than a row. Three lengths
/// are prepared, and any number of rows is split into them.
#[derive(Debug)]
pub(crate) struct Bulk([Arc<str>; LENGTHS.len()]);

/// Rows for each run. The longest keeps every statement below the 32 766 values that SQLite takes.
const LENGTHS: [usize; 3] = [128, 16, 1];

impl Bulk {
    /// `head (?, …), (?, …) tail`
    fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        Self(LENGTHS.map(|length| format!("{head} {} {tail}", vec![row.as_str(); length].join(", ")).into()))
    }

    /// Runs it for all rows, without a result.
    pub(crate) async fn run<R>(
        &self,
        db: &mut SqliteConnection,
        rows: &[R],
        bind: impl Fn(Query, &R) -> Query,
    ) -> Result<(), sqlx::Error> {
        self.fetch(db, rows, bind, |_| Ok(())).await
    }

    /// Runs it for all rows, and calls `take` with each returned row, in any order. A returned row takes about 4 KB
    /// until it is read, so at most those of one run exist at a time.
    pub(crate) async fn fetch<R>(
        &self,
        db: &mut SqliteConnection,
        mut rows: &[R],
        bind: impl Fn(Query, &R) -> Query,
        mut take: impl FnMut(&SqliteRow) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        for (length, sql) in LENGTHS.iter().zip(&self.0) {
            while let Some((now, later)) = rows.split_at_checked(*length) {
                let query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                let query = now.iter().fold(query, &bind);
                query.fetch_all(&mut *db).await?.iter().try_for_each(&mut take)?;
                rows = later;
            }
        }
        Ok(())
    }
}

/// The statements of the writer.
#[derive(Debug)]
pub(crate) struct Statements {
    /// Gives texts their numbers: text. Returns the number and the text.
    pub number: Bulk,
    /// Addresses from a peer, a seed or a file: address, chain, identity, network, first seen, last seen, source,
    /// services.
    /// Unknown values replace nothing.
    pub learn: Bulk,
    /// Finds peers: address, chain, identity. Returns the id and all other columns of those that are stored.
    pub find: Bulk,
    /// Adds peers that may not be stored: address, chain, identity, network, first seen.
    pub add: Bulk,
    /// Replaces the data of peers: id, and the columns of [`crate::row::bind_peer`].
    pub update: Bulk,
    /// Stores attempts, replacing older ones in the same slots: the columns of [`crate::row::bind_past`].
    pub remember: Bulk,
    /// Stores introductions, replacing earlier ones: peer, time, JSON.
    pub introduce: Bulk,
}

impl Statements {
    pub(crate) fn new() -> Self {
        Self {
            number: Bulk::new(
                "INSERT INTO text (text) VALUES",
                1,
                "ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING id, text",
            ),
            learn: Bulk::new(
                "INSERT INTO peer (address, chain, identity, network, first_seen, last_seen, source, services) VALUES",
                8,
                // Most learned addresses are known already, and then nothing is written.
                "ON CONFLICT (address, chain, identity) DO UPDATE SET \
                 last_seen = coalesce(max(peer.last_seen, excluded.last_seen), peer.last_seen, excluded.last_seen), \
                 source = coalesce(peer.source, excluded.source), \
                 services = CASE WHEN peer.version IS NULL AND excluded.services <> 0 \
                 THEN excluded.services ELSE peer.services END \
                 WHERE excluded.last_seen > peer.last_seen \
                 OR peer.last_seen IS NULL AND excluded.last_seen IS NOT NULL OR peer.source IS NULL",
            ),
            find: Bulk::new(
                concat!(
                    "SELECT id, ",
                    peer_columns!("chain", "source", "reason", "user_agent", "NULL"),
                    " FROM (VALUES"
                ),
                3,
                ") AS asked CROSS JOIN peer WHERE peer.address = asked.column1 AND peer.chain = asked.column2 \
                 AND peer.identity = asked.column3",
            ),
            add: Bulk::new(
                "INSERT INTO peer (address, chain, identity, network, first_seen) VALUES",
                5,
                "ON CONFLICT (address, chain, identity) DO NOTHING",
            ),
            update: Bulk::new(
                "UPDATE peer SET first_seen = new.column2, last_seen = new.column3, source = new.column4, \
                 services = new.column5, tried = new.column6, good = new.column7, last_tried = new.column8, \
                 last_good = new.column9, outcome = new.column10, stage = new.column11, reason = new.column12, \
                 v1 = new.column13, v2 = new.column14, version = new.column15, user_agent = new.column16, \
                 height = new.column17, latency = new.column18, reliability_2h = new.column19, \
                 reliability_8h = new.column20, reliability_1d = new.column21, reliability_7d = new.column22, \
                 reliability_30d = new.column23, averages = new.column24 FROM (VALUES",
                24,
                ") AS new WHERE peer.id = new.column1",
            ),
            remember: Bulk::new(
                "INSERT INTO attempt (peer, slot, at, outcome, stage, reason, v1, v2, user_agent, latency) VALUES",
                10,
                "ON CONFLICT (peer, slot) DO UPDATE SET at = excluded.at, outcome = excluded.outcome, \
                 stage = excluded.stage, reason = excluded.reason, v1 = excluded.v1, v2 = excluded.v2, \
                 user_agent = excluded.user_agent, latency = excluded.latency",
            ),
            introduce: Bulk::new(
                "INSERT INTO introduction (peer, at, json) VALUES",
                3,
                "ON CONFLICT (peer) DO UPDATE SET at = excluded.at, json = excluded.json \
                 WHERE excluded.at >= introduction.at",
            ),
        }
    }
}
