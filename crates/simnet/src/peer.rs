//! A scripted peer, with the verdict that it deserves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::io::DuplexStream;

use crate::script::{Act, Conversation};
use crate::sockets::call;
use crate::truth::Truths;
use crate::wire::Wire;

/// A scripted peer. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What it does, in a word or two: `close-after-version`.
    pub name: &'static str,
    /// The verdicts that it deserves from a side that sends what a plain [`bitcoin::Local`] says.
    pub truths: Truths,
    script: Arc<[Act]>,
    /// How many conversations it has had.
    turns: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) fn new(name: &'static str, truths: Truths, script: impl Into<Arc<[Act]>>) -> Self {
        Self { name, truths, script: script.into(), turns: Arc::default() }
    }

    /// Calls `address` and acts its script there, until it is over or the other side has left.
    ///
    /// # Errors
    /// If nobody accepts the call.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        let stream = call(address).await?;
        self.converse(Role::Initiator, Wire::tcp(stream)).await;
        Ok(())
    }

    /// Acts its script in this role in the background, over a connection in memory: the other end of it.
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
        // The other side may leave when it pleases; then the play is over, and that is no error.
        if let Ok(wire) = wire {
            let _ = Conversation::new(role, wire, turn).play(&self.script).await;
        }
    }
}
