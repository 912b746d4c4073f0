//! Our side of a connection with a real Lightning node.

use std::net::SocketAddr;

use lightning::message::{Event, Ping};
use lightning::{Agreed, Chain, Hello, Local, Message, NodeId, SecretKey, Session};
use net::{Established, Listener, Verdict};
use tokio::net::TcpStream;

use crate::kept;

/// A fresh key.
///
/// # Panics
/// If the system has no random numbers.
#[must_use]
pub fn key() -> SecretKey {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    SecretKey::new(bytes).expect("what is no key does not come up")
}

/// A plain introduction with a new node id.
///
/// # Panics
/// If the system has no random numbers.
#[must_use]
pub fn local() -> Local {
    let chain = Chain::named("bitcoin-regtest").expect("the chain has a row");
    Local::new(key(), key(), vec![chain.hash])
}

/// Dials a node and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
pub async fn greet(
    address: SocketAddr,
    node_id: NodeId,
    local: Local,
) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    kept::dial(address, Hello::initiator(local, node_id)).await
}

/// Waits for a node to dial us and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
///
/// # Panics
/// If no node dials.
pub async fn welcome(listener: &Listener, local: Local) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    kept::accept(listener, Hello::responder(local)).await
}

/// A connection that is kept after its handshake. Dropping it closes the connection.
#[derive(Debug)]
pub struct Kept(kept::Kept<Event>);

impl Kept {
    /// Keeps the connection, and sends a ping that requests a pong of this length.
    #[must_use]
    pub fn keep(established: Established<TcpStream, Agreed>, pong_len: u16) -> Self {
        let (stream, agreed) = established.into_stream();
        let session = Session::new(agreed.channel).pinging(Ping::for_pong_of(pong_len));
        Self(kept::Kept::keep(stream, session))
    }

    /// Waits until the node sends such a message.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn hears(&mut self, what: &str, is: impl Fn(&Message) -> bool) {
        self.0.sees(what, |event| matches!(event, Event::Heard(message) if is(&message)).then_some(())).await;
    }
}
