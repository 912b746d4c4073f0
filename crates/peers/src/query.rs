//! What a book is asked: which peers, in which order, how many of each.

use std::fmt;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::peer::{Peer as AnyPeer, Time};
use crate::text::EscapedText;
use address::Network;

type Peer = AnyPeer<EscapedText>;

/// Rows that are read ahead of the task that takes them.
const AHEAD: usize = 256;

/// Selects peers. Unset filters match everything; set filters are combined with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Peers of this network.
    pub chain: Option<EscapedText>,
    /// Peers with a matching user agent, ignoring case. A pattern with `*` (any text) or `?` (any one letter) must
    /// match as a whole; other text needs only to occur.
    pub user_agent: Option<String>,
    /// Peers that offer all of these services.
    pub services: u64,
    /// Peers whose last handshake concluded, or did not. A peer that was never tried matches neither.
    pub reachable: Option<bool>,
    /// Peers seen at this time or later.
    pub since: Option<Time>,
    /// Peers with an address in this network.
    pub network: Option<Network>,
    /// Peers that completed a handshake at least once.
    pub ever_good: bool,
}

/// The sort key. Peers with equal keys are in the order in which they became known.
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
    /// Latency of the introduction.
    Latency,
    /// The number in BIP155.
    Network,
    /// Of the last attempt, as text.
    Reason,
    /// Attempts.
    Tried,
    /// Attempts that were concluded.
    Good,
    /// Over 30 days, then over 7 days, then by version: the order of the seeders in `dnsseed.dump`.
    Reliability,
}

impl SortBy {
    /// All sort keys, with their names.
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
}

/// An order of peers. Peers without a value come last in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The sort key.
    pub by: SortBy,
    /// Highest first.
    pub descending: bool,
}

/// The column by which peers are counted.
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
    /// The source.
    Source,
}

impl Column {
    /// All columns, with their names.
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

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
}

/// A stream of peers. Reading begins with the first call, and ends when the stream is dropped.
pub struct Peers {
    /// Sends them, once it is started.
    reading: Option<BoxFuture<'static, ()>>,
    answers: mpsc::Receiver<Result<Peer, Error>>,
}

/// Takes the peers that are read; an error is the last.
pub type PeerSender = mpsc::Sender<Result<Peer, Error>>;

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("begun", &self.reading.is_none()).finish_non_exhaustive()
    }
}

impl Peers {
    /// Peers that `read` sends, until there are no more or the receiver is gone. It runs as a task of its own.
    pub fn new<R: Future<Output = ()> + Send + 'static>(read: impl FnOnce(PeerSender) -> R) -> Self {
        let (sender, answers) = mpsc::channel(AHEAD);
        Self { reading: Some(Box::pin(read(sender))), answers }
    }

    /// The next peer; `None` after the last.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn next(&mut self) -> Result<Option<Peer>, Error> {
        if let Some(reading) = self.reading.take() {
            tokio::spawn(reading);
        }
        self.answers.recv().await.transpose()
    }

    /// Calls `each` with all peers that are left, one after the other.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn for_each(mut self, mut each: impl FnMut(Peer)) -> Result<(), Error> {
        while let Some(peer) = self.next().await? {
            each(peer);
        }
        Ok(())
    }
}
