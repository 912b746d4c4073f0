//! A connection after its handshake, whatever is spoken.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use net::Timer;
use tokio::time::Instant;

use super::{Asked, Introduced, Kept, Span, Times, Tracer};

/// A connection after its handshake.
pub trait Session: fmt::Debug + Send + Sync {
    /// Asks a peer, which introduced itself so, for the addresses that it knows. `None` if the protocol has no such question.
    fn ask<'a>(
        self: Box<Self>,
        _introduced: &'a dyn Introduced,
        _peer: SocketAddr,
        _times: Times<'a>,
        _tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, Option<Asked>> {
        Box::pin(async { None })
    }

    /// Keeps it alive for a while, or until the peer leaves.
    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, Kept>;

    /// Whether the peer may yet ask something that it counts on.
    fn owes_answer(&self) -> bool {
        false
    }

    /// Gives that answer, if it is asked for soon, and leaves.
    fn part<'a>(
        self: Box<Self>,
        _opened: Instant,
        _timer: &'a mut Timer,
        _tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
