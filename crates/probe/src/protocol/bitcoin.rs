//! Bitcoin's adapter: from options to a conversation, and from its result to an attempt.

mod ask;
mod candidates;
mod introduced;
mod lines;
mod options;
mod side;

use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::chain::{Kind, TailKind};
use bitcoin::conduct::Conduct;
use bitcoin::hello::Hello;
use bitcoin::version::Tail;
use bitcoin::{
    Accept, Announced, Chain, Concluded, Event, Local, Message, NetAddress, Services, TransportAttempt,
    TransportPolicy, UserAgent, V1, V2, Version,
    v2::{self, CLOSED_ON_KEY, Offer, REFUSED_KEY},
};
use futures_util::future::BoxFuture;
use handshake::{Reason, Remark, Role};
use net::{Cause, Failure, Outcome, Verdict};
use serde_json::Value as Json;
use tokio::net::TcpStream;

use self::ask::Connection;
use self::introduced::{FIELDS, Introduced};
use self::lines::entry;
pub use self::options::{BitcoinOptions, ServicesArg, TransportChoice};
use self::options::{Extension, OPTIONS};
use self::side::Handshaking;
use super::converse::{converse, guess};
use super::field::{FieldAbout, abouts};
use super::retry::{Lasting, Retry};
use super::{
    AnyOption, Candidate, Contact, DialMode, DialModes, Evidence, Knowledge, Misuse, Network, Protocol, Redial, Seed,
    Side, Times, Tracer, Transport, Values,
};
use crate::attempt::Attempt;
use crate::key::Secret;
use crate::stamp::Rounded;

/// Bitcoin and its descendants.
#[derive(Debug)]
pub struct BitcoinProtocol;

/// Bitcoin and its descendants.
pub static PROTOCOL: BitcoinProtocol = BitcoinProtocol;

/// Plain text.
const V1_TRANSPORT: Transport = Transport::named(bitcoin::Transport::V1.name());

/// Encrypted. btcd accepts two keys a second.
const V2_TRANSPORT: Transport = Transport { name: Some(bitcoin::Transport::V2.name()), begins_with_key: true };

/// Accepting: v1 or v2, as the peer chooses.
const EITHER: Transport = Transport { name: None, begins_with_key: false };

/// The chosen transport.
fn transport(chosen: Option<bitcoin::Transport>) -> Transport {
    match chosen {
        Some(bitcoin::Transport::V1) => V1_TRANSPORT,
        Some(bitcoin::Transport::V2) => V2_TRANSPORT,
        None => EITHER,
    }
}

impl BitcoinProtocol {
    fn network(chain: &'static Chain) -> Network {
        let kind = match chain.kind {
            Kind::Main => "main",
            Kind::Test => "test",
            Kind::Regtest => "regtest",
        };
        let Chain { name, aliases, port, dns_seeds, .. } = *chain;
        Network { protocol: &PROTOCOL, name, aliases, kind: Some(kind), port, dns_seeds }
    }
}

impl Protocol for BitcoinProtocol {
    fn name(&self) -> &'static str {
        "bitcoin"
    }

    fn about(&self) -> &'static str {
        "Bitcoin and its descendants"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [Reason] {
        bitcoin::REASONS
    }

    fn networks(&self) -> Vec<Network> {
        bitcoin::CHAINS.iter().map(Self::network).collect()
    }

    fn details(&self, network: &Network) -> Vec<(&'static str, Json)> {
        let Some(chain) = Chain::named(network.name) else { return Vec::new() };
        vec![
            ("magic", chain.params.magic.to_string().into()),
            ("announce_version", chain.params.announce_version.into()),
            ("min_peer_version", chain.params.min_peer_version.into()),
            ("checksum", chain.params.checksum.name().into()),
            ("bip324", chain.bip324.into()),
            ("seed_filter", chain.seed_filter.into()),
        ]
    }

    /// A user-defined network has no seeds: those of its parent network lead to the parent's nodes.
    fn dns_seeds(&self, network: &Network, values: &Values) -> Result<Vec<Seed>, Misuse> {
        let options = BitcoinOptions::from(values);
        if let Some(magic) = options.magic.or(options.signet) {
            return Err(Misuse(format!(
                "a network of your own, with the magic {magic}, has no DNS seeds; name a target"
            )));
        }
        let own = network.own_seeds()?;
        let asked = Chain::named(network.name).into_iter().flat_map(Chain::seed_names);
        Ok(own.into_iter().zip(asked).map(|(seed, asked)| Seed { asked, ..seed }).collect())
    }

    fn candidates(&self, port: u16) -> Vec<Candidate> {
        candidates::candidates(port)
    }

    fn may_be_asked_twice(&self, network: Option<&Network>) -> bool {
        network.is_none_or(|network| may_be_asked_twice(network.name))
    }

    fn evidence(&self, reason: &str) -> Evidence {
        match reason {
            "bitcoin.no-message" | "bitcoin.v2.no-terminator" => Evidence::Nothing,
            "bitcoin.magic" => Evidence::UnknownNetwork,
            "bitcoin.not-bitcoin" => Evidence::OtherService,
            _ => Evidence::OurNetwork,
        }
    }

    fn tells_addresses(&self) -> bool {
        true
    }

    fn tells_our_address(&self) -> bool {
        true
    }

    fn configure(
        &self,
        network: Option<&Network>,
        values: &Values,
        _key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        let network = network.copied().unwrap_or_default();
        let chain = Chain::named(network.name)
            .ok_or_else(|| Misuse(format!("{} does not speak Bitcoin's protocol", network.name)))?;
        Ok(Box::new(Bitcoin::new(chain, &BitcoinOptions::from(values))?))
    }
}

/// Our side of Bitcoin's handshake: the same for every connection, except the nonce, the clock and the peer's address.
#[derive(Debug)]
pub struct Bitcoin {
    chain: String,
    port: u16,
    template: Local,
    receiving_services: Services,
    nonce: Option<u64>,
    time: Option<i64>,
    transport: TransportChoice,
    /// Whether the network's nodes speak v2. A custom magic changes nothing about that.
    speaks_v2: bool,
    garbage: Option<usize>,
    decoys: Vec<usize>,
}

impl Bitcoin {
    /// Our side on a network, as the options describe it.
    ///
    /// # Errors
    /// If the network does not have a named service.
    pub fn new(chain: &'static Chain, options: &BitcoinOptions) -> Result<Self, Misuse> {
        let mut params = chain.params;
        let mut name = chain.name.to_owned();
        if let Some(magic) = options.magic.or(options.signet) {
            params.magic = magic;
            let kind = if options.magic.is_some() { "magic" } else { "signet" };
            name = format!("{kind}-{magic}");
        }
        let announce = |extension| options.announce.contains(&extension);
        let mut local = Local::new(params, 0, 0, [0; 32]);
        local.version.version = options.protocol_version.unwrap_or(params.announce_version);
        local.version.services = options.services.on(chain)?;
        local.version.sender = Some(NetAddress::unspecified(local.version.services));
        local.version.user_agent = user_agent(options);
        local.version.start_height = Some(options.start_height);
        local.version.relay = Some(options.relay);
        local.min_peer_version = options.min_version.unwrap_or(params.min_peer_version);
        local.require_services = options.require_services.on(chain)?;
        local.wtxidrelay = announce(Extension::Wtxidrelay);
        local.sendaddrv2 = announce(Extension::Sendaddrv2);
        local.sendheaders = announce(Extension::Sendheaders);
        local.sendcmpct = announce(Extension::Sendcmpct).then_some(2);
        local.feefilter = announce(Extension::Feefilter).then_some(0);
        local.features.clone_from(&options.features);
        Ok(Self {
            chain: name,
            port: port_of(chain, options),
            template: local,
            receiving_services: options.receiving_services.on(chain)?,
            nonce: options.nonce,
            time: options.time,
            transport: options.transport,
            speaks_v2: chain.bip324,
            garbage: options.garbage,
            decoys: options.decoys.clone(),
        })
    }

    /// What to do if a connection that we open in this way ends early.
    fn plan(&self, mode: DialMode) -> Option<TransportAttempt> {
        let policy = match (self.transport, mode.transport) {
            (_, EITHER) => return None,
            (_, V1_TRANSPORT) => TransportPolicy::V1,
            (TransportChoice::Auto, _) => TransportPolicy::Auto,
            (TransportChoice::V2 | TransportChoice::Both | TransportChoice::V1, _) => TransportPolicy::V2,
        };
        Some(TransportAttempt::first(policy, self.speaks_v2, known(mode.knowledge)))
    }

    /// Our introduction to this peer.
    fn local(&self, peer: Option<SocketAddr>) -> Local {
        let mut local = self.template.clone();
        local.version.nonce = Some(self.nonce.unwrap_or_else(rand::random));
        local.version.time = self.time.unwrap_or_else(unix_time);
        // As Core does for peers whose address the older form cannot express. (Core: net_processing.cpp PushNodeVersion)
        let peer = peer.unwrap_or_else(|| (Ipv6Addr::UNSPECIFIED, 0).into());
        local.version.receiver = NetAddress::of(peer, self.receiving_services);
        if local.params.tail != TailKind::None {
            local.tail = Tail::new(local.params.tail, rand::random());
        }
        local
    }

    /// Performs the handshake. It is boxed, outside of the future that all connections share: it is large, and moved
    /// once.
    async fn converse(
        &self,
        plan: Option<TransportAttempt>,
        mut handshake: Box<impl Handshaking>,
        (stream, times, tracer): (TcpStream, Times<'_>, Option<Tracer<'_>>),
        attempt: &mut Attempt,
    ) -> Option<Redial> {
        let params = &self.template.params;
        let (closely, stays) = (times.closely && may_be_asked_twice(&self.chain), times.stays);
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Version(_)));
        let result =
            converse(&mut *handshake, stream, times, tracer, attempt, is_hello, |seen, at| entry(seen, at, params))
                .await;
        attempt.transport = transport(handshake.transport());
        match result {
            Ok((stream, Concluded { agreed, channel })) => {
                attempt.session_id = channel.session_id.map(|id| id.0);
                attempt.verdict = Verdict::ok(remarks(handshake.hello().conduct(), &agreed.version));
                attempt.introduced = Some(self.introduced(agreed.version, agreed.announced));
                if stays {
                    attempt.session = Some(Box::new(Connection { stream, channel, params: *params }));
                }
                None
            }
            Err(mut failure) => {
                if let (Cause::Fault(fault), Some(plan)) = (&mut failure.cause, plan) {
                    plan.explain(fault);
                }
                let heard = handshake.hello();
                let mut verdict = Verdict::of_failure(&*handshake, &failure);
                verdict.add(&self.hint(plan, &failure, heard).unwrap_or_default());
                if let Some(version) = heard.version().filter(|_| verdict.outcome() == Outcome::Partial) {
                    verdict.remarks.extend(remarks(heard.conduct(), version));
                }
                attempt.session_id = handshake.session_id().map(|id| id.0);
                attempt.verdict = verdict;
                attempt.guess = guess(closely, &failure);
                attempt.elsewhere = elsewhere(&failure.cause);
                attempt.retry = Retry::after(&failure.cause);
                attempt.introduced =
                    heard.version().map(|version| self.introduced(version.clone(), heard.announced().clone()));
                let Cause::Fault(fault) = &failure.cause else { return None };
                let next = plan?.after(fault)?;
                let mode = match next.attempt.transport() {
                    bitcoin::Transport::V1 => DialMode { transport: V1_TRANSPORT, knowledge: Knowledge::Nothing },
                    bitcoin::Transport::V2 => DialMode { transport: V2_TRANSPORT, knowledge: Knowledge::Nothing },
                };
                Some(Redial { mode, pause: next.pause })
            }
        }
    }

    /// A hint at an option that may suit the peer better, appended to the sentence of a failure.
    fn hint(&self, plan: Option<TransportAttempt>, failure: &Failure<bitcoin::Error>, heard: &Hello) -> Option<String> {
        let is_silent = failure.received == 0 && failure.rest.is_empty();
        match &failure.cause {
            Cause::Fault(bitcoin::Error::Rejected { reject, params }) => {
                let asked = reject.required_services().filter(|asked| *asked != Services::NONE)?;
                // btcd closes without a message if the second is missing.
                let names = Services(asked.0 | Services::WITNESS.0).names(params);
                let names: Vec<_> = names.map(|name| name.to_string()).collect();
                Some(format!(" (-s {} offers that)", names.join(",")))
            }
            Cause::Late if is_silent && plan.is_some_and(|plan| plan.transport() == bitcoin::Transport::V2) => {
                Some("; --transport v1 tells more".to_owned())
            }
            Cause::Closed | Cause::Reset => {
                let (theirs, ours) = (heard.version()?.version, self.template.version.version);
                (theirs > ours).then(|| {
                    format!(
                        "; it announces protocol version {theirs} and we {ours}, which may be too old for it \
                         (--protocol-version)"
                    )
                })
            }
            _ => None,
        }
    }

    fn introduced(&self, version: Version, announced: Announced) -> Box<dyn super::Introduced> {
        let clock_offset_s = version.time.saturating_sub(self.time.unwrap_or_else(unix_time));
        let params = self.template.params;
        Box::new(Introduced { version, announced, params, clock_offset_s })
    }
}

impl Side for Bitcoin {
    fn protocol(&self) -> &'static dyn Protocol {
        &PROTOCOL
    }

    fn chain(&self) -> &str {
        &self.chain
    }

    /// The names of all networks with this magic.
    fn networks_like_ours(&self) -> Vec<String> {
        Chain::with_magic(self.template.params.magic).map(|chain| chain.name.to_owned()).collect()
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn dial_modes(&self, knowledge: Knowledge) -> DialModes {
        let over = |transport| DialMode { transport, knowledge };
        let first = |policy| {
            let attempt = TransportAttempt::first(policy, self.speaks_v2, known(knowledge));
            over(transport(Some(attempt.transport())))
        };
        match self.transport {
            TransportChoice::Auto => first(TransportPolicy::Auto).into(),
            TransportChoice::V2 => first(TransportPolicy::V2).into(),
            TransportChoice::V1 => first(TransportPolicy::V1).into(),
            TransportChoice::Both => DialModes { first: over(V2_TRANSPORT), second: Some(over(V1_TRANSPORT)) },
        }
    }

    fn accept_mode(&self) -> DialMode {
        let transport = match self.transport {
            TransportChoice::Auto | TransportChoice::Both => EITHER,
            TransportChoice::V1 => V1_TRANSPORT,
            TransportChoice::V2 => V2_TRANSPORT,
        };
        DialMode { transport, knowledge: Knowledge::Nothing }
    }

    fn costs_key_exchange(&self) -> bool {
        self.accept_mode().transport != V1_TRANSPORT
    }

    fn service_names(&self, services: u64) -> Vec<String> {
        Services(services).names(&self.template.params).map(|name| name.to_string()).collect()
    }

    fn shake<'a>(
        &'a self,
        mode: DialMode,
        contact: Contact<'a>,
        attempt: &'a mut Attempt,
    ) -> BoxFuture<'a, Option<Redial>> {
        let Contact { stream, peer, part, times, tracer } = contact;
        let (role, local, rest) = (part.role(), self.local(peer), (stream, times, tracer));
        // We know nothing about a peer that dials us, so nothing is planned.
        let plan = self.plan(mode).filter(|_| role == Role::Initiator);
        let start = || side::start(self.garbage, plan, &self.decoys);
        match mode.transport {
            V1_TRANSPORT => Box::pin(self.converse(plan, Box::new(V1::new(role, local)), rest, attempt)),
            V2_TRANSPORT => Box::pin(self.converse(plan, Box::new(V2::new(role, local, start())), rest, attempt)),
            _ => Box::pin(self.converse(plan, Box::new(Accept::new(local, start())), rest, attempt)),
        }
    }

    /// A node that speaks v2 may also close on our key, if it is full.
    fn leaves_transport_open(&self, verdict: &Verdict) -> bool {
        [CLOSED_ON_KEY, REFUSED_KEY].contains(&verdict.reason())
    }

    fn reconsider(&self, attempt: &mut Attempt, later: &Attempt) {
        if let Some(introduced) = later.introduced.as_ref().and_then(|introduced| introduced.downcast_ref())
            && self.leaves_transport_open(&attempt.verdict)
        {
            attempt.verdict = reconsidered(&attempt.verdict, introduced, later.transport);
        }
    }
}

/// Anomalies of a peer that concluded a handshake.
fn remarks(conduct: &Conduct, version: &Version) -> Vec<Remark> {
    let mut remarks = conduct.remarks();
    remarks.extend(clock(version.time.saturating_sub(unix_time())));
    remarks
}

/// Maximum clock difference in seconds. Core warned above 70 minutes. (Core before 27: timedata.h
/// DEFAULT_MAX_TIME_ADJUSTMENT)
const CLOCK_TOLERANCE: u64 = 70 * 60;

/// A remark on a peer's clock, this many seconds ahead of ours.
fn clock(ahead: i64) -> Option<Remark> {
    let off = ahead.unsigned_abs();
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    let detail = || format!("has a clock that is {} {direction} ours", Rounded(Duration::from_secs(off)));
    (off > CLOCK_TOLERANCE).then(|| Remark { code: "bitcoin.clock", detail: detail() })
}

/// What is known about a node, as the Bitcoin crate's type.
fn known(knowledge: Knowledge) -> bitcoin::Knowledge {
    match knowledge {
        Knowledge::Named => bitcoin::Knowledge::Named,
        Knowledge::Nothing => bitcoin::Knowledge::Nothing,
        Knowledge::LacksEncryption => bitcoin::Knowledge::LacksV2,
        Knowledge::OffersEncryption => bitcoin::Knowledge::OffersV2,
    }
}

/// Revises the verdict on a connection that the peer closed on our key, after its introduction on a later connection.
fn reconsidered(verdict: &Verdict, later: &Introduced, over: Transport) -> Verdict {
    let offers = over == V2_TRANSPORT || Services::P2P_V2.missing_from(later.version.services) == Services::NONE;
    let fault = v2::Error::ClosedOnKey(if offers { Offer::Made } else { Offer::Lacking });
    Verdict::failed(verdict.stage(), &fault)
}

impl Lasting for bitcoin::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    /// A peer that closes on our key may only be full.
    fn may_pass(&self) -> bool {
        matches!(self, Self::V2(v2::Error::ClosedOnKey(_) | v2::Error::V1Only))
    }
}

/// The networks with the magic that the peer sent, or that its keys were derived from.
fn elsewhere(cause: &Cause<bitcoin::Error>) -> Vec<&'static str> {
    match cause {
        Cause::Fault(bitcoin::Error::Magic { found, .. } | bitcoin::Error::KeysOf { found, .. }) => {
            Chain::with_magic(*found).map(|chain| chain.name).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a node of this network answers a second connection right after the first. Zebra accepts one from each
/// address in 119 s.
fn may_be_asked_twice(chain: &str) -> bool {
    !chain.starts_with("zcash")
}

fn port_of(chain: &Chain, options: &BitcoinOptions) -> u16 {
    /// The port of every signet, default or not, except a descendant's own signet. (Core: chainparams.cpp)
    const SIGNET_PORT: u16 = 38333;
    let own = options.signet.is_some() && !chain.name.ends_with("-signet");
    if own { SIGNET_PORT } else { chain.port }
}

/// The chosen user agent, or our own name with the contact as a comment. (BIP14)
fn user_agent(options: &BitcoinOptions) -> UserAgent {
    const NAME: &str = concat!("verack:", env!("CARGO_PKG_VERSION"));
    let text = options.user_agent.clone().unwrap_or_else(|| {
        let comment = options.contact.as_ref().map(|contact| format!("({contact})")).unwrap_or_default();
        format!("/{NAME}{comment}/")
    });
    UserAgent::new(text.as_bytes()).expect("options have at most 256 bytes")
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
