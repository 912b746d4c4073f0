//! The one task that writes: it collects data, and commits on an event or a timer.
//!
//! ```text
//! record ─┐                      full, or old enough,
//! learned ┼─▶ bounded queue ─▶ batch ──────────▶ one transaction
//! import ─┘                      or asked to flush
//! ```

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use handshake::Blame;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Why};
use crate::peer::{Attempt, Learned, Peer as AnyPeer, Time};
use crate::text::EscapedText;
use address::Endpoint;

type Peer = AnyPeer<EscapedText>;

/// The part of an engine that writes.
pub trait BatchWriter: Send + 'static {
    /// Writes a whole batch or nothing.
    fn write(&mut self, batch: &Batch) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes what is of no use any more, at the end.
    fn sweep(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lets go of the database.
    fn close(self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Data that is written at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Addresses that were told.
    pub learned: Vec<Learned>,
    /// Attempts, and peers as others know them.
    pub told: Vec<PeerUpdate>,
}

/// The data that a batch adds to one peer.
#[derive(Debug)]
pub enum PeerUpdate {
    /// An attempt is over.
    Attempt(Attempt),
    /// Another database or program knows this.
    Peer(Box<Peer>),
}

impl PeerUpdate {
    /// The peer: its network, its identity, its address, and when that was.
    #[must_use]
    pub fn who(&self) -> (&EscapedText, Option<&EscapedText>, Endpoint, Time) {
        match self {
            Self::Attempt(attempt) => (&attempt.chain, attempt.identity.as_ref(), attempt.endpoint, attempt.at),
            Self::Peer(peer) => (&peer.chain, peer.identity.as_ref(), peer.endpoint, peer.first_seen),
        }
    }

    /// Its texts: network, reason, user agent and source.
    #[must_use]
    pub fn texts(&self) -> [Option<&EscapedText>; 4] {
        match self {
            Self::Attempt(attempt) => {
                let user_agent = attempt.introduced.as_ref().map(|introduced| &introduced.user_agent);
                [Some(&attempt.chain), Some(&attempt.ending.reason), user_agent, attempt.source.as_ref()]
            }
            Self::Peer(peer) => {
                let reason = peer.ending.as_ref().map(|ending| &ending.reason);
                [Some(&peer.chain), reason, peer.user_agent.as_ref(), peer.source.as_ref()]
            }
        }
    }
}

impl Batch {
    /// Entries in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.learned.len() + self.told.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All texts in it.
    pub fn texts(&self) -> impl Iterator<Item = &EscapedText> {
        let learned = self.learned.iter().flat_map(|learned| [&learned.chain, &learned.source]);
        learned.chain(self.told.iter().flat_map(PeerUpdate::texts).flatten())
    }
}

/// A batch is written when it has this many entries: enough that the cost of a commit is small beside them, and few
/// enough that a commit takes about 200 ms.
const MOST: usize = 8192;

/// A batch is written when its first entry is this old. Including the time of a commit, nothing older than 2 s is lost
/// when the process is killed.
const OLDEST: Duration = Duration::from_millis(500);

/// Entries that wait for the writer, about 2 MB; when the queue is full, callers wait.
const QUEUE: usize = MOST;

/// Orders for the writer.
#[derive(Debug)]
enum Order {
    Learned(Learned),
    PeerUpdate(PeerUpdate),
    /// Commits all earlier data, and answers.
    Flush(oneshot::Sender<()>),
    /// Commits all earlier data, closes the database, and answers.
    Close(oneshot::Sender<()>),
}

/// Sends data to the one writer task. Clones send to the same task.
///
/// Data is in the database about half a second later, or after [`flush`](Self::flush). If writing fails, all later
/// calls fail with the reason, including [`flush`](Self::flush) and [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct Writer {
    orders: mpsc::Sender<Order>,
    failed: Arc<OnceLock<Error>>,
    path: Arc<Path>,
}

impl Writer {
    /// Starts the task with this connection.
    pub fn start(engine: impl BatchWriter, path: Arc<Path>) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE);
        let failed = Arc::new(OnceLock::new());
        let mut task = Task { queue, engine, batch: Batch::default(), answers: Vec::new() };
        tokio::spawn({
            let failed = Arc::clone(&failed);
            async move {
                let closed = match task.run().await {
                    Ok(closed) => {
                        // Texts that are not deleted now are deleted later.
                        let _ = task.engine.sweep().await;
                        closed
                    }
                    Err(error) => {
                        // The task lives until here, so a caller that finds the queue closed finds the reason.
                        let _ = failed.set(error);
                        None
                    }
                };
                // All is written. If closing fails, the log remains for the next connection.
                let _ = task.engine.close().await;
                closed.map(|answer| answer.send(()))
            }
        });
        Self { orders, failed, path }
    }

    /// Records a finished attempt. One that failed through our own fault shows nothing about the peer, and is left out.
    ///
    /// # Errors
    /// If nothing can be written any more.
    pub async fn record(&self, attempt: Attempt) -> Result<(), Error> {
        if attempt.blame == Some(Blame::Local) {
            return Ok(());
        }
        self.order(Order::PeerUpdate(PeerUpdate::Attempt(attempt))).await
    }

    /// Records an address from a source.
    ///
    /// # Errors
    /// If nothing can be written any more.
    pub async fn learned(&self, learned: Learned) -> Result<(), Error> {
        self.order(Order::Learned(learned)).await
    }

    /// Merges the data of a peer from another database or program: the later data is kept.
    ///
    /// # Errors
    /// If nothing can be written any more.
    pub async fn import(&self, peer: Peer) -> Result<(), Error> {
        self.order(Order::PeerUpdate(PeerUpdate::Peer(Box::new(peer)))).await
    }

    /// Returns when all earlier data is in the database.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn flush(&self) -> Result<(), Error> {
        self.ask(Order::Flush).await
    }

    /// Returns when all earlier data is in the database and the writer has closed it. Clones find it closed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn close(self) -> Result<(), Error> {
        self.ask(Order::Close).await
    }

    async fn ask(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.order(order(answer)).await?;
        answered.await.map_err(|_| self.error())
    }

    async fn order(&self, order: Order) -> Result<(), Error> {
        self.orders.send(order).await.map_err(|_| self.error())
    }

    /// Why the task has ended.
    fn error(&self) -> Error {
        self.failed.get().cloned().unwrap_or_else(|| Error::new(&self.path, Why::Closed))
    }
}

#[derive(Debug)]
struct Task<E> {
    queue: mpsc::Receiver<Order>,
    engine: E,
    batch: Batch,
    /// Callers that wait until the batch is written.
    answers: Vec<oneshot::Sender<()>>,
}

impl<E: BatchWriter> Task<E> {
    /// Runs until all senders are dropped, or one of them closes the writer and waits for the answer.
    async fn run(&mut self) -> Result<Option<oneshot::Sender<()>>, Error> {
        let mut arrived = Vec::new();
        let mut due = Instant::now();
        loop {
            let was_empty = self.batch.is_empty();
            let room = MOST - self.batch.len();
            tokio::select! {
                count = self.queue.recv_many(&mut arrived, room) => if count == 0 {
                    return self.commit().await.map(|()| None);
                },
                () = sleep_until(due), if !was_empty => self.commit().await?,
            }
            if was_empty {
                due = Instant::now() + OLDEST;
            }
            for order in arrived.drain(..) {
                match order {
                    Order::Learned(learned) => self.batch.learned.push(learned),
                    Order::PeerUpdate(told) => self.batch.told.push(told),
                    Order::Flush(answer) => self.answers.push(answer),
                    Order::Close(answer) => {
                        return self.commit().await.map(|()| Some(answer));
                    }
                }
            }
            if self.batch.len() >= MOST || !self.answers.is_empty() {
                self.commit().await?;
            }
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        if !self.batch.is_empty() {
            self.engine.write(&self.batch).await?;
        }
        self.batch.learned.clear();
        self.batch.told.clear();
        for answer in self.answers.drain(..) {
            // A caller that no longer waits needs no answer.
            let _ = answer.send(());
        }
        Ok(())
    }
}
