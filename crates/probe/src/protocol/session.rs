//! A connection of any protocol after its handshake.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use net::Timer;
use tokio::time::Instant;

use super::{Asked, HoldResult, Introduced, Span, Times, Tracer};

/// A connection after its handshake.
pub trait Session: fmt::Debug + Send + Sync {
    /// Asks a peer with this introduction for the addresses that it knows. `None` if the protocol has no such question.
    fn ask<'a>(
        self: Box<Self>,
        _introduced: &'a dyn Introduced,
        _peer: Option<SocketAddr>,
        _times: Times<'a>,
        _tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, Option<Asked>> {
        Box::pin(async { None })
    }

    /// Keeps it alive for the span, or until the peer leaves.
    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, HoldResult>;

    /// Whether the peer may still send a request and expects an answer.
    fn owes_answer(&self) -> bool {
        false
    }

    /// Answers that request, if it comes soon, and leaves.
    fn part<'a>(
        self: Box<Self>,
        _opened: Instant,
        _timer: &'a mut Timer,
        _tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
