//! Queries: which peers, in which order, the count of each value, and the history of one peer.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use peers::{
    Book, Column, Counts, Endpoint, Error, EscapedText, Filter, Network, OUTCOMES, Peer, PeerHistory, PeerSender,
    Peers, STAGES, Sort, SortBy, Time, Writer,
};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite};

use crate::error;
use crate::row::Columns;
use crate::sql::{ATTEMPTS, KNOWN_PEERS, PEERS};
use crate::store::Store;

/// The columns of an order.
fn columns(by: SortBy) -> &'static [&'static str] {
    match by {
        SortBy::Known => &[],
        SortBy::Address => &["peer.address"],
        SortBy::FirstSeen => &["first_seen"],
        SortBy::LastSeen => &["last_seen"],
        SortBy::LastTried => &["last_tried"],
        SortBy::LastGood => &["last_good"],
        SortBy::UserAgent => &["user_agent.text"],
        SortBy::Version => &["version"],
        SortBy::Height => &["height"],
        SortBy::Latency => &["latency"],
        SortBy::Network => &["network"],
        SortBy::Reason => &["reason.text"],
        SortBy::Tried => &["tried"],
        SortBy::Good => &["good"],
        SortBy::Reliability => &["reliability_30d", "reliability_7d", "version"],
    }
}

/// The name of a column.
fn name_of(column: Column) -> &'static str {
    match column {
        Column::UserAgent => "user_agent",
        Column::Version => "version",
        Column::Services => "services",
        Column::Reason => "reason",
        Column::Outcome => "outcome",
        Column::Stage => "stage",
        Column::Network => "network",
        Column::Chain => "chain",
        Column::Height => "height",
        Column::V1 => "v1",
        Column::V2 => "v2",
        Column::Source => "source",
    }
}

/// The meaning of a number in this column; `text` is the text with that number.
fn shown(column: Column, number: i64, text: Option<EscapedText>) -> Option<String> {
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let name = match column {
        Column::UserAgent | Column::Reason | Column::Chain | Column::Source => {
            return text.map(|text| text.to_string());
        }
        Column::Version | Column::Height => return Some(number.to_string()),
        Column::Services => return Some(number.cast_unsigned().to_string()),
        Column::Outcome | Column::V1 | Column::V2 => OUTCOMES.get(place).map(|outcome| outcome.name()),
        Column::Stage => STAGES.get(place).map(|stage| stage.name()),
        Column::Network => {
            Network::ALL.into_iter().find(|network| i64::from(network.number()) == number).map(Network::name)
        }
    };
    name.map(str::to_owned)
}

impl Store {
    /// Peers that pass the filter, in this order, at most `limit`. The result shows the database at the first call,
    /// whatever is written meanwhile.
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

    /// All known peers of a network, without their introductions, for the start of a crawl: first the peers that concluded a handshake, the latest
    /// first, then the others, the latest seen first. `Peer::due` says when each may be tried again.
    #[must_use]
    pub fn remembered(&self, chain: &EscapedText, limit: Option<u32>) -> Peers {
        let mut query = QueryBuilder::new(KNOWN_PEERS);
        push_filter(&mut query, &Filter { chain: Some(chain.clone()), ..Filter::default() });
        query.push(" ORDER BY last_good DESC NULLS LAST, last_seen DESC");
        if let Some(limit) = limit {
            query.push(" LIMIT ").push_bind(limit);
        }
        self.read(query)
    }

    /// Calls `each` with every address to which a socket can connect, and the reason of its last attempt, if there was
    /// one.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn reasons(&self, mut each: impl FnMut(SocketAddr, Option<&str>)) -> Result<(), Error> {
        let known = Sort { by: SortBy::Known, descending: false };
        let show = |peer: Peer| peer.endpoint.socket().into_iter().for_each(|socket| each(socket, peer.reason()));
        self.peers(&Filter::default(), known, None).for_each(show).await
    }

    fn read(&self, query: QueryBuilder<Sqlite>) -> Peers {
        let (readers, path) = (self.readers.clone(), Arc::clone(&self.path));
        Peers::new(|sender| answer(query, readers, path, sender))
    }

    /// Counts the matching peers by the value of a column, highest count first; `None` counts peers without a value.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn count_by(&self, column: Column, filter: &Filter) -> Result<Counts, Error> {
        let name = name_of(column);
        // Values are counted first and named afterwards: there are few names.
        let mut query = QueryBuilder::new(format!(
            "SELECT counted.value, text.text, counted.peers FROM \
             (SELECT peer.{name} AS value, count(*) AS peers FROM peer"
        ));
        push_filter(&mut query, filter);
        query.push(" GROUP BY 1) AS counted LEFT JOIN text ON text.id = counted.value ORDER BY 3 DESC, 2, 1");
        let counted = |row: SqliteRow| {
            let mut columns = Columns::of(&row);
            let (number, text, peers) =
                (columns.next::<Option<i64>>()?, columns.optional_word()?, columns.next::<i64>()?);
            Ok((number.and_then(|number| shown(column, number, text)), peers.cast_unsigned()))
        };
        let rows = query.build().try_map(counted).fetch_all(&self.readers);
        rows.await.map_err(|error| error::of(&self.path, &error))
    }

    /// How many peers pass the filter.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn count(&self, filter: &Filter) -> Result<u64, Error> {
        let mut query = QueryBuilder::new("SELECT count(*) FROM peer");
        push_filter(&mut query, filter);
        let count = query.build_query_scalar::<i64>().fetch_one(&self.readers).await;
        count.map(i64::cast_unsigned).map_err(|error| error::of(&self.path, &error))
    }

    /// The data of the peer at this address, once for each network in which it is known.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn show(&self, endpoint: &Endpoint) -> Result<Vec<PeerHistory>, Error> {
        self.history(endpoint).await.map_err(|error| error::of(&self.path, &error))
    }

    async fn history(&self, endpoint: &Endpoint) -> Result<Vec<PeerHistory>, sqlx::Error> {
        let mut query = QueryBuilder::new(PEERS);
        query.push(" WHERE peer.address = ").push_bind(endpoint.to_string()).push(" ORDER BY chain.text");
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

impl Book for Store {
    fn peers(&self, filter: &Filter, sort: Sort, limit: Option<u32>) -> Peers {
        self.peers(filter, sort, limit)
    }

    fn remembered(&self, chain: &EscapedText, limit: Option<u32>) -> Peers {
        self.remembered(chain, limit)
    }

    fn count_by<'b>(&'b self, column: Column, filter: &'b Filter) -> BoxFuture<'b, Result<Counts, Error>> {
        Box::pin(self.count_by(column, filter))
    }

    fn count<'b>(&'b self, filter: &'b Filter) -> BoxFuture<'b, Result<u64, Error>> {
        Box::pin(self.count(filter))
    }

    fn show<'b>(&'b self, endpoint: &'b Endpoint) -> BoxFuture<'b, Result<Vec<PeerHistory>, Error>> {
        Box::pin(self.show(endpoint))
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.readers.close())
    }

    fn writer(&self) -> BoxFuture<'_, Result<Writer, Error>> {
        Box::pin(self.writer())
    }
}

/// Reads rows until there are no more, or the receiver is gone.
async fn answer(mut query: QueryBuilder<Sqlite>, readers: SqlitePool, path: Arc<Path>, sender: PeerSender) {
    let mut rows = query.build().fetch(&readers);
    loop {
        let peer = match rows.try_next().await {
            Ok(Some(row)) => Columns::of(&row).peer(),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = peer.is_err();
        let peer = peer.map_err(|error| error::of(&path, &error));
        if sender.send(peer).await.is_err() || failed {
            return;
        }
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
        query.push(" AND peer.network = ").push_bind(i64::from(network.number()));
    }
    if filter.ever_good {
        query.push(" AND peer.last_good IS NOT NULL");
    }
}

/// Converts a pattern of `*` and `?`, or a text to search, to the syntax of `LIKE`.
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
    for column in columns(sort.by) {
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
