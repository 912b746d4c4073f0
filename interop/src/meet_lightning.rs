//! Our side of a meeting with a real Lightning node.

use std::net::SocketAddr;

use handshake::Stage;
use lightning::message::{Event, Ping};
use lightning::{Agreed, Chain, Hello, Local, Message, NodeId, SecretKey, Session};
use net::{Accepted, Established, Limits, Listener, Verdict};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meet::PATIENCE;

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

/// A plain introduction of a node that nobody has met before.
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
/// How it went, if not well.
pub async fn greet(
    address: SocketAddr,
    node_id: NodeId,
    local: Local,
) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    let stream = net::dial(address, PATIENCE).await.map_err(|error| Verdict::failed(Stage::Connect, &error))?;
    converse(Hello::initiator(local, node_id), stream).await
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
        Accepted::In { stream, .. } => converse(Hello::responder(local), stream).await,
        Accepted::Turned(peer, why) => panic!("{peer} is one too many: {why:?}"),
    }
}

async fn converse(mut handshake: Hello, stream: TcpStream) -> Result<Established<TcpStream, Agreed>, Box<Verdict>> {
    let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await;
    result.map_err(|failure| Box::new(Verdict::of_failure(&handshake, &failure)))
}

/// A connection that is kept after its handshake: pings are answered in the background. Dropping it says goodbye.
#[derive(Debug)]
pub struct Kept {
    events: mpsc::UnboundedReceiver<Event>,
    background: JoinHandle<Verdict>,
}

impl Kept {
    /// Keeps the connection, and sends a ping that asks for a pong of this length.
    #[must_use]
    pub fn keep(established: Established<TcpStream, Agreed>, pong_len: u16) -> Self {
        let (stream, agreed) = established.into_stream();
        let (line, events) = mpsc::unbounded_channel();
        let background = tokio::spawn(async move {
            let mut session = Session::new(agreed.channel).with_ping(Ping::for_pong_of(pong_len));
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

    /// Waits until the node says something like this.
    ///
    /// # Panics
    /// If the connection ends before that, or it takes too long.
    pub async fn hears(&mut self, what: &str, is: impl Fn(&Message) -> bool) {
        loop {
            match timeout(PATIENCE, self.events.recv()).await {
                Ok(Some(Event::Heard(message))) if is(&message) => return,
                Ok(Some(_)) => {}
                Ok(None) => panic!("the connection ended before {what} came: {:?}", (&mut self.background).await),
                Err(_) => panic!("{what} does not come"),
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.background.abort();
    }
}
