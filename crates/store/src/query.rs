//! What the database is asked: which peers, in which order, how many of each, and one peer's past.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite};
use tokio::sync::mpsc;

use crate::address::{Address, Network};
use crate::error::Error;
use crate::peer::{OUTCOMES, Peer, PeerHistory, STAGES, Time};
use crate::row::Columns;
use crate::sql::{ATTEMPTS, PEERS};
use crate::store::Store;
use crate::text::Shown;

/// Rows that are read ahead of whoever takes them.
const AHEAD: usize = 256;

/// Which peers. What is not set lets all through; what is set must all be so.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this network.
    pub chain: Option<Shown>,
    /// Whose user agent is like this, in any case of letters: as a whole if there is a `*` (any text) or a `?` (any one
    /// letter) in it, otherwise it need only occur.
    pub user_agent: Option<String>,
    /// That offer all of these services.
    pub services: u64,
    /// Whose last handshake was concluded, or was not. A peer that was never tried is neither.
    pub reachable: Option<bool>,
    /// That were there at this time or later.
    pub since: Option<Time>,
    /// In this network.
    pub network: Option<Network>,
    /// That shook hands at least once.
    pub ever_good: bool,
}

/// By what peers are sorted. Ties are in the order in which they became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// As they became known.
    Known,
    /// As text.
    Address,
    /// Unix time.
    FirstSeen,
    /// Unix time.
    LastSeen,
    /// Unix time.
    LastTried,
    /// Unix time.
    LastGood,
    /// As text.
    UserAgent,
    /// Protocol version.
    Version,
    /// Blocks.
    Height,
    /// Time to the introduction.
    Latency,
    /// As BIP155 numbers them.
    Network,
    /// Of the last attempt, as text.
    Reason,
    /// Attempts.
    Tried,
    /// Attempts that were concluded.
    Good,
    /// Over 30 days, then over 7 days, then by version: as the seeders sort `dnsseed.dump`.
    Reliability,
}

impl SortBy {
    /// All of them, with their names.
    pub const ALL: [(&str, Self); 15] = [
        ("known", Self::Known),
        ("address", Self::Address),
        ("first-seen", Self::FirstSeen),
        ("last-seen", Self::LastSeen),
        ("last-tried", Self::LastTried),
        ("last-good", Self::LastGood),
        ("user-agent", Self::UserAgent),
        ("version", Self::Version),
        ("height", Self::Height),
        ("latency", Self::Latency),
        ("network", Self::Network),
        ("reason", Self::Reason),
        ("tried", Self::Tried),
        ("good", Self::Good),
        ("reliability", Self::Reliability),
    ];

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Known => &[],
            Self::Address => &["peer.address"],
            Self::FirstSeen => &["first_seen"],
            Self::LastSeen => &["last_seen"],
            Self::LastTried => &["last_tried"],
            Self::LastGood => &["last_good"],
            Self::UserAgent => &["user_agent.text"],
            Self::Version => &["version"],
            Self::Height => &["height"],
            Self::Latency => &["latency"],
            Self::Network => &["network"],
            Self::Reason => &["reason.text"],
            Self::Tried => &["tried"],
            Self::Good => &["good"],
            Self::Reliability => &["reliability_30d", "reliability_7d", "version"],
        }
    }
}

/// An order of peers. Those of which it is not known come last, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Highest first.
    pub descending: bool,
}

/// What peers are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Program.
    UserAgent,
    /// Protocol version.
    Version,
    /// Service bits, as a decimal number.
    Services,
    /// Reason code of the last attempt.
    Reason,
    /// Outcome of the last attempt.
    Outcome,
    /// Stage of the last attempt.
    Stage,
    /// IPv4, IPv6, Tor …
    Network,
    /// The network's name.
    Chain,
    /// Blocks.
    Height,
    /// Outcome over v1 when it was last tried.
    V1,
    /// Outcome over v2 when it was last tried.
    V2,
    /// Who told us.
    Source,
}

impl Column {
    /// All of them, with their names.
    pub const ALL: [(&str, Self); 12] = [
        ("user-agent", Self::UserAgent),
        ("version", Self::Version),
        ("services", Self::Services),
        ("reason", Self::Reason),
        ("outcome", Self::Outcome),
        ("stage", Self::Stage),
        ("network", Self::Network),
        ("chain", Self::Chain),
        ("height", Self::Height),
        ("v1", Self::V1),
        ("v2", Self::V2),
        ("source", Self::Source),
    ];

    fn sql(self) -> &'static str {
        match self {
            Self::UserAgent => "user_agent",
            Self::Version => "version",
            Self::Services => "services",
            Self::Reason => "reason",
            Self::Outcome => "outcome",
            Self::Stage => "stage",
            Self::Network => "network",
            Self::Chain => "chain",
            Self::Height => "height",
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Source => "source",
        }
    }

    /// What a number in this column means; `text` is the one of that number.
    fn shown(self, number: i64, text: Option<Shown>) -> Option<String> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let name = match self {
            Self::UserAgent | Self::Reason | Self::Chain | Self::Source => return text.map(|text| text.to_string()),
            Self::Version | Self::Height => return Some(number.to_string()),
            Self::Services => return Some(number.cast_unsigned().to_string()),
            Self::Outcome | Self::V1 | Self::V2 => OUTCOMES.get(place).map(|outcome| outcome.name()),
            Self::Stage => STAGES.get(place).map(|stage| stage.name()),
            Self::Network => Network::ALL.into_iter().find(|network| network.code() == number).map(Network::name),
        };
        name.map(str::to_owned)
    }
}

/// Peers as they are read. The reading begins when the first is asked for, and ends when this is dropped.
#[derive(Debug)]
pub struct Peers {
    question: Option<Question>,
    answers: mpsc::Receiver<Result<Peer, Error>>,
}

impl Peers {
    /// The next one; `None` behind the last.
    ///
    /// # Errors
    /// Why they cannot be read any more.
    pub async fn next(&mut self) -> Result<Option<Peer>, Error> {
        if let Some(question) = self.question.take() {
            tokio::spawn(question.answer());
        }
        self.answers.recv().await.transpose()
    }

    /// Shows all that are left to `each`, one after the other.
    ///
    /// # Errors
    /// Why they cannot be read any more.
    pub async fn for_each(mut self, mut each: impl FnMut(Peer)) -> Result<(), Error> {
        while let Some(peer) = self.next().await? {
            each(peer);
        }
        Ok(())
    }
}

/// A question, before anybody waits for its answers.
struct Question {
    query: QueryBuilder<Sqlite>,
    readers: SqlitePool,
    path: Arc<Path>,
    asker: mpsc::Sender<Result<Peer, Error>>,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Question {
    /// Reads rows until there are no more, or nobody asks any more.
    async fn answer(mut self) {
        let mut rows = self.query.build().fetch(&self.readers);
        loop {
            let peer = match rows.try_next().await {
                Ok(Some(row)) => Columns::of(&row).peer(),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let failed = peer.is_err();
            let peer = peer.map_err(|error| Error::of(&self.path, &error));
            if self.asker.send(peer).await.is_err() || failed {
                return;
            }
        }
    }
}

impl Store {
    /// Peers that pass the filter, in this order, at most so many. They are those of the moment in which the first is
    /// asked for, whatever is written meanwhile.
    #[must_use]
    pub fn peers(&self, filter: &Filter, sort: Sort, limit: Option<u32>) -> Peers {
        let mut query = QueryBuilder::new(PEERS);
        push_filter(&mut query, filter);
        push_order(&mut query, sort);
        if let Some(limit) = limit {
            query.push(" LIMIT ").push_bind(limit);
        }
        self.read(query)
    }

    /// All that are known of a network, for a crawl to begin with: first those that were good, the latest of them
    /// first, then the others, those that were there last first. `Peer::due` says when each may be tried again.
    #[must_use]
    pub fn remembered(&self, chain: &Shown, limit: Option<u32>) -> Peers {
        let mut query = QueryBuilder::new(PEERS);
        push_filter(&mut query, &Filter { chain: Some(chain.clone()), ..Filter::default() });
        query.push(" ORDER BY last_good DESC NULLS LAST, last_seen DESC");
        if let Some(limit) = limit {
            query.push(" LIMIT ").push_bind(limit);
        }
        self.read(query)
    }

    /// Shows to `each` where a socket can be connected to, and how the last attempt there ended, if there was one.
    ///
    /// # Errors
    /// Why they cannot be read any more.
    pub async fn reasons(&self, mut each: impl FnMut(SocketAddr, Option<&str>)) -> Result<(), Error> {
        let known = Sort { by: SortBy::Known, descending: false };
        let show = |peer: Peer| peer.address.socket().into_iter().for_each(|socket| each(socket, peer.reason()));
        self.peers(&Filter::default(), known, None).for_each(show).await
    }

    fn read(&self, query: QueryBuilder<Sqlite>) -> Peers {
        let (asker, answers) = mpsc::channel(AHEAD);
        let question = Question { query, readers: self.readers.clone(), path: Arc::clone(&self.path), asker };
        Peers { question: Some(question), answers }
    }

    /// How many peers that pass the filter have each value of a column, most first; `None` is those that have none.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn count_by(&self, column: Column, filter: &Filter) -> Result<Vec<(Option<String>, u64)>, Error> {
        let name = column.sql();
        // Counted first, and named then: there are few names.
        let mut query = QueryBuilder::new(format!(
            "SELECT counted.value, text.text, counted.peers FROM \
             (SELECT peer.{name} AS value, count(*) AS peers FROM peer"
        ));
        push_filter(&mut query, filter);
        query.push(" GROUP BY 1) AS counted LEFT JOIN text ON text.id = counted.value ORDER BY 3 DESC, 2, 1");
        let counted = |row: SqliteRow| {
            let mut columns = Columns::of(&row);
            let (number, text, peers) = (columns.next::<Option<i64>>()?, columns.next()?, columns.next::<i64>()?);
            Ok((number.and_then(|number| column.shown(number, text)), peers.cast_unsigned()))
        };
        let rows = query.build().try_map(counted).fetch_all(&self.readers);
        rows.await.map_err(|error| Error::of(&self.path, &error))
    }

    /// How many peers pass the filter.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn count(&self, filter: &Filter) -> Result<u64, Error> {
        let mut query = QueryBuilder::new("SELECT count(*) FROM peer");
        push_filter(&mut query, filter);
        let count = query.build_query_scalar::<i64>().fetch_one(&self.readers).await;
        count.map(i64::cast_unsigned).map_err(|error| Error::of(&self.path, &error))
    }

    /// What is known of the peer at this address, once for each network that it was tried for or told of.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn show(&self, address: &Address) -> Result<Vec<PeerHistory>, Error> {
        self.history(address).await.map_err(|error| Error::of(&self.path, &error))
    }

    async fn history(&self, address: &Address) -> Result<Vec<PeerHistory>, sqlx::Error> {
        let mut query = QueryBuilder::new(PEERS);
        query.push(" WHERE peer.address = ").push_bind(address.as_str().to_owned()).push(" ORDER BY chain.text");
        let mut histories = Vec::new();
        for row in query.build().fetch_all(&self.readers).await? {
            let mut columns = Columns::of(&row);
            let (peer, id) = (columns.peer()?, columns.next::<i64>()?);
            let attempts = sqlx::query(ATTEMPTS).bind(id).try_map(|row| Columns::of(&row).past());
            histories.push(PeerHistory { peer, attempts: attempts.fetch_all(&self.readers).await? });
        }
        Ok(histories)
    }
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    query.push(" WHERE TRUE");
    if let Some(chain) = &filter.chain {
        query.push(" AND peer.chain = (SELECT id FROM text WHERE text = ");
        query.push_bind(chain.as_str().to_owned()).push(")");
    }
    if let Some(pattern) = &filter.user_agent {
        query.push(" AND peer.user_agent IN (SELECT id FROM text WHERE text LIKE ");
        query.push_bind(like(pattern)).push(" ESCAPE '!')");
    }
    if filter.services != 0 {
        let services = filter.services.cast_signed();
        query.push(" AND peer.services & ").push_bind(services).push(" = ").push_bind(services);
    }
    match filter.reachable {
        Some(true) => query.push(" AND peer.outcome = 0"),
        Some(false) => query.push(" AND peer.outcome <> 0"),
        None => query,
    };
    if let Some(Time(since)) = filter.since {
        query.push(" AND peer.last_seen >= ").push_bind(since);
    }
    if let Some(network) = filter.network {
        query.push(" AND peer.network = ").push_bind(network.code());
    }
    if filter.ever_good {
        query.push(" AND peer.last_good IS NOT NULL");
    }
}

/// A pattern of `*` and `?`, or a text that occurs, as `LIKE` has it.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len() + 2);
    for letter in pattern.chars() {
        match letter {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '!' => like.extend(['!', letter]),
            _ => like.push(letter),
        }
    }
    if pattern.contains(['*', '?']) { like } else { format!("%{like}%") }
}

fn push_order(query: &mut QueryBuilder<Sqlite>, sort: Sort) {
    let direction = if sort.descending { " DESC" } else { "" };
    query.push(" ORDER BY ");
    for column in sort.by.columns() {
        query.push(column).push(direction).push(" NULLS LAST, ");
    }
    query.push("peer.id");
    if sort.by == SortBy::Known {
        query.push(direction);
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_pattern_is_a_text_that_occurs_or_a_whole() {
        assert_eq!(like("Satoshi:2"), "%Satoshi:2%");
        assert_eq!(like("/Sat*:?/"), "/Sat%:_/");
        assert_eq!(like("100%_!"), "%100!%!_!!%");
    }
}
