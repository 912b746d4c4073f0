//! Our side of a connection with a real Monero node.

use monero::message::Event;
use monero::{Local, Message, Network, Session};
use net::{Established, Unread};
use tokio::net::TcpStream;

use crate::kept;
use crate::monerod::CHAIN;

/// An introduction with a new peer id.
///
/// # Panics
/// If the system has no random numbers.
#[must_use]
pub fn local() -> Local {
    let network = Network::named(CHAIN).expect("the network has a row");
    Local::new(network, getrandom::u64().expect("the system has random numbers"))
}

/// A connection that is kept after its handshake. Dropping it closes the connection.
#[derive(Debug)]
pub struct Kept(kept::Kept<Event>);

impl Kept {
    /// Keeps the connection of this side, and sends a ping.
    #[must_use]
    pub fn keep<T>(established: Established<TcpStream, T>, local: Local) -> Self {
        let (stream, _): (Unread<TcpStream>, T) = established.into_stream();
        Self(kept::Kept::keep(stream, Session::new(local).with_ping()))
    }

    /// Waits until the node sends a message for which `is` returns a result, and returns that.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn hears<T>(&mut self, what: &str, is: impl Fn(&Message) -> Option<T>) -> T {
        let heard = |event: Event| match event {
            Event::Heard(message) => is(&message),
            Event::Said(_) | Event::Skipped(_) => None,
        };
        self.0.sees(what, heard).await
    }

    /// Waits until our side sends such a message.
    ///
    /// # Panics
    /// As [`Kept::hears`].
    pub async fn says(&mut self, what: &str, is: impl Fn(&Message) -> bool) {
        self.0.sees(what, |event| matches!(event, Event::Said(message) if is(&message)).then_some(())).await;
    }
}
