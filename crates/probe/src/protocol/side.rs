//! Our side of a protocol, with what was chosen for a run.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

use super::{Again, Knowledge, Part, Protocol, Times, Tracer, Way, Ways};
use crate::attempt::Attempt;

/// Our side of a protocol: the same for all connections of a run but for keys, nonces and the clock.
pub trait Side: fmt::Debug + Send + Sync {
    /// The protocol.
    fn protocol(&self) -> &'static dyn Protocol;

    /// The network's name; `any` if a peer may be on any.
    fn chain(&self) -> &str {
        "any"
    }

    /// The networks on which a peer of ours may be: those that a handshake does not tell apart. None if any will do.
    fn networks_like_ours(&self) -> Vec<String> {
        [self.chain()].into_iter().filter(|name| *name != "any").map(ToOwned::to_owned).collect()
    }

    /// The port that a peer listens on unless told otherwise.
    fn port(&self) -> u16;

    /// The ways in which an address is dialled of which this is known.
    fn ways(&self, knowledge: Knowledge) -> Ways {
        Way { knowledge, ..self.way_in() }.into()
    }

    /// The way in which connections are accepted.
    fn way_in(&self) -> Way;

    /// How our own side is named, if it listens at this address and an address alone does not do.
    fn our_target(&self, _address: SocketAddr) -> Option<String> {
        None
    }

    /// Whether a peer that dials us makes us do a key exchange, or check a signature.
    fn costs_key_exchange(&self) -> bool {
        true
    }

    /// The names of services, by their bits.
    fn service_names(&self, _services: u64) -> Vec<String> {
        Vec::new()
    }

    /// Has the handshake over a connection, and fills in what is found: verdict, introduction, and a session if the connection
    /// is wanted afterwards. Also says how it may go better, on another connection.
    fn shake<'a>(&'a self, way: Way, contact: Contact<'a>, attempt: &'a mut Attempt) -> BoxFuture<'a, Option<Again>>;

    /// Looks again at the verdict of an attempt, now that the peer introduced itself on a later connection.
    fn reconsider(&self, _attempt: &mut Attempt, _later: &Attempt) {}
}

/// An open connection, on which a handshake is to be had.
pub struct Contact<'c> {
    /// The connection.
    pub stream: TcpStream,
    /// The address of the other end.
    pub peer: SocketAddr,
    /// Who dialled.
    pub part: Part<'c>,
    /// Its clock.
    pub times: Times<'c>,
    /// Is shown each message, if that was asked for.
    pub tracer: Option<Tracer<'c>>,
}
