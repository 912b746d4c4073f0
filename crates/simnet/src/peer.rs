//! A scripted peer, with the expected verdict.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::io::DuplexStream;

use crate::connection::Connection;
use crate::line::Line;
use crate::script::{Act, Script, Step, Steps};
use crate::sockets::call;
use crate::truth::Truths;

/// A scripted peer. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name in a few words: `close-after-version`.
    pub name: &'static str,
    /// The expected verdicts of a healthy side.
    pub truths: Truths,
    script: Arc<dyn Script>,
    rightly_named: bool,
    /// The number of its conversations so far.
    turns: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) fn new<A: Act>(
        name: &'static str,
        truths: Truths,
        acts: impl IntoIterator<Item: Into<Step<A>>>,
    ) -> Self {
        let script = Arc::new(Steps(acts.into_iter().map(Into::into).collect()));
        Self { name, truths, script, rightly_named: true, turns: Arc::default() }
    }

    /// The same peer, called with a key that it does not have, or calling with a key that the other side does not have.
    pub(crate) fn misnamed(self) -> Self {
        Self { rightly_named: false, ..self }
    }

    /// Whether the key in use is right, for the call to it or from it.
    pub(crate) fn is_rightly_named(&self) -> bool {
        self.rightly_named
    }

    /// It at this address, as a user names it: in protocols with node keys, with its key.
    #[must_use]
    pub fn target(&self, address: SocketAddr) -> String {
        self.script.target(address, self.rightly_named)
    }

    /// Calls `address` and acts its script there, until the script is over or the other side has left. In protocols with
    /// node keys, [`CALLED_KEY`](crate::CALLED_KEY) is in use there.
    ///
    /// # Errors
    /// If the connection is not accepted.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        let stream = call(address).await?;
        self.converse(Role::Initiator, Connection::tcp(stream)).await;
        Ok(())
    }

    /// Acts its script in this role in the background, over a connection in memory; returns the other end.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn meet(&self, role: Role) -> DuplexStream {
        let (connection, theirs) = Connection::memory();
        let peer = self.clone();
        tokio::spawn(async move { peer.converse(role, Ok(connection)).await });
        theirs
    }

    /// Acts the script over a connection.
    pub(crate) async fn converse(&self, role: Role, connection: io::Result<Connection>) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave at any time; then the script ends, without an error.
        if let Ok(connection) = connection {
            let _ = self.script.play(Line::new(connection, role, turn, self.rightly_named)).await;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashSet;

    use super::Peer;

    /// # Panics
    /// If two of these have one name.
    pub(crate) fn assert_named_apart(peers: &[Peer]) {
        let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
        assert_eq!(names.len(), peers.len());
    }
}
