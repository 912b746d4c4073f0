//! Scripted peers of the protocols whose nodes are named by their keys, and the verdict that each deserves.

mod ethereum;
mod lightning;
mod line;
mod recording;
mod strangers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handshake::Role;
use tokio::io::DuplexStream;

pub use self::ethereum::{GENESIS, NETWORK_ID};
use crate::sockets;
use crate::truth::Truth;
use crate::wire::Wire;

/// The secret key, in either protocol, of the side that [`keyed_callers`] call: they know whom they mean, and have a
/// recording of how others spoke to it.
pub const CALLED_KEY: [u8; 32] = [0x11; 32];

/// A scripted peer that we call by its key, or that calls us by ours. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct KeyedPeer {
    /// What it does, in a word or two: `ethereum-full`.
    pub name: &'static str,
    /// The verdict that it deserves from a side that asks for [`NETWORK_ID`] and [`GENESIS`] or for Lightning on
    /// `bitcoin-regtest`.
    pub truth: Truth,
    role: Role,
    script: Script,
    /// Whether the key is right by which it is called, or by which it calls.
    rightly_named: bool,
    /// How many conversations it has had.
    turns: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
enum Script {
    Ethereum(Arc<[ethereum::Act]>),
    Lightning(Arc<[lightning::Act]>),
}

/// How a peer is named, beside where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// An Ethereum node.
    Ethereum(::ethereum::PublicKey),
    /// A Lightning node.
    Lightning(::lightning::NodeId),
}

/// One of each kind of peer that is called by its key.
#[must_use]
pub fn keyed() -> Vec<KeyedPeer> {
    peers(Role::Responder)
}

/// One of each kind of peer that calls us by our key, [`CALLED_KEY`]; [`KeyedPeer::call`] makes it do so.
#[must_use]
pub fn keyed_callers() -> Vec<KeyedPeer> {
    peers(Role::Initiator)
}

fn peers(role: Role) -> Vec<KeyedPeer> {
    [ethereum::peers(role), lightning::peers(role)].concat()
}

impl KeyedPeer {
    fn new(name: &'static str, truth: Truth, role: Role, script: Script) -> Self {
        Self { name, truth, role, script, rightly_named: true, turns: Arc::default() }
    }

    /// The same peer, called by a key that it does not have, or calling by one that the other side does not have.
    fn misnamed(self) -> Self {
        Self { rightly_named: false, ..self }
    }

    /// How it is named.
    #[must_use]
    pub fn named(&self) -> Named {
        match self.script {
            Script::Ethereum(_) => Named::Ethereum(ethereum::key(self.rightly_named).public()),
            Script::Lightning(_) => Named::Lightning(lightning::key(self.rightly_named).node_id()),
        }
    }

    /// How it is named at this address, as a user would write it.
    #[must_use]
    pub fn target(&self, address: SocketAddr) -> String {
        match self.named() {
            Named::Ethereum(id) => format!("enode://{id}@{address}"),
            Named::Lightning(id) => format!("{id}@{address}"),
        }
    }

    /// Calls `address`, where [`CALLED_KEY`] is known, and acts its script there, until it is over or the other side has
    /// left.
    ///
    /// # Errors
    /// If nobody accepts the call.
    pub async fn call(&self, address: SocketAddr) -> io::Result<()> {
        self.converse(Wire::tcp(sockets::call(address).await?)).await;
        Ok(())
    }

    /// Acts its script in the background, over a connection in memory: the other end of it.
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

    /// Acts the script over a connection that it accepted, or opened.
    pub(crate) async fn converse(&self, wire: io::Result<Wire>) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave when it pleases; then the play is over, and that is no error.
        let _ = self.play(wire, turn).await;
    }

    async fn play(&self, wire: io::Result<Wire>, turn: usize) -> io::Result<()> {
        let stream = wire?;
        let calls = self.role == Role::Initiator;
        match &self.script {
            Script::Ethereum(acts) => {
                let whom = calls.then(|| ethereum::called_key(self.rightly_named).public());
                ethereum::play(acts, whom, stream, turn).await
            }
            Script::Lightning(acts) => {
                let whom = calls.then(|| lightning::called_key(self.rightly_named).node_id());
                lightning::play(acts, whom, stream, turn).await
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
