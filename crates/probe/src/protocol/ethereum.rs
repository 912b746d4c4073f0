//! Ethereum's adapter: from options to a conversation, and from its result to an attempt.

mod introduced;
mod lines;
mod options;

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use ethereum::enode::DEFAULT_PORT;
use ethereum::eth::OurChain;
use ethereum::fork_id::Head;
use ethereum::local::{Expected, Rules};
use ethereum::message::{Event, Message};
use ethereum::network::END;
use ethereum::{
    Channel, Enode, Enr, ForkId, Fresh, Goal, Local, OurStatus, PublicKey, Reason, Rlpx, SecretKey,
    Session as Keepalive, Status,
};
use futures_util::future::BoxFuture;
use handshake::Text;
use net::{Cause, Unread, Verdict};
use rand::RngExt;
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use self::introduced::{FIELDS, Introduced};
use self::lines::line;
use self::options::{EthereumOptions, OPTIONS, StatusChoice};
use super::converse::converse;
use super::field::{FieldAbout, abouts};
use super::keep::{HoldResult, Meaning, Span, keep};
use super::retry::{Lasting, Retry};
use super::{
    AnyOption, Contact, DialMode, Evidence, Identity, Knowledge, Misuse, Network, Part, Protocol, Redial, Session,
    Side, Tracer, Transport, Values,
};
use crate::attempt::Attempt;
use crate::key::{self, Secret};
use crate::target::{BadTarget, Kind, Target};

/// RLPx, devp2p and `eth`.
#[derive(Debug)]
pub struct EthereumProtocol;

/// RLPx, devp2p and `eth`.
pub static PROTOCOL: EthereumProtocol = EthereumProtocol;

/// The transport.
const RLPX: Transport = Transport::named("rlpx");

impl Protocol for EthereumProtocol {
    fn name(&self) -> &'static str {
        "ethereum"
    }

    fn about(&self) -> &'static str {
        "RLPx, devp2p and the Status of eth"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [handshake::Reason] {
        ethereum::REASONS
    }

    fn networks(&self) -> Vec<Network> {
        let network = |network: &'static ethereum::Network| Network {
            protocol: &PROTOCOL,
            name: network.name,
            aliases: &[],
            kind: None,
            port: DEFAULT_PORT,
            dns_seeds: &[],
        };
        ethereum::NETWORKS.iter().map(network).collect()
    }

    fn details(&self, network: &Network) -> Vec<(&'static str, Json)> {
        let network = ethereum::Network::named(network.name);
        network.map_or_else(Vec::new, |network| {
            vec![("network_id", network.network_id.into()), ("genesis", network.genesis.to_string().into())]
        })
    }

    /// All its networks have one port.
    fn at_port(&self, port: u16) -> Vec<&'static str> {
        if port == DEFAULT_PORT { vec!["Ethereum"] } else { Vec::new() }
    }

    fn form_of_targets(&self) -> Option<&'static str> {
        Some("enode://<node id>@host:port or enr:...")
    }

    /// Parses `enode://...`, or a node record, which may hold two addresses.
    fn read_target(&self, text: &str, targets: &mut Vec<Target>) -> Option<Result<(), BadTarget>> {
        match text {
            _ if text.starts_with("enode:") => Some(read_enode(text).map(|target| targets.push(target))),
            _ if text.starts_with("enr:") => Some(read_record(text, targets)),
            _ => None,
        }
    }

    /// geth accepts one connection from an address in 30 s. (p2p/server.go inboundThrottleTime)
    fn may_be_asked_twice(&self, _network: Option<&Network>) -> bool {
        false
    }

    fn evidence(&self, reason: &str) -> Evidence {
        if reason == "ethereum.not-rlpx" { Evidence::Nothing } else { Evidence::OurNetwork }
    }

    fn configure(
        &self,
        network: Option<&Network>,
        values: &Values,
        key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        let network = network.and_then(|network| ethereum::Network::named(network.name));
        let key = key::chosen(key, SecretKey::new)?;
        Ok(Box::new(Ethereum::new(network, &EthereumOptions::from(values), key)?))
    }
}

fn read_enode(text: &str) -> Result<Target, BadTarget> {
    let enode: Enode = text.parse().map_err(|error| match error {
        ethereum::enode::NotAnEnode::NoRlpxPort => BadTarget::of(error),
        error => BadTarget::of(format_args!("not an enode: {error}")),
    })?;
    // The parser has removed the brackets of an IPv6 address.
    let kind = Kind::of_host(&enode.host, Some(enode.port))?;
    Ok(Target { text: text.into(), kind, identity: identity(&enode.id) })
}

fn read_record(text: &str, targets: &mut Vec<Target>) -> Result<(), BadTarget> {
    let enr: Enr = text.parse().map_err(|error| BadTarget::of(format_args!("not a node record: {error}")))?;
    // A node of the consensus layer speaks libp2p, with the same key.
    let of_libp2p = enr.speaks_libp2p().then(|| super::libp2p::identity_of_key(&enr.id.to_compressed())).flatten();
    let identity = of_libp2p.unwrap_or_else(|| identity(&enr.id));
    let before = targets.len();
    targets.extend(enr.addresses().filter(|address| address.port() > 0).map(|address| Target {
        text: text.into(),
        kind: Kind::Address(address.ip().into(), Some(address.port())),
        identity: identity.clone(),
    }));
    if targets.len() == before {
        return Err(BadTarget::of("this node record has no IP address with a TCP port"));
    }
    Ok(())
}

fn identity(id: &PublicKey) -> Identity {
    Identity::of(&PROTOCOL, Some(&id.to_bytes()))
}

/// The expected node's key.
fn key_of(identity: &Identity) -> Option<PublicKey> {
    PublicKey::from_bytes(identity.key()?.try_into().ok()?).ok()
}

/// Our side of Ethereum's handshake: the same for every connection, except the keys of each connection.
#[derive(Debug)]
pub struct Ethereum {
    chain: String,
    local: Local,
    /// The named network, to compare the peer's forks with.
    network: Option<&'static ethereum::Network>,
    /// What our Status says, if the user chose it.
    status: Option<StatusChoice>,
    /// The chain in our own Status.
    own: Option<Own>,
}

/// The chain in our own Status, except what changes with time.
#[derive(Debug)]
struct Own {
    chain: OurChain,
    /// The network that supplies our latest fork; `None` if the chain's fork id is fixed.
    forks_of: Option<&'static ethereum::Network>,
}

impl Own {
    fn now(&self) -> OurChain {
        let fork_id = self.forks_of.map_or(self.chain.fork_id, |network| network.fork_id(now()));
        OurChain { fork_id, ..self.chain.clone() }
    }
}

impl Ethereum {
    /// Our side as the options describe it, with this key. Without a network, a peer may be on any.
    ///
    /// # Errors
    /// If the options describe only a part of a network.
    fn new(named: Option<&'static ethereum::Network>, ours: &EthereumOptions, key: SecretKey) -> Result<Self, Misuse> {
        let network_id = ours.network_id.or(named.map(|network| network.network_id));
        let genesis = ours.genesis.or(named.map(|network| network.genesis));
        let expected = match (network_id, genesis) {
            (Some(network_id), Some(genesis)) => Some(Expected { network_id, genesis }),
            (None, None) => None,
            _ => return Err("--network-id and --genesis belong together: both, or a --chain".into()),
        };
        let described = ours.network_id.is_some() || ours.genesis.is_some();
        let chain = match (named, expected) {
            (Some(network), _) if !described => network.name.to_owned(),
            (_, Some(Expected { network_id, .. })) => format!("network-{network_id}"),
            (_, None) => "any".to_owned(),
        };
        let network = named.filter(|_| !described);
        let own = expected.map(|Expected { network_id, genesis }| {
            let fork_id = ours.fork_id.unwrap_or_else(|| ForkId::at(genesis, [], END));
            let latest = u64::try_from(ours.start_height).unwrap_or_default();
            let (total_difficulty, latest_hash) = (0.into(), ours.head.unwrap_or(genesis));
            let chain = OurChain { network_id, genesis, fork_id, total_difficulty, earliest: 0, latest, latest_hash };
            Own { chain, forks_of: network.filter(|_| ours.fork_id.is_none()) }
        });
        if ours.status == Some(StatusChoice::Own) && own.is_none() {
            return Err("--status own needs a network: --chain, or --network-id and --genesis".into());
        }

        let mut local = Local::new(key);
        local.client_id = Text::from(&*ours.client_id);
        local.protocols.clone_from(&ours.capabilities);
        local.listen_port = ours.listen_port;
        local.expected = expected;
        Ok(Self { chain, local, network, status: ours.status, own })
    }

    /// Our side of one connection: whether we dialled it, and whether it stays open after the handshake.
    fn local(&self, dials: bool, stays: bool) -> Local {
        let own = self.own.as_ref().map(Own::now);
        let default = if dials || own.is_none() { StatusChoice::Echo } else { StatusChoice::Own };
        let goal = match (self.status.unwrap_or(default), &own) {
            (StatusChoice::Own, Some(own)) => Goal::Status(OurStatus::Of(own.clone())),
            (StatusChoice::None, _) => Goal::Hello,
            (StatusChoice::Echo | StatusChoice::Own, _) => Goal::Status(OurStatus::Echo),
        };
        let mut local = self.local.clone();
        local.goal = goal;
        local.own = own;
        local.rules = self.network.map(|network| Rules { network, head: now() });
        local.parting = (!stays).then_some(Reason::Quitting);
        local
    }

    /// Performs the handshake.
    async fn converse(&self, contact: Contact<'_>, attempt: &mut Attempt) {
        let Contact { stream, part, times, tracer, .. } = contact;
        let stays = times.stays;
        let mut rlpx = match part {
            Part::Dialling(identity) => match key_of(identity) {
                Some(id) => Rlpx::initiator(self.local(true, stays), fresh(), id),
                // A target of this protocol always contains a key.
                None => return,
            },
            Part::Accepting => Rlpx::responder(self.local(false, stays), fresh()),
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Hello(_)));
        match converse(&mut rlpx, stream, times, tracer, attempt, is_hello, line).await {
            Ok((stream, agreed)) => {
                attempt.verdict = if agreed.confirmed {
                    Verdict::ok(agreed.remarks)
                } else {
                    Verdict::unconfirmed("our GetBlockHeaders", agreed.remarks)
                };
                if stays {
                    attempt.session = Some(Box::new(Connection { stream, channel: agreed.channel }));
                }
            }
            Err(failure) => {
                attempt.retry = Retry::after(&failure.cause);
                attempt.verdict = Verdict::of_failure(&rlpx, &failure);
                if let (Cause::Closed | Cause::Reset, Some(status)) = (&failure.cause, rlpx.said_status()) {
                    let Status { network_id, fork_id, .. } = status;
                    let ours = format!("; ours said network {network_id}, fork id {fork_id}");
                    attempt.verdict.add(&ours);
                }
            }
        }
        if let Some((node_id, hello)) = rlpx.node_id().zip(rlpx.hello()) {
            let (hello, status) = (hello.clone(), rlpx.status().cloned());
            attempt.introduced = Some(Box::new(Introduced { node_id, hello, status }));
        }
    }
}

impl Side for Ethereum {
    fn protocol(&self) -> &'static dyn Protocol {
        &PROTOCOL
    }

    fn chain(&self) -> &str {
        &self.chain
    }

    fn port(&self) -> u16 {
        DEFAULT_PORT
    }

    fn accept_mode(&self) -> DialMode {
        DialMode { transport: RLPX, knowledge: Knowledge::Nothing }
    }

    /// Our side cannot be discovered.
    fn our_target(&self, address: SocketAddr) -> Option<String> {
        let (host, port) = (address.ip().to_string(), address.port());
        Some(Enode { id: self.local.node_id(), host, port, discovery_port: Some(0) }.to_string())
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

/// The present head of every chain. We have no chain, so every fork at a block number counts as passed; time is our
/// clock.
fn now() -> Head {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Head { block: u64::MAX, time: since_1970.as_secs() }
}

/// The fresh secrets of a connection.
fn fresh() -> Fresh {
    loop {
        // Loops again with probability 2^-128.
        if let Some(fresh) = Fresh::new(&rand::rng().random()) {
            return fresh;
        }
    }
}

impl Lasting for ethereum::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    fn is_goodbye(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// Keeps a connection alive, with a ping at once and then regularly.
async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channel: Channel,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> HoldResult {
    keep(Keepalive::new(channel).pinging(), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Ping) => Meaning::Ping,
        Event::Heard(Message::Pong) => Meaning::Pong,
        _ => Meaning::Other,
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ethereum::channel::Heard;
    use ethereum::message::id;
    use ethereum::{Goal, Local, Rlpx, SecretKey};
    use handshake::Rx;
    use net::Stop;
    use tokio::io::AsyncReadExt;
    use tokio::time::Instant;

    use super::super::in_memory::shaken;
    use super::super::keep::{HoldEnd, Span};
    use super::{fresh, hold};

    #[tokio::test(start_paused = true)]
    async fn a_node_that_leaves_who_is_silent_for_half_a_minute_is_held_for_an_hour() {
        let [ours, theirs] = [[0x11; 32], [0x22; 32]].map(|key| {
            let mut local = Local::new(SecretKey::new(key).unwrap());
            local.goal = Goal::Hello;
            local
        });
        let called = theirs.node_id();
        let ((stream, ours), (mut peer, mut theirs)) =
            shaken(Rlpx::initiator(ours, fresh(), called), Rlpx::responder(theirs, fresh())).await;
        let opened = Instant::now();
        let span = Span { opened, since: opened, until: opened + Duration::from_secs(3599), stop: &Stop::new() };
        let kept = hold(stream, ours.channel, span, None).await;
        assert!(matches!(kept.end, HoldEnd::Time), "{kept:?}");
        assert_eq!((kept.pings.sent, kept.pings.answered), (3600 / 15, 0));
        let mut said = Vec::new();
        peer.read_to_end(&mut said).await.unwrap();
        let (mut rx, mut heard) = (Rx::new(&mut said), Vec::new());
        while let Ok(message) = theirs.channel.hear(&mut rx) {
            let Heard::Message { id, .. } = message else { panic!("{message:?}") };
            heard.push(id);
        }
        assert_eq!(heard.pop(), Some(id::DISCONNECT));
        assert_eq!(heard, [id::PING; 3600 / 15]);
    }
}
