//! Scripted peers of the protocols whose nodes are named by their keys, and the verdict that each deserves.

mod ethereum;
mod lightning;
mod line;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpStream;

use crate::truth::Truth;

pub use self::ethereum::{GENESIS, NETWORK_ID};

/// A scripted peer that we call by its key. Its clones are the same peer.
#[derive(Clone, Debug)]
pub struct KeyedPeer {
    /// What it does, in a word or two: `ethereum-full`.
    pub name: &'static str,
    /// The verdict that it deserves from a side that asks for [`NETWORK_ID`] and [`GENESIS`] or for Lightning on
    /// `bitcoin-regtest`.
    pub truth: Truth,
    script: Script,
    /// Whether it has the key by which it is named.
    has_its_key: bool,
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

/// One of each kind of peer that is named by its key.
#[must_use]
pub fn keyed() -> Vec<KeyedPeer> {
    [ethereum::peers(), lightning::peers()].concat()
}

impl KeyedPeer {
    fn new(name: &'static str, truth: Truth, script: Script) -> Self {
        Self { name, truth, script, has_its_key: true, turns: Arc::default() }
    }

    /// The same peer, named by a key that it does not have.
    fn misnamed(self) -> Self {
        Self { has_its_key: false, ..self }
    }

    /// How it is named.
    #[must_use]
    pub fn named(&self) -> Named {
        match self.script {
            Script::Ethereum(_) => Named::Ethereum(ethereum::key(self.has_its_key).public()),
            Script::Lightning(_) => Named::Lightning(lightning::key(self.has_its_key).node_id()),
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

    /// Acts the script over a connection that it accepted.
    pub(crate) async fn converse(&self, stream: TcpStream) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        // The other side may leave when it pleases; then the play is over, and that is no error.
        let _ = self.play(stream, turn).await;
    }

    async fn play(&self, stream: TcpStream, turn: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        match &self.script {
            Script::Ethereum(acts) => ethereum::play(acts, stream, turn).await,
            Script::Lightning(acts) => lightning::play(acts, stream, turn).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::keyed;

    #[test]
    fn every_peer_has_its_own_name() {
        let peers = keyed();
        let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
        assert_eq!(names.len(), peers.len());
    }
}
