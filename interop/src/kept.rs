//! Any handshake with a real node, and the kept connection after it.

use std::convert::Infallible;
use std::fmt::Debug;
use std::net::SocketAddr;

use handshake::{Conversation, Handshake, Stage};
use net::{Accepted, Established, Limits, Listener, Unread, Verdict};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meet::PATIENCE;

/// A concluded handshake, or the verdict.
type Met<H> = Result<Established<TcpStream, <H as Conversation>::Output>, Box<Verdict>>;

/// Dials a node and has this handshake, as initiator.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
pub async fn dial<H: Handshake>(address: SocketAddr, handshake: H) -> Met<H> {
    let stream = net::dial(address, PATIENCE).await.map_err(|error| Verdict::failed(Stage::Connect, &error))?;
    converse(handshake, stream).await
}

/// Waits for a node to dial us and has this handshake, as responder.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
///
/// # Panics
/// If no node dials.
pub async fn accept<H: Handshake>(listener: &Listener, handshake: H) -> Met<H> {
    let accepted = timeout(PATIENCE, listener.accept()).await.expect("the node dials us");
    match accepted.expect("the listener is sound") {
        Accepted::In { stream, .. } => converse(handshake, stream).await,
        Accepted::Turned(peer, why) => panic!("{peer} is one too many: {why:?}"),
    }
}

async fn converse<H: Handshake>(mut handshake: H, stream: TcpStream) -> Met<H> {
    let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await;
    result.map_err(|failure| Box::new(Verdict::of_failure(&handshake, &failure)))
}

/// A connection that is kept after its handshake: it answers the node's requests in the background. Dropping it closes
/// the connection.
#[derive(Debug)]
pub struct Kept<E> {
    events: mpsc::UnboundedReceiver<E>,
    background: JoinHandle<Verdict>,
}

impl<E: Debug + Send + 'static> Kept<E> {
    /// Keeps the connection in this session.
    #[must_use]
    pub fn keep<S>(stream: Unread<TcpStream>, mut session: S) -> Self
    where
        S: Conversation<Output = Infallible, Event = E> + Send + 'static,
        S::Error: Send,
    {
        let (line, events) = mpsc::unbounded_channel();
        let background = tokio::spawn(async move {
            let result = net::run(&mut session, stream, Limits::within(10 * PATIENCE), |seen| {
                // It fails only if there is no receiver any more.
                let _ = line.send(seen.event);
            });
            match result.await {
                Ok(established) => match established.output {},
                Err(failure) => Verdict::of_failure_behind(&session, &failure),
            }
        });
        Self { events, background }
    }

    /// Waits until such an event has happened.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn sees<T>(&mut self, what: &str, is: impl Fn(E) -> Option<T>) -> T {
        loop {
            match timeout(PATIENCE, self.events.recv()).await {
                Ok(Some(event)) => match is(event) {
                    Some(seen) => return seen,
                    None => continue,
                },
                Ok(None) => panic!("the connection ended before {what} came: {:?}", (&mut self.background).await),
                Err(_) => panic!("{what} does not come"),
            }
        }
    }
}

impl<E> Drop for Kept<E> {
    fn drop(&mut self) {
        self.background.abort();
    }
}
