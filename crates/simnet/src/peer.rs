//! A scripted peer, with the verdict that it deserves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::net::TcpStream;

use crate::script::{Act, Conversation};
use crate::sockets::call;
use crate::truth::Truths;

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
        self.converse(Role::Initiator, stream).await;
        Ok(())
    }

    /// Acts the script over a connection.
    pub(crate) async fn converse(&self, role: Role, stream: TcpStream) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave when it pleases; then the play is over, and that is no error.
        let _ = Conversation::new(role, stream, turn).play(&self.script).await;
    }
}
