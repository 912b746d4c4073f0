//! libp2p's adapter: from options to a conversation, and from its result to an attempt.

mod introduced;
mod lines;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use handshake::{Reason, Remark, Text};
use libp2p::target::{NotATarget, NotDialable};
use libp2p::yamux::{ACK, Kind as FrameKind, SYN};
use libp2p::{
    Error as Fault, Event, Hello, Identify, Identity as Keys, Local, Message, Multiaddr, PeerId, Place, PublicKey,
};
use libp2p::{Farewell, SecretKey, Session as Keepalive, identify};
use net::{Cause, Failure, Timer, Unread, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

use self::introduced::{FIELDS, Introduced};
use self::lines::line;
use super::common::{CONTACT, KEY, USER_AGENT, program};
use super::converse::{converse, converse_after};
use super::field::{FieldAbout, abouts};
use super::keep::{HoldResult, Meaning, Span, keep};
use super::retry::{Lasting, Retry};
use super::{
    AnyOption, Candidate, Contact, DialMode, Evidence, Identity, Knowledge, Likelihood, Listed, Listing, Misuse,
    Network, Part, Protocol, Redial, Session, Side, Times, Tracer, Transport, Values,
};
use crate::attempt::Attempt;
use crate::key::{self, Secret};
use crate::refused::Refused;
use crate::resolve::Family;
use crate::target::{BadTarget, Kind, Target, is_host_name};

/// multistream-select, Noise, yamux and identify.
#[derive(Debug)]
pub struct Libp2pProtocol;

/// multistream-select, Noise, yamux and identify.
pub static PROTOCOL: Libp2pProtocol = Libp2pProtocol;

/// The transport.
const NOISE: Transport = Transport::named("noise");

/// The usual port of IPFS nodes.
const DEFAULT_PORT: u16 = 4001;

/// The options, in the order of the help.
static OPTIONS: [&dyn AnyOption; 3] = [&USER_AGENT, &CONTACT, &KEY];

impl Protocol for Libp2pProtocol {
    fn name(&self) -> &'static str {
        "libp2p"
    }

    fn about(&self) -> &'static str {
        "multistream-select, Noise, yamux and identify"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [Reason] {
        libp2p::REASONS
    }

    fn networks(&self) -> Vec<Network> {
        Vec::new()
    }

    fn at_port(&self, port: u16) -> Vec<&'static str> {
        if port == DEFAULT_PORT { vec!["IPFS"] } else { Vec::new() }
    }

    fn form_of_targets(&self) -> Option<&'static str> {
        Some("/ip4/.../tcp/..., /dns4/.../tcp/... or /dnsaddr/...")
    }

    fn read_target(&self, text: &str, targets: &mut Vec<Target>) -> Option<Result<(), BadTarget>> {
        let read = || {
            let (kind, peer_id) = match text.parse() {
                Ok(libp2p::Target { place, peer_id }) => (kind_of(place)?, peer_id),
                Err(NotATarget::NotDialable(NotDialable::Needs(transport))) => {
                    (Kind::OutOfReach(without(transport, text)), None)
                }
                Err(error) => {
                    return Err(BadTarget::of(format_args!("not a multiaddr that can be dialled: {error}")));
                }
            };
            targets.push(Target { text: text.into(), kind, identity: identity(peer_id.as_ref()) });
            Ok(())
        };
        text.starts_with('/').then(read)
    }

    /// Every libp2p node accepts multistream-select, on any network.
    fn candidates(&self, port: u16) -> Vec<Candidate> {
        let likelihood = if port == DEFAULT_PORT { Likelihood::Suggested } else { Likelihood::AnyNetwork };
        vec![Candidate::of(&PROTOCOL, likelihood)]
    }

    fn evidence(&self, reason: &str) -> Evidence {
        if reason == "libp2p.not-libp2p" { Evidence::Nothing } else { Evidence::OurNetwork }
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&DNSADDR)
    }

    fn configure(
        &self,
        _network: Option<&Network>,
        values: &Values,
        key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        let agent = Text::from(&*program(values, concat!("verack/", env!("CARGO_PKG_VERSION"))));
        Ok(Box::new(Libp2p { keys: key::chosen(key, |seed| Some(Keys::new(seed)))?, agent }))
    }
}

/// Names that list multiaddrs. (multiformats/multiaddr, `protocols/DNSADDR.md`)
static DNSADDR: Listing = Listing {
    label: "_dnsaddr",
    record: "dnsaddr record, which would be a TXT record of _dnsaddr and this name",
    read: read_dnsaddr,
};

fn read_dnsaddr(record: &[u8]) -> Option<Listed> {
    let text = str::from_utf8(record).ok()?.strip_prefix("dnsaddr=")?;
    let libp2p::Target { place, peer_id } = match text.parse() {
        Ok(target) => target,
        Err(NotATarget::NotDialable(NotDialable::Needs(transport))) => return Some(Listed::Needs(transport)),
        Err(error) => return Some(Listed::Unreadable(error.to_string())),
    };
    let identity = identity(peer_id.as_ref());
    Some(match place {
        Place::At(address) => Listed::At(address, identity),
        Place::Named { name, family, port } => Listed::Named { name, family: family.into(), port, identity },
        Place::Listed { name, port } => Listed::List { name, port, identity },
    })
}

impl From<libp2p::target::Family> for Family {
    fn from(family: libp2p::target::Family) -> Self {
        match family {
            libp2p::target::Family::Any => Self::Any,
            libp2p::target::Family::V4 => Self::V4,
            libp2p::target::Family::V6 => Self::V6,
        }
    }
}

/// The kind of target that a multiaddr's place is.
fn kind_of(place: Place) -> Result<Kind, BadTarget> {
    let (kind, port) = match place {
        Place::At(address) => (Kind::Address(address.ip().into(), Some(address.port())), Some(address.port())),
        Place::Named { name, family, port } => {
            let within = |name| match family.into() {
                Family::Any => Kind::Name(name, Some(port)),
                family => Kind::NameOf(family, name, port),
            };
            (Kind::of_name(name, Some(port), within), Some(port))
        }
        // The DNS has no list of such a name.
        Place::Listed { name, port } => match address::Network::of_name(&name) {
            network @ Some(_) => (Kind::OutOfReach(Refused::NoProxy { name, network }), port),
            None => (Kind::Listed(name, port), port),
        },
    };
    match (port, kind.name()) {
        (Some(0), _) => Err(BadTarget::NoPort),
        (_, Some(name)) if !is_host_name(name) => Err(BadTarget::Form),
        _ => Ok(kind),
    }
}

/// Why we cannot dial a multiaddr: Tor needs a proxy, the others use transports that we lack.
fn without(transport: &'static str, text: &str) -> Refused {
    match transport {
        "onion3" => Refused::NoProxy { name: text.to_owned(), network: Some(address::Network::Onion) },
        transport => Refused::NoTransport { protocol: "libp2p", transport },
    }
}

/// The node with this peer id, or any node.
fn identity(peer_id: Option<&PeerId>) -> Identity {
    Identity::of(&PROTOCOL, peer_id.map(PeerId::as_bytes))
}

/// The node with this secp256k1 key.
pub fn identity_of_key(compressed: &[u8; 33]) -> Option<Identity> {
    PublicKey::secp256k1(compressed).ok().map(|key| identity(Some(&key.peer_id())))
}

/// Our side of libp2p's handshake: the same for every connection, except the keys of each connection.
#[derive(Debug)]
struct Libp2p {
    keys: Keys,
    agent: Text,
}

impl Libp2p {
    fn local(&self) -> Local {
        let [static_key, ephemeral_key] = [(); 2].map(|()| SecretKey::new(*key::random()));
        let mut local = Local::new(self.keys.clone(), static_key, ephemeral_key, "");
        local.agent = self.agent.clone();
        local
    }

    /// Performs the handshake. A peer that dialled us learns its own address.
    async fn converse(&self, contact: Contact<'_>, attempt: &mut Attempt) {
        let Contact { stream, peer, part, times, tracer } = contact;
        // The peer may still send its identify request: see `part`.
        let times = Times { stays: true, ..times };
        let mut local = self.local();
        let mut hello = match part {
            Part::Dialling(identity) => {
                Hello::initiator(local, identity.key().and_then(|key| PeerId::from_bytes(key).ok()))
            }
            Part::Accepting => {
                local.observed_addr = peer.map(Into::into);
                Hello::responder(local)
            }
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Two(_) | Message::Three(_)));
        let identify = match converse(&mut hello, stream, times, tracer, attempt, is_hello, line).await {
            Ok((stream, agreed)) => {
                attempt.verdict = concluded(&agreed.identify);
                attempt.session = Some(Box::new(Connection { stream, connection: agreed.connection }));
                Some(agreed.identify)
            }
            Err(failure) => {
                let identify = hello.identify_so_far();
                attempt.retry = Retry::after(&failure.cause);
                attempt.verdict = unfinished(&hello, &failure, identify.as_ref());
                identify
            }
        };
        if let Some(public_key) = hello.public_key() {
            let introduced = Introduced { public_key: public_key.clone(), muxer: hello.muxer(), identify };
            attempt.introduced = Some(Box::new(introduced));
        }
    }
}

impl Side for Libp2p {
    fn protocol(&self) -> &'static dyn Protocol {
        &PROTOCOL
    }

    fn port(&self) -> u16 {
        DEFAULT_PORT
    }

    fn accept_mode(&self) -> DialMode {
        DialMode { transport: NOISE, knowledge: Knowledge::Nothing }
    }

    fn our_target(&self, address: SocketAddr) -> Option<String> {
        Some(Multiaddr::from(address).with_peer_id(&self.keys.peer_id()).to_string())
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
    connection: libp2p::Connection,
}

impl Session for Connection {
    fn hold<'a>(self: Box<Self>, span: Span<'a>, tracer: Option<Tracer<'a>>) -> BoxFuture<'a, HoldResult> {
        let Self { stream, connection } = *self;
        Box::pin(hold(stream, connection, span, tracer))
    }

    fn owes_answer(&self) -> bool {
        !self.connection.is_known()
    }

    fn part<'a>(
        self: Box<Self>,
        opened: Instant,
        timer: &'a mut Timer,
        tracer: Option<Tracer<'a>>,
    ) -> BoxFuture<'a, ()> {
        let Self { stream, connection } = *self;
        Box::pin(part(stream, connection, opened, timer, tracer))
    }
}

/// The verdict on a complete introduction.
fn concluded(identify: &Identify) -> Verdict {
    let mut verdict = Verdict::ok(Vec::new());
    if identify.omitted.bytes > 0 {
        let detail = format!(
            "introduces itself with {} bytes more than the {} that are read: its lists may be longer than told here",
            identify.omitted.bytes,
            identify::MAX_LEN
        );
        verdict.remarks.push(Remark { code: "libp2p.long-identify", detail });
    }
    verdict
}

/// The verdict on an incomplete handshake. A peer that has introduced itself has accepted us: only the end of its
/// identify stream is missing.
fn unfinished(hello: &Hello, failure: &Failure<Fault>, identify: Option<&Identify>) -> Verdict {
    let (how, identify) = match (&failure.cause, identify) {
        (Cause::Late, Some(identify)) => ("did not close the stream of its introduction", identify),
        (Cause::Closed | Cause::Reset, Some(identify)) => {
            ("closed the connection without closing the stream of its introduction", identify)
        }
        // A libp2p node that has proven its identity; its message is only too long for our own limit.
        (Cause::Fault(Fault::Oversized { .. }), _) => {
            return Verdict::of_failure(hello, failure).into_partial();
        }
        _ => return Verdict::of_failure(hello, failure),
    };
    let mut verdict = concluded(identify);
    let detail = format!("{how}: it may have had more to say");
    verdict.remarks.push(Remark { code: "libp2p.open-identify", detail });
    verdict
}

impl Lasting for Fault {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    fn is_goodbye(&self) -> bool {
        matches!(self, Self::GoAway(_))
    }
}

/// Answers the peer's identify request, if it comes soon, and leaves once the peer has read the answer. go-libp2p may
/// answer our request before it sends its own.
async fn part(
    stream: Unread<TcpStream>,
    connection: libp2p::Connection,
    opened: Instant,
    timer: &mut Timer,
    tracer: Option<Tracer<'_>>,
) {
    /// A node that asks at all asks within this time.
    const SOON: Duration = Duration::from_millis(250);
    /// For a slow node or path we wait as long as the handshake took, but no longer than this, since no result depends
    /// on it.
    const LATE: Duration = Duration::from_secs(1);
    let now = Instant::now();
    let deadline = now + now.duration_since(opened).clamp(SOON, LATE);
    let times = Times { opened, deadline, timer, stays: false, closely: false };
    // No result depends on this.
    let _ = converse_after(&mut Farewell::new(connection), stream, times, tracer, line).await;
}

/// Keeps a connection alive with pings.
async fn hold(
    stream: Unread<TcpStream>,
    connection: libp2p::Connection,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> HoldResult {
    /// Arbitrary.
    const PING: u32 = 1;
    keep(Keepalive::new(connection).with_ping(PING), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Frame(frame)) if frame.kind == FrameKind::Ping && frame.has(SYN) => Meaning::Ping,
        Event::Heard(Message::Frame(frame)) if frame.kind == FrameKind::Ping && frame.has(ACK) => Meaning::Pong,
        _ => Meaning::Other,
    })
    .await
}
