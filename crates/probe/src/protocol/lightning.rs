//! Lightning's adapter: from options to a conversation, and from its result to an attempt.

mod introduced;
mod lines;
mod options;

use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use handshake::{Fault, Handshake as _, Hex, Reason, Remark, Stage};
use lightning::message::{Event, Message, Ping};
use lightning::{Address, Channel, Features, Hello, Init, Local, NodeId, SecretKey, Session as Keepalive};
use net::{Cause, Unread, Verdict};
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use self::introduced::{FIELDS, Introduced};
use self::lines::line;
use self::options::{FEATURE_BITS, OPTIONS};
use super::converse::converse;
use super::field::{FieldAbout, abouts};
use super::keep::{HoldResult, LastWords, Meaning, Span, keep};
use super::retry::{Lasting, Retry};
use super::{
    AnyOption, Contact, DialMode, Evidence, Identity, Knowledge, Misuse, Network, Part, Protocol, Redial, Session,
    Side, Tracer, Transport, Values,
};
use crate::attempt::Attempt;
use crate::key::{self, Secret};
use crate::target::{BadTarget, Kind, Target};

/// BOLT 8 and BOLT 1.
#[derive(Debug)]
pub struct LightningProtocol;

/// BOLT 8 and BOLT 1.
pub static PROTOCOL: LightningProtocol = LightningProtocol;

/// The transport.
const BOLT8: Transport = Transport::named("bolt8");

impl Protocol for LightningProtocol {
    fn name(&self) -> &'static str {
        "lightning"
    }

    fn about(&self) -> &'static str {
        "BOLT 8 and BOLT 1"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [Reason] {
        lightning::REASONS
    }

    /// Chains of Bitcoin's family, with their names in the Bitcoin crate.
    fn networks(&self) -> Vec<Network> {
        let below = super::bitcoin::PROTOCOL.networks();
        let on = |network: Network| {
            let chain = lightning::Chain::named(network.name)?;
            Some(Network { protocol: &PROTOCOL, port: chain.port, dns_seeds: &[], ..network })
        };
        below.into_iter().filter_map(on).collect()
    }

    fn details(&self, network: &Network) -> Vec<(&'static str, Json)> {
        let chain = lightning::Chain::named(network.name);
        chain.map_or_else(Vec::new, |chain| vec![("chain_hash", Hex(&chain.hash.0).to_string().into())])
    }

    /// Most programs use one port on all chains. (BOLT 1)
    fn at_port(&self, port: u16) -> Vec<&'static str> {
        if port == lightning::CHAINS[0].port { vec!["Lightning"] } else { Vec::new() }
    }

    fn form_of_targets(&self) -> Option<&'static str> {
        Some("<node id>@host:port")
    }

    fn read_target(&self, text: &str, targets: &mut Vec<Target>) -> Option<Result<(), BadTarget>> {
        let (node_id, place) = text.split_once('@')?;
        let mut read = || {
            let node_id: NodeId =
                node_id.parse().map_err(|error| BadTarget::of(format_args!("before the @ is {error}")))?;
            let kind = Kind::parse(place, BadTarget::Host)?;
            let identity = Identity::of(&PROTOCOL, Some(&node_id.to_bytes()));
            targets.push(Target { text: text.into(), kind, identity });
            Ok(())
        };
        Some(read())
    }

    fn evidence(&self, reason: &str) -> Evidence {
        if reason == "lightning.version" { Evidence::Nothing } else { Evidence::OurNetwork }
    }

    fn configure(
        &self,
        network: Option<&Network>,
        values: &Values,
        key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        let chain = network.and_then(|network| lightning::Chain::named(network.name));
        let bits: Vec<u16> = values.all(&FEATURE_BITS).into_iter().flatten().collect();
        let networks = chain.map(|chain| chain.hash).into_iter().collect();
        let init = Init { features: Features::of(&bits), networks, ..Init::default() };
        Ok(Box::new(Lightning { chain, key: key::chosen(key, SecretKey::new)?, init }))
    }
}

/// Our side of Lightning's handshake: the same for every connection, except its ephemeral key.
#[derive(Debug)]
struct Lightning {
    chain: Option<&'static lightning::Chain>,
    key: SecretKey,
    init: Init,
}

impl Lightning {
    /// The features that we announce, for people.
    fn offer(&self) -> String {
        let names: Vec<_> = self.init.features.iter().map(|feature| feature.to_string()).collect();
        if names.is_empty() { "no features".to_owned() } else { names.join(", ") }
    }

    /// Performs the handshake. A peer that dialled us learns its own address.
    async fn converse(&self, contact: Contact<'_>, attempt: &mut Attempt) {
        let Contact { stream, peer, part, times, tracer } = contact;
        let stays = times.stays;
        let (static_key, ephemeral_key) = (self.key.clone(), key::fresh(SecretKey::new));
        let mut init = self.init.clone();
        let mut hello = match part {
            Part::Dialling(identity) => match node_id_of(identity) {
                Some(node_id) => Hello::initiator(Local { static_key, ephemeral_key, init }, node_id),
                // A target of this protocol always contains a key.
                None => return,
            },
            Part::Accepting => {
                init.remote_addr = peer.map(Address::Ip);
                Hello::responder(Local { static_key, ephemeral_key, init })
            }
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Init(_)));
        match converse(&mut hello, stream, times, tracer, attempt, is_hello, line).await {
            Ok((stream, agreed)) => {
                let mut remarks = Vec::new();
                if self.chain.is_some() && agreed.networks().is_empty() {
                    remarks.push(Remark { code: "lightning.network-unknown", detail: UNKNOWN_NETWORK.to_owned() });
                }
                attempt.verdict =
                    if agreed.confirmed { Verdict::ok(remarks) } else { Verdict::unconfirmed("our ping", remarks) };
                if stays {
                    attempt.session = Some(Box::new(Connection { stream, channel: agreed.channel }));
                }
            }
            Err(failure) => {
                attempt.retry = Retry::after(&failure.cause);
                attempt.verdict = Verdict::of_failure(&hello, &failure);
                if hello.stage() == Stage::Ack && matches!(failure.cause, Cause::Closed | Cause::Reset) {
                    attempt.verdict.add(&format!("; we offered {}", self.offer()));
                }
            }
        }
        if let Some((node_id, init)) = hello.node_id().zip(hello.heard()) {
            attempt.introduced = Some(Box::new(Introduced { node_id, init: init.clone() }));
        }
    }
}

/// The expected node.
fn node_id_of(identity: &Identity) -> Option<NodeId> {
    NodeId::from_bytes(identity.key()?.try_into().ok()?).ok()
}

impl Side for Lightning {
    fn protocol(&self) -> &'static dyn Protocol {
        &PROTOCOL
    }

    fn chain(&self) -> &str {
        self.chain.map_or("any", |chain| chain.name)
    }

    fn port(&self) -> u16 {
        self.chain.map_or(lightning::CHAINS[0].port, |chain| chain.port)
    }

    fn accept_mode(&self) -> DialMode {
        DialMode { transport: BOLT8, knowledge: Knowledge::Nothing }
    }

    fn our_target(&self, address: SocketAddr) -> Option<String> {
        Some(format!("{}@{address}", self.key.node_id()))
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

/// A connection after its handshake.
#[derive(Debug)]
struct Connection {
    stream: Unread<TcpStream>,
    channel: Channel,
}

impl Session for Connection {
    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, HoldResult> {
        let Self { stream, channel } = *self;
        Box::pin(hold(stream, channel, span, tracer))
    }
}

/// lnd never names its chain, LDK only if configured.
const UNKNOWN_NETWORK: &str = "does not say on which chain it is";

impl Lasting for lightning::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }
}

/// Keeps a connection alive, with a ping at once and then regularly.
async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channel: Channel,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> HoldResult {
    keep(Keepalive::new(channel).pinging(ping()), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Ping(_)) => Meaning::Ping,
        Event::Heard(Message::Pong(_)) => Meaning::Pong,
        Event::Heard(Message::Error(notice)) => last_words(&lightning::Error::Error(notice.clone())),
        Event::Heard(Message::Warning(notice)) => last_words(&lightning::Error::Warning(notice.clone())),
        _ => Meaning::Other,
    })
    .await
}

/// A node usually closes after an error, but need not.
fn last_words(error: &lightning::Error) -> Meaning {
    Meaning::LastWords(LastWords { reason: error.code(), number: error.number(), sentence: error.to_string() })
}

fn ping() -> Ping {
    /// Arbitrary.
    const PONG_LEN: u16 = 16;
    Ping::for_pong_of(PONG_LEN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handshake::Rx;
    use lightning::{Hello, Local, Message, SecretKey};
    use net::Stop;
    use tokio::io::AsyncReadExt;
    use tokio::time::Instant;

    use super::super::in_memory::shaken;
    use super::super::keep::{HoldEnd, Span};
    use super::hold;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_held_for_an_hour_is_pinged_as_often_as_a_node_may() {
        let key = |byte| SecretKey::new([byte; 32]).unwrap();
        let local = |byte| Local::new(key(byte), key(byte + 1), Vec::new());
        let called = key(0x22).node_id();
        let ((stream, ours), (mut peer, mut theirs)) =
            shaken(Hello::initiator(local(0x11), called), Hello::responder(local(0x22))).await;
        let opened = Instant::now();
        let span = Span { opened, since: opened, until: opened + Duration::from_secs(3599), stop: &Stop::new() };
        let kept = hold(stream, ours.channel, span, None).await;
        assert!(matches!(kept.end, HoldEnd::Time), "{kept:?}");
        assert_eq!((kept.pings.sent, kept.pings.answered), (3600 / 30, 0));
        let mut said = Vec::new();
        peer.read_to_end(&mut said).await.unwrap();
        let (mut rx, mut pings) = (Rx::new(&mut said), 0);
        while let Ok(message) = theirs.channel.open.open(&mut rx) {
            assert!(matches!(Message::read(message), Ok(Message::Ping(_))));
            pings += 1;
        }
        assert_eq!(pings, 3600 / 30);
    }
}
