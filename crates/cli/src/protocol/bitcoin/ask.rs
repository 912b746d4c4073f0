//! Asks a peer of Bitcoin's whom it knows.

use std::net::SocketAddr;

use bitcoin::{Channel, Gossip, Services};
use net::{Unread, Verdict};
use tokio::net::TcpStream;

use super::introduced::Introduced;
use super::lines::entry;
use super::{Bitcoin, Times, Tracer};
use crate::protocol::converse::converse;
use crate::protocol::{Asked, Told, Unusable};

impl Bitcoin {
    /// Asks over the connection of a concluded handshake; the answer ends it, or the deadline does.
    pub async fn ask(
        &self,
        stream: Unread<TcpStream>,
        channel: Channel,
        introduced: &Introduced,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Asked {
        let mut gossip = Gossip::new(channel, Some(peer.ip()), &introduced.version);
        let params = &introduced.params;
        let conversed =
            converse(&mut gossip, stream, times, tracer, |_| false, |seen, at| entry(seen, at, params)).await;
        match conversed.result {
            Ok((_, told)) => Asked {
                verdict: Verdict::ok(String::new()),
                told: told.entries.iter().map(Told::from).collect(),
                unusable: told.entries.unusable().map(Unusable::from).collect(),
                own: told.own.as_ref().map(Told::from),
            },
            Err(failure) => Asked {
                verdict: Verdict::of_failure_behind(&gossip, &failure),
                told: Vec::new(),
                unusable: Vec::new(),
                own: gossip.own().map(Told::from),
            },
        }
    }

    /// The names of services, by their bits.
    pub fn service_names(&self, services: u64) -> impl Iterator<Item = String> {
        Services(services).names(&self.template.params).map(|name| name.to_string())
    }
}
