//! Scripted peers of the protocols with node keys, and the expected verdict on each.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::io::DuplexStream;

use crate::connection::Wire;
pub use crate::protocol::ethereum::script::{GENESIS, NETWORK_ID};
use crate::protocol::{ethereum, lightning};
use crate::sockets;
use crate::truth::Truth;

/// The secret key, in either protocol, of the side that [`keyed_callers`] call: they know its public key, and have a
/// recording of another caller's handshake with it.
pub const CALLED_KEY: [u8; 32] = [0x11; 32];

/// A scripted peer that we call with its key, or that calls us with ours. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct KeyedPeer {
    /// Its name in a few words: `ethereum-full`.
    pub name: &'static str,
    /// The expected verdict of a side that uses [`NETWORK_ID`] and [`GENESIS`], or Lightning on `bitcoin-regtest`.
    pub truth: Truth,
    role: Role,
    script: Script,
    /// Whether the key in use is right, for the call to it or from it.
    rightly_named: bool,
    /// The number of its conversations so far.
    turns: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Script {
    Ethereum(Arc<[ethereum::script::Act]>),
    Lightning(Arc<[lightning::script::Act]>),
}

/// A peer's name, without its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// An Ethereum node.
    Ethereum(::ethereum::PublicKey),
    /// A Lightning node.
    Lightning(::lightning::NodeId),
}

/// One of each kind of peer that we call with its key.
#[must_use]
pub fn keyed() -> Vec<KeyedPeer> {
    peers(Role::Responder)
}

/// One of each kind of peer that calls us with our key, [`CALLED_KEY`]; [`KeyedPeer::call`] starts the call.
#[must_use]
pub fn keyed_callers() -> Vec<KeyedPeer> {
    peers(Role::Initiator)
}

fn peers(role: Role) -> Vec<KeyedPeer> {
    [ethereum::catalogue::peers(role), lightning::catalogue::peers(role)].concat()
}

impl KeyedPeer {
    pub(crate) fn new(name: &'static str, truth: Truth, role: Role, script: Script) -> Self {
        Self { name, truth, role, script, rightly_named: true, turns: Arc::default() }
    }

    /// The same peer, called with a key that it does not have, or calling with a key that the other side does not have.
    pub(crate) fn misnamed(self) -> Self {
        Self { rightly_named: false, ..self }
    }

    /// Its name.
    #[must_use]
    pub fn named(&self) -> Named {
        match self.script {
            Script::Ethereum(_) => Named::Ethereum(ethereum::script::key(self.rightly_named).public()),
            Script::Lightning(_) => Named::Lightning(lightning::script::key(self.rightly_named).node_id()),
        }
    }

    /// Its name with this address, as a user writes it.
    #[must_use]
    pub fn target(&self, address: SocketAddr) -> String {
        match self.named() {
            Named::Ethereum(id) => format!("enode://{id}@{address}"),
            Named::Lightning(id) => format!("{id}@{address}"),
        }
    }

    /// Calls `address`, where [`CALLED_KEY`] is in use, and acts its script there, until the script is over or the
    /// other side has left.
    ///
    /// # Errors
    /// If the connection is not accepted.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        self.converse(Wire::tcp(sockets::call(address).await?)).await;
        Ok(())
    }

    /// Acts its script in the background, over a connection in memory; returns the other end.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn meet(&self) -> DuplexStream {
        let (wire, theirs) = Wire::memory();
        let peer = self.clone();
        tokio::spawn(async move { peer.converse(Ok(wire)).await });
        theirs
    }

    /// Acts the script over an accepted or opened connection.
    pub(crate) async fn converse(&self, wire: io::Result<Wire>) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave at any time; then the script ends, without an error.
        let _ = self.play(wire, turn).await;
    }

    async fn play(&self, wire: io::Result<Wire>, turn: usize) -> io::Result<()> {
        let stream = wire?;
        let calls = self.role == Role::Initiator;
        match &self.script {
            Script::Ethereum(acts) => {
                let whom = calls.then(|| ethereum::script::called_key(self.rightly_named).public());
                ethereum::script::play(acts, whom, stream, turn).await
            }
            Script::Lightning(acts) => {
                let whom = calls.then(|| lightning::script::called_key(self.rightly_named).node_id());
                lightning::script::play(acts, whom, stream, turn).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{keyed, keyed_callers};

    #[test]
    fn every_peer_has_its_own_name() {
        for peers in [keyed(), keyed_callers()] {
            let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
            assert_eq!(names.len(), peers.len());
        }
    }
}
