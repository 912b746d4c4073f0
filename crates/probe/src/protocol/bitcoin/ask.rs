//! A connection to a Bitcoin node after the handshake.

use std::net::SocketAddr;

use bitcoin::{Channel, Event, Gossip, Message, Params, Session as Keepalive};
use futures_util::future::BoxFuture;
use net::{Unread, Verdict};
use tokio::net::TcpStream;

use super::introduced::Introduced;
use super::lines::entry;
use crate::protocol::converse::converse_after;
use crate::protocol::keep::{HoldResult, LastWords, Meaning, Span, keep};
use crate::protocol::{AddressRecord, Asked, Introduced as AnyIntroduced, Session, Times, Tracer, Unusable};

/// The connection.
#[derive(Debug)]
pub struct Connection {
    /// Its bytes.
    pub stream: Unread<TcpStream>,
    /// Its encryption.
    pub channel: Channel,
    /// The network.
    pub params: Params,
}

impl Session for Connection {
    fn ask<'a>(
        self: Box<Self>,
        introduced: &'a dyn AnyIntroduced,
        peer: Option<SocketAddr>,
        times: Times<'a>,
        tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, Option<Asked>> {
        Box::pin(async move {
            let introduced = introduced.downcast_ref::<Introduced>()?;
            Some(self.ask_peer(introduced, peer, times, tracer).await)
        })
    }

    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, HoldResult> {
        let Self { stream, channel, params } = *self;
        let session = Keepalive::new(channel).pinging(rand::random());
        Box::pin(keep(session, stream, span, tracer, move |seen, at| entry(seen, at, &params), sign))
    }
}

/// The meaning of an event for a kept connection.
fn sign(event: &Event) -> Meaning {
    match event {
        Event::Said(Message::Ping(_)) => Meaning::Ping,
        Event::Heard(Message::Pong(_)) => Meaning::Pong,
        Event::Heard(Message::Reject(reject)) => {
            let (number, sentence) = (Some(reject.code.into()), format!("it rejected our message: {reject}"));
            Meaning::LastWords(LastWords { reason: "bitcoin.rejected", number, sentence })
        }
        _ => Meaning::Other,
    }
}

impl Connection {
    /// Asks for addresses, until the answer or the deadline.
    async fn ask_peer(
        self,
        introduced: &Introduced,
        peer: Option<SocketAddr>,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Asked {
        let Self { stream, channel, params } = self;
        let mut gossip = Gossip::new(channel, peer.map(|peer| peer.ip()), &introduced.version);
        match converse_after(&mut gossip, stream, times, tracer, |seen, at| entry(seen, at, &params)).await {
            Ok(told) => Asked {
                verdict: Verdict::ok(Vec::new()),
                told: told.entries.iter().map(AddressRecord::from).collect(),
                unusable: told.entries.unusable().map(Unusable::from).collect(),
                own: told.own.as_ref().map(AddressRecord::from),
            },
            Err(failure) => Asked {
                verdict: Verdict::of_failure_behind(&gossip, &failure),
                told: Vec::new(),
                unusable: Vec::new(),
                own: gossip.own().map(AddressRecord::from),
            },
        }
    }
}
