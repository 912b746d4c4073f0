//! Our side of a protocol, with the options of a run.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use net::Verdict;
use tokio::net::TcpStream;

use super::{DialMode, DialModes, Knowledge, Part, Protocol, Redial, Times, Tracer};
use crate::attempt::Attempt;

/// Our side of a protocol: the same for all connections of a run, except keys, nonces and the clock.
pub trait Side: fmt::Debug + Send + Sync {
    /// The protocol.
    fn protocol(&self) -> &'static dyn Protocol;

    /// The network's name; `any` if a peer may be on any.
    fn chain(&self) -> &str {
        "any"
    }

    /// The networks that a peer of ours may be on, as far as a handshake can tell. Empty if any network will do.
    fn networks_like_ours(&self) -> Vec<String> {
        [self.chain()].into_iter().filter(|name| *name != "any").map(ToOwned::to_owned).collect()
    }

    /// The default port of a peer.
    fn port(&self) -> u16;

    /// The ways to dial an address, given this knowledge about its node.
    fn dial_modes(&self, knowledge: Knowledge) -> DialModes {
        DialMode { knowledge, ..self.accept_mode() }.into()
    }

    /// The way to accept connections.
    fn accept_mode(&self) -> DialMode;

    /// Our own target, if we listen at this address and an address alone is not enough.
    fn our_target(&self, _address: SocketAddr) -> Option<String> {
        None
    }

    /// Whether a peer that dials us causes a key exchange or a signature check on our side.
    fn costs_key_exchange(&self) -> bool {
        true
    }

    /// The names of these service bits.
    fn service_names(&self, _services: u64) -> Vec<String> {
        Vec::new()
    }

    /// Performs the handshake over a connection, and fills in the attempt: verdict, introduction, and a session if the
    /// connection is needed afterwards. Also returns a better way to dial, if there is one.
    fn shake<'a>(
        &'a self,
        mode: DialMode,
        contact: Contact<'a>,
        attempt: &'a mut Attempt,
    ) -> BoxFuture<'a, Option<Redial>>;

    /// Whether a verdict says nothing about the transport: nodes that speak it may also reject a connection in this way.
    fn leaves_transport_open(&self, _verdict: &Verdict) -> bool {
        false
    }

    /// Revises an attempt's verdict, after the peer introduced itself on a later connection.
    fn reconsider(&self, _attempt: &mut Attempt, _later: &Attempt) {}
}

/// An open connection, before its handshake.
pub struct Contact<'c> {
    /// The connection.
    pub stream: TcpStream,
    /// The address of the other end; `None` behind a proxy, which alone knows it.
    pub peer: Option<SocketAddr>,
    /// Our part: dialling or accepting.
    pub part: Part<'c>,
    /// The handshake's times.
    pub times: Times<'c>,
    /// Receives each message, if the run traces messages.
    pub tracer: Option<Tracer<'c>>,
}
