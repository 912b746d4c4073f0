//! Asks a peer of Bitcoin's whom it knows.

use std::net::SocketAddr;

use bitcoin::{Channel, Event, Gossip, Services};
use net::{Limits, Seen, Unread, Verdict};
use tokio::net::TcpStream;

use super::introduced::Introduced;
use super::lines::entry;
use super::{Bitcoin, Times, Tracer};
use crate::protocol::{Asked, Told};
use crate::trace::Entry;

impl Bitcoin {
    /// Asks over the connection of a concluded handshake; the answer ends it, or the deadline does.
    pub async fn ask(
        &self,
        stream: Unread<TcpStream>,
        channel: Channel,
        introduced: &Introduced,
        peer: SocketAddr,
        times: Times<'_>,
        mut tracer: Option<Tracer<'_>>,
    ) -> Asked {
        let Times { opened, deadline, timer, .. } = times;
        let mut gossip = Gossip::new(channel, Some(peer.ip()), &introduced.version);
        let params = &introduced.params;
        let on_event = |seen: Seen<'_, Event>| {
            if let Some(tracer) = &mut tracer {
                tracer(entry(&seen, opened.elapsed(), params));
            }
        };
        let limits = Limits { deadline, bytes: Limits::DEFAULT_BYTES };
        match net::run_timed(&mut gossip, stream, limits, timer, on_event).await {
            Ok(established) => {
                let told = established.output;
                Asked {
                    verdict: Verdict::ok(String::new()),
                    told: told.entries.iter().map(Told::from).collect(),
                    own: told.own.as_ref().map(Told::from),
                }
            }
            Err(failure) => {
                if let (Some(tracer), [_, ..]) = (&mut tracer, &*failure.rest) {
                    tracer(Entry::unread(&failure.rest, opened.elapsed()));
                }
                let verdict = Verdict::of_failure(&gossip, &failure);
                Asked { verdict, told: Vec::new(), own: gossip.own().map(Told::from) }
            }
        }
    }

    /// The names of services, by their bits.
    pub fn service_names(&self, services: u64) -> impl Iterator<Item = String> {
        Services(services).names(&self.template.params).map(|name| name.to_string())
    }
}
