//! A scripted peer, with the verdict that it deserves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::{Blame, Stage};
use net::Outcome;
use tokio::net::TcpStream;

use crate::script::{Act, Conversation};

/// The verdict that a peer deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// How it goes.
    pub outcome: Outcome,
    /// How far it comes.
    pub stage: Stage,
    /// Why it ends there.
    pub reason: &'static str,
    /// Whose fault that is.
    pub blame: Option<Blame>,
}

impl Truth {
    /// Both sides say everything.
    pub const OK: Self = Self { outcome: Outcome::Ok, stage: Stage::Done, reason: "ok", blame: None };

    /// The connection ends without a word of why; once the peer has introduced itself, that is half a success.
    pub(crate) const fn ends(stage: Stage, reason: &'static str) -> Self {
        Self {
            outcome: if matches!(stage, Stage::Ack) { Outcome::Partial } else { Outcome::Failed },
            stage,
            reason,
            blame: Some(Blame::Network),
        }
    }

    /// Somebody is at fault.
    pub(crate) const fn fault(stage: Stage, reason: &'static str, blame: Blame) -> Self {
        Self { outcome: Outcome::Failed, stage, reason, blame: Some(blame) }
    }
}

/// A scripted peer. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What it does, in a word or two: `close-after-version`.
    pub name: &'static str,
    /// The verdict that it deserves from a side that sends what a plain [`bitcoin::Local`] says.
    pub truth: Truth,
    script: Arc<[Act]>,
    /// How many conversations it has had.
    turns: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) fn new(name: &'static str, truth: Truth, script: impl Into<Arc<[Act]>>) -> Self {
        Self { name, truth, script: script.into(), turns: Arc::default() }
    }

    /// Calls `address` and acts its script there, until it is over or the other side has left.
    ///
    /// # Errors
    /// If nobody accepts the call.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{} cannot call {address}: {error}", self.name)))?;
        self.converse(stream).await;
        Ok(())
    }

    /// Acts the script over a connection.
    pub(crate) async fn converse(&self, stream: TcpStream) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave when it pleases; then the play is over, and that is no error.
        let _ = Conversation::new(stream, turn).play(&self.script).await;
    }
}
