//! Monero's adapter: from options to a conversation, and from its result to an attempt.

mod introduced;
mod lines;
mod options;

use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use handshake::{Hex, Reason};
use monero::hello::MAX_BYTES;
use monero::message::{Event, Message};
use monero::{Hello, Local, Peers, Session as Keepalive};
use net::{Cause, Unread, Verdict};
use serde_json::Value as Json;
use tokio::net::TcpStream;

use self::introduced::{FIELDS, Introduced};
use self::lines::line;
pub use self::options::MoneroOptions;
use self::options::OPTIONS;
use super::converse::{converse_within, guess};
use super::field::{FieldAbout, abouts};
use super::keep::{HoldResult, Meaning, Span, keep};
use super::retry::{Lasting, Retry};
use super::{
    AnyOption, Asked, Candidate, Contact, DialMode, Evidence, Introduced as AnyIntroduced, Knowledge, Likelihood,
    Misuse, Network, Part, Protocol, Redial, Session, Side, Times, Tracer, Transport, Values,
};
use crate::attempt::Attempt;
use crate::key::Secret;

/// Levin.
#[derive(Debug)]
pub struct MoneroProtocol;

/// Levin.
pub static PROTOCOL: MoneroProtocol = MoneroProtocol;

/// The transport, in plain text.
const LEVIN: Transport = Transport::named("levin");

impl Protocol for MoneroProtocol {
    fn name(&self) -> &'static str {
        "monero"
    }

    fn about(&self) -> &'static str {
        "Levin"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [Reason] {
        monero::REASONS
    }

    fn networks(&self) -> Vec<Network> {
        let network = |network: &'static monero::Network| Network {
            protocol: &PROTOCOL,
            name: network.name,
            aliases: &[],
            kind: None,
            port: network.port,
            dns_seeds: network.dns_seeds,
        };
        monero::NETWORKS.iter().map(network).collect()
    }

    fn details(&self, network: &Network) -> Vec<(&'static str, Json)> {
        let network = monero::Network::named(network.name);
        network.map_or_else(Vec::new, |network| vec![("genesis", Hex(&network.genesis).to_string().into())])
    }

    /// A node of any network answers a request with its own network id, or closes.
    fn candidates(&self, port: u16) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let mut add = |likelihood, network: Network| {
            if !candidates.iter().any(|old: &Candidate| old.network == Some(network)) {
                let (name, values) = (network.name.to_owned(), Values::default());
                candidates.push(Candidate { name, likelihood, protocol: &PROTOCOL, network: Some(network), values });
            }
        };
        let networks = self.networks();
        let at_port = networks.iter().filter(|network| network.port == port);
        at_port.for_each(|network| add(Likelihood::Suggested, *network));
        networks.first().into_iter().for_each(|network| add(Likelihood::AnyNetwork, *network));
        networks.iter().for_each(|network| add(Likelihood::Rare, *network));
        candidates
    }

    fn evidence(&self, reason: &str) -> Evidence {
        if reason == "monero.not-levin" { Evidence::Nothing } else { Evidence::OurNetwork }
    }

    fn tells_addresses(&self) -> bool {
        true
    }

    /// Defaults to Monero's main network.
    fn configure(
        &self,
        network: Option<&Network>,
        values: &Values,
        _key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        let network = network.and_then(|network| monero::Network::named(network.name));
        Ok(Box::new(Monero::new(network.unwrap_or(&monero::NETWORKS[0]), &MoneroOptions::from(values))))
    }
}

/// Our side of Monero's handshake: the same for every connection.
#[derive(Debug)]
pub struct Monero {
    network: &'static monero::Network,
    local: Local,
}

impl Monero {
    /// Our side on a network, as the options describe it.
    pub fn new(network: &'static monero::Network, ours: &MoneroOptions) -> Self {
        let mut local = Local::new(network, ours.peer_id.unwrap_or_else(rand::random));
        let monero::Introduction { node, tip } = &mut local.introduction;
        (node.my_port, node.rpc_port, node.support_flags) = (ours.my_port.into(), ours.rpc_port, ours.support_flags);
        tip.top_id = ours.top_block.unwrap_or(tip.top_id);
        (tip.top_version, tip.cumulative_difficulty) = (ours.top_version, ours.difficulty);
        tip.pruning_seed = ours.pruning_seed;
        // Every chain has a first block.
        tip.height = u64::try_from(ours.start_height).unwrap_or(0).max(1);
        Self { network, local }
    }

    /// Performs the handshake.
    async fn converse(&self, contact: Contact<'_>, attempt: &mut Attempt) {
        let Contact { stream, part, times, tracer, .. } = contact;
        let local = self.local.clone();
        let mut hello = match part {
            Part::Dialling(_) => Hello::initiator(local),
            Part::Accepting => Hello::responder(local),
        };
        let is_hello = |event: &Event| {
            matches!(event, Event::Heard(Message::HandshakeRequest(_) | Message::HandshakeResponse(..)))
        };
        let (closely, stays) = (times.closely, times.stays);
        let peers = match converse_within(MAX_BYTES, &mut hello, stream, times, tracer, attempt, is_hello, line).await {
            Ok((stream, agreed)) => {
                attempt.verdict = Verdict::ok(Vec::new());
                if stays {
                    attempt.session = Some(Box::new(Connection { stream, local: self.local.clone() }));
                }
                agreed.peers
            }
            Err(failure) => {
                attempt.guess = guess(closely, &failure);
                attempt.retry = Retry::after(&failure.cause);
                if let Cause::Fault(monero::Error::Network { theirs, .. }) = &failure.cause {
                    attempt.elsewhere.extend(theirs.network().map(|network| network.name));
                }
                attempt.verdict = Verdict::of_failure(&hello, &failure);
                Peers::default()
            }
        };
        if let Some(introduction) = hello.introduction() {
            attempt.introduced = Some(Box::new(Introduced { introduction: introduction.clone(), peers }));
        }
    }
}

impl Side for Monero {
    fn protocol(&self) -> &'static dyn Protocol {
        &PROTOCOL
    }

    fn chain(&self) -> &str {
        self.network.name
    }

    fn port(&self) -> u16 {
        self.network.port
    }

    fn accept_mode(&self) -> DialMode {
        DialMode { transport: LEVIN, knowledge: Knowledge::Nothing }
    }

    fn costs_key_exchange(&self) -> bool {
        false
    }

    fn shake<'a>(
        &'a self,
        _way: DialMode,
        contact: Contact<'a>,
        attempt: &'a mut Attempt,
    ) -> BoxFuture<'a, Option<Redial>> {
        Box::pin(async {
            self.converse(contact, attempt).await;
            None
        })
    }
}

/// A connection after its handshake, and our side of it.
#[derive(Debug)]
struct Connection {
    stream: Unread<TcpStream>,
    local: Local,
}

impl Session for Connection {
    /// The peer listed its peers already in the handshake.
    fn ask<'a>(
        self: Box<Self>,
        introduced: &'a dyn AnyIntroduced,
        _peer: Option<SocketAddr>,
        _times: Times<'a>,
        _tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, Option<Asked>> {
        Box::pin(async { introduced.downcast_ref::<Introduced>().map(Introduced::told) })
    }

    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, HoldResult> {
        let Self { stream, local } = *self;
        Box::pin(hold(stream, local, span, tracer))
    }
}

impl Lasting for monero::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }
}

/// Keeps a connection alive, with pings and timed syncs.
async fn hold(stream: Unread<TcpStream>, local: Local, span: Span<'_>, tracer: Option<Tracer<'_>>) -> HoldResult {
    let session = Keepalive::new(local).with_ping().with_timed_sync();
    keep(session, stream, span, tracer, line, |event| match event {
        Event::Said(Message::PingRequest) => Meaning::Ping,
        Event::Heard(Message::PingResponse { .. }) => Meaning::Pong,
        _ => Meaning::Other,
    })
    .await
}
