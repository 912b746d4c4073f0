//! Our side of a connection with a real libp2p node.

use std::net::SocketAddr;

use libp2p::yamux::{ACK, Kind};
use libp2p::{Agreed, Event, Hello, Identity, Local, Message, Multiaddr, PeerId, SecretKey, Session};
use net::{Established, Listener, Verdict};
use tokio::net::TcpStream;

use crate::kept;

/// Our agent.
pub const AGENT: &str = "verack/0.1.0";

/// The node's address in our introduction.
pub const OBSERVED: &str = "/ip4/192.0.2.7/tcp/4001";

/// The value of our pings, to recognise their answers.
const PING: u32 = 0x7665_7261;

/// A new identity for our side.
///
/// # Panics
/// If the system has no random numbers.
#[must_use]
pub fn local() -> Local {
    let random = || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        bytes
    };
    let mut local = Local::new(Identity::new(random()), SecretKey::new(random()), SecretKey::new(random()), AGENT);
    local.observed_addr = Some(OBSERVED.parse().expect("an address"));
    local
}

/// Our listen address, for nodes that should dial us.
#[must_use]
pub fn here(address: SocketAddr, local: &Local) -> Multiaddr {
    Multiaddr::from(address).with_peer_id(&local.identity.peer_id())
}

/// Dials a node and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
pub async fn greet(
    address: SocketAddr,
    peer_id: Option<PeerId>,
    local: Local,
) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    kept::dial(address, Hello::initiator(local, peer_id)).await
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

/// A connection that is kept after its handshake, with a ping of ours. Dropping it closes the connection.
#[derive(Debug)]
pub struct Kept(kept::Kept<Event>);

impl Kept {
    /// Keeps the connection.
    #[must_use]
    pub fn keep(established: Established<TcpStream, Agreed>) -> Self {
        let (stream, agreed) = established.into_stream();
        Self(kept::Kept::keep(stream, Session::new(agreed.connection).with_ping(PING)))
    }

    /// Waits until our ping is answered.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn hears_our_pong(&mut self) {
        let is_pong = |event| match event {
            Event::Heard(Message::Frame(frame)) if frame.kind == Kind::Ping && frame.has(ACK) => Some(frame.length),
            _ => None,
        };
        assert_eq!(self.0.sees("our pong", is_pong).await, PING);
    }
}
