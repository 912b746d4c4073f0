//! Our side of a meeting with a real libp2p node.

use std::net::SocketAddr;

use handshake::Stage;
use libp2p::yamux::{ACK, Kind};
use libp2p::{Agreed, Event, Hello, Identity, Local, Message, Multiaddr, PeerId, SecretKey, Session};
use net::{Accepted, Established, Limits, Listener, Verdict};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meet::PATIENCE;

/// How we call ourselves.
pub const AGENT: &str = "verack/0.1.0";

/// The value of our pings: no other would be in their answers.
const PING: u32 = 0x7665_7261;

/// A node that nobody has met before.
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
    Local::new(Identity::new(random()), SecretKey::new(random()), SecretKey::new(random()), AGENT)
}

/// Where we listen, for whoever is told to dial us.
#[must_use]
pub fn here(address: SocketAddr, local: &Local) -> Multiaddr {
    Multiaddr::from(address).with_peer_id(&local.identity.peer_id())
}

/// Dials a node and has the handshake.
///
/// # Errors
/// How it went, if not well.
pub async fn greet(
    address: SocketAddr,
    peer_id: Option<PeerId>,
    local: Local,
) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    let stream = net::dial(address, PATIENCE).await.map_err(|error| Verdict::failed(Stage::Connect, &error))?;
    converse(Hello::initiator(local, peer_id), stream).await
}

/// Waits for a node to dial us and has the handshake.
///
/// # Errors
/// How it went, if not well.
///
/// # Panics
/// If none dials.
pub async fn welcome(listener: &Listener, local: Local) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    let accepted = timeout(PATIENCE, listener.accept()).await.expect("the node dials us");
    match accepted.expect("the listener is sound") {
        Accepted::In { stream, peer, .. } => {
            let local = Local { observed_addr: Some(peer.into()), ..local };
            converse(Hello::responder(local), stream).await
        }
        Accepted::Turned(peer, why) => panic!("{peer} is one too many: {why:?}"),
    }
}

async fn converse(mut handshake: Hello, stream: TcpStream) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await;
    result.map_err(|failure| Box::new(Verdict::of_failure(&handshake, &failure)))
}

/// A connection that is kept after its handshake: pings are answered in the background, and one is sent. Dropping it
/// ends it.
#[derive(Debug)]
pub struct Kept {
    events: mpsc::UnboundedReceiver<Event>,
    background: JoinHandle<Verdict>,
}

impl Kept {
    /// Keeps the connection.
    #[must_use]
    pub fn keep(established: Established<TcpStream, Agreed>) -> Self {
        let (stream, agreed) = established.into_stream();
        let (line, events) = mpsc::unbounded_channel();
        let background = tokio::spawn(async move {
            let mut session = Session::new(agreed.connection).with_ping(PING);
            let result = net::run(&mut session, stream, Limits::within(10 * PATIENCE), |seen| {
                // It fails only if nobody listens any more.
                let _ = line.send(seen.event);
            });
            match result.await {
                Ok(established) => match established.output {},
                Err(failure) => Verdict::of_failure(&session, &failure),
            }
        });
        Self { events, background }
    }

    /// Waits until our ping is answered.
    ///
    /// # Panics
    /// If the connection ends before that, or it takes too long.
    pub async fn hears_our_pong(&mut self) {
        loop {
            match timeout(PATIENCE, self.events.recv()).await {
                Ok(Some(Event::Heard(Message::Frame(frame)))) if frame.kind == Kind::Ping && frame.has(ACK) => {
                    assert_eq!(frame.length, PING);
                    return;
                }
                Ok(Some(_)) => {}
                Ok(None) => panic!("the connection ended before our pong came: {:?}", (&mut self.background).await),
                Err(_) => panic!("our pong does not come"),
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.background.abort();
    }
}
