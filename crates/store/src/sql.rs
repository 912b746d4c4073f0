//! All SQL that the store says but for its schema, in one place.
//!
//! It keeps to what PostgreSQL understands, too, as far as that goes: upserts, `RETURNING`, `UPDATE … FROM`.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

/// All that it is bound to is its own.
pub(crate) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// What [`crate::row::Columns::peer`] reads, with numbers for texts.
macro_rules! peer_columns {
    ($chain:literal, $source:literal, $reason:literal, $user_agent:literal) => {
        concat!(
            "peer.address, ",
            $chain,
            ", first_seen, last_seen, ",
            $source,
            ", services, tried, good, last_tried, ",
            "last_good, outcome, stage, ",
            $reason,
            ", v1, v2, version, ",
            $user_agent,
            ", height, latency, ",
            "reliability_2h, reliability_8h, reliability_1d, reliability_7d, reliability_30d, averages"
        )
    };
}

/// Peers, with their texts. Conditions, order and limit follow.
pub(crate) const PEERS: &str = concat!(
    "SELECT ",
    peer_columns!("chain.text", "source.text", "reason.text", "user_agent.text"),
    ", peer.id FROM peer JOIN text AS chain ON chain.id = peer.chain \
     LEFT JOIN text AS source ON source.id = peer.source \
     LEFT JOIN text AS reason ON reason.id = peer.reason \
     LEFT JOIN text AS user_agent ON user_agent.id = peer.user_agent"
);

/// The attempts of a peer, newest first.
pub(crate) const ATTEMPTS: &str = "SELECT at, outcome, stage, reason.text, v1, v2, user_agent.text, latency \
     FROM attempt JOIN text AS reason ON reason.id = attempt.reason \
     LEFT JOIN text AS user_agent ON user_agent.id = attempt.user_agent \
     WHERE peer = ? ORDER BY at DESC, slot DESC";

/// A statement for many rows at once.
///
/// Each run of a statement goes through a queue to the thread that SQLite is on, and back: that costs more than a row
/// does. The three lengths are prepared once, and any number of rows is cut into them.
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

    /// Runs it for all rows. It returns nothing.
    pub(crate) async fn run<R>(
        &self,
        db: &mut SqliteConnection,
        rows: &[R],
        bind: impl Fn(Query, &R) -> Query,
    ) -> Result<(), sqlx::Error> {
        self.fetch(db, rows, bind, |_| Ok(())).await
    }

    /// Runs it for all rows, and has `take` read each that it returns, in any order. A row that SQLite returned takes some
    /// 4 KB until it is read, so there are never more than those of one run.
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
    /// Addresses that a peer, a seed or a file named: address, chain, network, first seen, last seen, source, services. What
    /// is not known replaces nothing that is.
    pub learn: Bulk,
    /// What is known of peers: address, chain. Returns the id and all else of those that are there.
    pub find: Bulk,
    /// Peers that may not be there: address, chain, network, first seen.
    pub add: Bulk,
    /// Replaces what is known of peers: id, and as [`crate::row::bind_peer`] has it.
    pub update: Bulk,
    /// Attempts, over those that were in their slots before: as [`crate::row::bind_past`] has it.
    pub remember: Bulk,
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
                "INSERT INTO peer (address, chain, network, first_seen, last_seen, source, services) VALUES",
                7,
                // Most of what is told is known already, and then nothing is written.
                "ON CONFLICT (address, chain) DO UPDATE SET \
                 last_seen = coalesce(max(peer.last_seen, excluded.last_seen), peer.last_seen, excluded.last_seen), \
                 source = coalesce(peer.source, excluded.source), \
                 services = CASE WHEN peer.version IS NULL AND excluded.services <> 0 \
                 THEN excluded.services ELSE peer.services END \
                 WHERE excluded.last_seen > peer.last_seen \
                 OR peer.last_seen IS NULL AND excluded.last_seen IS NOT NULL OR peer.source IS NULL",
            ),
            find: Bulk::new(
                concat!("SELECT id, ", peer_columns!("chain", "source", "reason", "user_agent"), " FROM (VALUES"),
                2,
                ") AS asked CROSS JOIN peer WHERE peer.address = asked.column1 AND peer.chain = asked.column2",
            ),
            add: Bulk::new(
                "INSERT INTO peer (address, chain, network, first_seen) VALUES",
                4,
                "ON CONFLICT (address, chain) DO NOTHING",
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
        }
    }
}
