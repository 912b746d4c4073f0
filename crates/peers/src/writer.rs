//! The one task that writes: it gathers what it is told, and commits on an event or a timer.
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

use crate::address::Address;
use crate::error::{Error, Why};
use crate::peer::{Attempt, Learned, Peer as AnyPeer, Time};
use crate::text::Shown;

type Peer = AnyPeer<Shown>;

/// The part of an engine that writes.
pub trait BatchWriter: Send + 'static {
    /// Writes all of a batch or nothing.
    fn write(&mut self, batch: &Batch) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes what is of no use any more, at the end.
    fn sweep(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lets go of the database.
    fn close(self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What is written at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Addresses that were told.
    pub learned: Vec<Learned>,
    /// Attempts, and peers as others know them.
    pub told: Vec<Told>,
}

/// What a batch tells of one peer.
#[derive(Debug)]
pub enum Told {
    /// An attempt is over.
    Attempt(Attempt),
    /// Another database or program knows this.
    Peer(Peer),
}

impl Told {
    /// The peer: its network, its address, and when that was.
    #[must_use]
    pub fn who(&self) -> (&Shown, &Address, Time) {
        match self {
            Self::Attempt(attempt) => (&attempt.chain, &attempt.address, attempt.at),
            Self::Peer(peer) => (&peer.chain, &peer.address, peer.first_seen),
        }
    }

    /// Its texts: network, reason, user agent and source.
    #[must_use]
    pub fn texts(&self) -> [Option<&Shown>; 4] {
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
    pub fn texts(&self) -> impl Iterator<Item = &Shown> {
        let learned = self.learned.iter().flat_map(|learned| [&learned.chain, &learned.source]);
        learned.chain(self.told.iter().flat_map(Told::texts).flatten())
    }
}

/// A batch is written when it has so many entries: enough that a commit costs little beside them, and few enough that
/// it takes some 200 ms.
const MOST: usize = 8192;

/// A batch is written when its first entry is so old. With the time that a commit takes, nothing that ended 2 s ago is
/// lost, whenever the process is killed.
const OLDEST: Duration = Duration::from_millis(500);

/// Entries that wait for the writer, some 2 MB; then whoever tells it more waits, too.
const QUEUE: usize = MOST;

/// What the writer is told.
#[derive(Debug)]
enum Order {
    Learned(Learned),
    Told(Told),
    /// Commits all that came before, and answers.
    Flush(oneshot::Sender<()>),
    /// Commits all that came before, lets go of the database, and answers.
    Close(oneshot::Sender<()>),
}

/// Tells the one task that writes. Clones tell the same one.
///
/// What it is told is in the database some half a second later, or after [`flush`](Self::flush). If it cannot be
/// written, everything from then on fails with the reason, [`flush`](Self::flush) and [`close`](Self::close) included.
#[derive(Clone, Debug)]
pub struct Writer {
    orders: mpsc::Sender<Order>,
    failed: Arc<OnceLock<Error>>,
    path: Arc<Path>,
}

impl Writer {
    /// Starts the task, with what writes for it. Errors of the task name this file.
    pub fn start(engine: impl BatchWriter, path: Arc<Path>) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE);
        let failed = Arc::new(OnceLock::new());
        let mut task = Task { queue, engine, batch: Batch::default(), answers: Vec::new() };
        tokio::spawn({
            let failed = Arc::clone(&failed);
            async move {
                let closed = match task.run().await {
                    Ok(closed) => {
                        // What is not swept now is swept another time.
                        let _ = task.engine.sweep().await;
                        closed
                    }
                    Err(error) => {
                        // The task lives until here, so whoever finds the queue closed finds the reason.
                        let _ = failed.set(error);
                        None
                    }
                };
                // All is written. A connection that does not part in peace leaves its log for the next one.
                let _ = task.engine.close().await;
                closed.map(|answer| answer.send(()))
            }
        });
        Self { orders, failed, path }
    }

    /// An attempt is over. One that failed through our own fault says nothing of the peer, and is left out.
    ///
    /// # Errors
    /// Why nothing can be written any more.
    pub async fn record(&self, attempt: Attempt) -> Result<(), Error> {
        if attempt.blame == Some(Blame::Local) {
            return Ok(());
        }
        self.order(Order::Told(Told::Attempt(attempt))).await
    }

    /// Somebody told us an address.
    ///
    /// # Errors
    /// Why nothing can be written any more.
    pub async fn learned(&self, learned: Learned) -> Result<(), Error> {
        self.order(Order::Learned(learned)).await
    }

    /// Another database or program knows this of a peer: what was found out last is kept.
    ///
    /// # Errors
    /// Why nothing can be written any more.
    pub async fn import(&self, peer: Peer) -> Result<(), Error> {
        self.order(Order::Told(Told::Peer(peer))).await
    }

    /// Returns when all that was told before is in the database.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn flush(&self) -> Result<(), Error> {
        self.ask(Order::Flush).await
    }

    /// Returns when all that was told before is in the database, and the writer has let go of it. Clones find it closed.
    ///
    /// # Errors
    /// Why it is not.
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
    /// To whom to say that the batch is written.
    answers: Vec<oneshot::Sender<()>>,
}

impl<E: BatchWriter> Task<E> {
    /// Until nobody is left who could tell it something, or one of them closes it and waits for the answer.
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
                    Order::Told(told) => self.batch.told.push(told),
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
            // Who no longer waits need not know.
            let _ = answer.send(());
        }
        Ok(())
    }
}
