//! Rows of the database as Rust sees them.

use std::time::Duration;

use handshake::{Outcome, Stage};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use peers::{
    Endpoint, EscapedText, Introduction, OUTCOMES, RawEnding as Ending, RawPast as Past, RawPeer as Peer, Reliability,
    STAGES, Time, Transports,
};

use crate::sql::Query;

/// The Rust type of a text column: the text itself, or its number.
pub(crate) trait Word: Sized {
    /// The next column.
    fn read(columns: &mut Columns<'_>) -> Result<Option<Self>, sqlx::Error>;
}

impl Word for i64 {
    fn read(columns: &mut Columns<'_>) -> Result<Option<Self>, sqlx::Error> {
        columns.next()
    }
}

impl Word for EscapedText {
    fn read(columns: &mut Columns<'_>) -> Result<Option<Self>, sqlx::Error> {
        // Other programs may write into the database, so its text is bounded and escaped.
        let shown: Option<&str> = columns.next()?;
        Ok(shown.map(|shown| Self::read_cut(shown.as_bytes())))
    }
}

/// The columns of a row, one after the other.
pub(crate) struct Columns<'r> {
    row: &'r SqliteRow,
    at: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r SqliteRow) -> Self {
        Self { row, at: 0 }
    }

    pub(crate) fn next<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, sqlx::Error> {
        let value = self.row.try_get(self.at);
        self.at += 1;
        value
    }

    /// A text, if there is one.
    pub(crate) fn optional_word<T: Word>(&mut self) -> Result<Option<T>, sqlx::Error> {
        T::read(self)
    }

    /// A text.
    pub(crate) fn word<T: Word>(&mut self) -> Result<T, sqlx::Error> {
        self.optional_word()?.ok_or_else(|| damaged("a text that is not there"))
    }

    /// In the order of [`crate::sql::PEERS`].
    pub(crate) fn peer<T: Word>(&mut self) -> Result<Peer<T>, sqlx::Error> {
        let mut peer = Peer {
            endpoint: self.endpoint()?,
            chain: self.word()?,
            identity: self.identity()?,
            first_seen: Time(self.next()?),
            last_seen: self.next::<Option<i64>>()?.map(Time),
            source: self.optional_word()?,
            services: self.next::<i64>()?.cast_unsigned(),
            tried: self.next()?,
            good: self.next()?,
            last_tried: self.next::<Option<i64>>()?.map(Time),
            last_good: self.next::<Option<i64>>()?.map(Time),
            ending: self.ending()?,
            transports: self.transports()?,
            version: self.next()?,
            user_agent: self.optional_word()?,
            height: self.next()?,
            introduction: self.introduction()?,
            latency: self.latency()?,
            reliability: self.reliability()?,
        };
        peer.mend(Time::now());
        Ok(peer)
    }

    /// In the order of [`crate::sql::ATTEMPTS`].
    pub(crate) fn past<T: Word>(&mut self) -> Result<Past<T>, sqlx::Error> {
        Ok(Past {
            at: Time(self.next()?),
            ending: self.ending()?.ok_or_else(|| damaged("an attempt that did not end"))?,
            transports: self.transports()?,
            user_agent: self.optional_word()?,
            latency: self.latency()?,
        })
    }

    fn endpoint(&mut self) -> Result<Endpoint, sqlx::Error> {
        let text: &str = self.next()?;
        text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }

    fn identity(&mut self) -> Result<Option<EscapedText>, sqlx::Error> {
        let shown: &str = self.next()?;
        Ok((!shown.is_empty()).then(|| EscapedText::read_cut(shown.as_bytes())))
    }

    /// Other programs may write into the database: what is no introduction is none.
    fn introduction(&mut self) -> Result<Option<Introduction>, sqlx::Error> {
        Ok(self.next::<Option<&str>>()?.and_then(Introduction::read))
    }

    fn ending<T: Word>(&mut self) -> Result<Option<Ending<T>>, sqlx::Error> {
        let (outcome, stage, reason) = (self.outcome()?, self.stage()?, self.optional_word()?);
        Ok(match (outcome, stage, reason) {
            (Some(outcome), Some(stage), Some(reason)) => Some(Ending { outcome, stage, reason }),
            _ => None,
        })
    }

    fn transports(&mut self) -> Result<Transports, sqlx::Error> {
        Ok(Transports { v1: self.outcome()?, v2: self.outcome()? })
    }

    fn outcome(&mut self) -> Result<Option<Outcome>, sqlx::Error> {
        self.nth_of(&OUTCOMES)
    }

    fn stage(&mut self) -> Result<Option<Stage>, sqlx::Error> {
        self.nth_of(&STAGES)
    }

    fn nth_of<T: Copy>(&mut self, all: &[T]) -> Result<Option<T>, sqlx::Error> {
        let Some(code) = self.next::<Option<u32>>()? else { return Ok(None) };
        all.get(code as usize).copied().map(Some).ok_or_else(|| damaged("an unknown code"))
    }

    fn latency(&mut self) -> Result<Option<Duration>, sqlx::Error> {
        Ok(self.next::<Option<u32>>()?.map(|micros| Duration::from_micros(micros.into())))
    }

    fn reliability(&mut self) -> Result<Reliability, sqlx::Error> {
        let mut reliability = Reliability::default();
        for average in &mut reliability.0 {
            #[expect(clippy::cast_possible_truncation, reason = "it was a single")]
            let value = self.next::<Option<f64>>()?.unwrap_or_default() as f32;
            average.reliability = value;
        }
        let packed: Option<&[u8]> = self.next()?;
        for (average, pair) in reliability.0.iter_mut().zip(packed.unwrap_or_default().as_chunks().0) {
            let &[w0, w1, w2, w3, c0, c1, c2, c3]: &[u8; 8] = pair;
            average.weight = f32::from_le_bytes([w0, w1, w2, w3]);
            average.count = f32::from_le_bytes([c0, c1, c2, c3]);
        }
        Ok(reliability)
    }
}

fn damaged(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

/// Binds all changeable data of a peer, in the order of [`crate::sql::Statements::update`].
pub(crate) fn bind_peer(query: Query, id: i64, peer: &Peer<i64>) -> Query {
    let query = query
        .bind(id)
        .bind(peer.first_seen.0)
        .bind(peer.last_seen.map(|time| time.0))
        .bind(peer.source)
        .bind(peer.services.cast_signed())
        .bind(peer.tried)
        .bind(peer.good)
        .bind(peer.last_tried.map(|time| time.0))
        .bind(peer.last_good.map(|time| time.0));
    let query = bind_ending(query, peer.ending.as_ref());
    let mut query = bind_transports(query, peer.transports)
        .bind(peer.version)
        .bind(peer.user_agent)
        .bind(peer.height)
        .bind(peer.latency.map(micros));
    let was_tried = peer.tried > 0 || peer.reliability != Reliability::default();
    let mut packed = Vec::with_capacity(40);
    for average in peer.reliability.0 {
        query = query.bind(was_tried.then_some(f64::from(average.reliability)));
        packed.extend_from_slice(&average.weight.to_le_bytes());
        packed.extend_from_slice(&average.count.to_le_bytes());
    }
    query.bind(was_tried.then_some(packed))
}

/// Binds an attempt, in the order of [`crate::sql::Statements::remember`].
pub(crate) fn bind_past(query: Query, peer: i64, slot: u32, past: &Past<i64>) -> Query {
    let query = bind_ending(query.bind(peer).bind(slot).bind(past.at.0), Some(&past.ending));
    bind_transports(query, past.transports).bind(past.user_agent).bind(past.latency.map(micros))
}

fn bind_ending(query: Query, ending: Option<&Ending<i64>>) -> Query {
    query
        .bind(ending.and_then(|ending| number_in(&OUTCOMES, ending.outcome)))
        .bind(ending.and_then(|ending| number_in(&STAGES, ending.stage)))
        .bind(ending.map(|ending| ending.reason))
}

fn bind_transports(query: Query, transports: Transports) -> Query {
    let number = |outcome: Option<Outcome>| outcome.and_then(|outcome| number_in(&OUTCOMES, outcome));
    query.bind(number(transports.v1)).bind(number(transports.v2))
}

/// The number of a value in the database: its index in `all`.
fn number_in<T: Copy + PartialEq>(all: &[T], value: T) -> Option<i64> {
    let place = all.iter().position(|one| *one == value)?;
    Some(i64::try_from(place).expect("there are few of them"))
}

fn micros(latency: Duration) -> u32 {
    u32::try_from(latency.as_micros()).unwrap_or(u32::MAX)
}
