//! Writes a batch into the database, in one transaction.
//!
//! ```text
//! texts ──▶ numbers          texts that peers share are stored once
//! learned ──▶ upsert         many addresses, mostly known already
//! attempts ──▶ find ──▶ fold in Rust ──▶ update, remember     new peers are added first
//! eviction ──▶ delete           peers that never answered, if there are too many
//! sweep ──▶ delete           texts without references, at the end
//! ```

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, SqliteConnection};

use peers::{
    Attempt, Batch, BatchWriter, Ending, Endpoint, Error, EscapedText, Introduction, Learned, Peer, PeerUpdate,
    RawEnding, RawPast, RawPeer, Time,
};

use crate::error;
use crate::eviction::{Eviction, KEPT_UNANSWERED};
use crate::row::{Columns, bind_past, bind_peer};
use crate::sql::{Query, Statements};
use crate::sweep::sweep;

/// Attempts kept for each peer: a week of a daily crawl and one day more, in about 200 bytes.
pub const KEPT_ATTEMPTS: u32 = 8;

/// Numbers of texts kept in memory: about 10 MB at worst. Invented user agents can fill it; then it is cleared.
const MAX_NUMBERS: usize = 1 << 15;

/// The writer, with its prepared statements.
#[derive(Debug)]
pub(crate) struct SqliteWriter {
    db: SqliteConnection,
    statements: Statements,
    numbers: HashMap<EscapedText, i64>,
    /// The version of the database that the numbers belong to, as changed by other connections.
    data_version: i64,
    eviction: Eviction,
    /// Entries written so far.
    written: u64,
    /// What errors name.
    path: Arc<Path>,
}

impl BatchWriter for SqliteWriter {
    async fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        self.write_batch(batch).await.map_err(|error| error::of(&self.path, &error))
    }

    async fn sweep(&mut self) -> Result<(), Error> {
        self.sweep_texts().await.map_err(|error| error::of(&self.path, &error))
    }

    async fn close(self) -> Result<(), Error> {
        let path = self.path.clone();
        self.db.close().await.map_err(|error| error::of(&path, &error))
    }
}

impl SqliteWriter {
    pub(crate) fn new(db: SqliteConnection, path: Arc<Path>) -> Self {
        let eviction = Eviction::new(KEPT_UNANSWERED);
        Self { db, statements: Statements::new(), numbers: HashMap::new(), data_version: 0, eviction, written: 0, path }
    }

    /// The same with another limit on unanswered peers.
    #[cfg(test)]
    pub(crate) fn keeping(self, eviction: Eviction) -> Self {
        Self { eviction, ..self }
    }

    /// Writes a whole batch or nothing.
    pub(crate) async fn write_batch(&mut self, batch: &Batch) -> Result<(), sqlx::Error> {
        let Self { db, statements, numbers, data_version, eviction, written, .. } = self;
        // The lock is taken at once: if a reader becomes a writer later, another writer may come first.
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
        // Another process may have deleted texts whose numbers we remember. (SQLite: PRAGMA data_version)
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *transaction).await?;
        if version != *data_version {
            numbers.clear();
            *data_version = version;
        }
        number(&mut transaction, statements, numbers, batch).await?;
        learn(&mut transaction, statements, numbers, &batch.learned).await?;
        tell(&mut transaction, statements, numbers, &batch.told).await?;
        eviction.thin_out(&mut transaction, batch.len()).await?;
        *written += batch.len() as u64;
        transaction.commit().await
    }

    /// Deletes texts without references, if that is worth the time.
    pub(crate) async fn sweep_texts(&mut self) -> Result<(), sqlx::Error> {
        self.numbers.clear();
        sweep(&mut self.db, self.written).await
    }
}

/// Gives each text of a batch its number.
async fn number(
    db: &mut SqliteConnection,
    statements: &Statements,
    numbers: &mut HashMap<EscapedText, i64>,
    batch: &Batch,
) -> Result<(), sqlx::Error> {
    if numbers.len() > MAX_NUMBERS {
        numbers.clear();
    }
    let mut new: Vec<&EscapedText> = batch.texts().filter(|text| !numbers.contains_key(*text)).collect();
    new.sort_unstable();
    new.dedup();
    let bind = |query: Query, text: &&EscapedText| query.bind(text.as_str().to_owned());
    let take = |row: &SqliteRow| {
        let mut columns = Columns::of(row);
        let number = columns.next()?;
        numbers.insert(columns.word()?, number);
        Ok(())
    };
    statements.number.fetch(db, &new, bind, take).await
}

async fn learn(
    db: &mut SqliteConnection,
    statements: &Statements,
    numbers: &HashMap<EscapedText, i64>,
    learned: &[Learned],
) -> Result<(), sqlx::Error> {
    let bind = |query: Query, learned: &Learned| {
        let first_seen = learned.seen.unwrap_or(learned.at);
        bind_key(query, &key(numbers[&learned.chain], learned.identity.as_ref(), learned.endpoint), first_seen)
            .bind(learned.seen.map(|seen| seen.0))
            .bind(numbers[&learned.source])
            .bind(learned.services.cast_signed())
    };
    statements.learn.run(db, learned, bind).await
}

/// Reads the stored data of each peer, adds that of a batch, and writes it back.
async fn tell(
    db: &mut SqliteConnection,
    statements: &Statements,
    numbers: &HashMap<EscapedText, i64>,
    told: &[PeerUpdate],
) -> Result<(), sqlx::Error> {
    let number_of = |text: &EscapedText| numbers[text];
    let key = |told: &PeerUpdate| {
        let (chain, identity, endpoint, _) = told.who();
        key(number_of(chain), identity, endpoint)
    };
    let mut peers = HashMap::new();
    find(db, statements, told.iter().map(key).collect(), &mut peers).await?;
    let new: Vec<&PeerUpdate> = told.iter().filter(|told| !peers.contains_key(&key(told))).collect();
    if !new.is_empty() {
        let add = |query, told: &&PeerUpdate| {
            let (.., seen) = told.who();
            bind_key(query, &key(told), seen)
        };
        statements.add.run(db, &new, add).await?;
        find(db, statements, new.into_iter().map(key).collect(), &mut peers).await?;
    }
    let (mut attempts, mut introductions) = (Vec::new(), HashMap::new());
    for told in told {
        let (id, peer) = peers.get_mut(&key(told)).ok_or(sqlx::Error::RowNotFound)?;
        match told {
            PeerUpdate::Attempt(attempt) => {
                attempts.push((*id, peer.tried % KEPT_ATTEMPTS, past(attempt, number_of)));
                peer.tried(attempt, number_of);
                if let Some(json) = attempt.introduced.as_ref().and_then(|introduced| introduced.introduction.as_ref())
                {
                    introductions.insert(*id, (attempt.at, json));
                }
            }
            PeerUpdate::Peer(other) => {
                if let Some(json) = &other.introduction {
                    // The time of the last good attempt, or else of another sign of life, is the closest value.
                    let at = other.last_good.or(other.last_seen).unwrap_or(other.first_seen);
                    introductions.insert(*id, (at, json));
                }
                peer.merge(numbered(other, number_of));
            }
        }
    }
    let peers: Vec<_> = peers.into_values().collect();
    statements.update.run(db, &peers, |query, (id, peer)| bind_peer(query, *id, peer)).await?;
    statements.remember.run(db, &attempts, |query, (id, slot, past)| bind_past(query, *id, *slot, past)).await?;
    let introductions: Vec<_> = introductions.into_iter().collect();
    let bind = |query: Query, (id, (Time(at), json)): &(i64, (Time, &Introduction))| {
        query.bind(*id).bind(*at).bind(json.as_str().to_owned())
    };
    statements.introduce.run(db, &introductions, bind).await
}

/// A peer's network, identity and endpoint, a unique key.
type Key = (i64, Option<EscapedText>, Endpoint);

fn key(chain: i64, identity: Option<&EscapedText>, endpoint: Endpoint) -> Key {
    (chain, identity.cloned(), endpoint)
}

/// Collects the peers that are stored, each with its id.
async fn find(
    db: &mut SqliteConnection,
    statements: &Statements,
    keys: Vec<Key>,
    peers: &mut HashMap<Key, (i64, RawPeer<i64>)>,
) -> Result<(), sqlx::Error> {
    let bind = |query: Query, (chain, identity, endpoint): &Key| {
        query.bind(endpoint.to_string()).bind(*chain).bind(text_of(identity.as_ref()))
    };
    let take = |row: &SqliteRow| {
        let mut columns = Columns::of(row);
        let (id, peer) = (columns.next()?, columns.peer::<i64>()?);
        peers.insert((peer.chain, peer.identity.clone(), peer.endpoint), (id, peer));
        Ok(())
    };
    statements.find.fetch(db, &keys, bind, take).await
}

fn bind_key(query: Query, (chain, identity, endpoint): &Key, Time(first_seen): Time) -> Query {
    query
        .bind(endpoint.to_string())
        .bind(*chain)
        .bind(text_of(identity.as_ref()))
        .bind(endpoint.network().number())
        .bind(first_seen)
}

/// The database has an empty text for no identity, since NULL equals nothing.
fn text_of(identity: Option<&EscapedText>) -> String {
    identity.map_or("", EscapedText::as_str).to_owned()
}

fn past(attempt: &Attempt, number_of: impl Fn(&EscapedText) -> i64) -> RawPast<i64> {
    RawPast {
        at: attempt.at,
        ending: ending(&attempt.ending, &number_of),
        transports: attempt.transports,
        user_agent: attempt.introduced.as_ref().map(|introduced| number_of(&introduced.user_agent)),
        latency: attempt.latency,
    }
}

fn numbered(peer: &Peer, number_of: impl Fn(&EscapedText) -> i64) -> RawPeer<i64> {
    RawPeer {
        chain: number_of(&peer.chain),
        source: peer.source.as_ref().map(&number_of),
        ending: peer.ending.as_ref().map(|found| ending(found, &number_of)),
        user_agent: peer.user_agent.as_ref().map(&number_of),
        endpoint: peer.endpoint,
        identity: peer.identity.clone(),
        first_seen: peer.first_seen,
        last_seen: peer.last_seen,
        services: peer.services,
        tried: peer.tried,
        good: peer.good,
        last_tried: peer.last_tried,
        last_good: peer.last_good,
        transports: peer.transports,
        version: peer.version,
        height: peer.height,
        introduction: None,
        latency: peer.latency,
        reliability: peer.reliability,
    }
}

fn ending(ending: &Ending, number_of: impl Fn(&EscapedText) -> i64) -> RawEnding<i64> {
    RawEnding { outcome: ending.outcome, stage: ending.stage, reason: number_of(&ending.reason) }
}
