//! A scripted peer, with the expected verdict.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::io::DuplexStream;

use crate::connection::Wire;
use crate::protocol::bitcoin::script::{Act, Conversation};
use crate::sockets::call;
use crate::truth::Truths;

/// A scripted peer. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name in a few words: `close-after-version`.
    pub name: &'static str,
    /// The expected verdicts of a side that sends the messages of a plain [`bitcoin::Local`].
    pub truths: Truths,
    script: Arc<[Act]>,
    /// The number of its conversations so far.
    turns: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) fn new(name: &'static str, truths: Truths, script: impl Into<Arc<[Act]>>) -> Self {
        Self { name, truths, script: script.into(), turns: Arc::default() }
    }

    /// Calls `address` and acts its script there, until the script is over or the other side has left.
    ///
    /// # Errors
    /// If the connection is not accepted.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        let stream = call(address).await?;
        self.converse(Role::Initiator, Wire::tcp(stream)).await;
        Ok(())
    }

    /// Acts its script in this role in the background, over a connection in memory; returns the other end.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn meet(&self, role: Role) -> DuplexStream {
        let (wire, theirs) = Wire::memory();
        let peer = self.clone();
        tokio::spawn(async move { peer.converse(role, Ok(wire)).await });
        theirs
    }

    /// Acts the script over a connection.
    pub(crate) async fn converse(&self, role: Role, wire: io::Result<Wire>) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave at any time; then the script ends, without an error.
        if let Ok(wire) = wire {
            let _ = Conversation::new(role, wire, turn).play(&self.script).await;
        }
    }
}
