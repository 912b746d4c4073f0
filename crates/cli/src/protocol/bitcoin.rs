//! Bitcoin's handshake as the command line has it: from options to a conversation, and from there to a report.

mod ask;
mod introduced;
mod lines;
mod side;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::chain::TailKind;
use bitcoin::version::Tail;
use bitcoin::{
    Accept, Announced, Chain, Channel, Concluded, Event, Local, Message, NetAddress, Services, Session, UserAgent, V1,
    V2, Version,
    v2::{self, MAX_GARBAGE_LEN},
};
use handshake::Role;
use net::{Cause, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

pub use self::introduced::Introduced;
use self::lines::entry;
use self::side::Side;
use super::converse::{Conversed, converse, keep};
use super::retry::Lasting;
use super::{Connection, Shaken, Times, Tracer, Transport, Way};
use crate::args::{Extension, Introduction, ServicesArg, TransportChoice};
use crate::exit::Error;

/// Our side of Bitcoin's handshake: the same for every connection but for the nonce, the clock and the peer's address.
#[derive(Debug)]
pub struct Bitcoin {
    chain: String,
    port: u16,
    template: Local,
    receiving_services: Services,
    nonce: Option<u64>,
    time: Option<i64>,
    transport: TransportChoice,
    garbage: Option<usize>,
    decoys: Vec<usize>,
}

impl Bitcoin {
    /// Our side as the options describe it.
    ///
    /// # Errors
    /// If another protocol's network was chosen, or a service is named that the network does not have.
    pub fn new(options: &Introduction, receiving_services: &ServicesArg) -> Result<Self, Error> {
        let chain = match options.chain() {
            super::Chain::Bitcoin(chain) => chain,
            other => return Err(Error::Usage(format!("{} does not speak Bitcoin's protocol", other.name()))),
        };
        let mut params = chain.params;
        let mut name = chain.name.to_owned();
        if let Some(magic) = options.magic.or(options.signet_challenge) {
            params.magic = magic;
            let kind = if options.magic.is_some() { "magic" } else { "signet" };
            name = format!("{kind}-{magic}");
        }
        let announce = |extension| options.announce.contains(&extension);
        let mut local = Local::new(params, 0, 0, [0; 32]);
        local.version.version = options.protocol_version.unwrap_or(params.announce_version);
        local.version.services = options.services.on(chain)?;
        local.version.sender = Some(NetAddress::unspecified(local.version.services));
        local.version.user_agent = options.user_agent.clone().unwrap_or_else(default_user_agent);
        local.version.start_height = Some(options.start_height);
        local.version.relay = Some(options.relay);
        local.min_peer_version = options.min_version.unwrap_or(params.min_peer_version);
        local.require_services = options.require_services.on(chain)?;
        local.wtxidrelay = announce(Extension::Wtxidrelay);
        local.sendaddrv2 = announce(Extension::Sendaddrv2);
        local.sendheaders = announce(Extension::Sendheaders);
        local.sendcmpct = announce(Extension::Sendcmpct).then_some(2);
        local.feefilter = announce(Extension::Feefilter).then_some(0);
        local.features.clone_from(&options.feature);
        Ok(Self {
            chain: name,
            port: port_of(chain, options),
            template: local,
            receiving_services: receiving_services.on(chain)?,
            nonce: options.nonce,
            time: options.time,
            transport: options.transport,
            garbage: options.garbage,
            decoys: options.decoy.clone(),
        })
    }

    /// The network's name.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// The network's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The transports over which an address is dialled, each on a connection of its own.
    pub fn transports(&self) -> &'static [bitcoin::Transport] {
        match self.transport {
            TransportChoice::Auto | TransportChoice::V2 => &[bitcoin::Transport::V2],
            TransportChoice::V1 => &[bitcoin::Transport::V1],
            TransportChoice::Both => &[bitcoin::Transport::V2, bitcoin::Transport::V1],
        }
    }

    /// Those over which an address is dialled whose services are known not to have P2P_V2. Core dials it so, too.
    /// (net.cpp ThreadOpenConnections, use_v2transport)
    pub fn transports_without_v2(&self) -> &'static [bitcoin::Transport] {
        match self.transport {
            TransportChoice::Auto => &[bitcoin::Transport::V1],
            TransportChoice::V2 | TransportChoice::V1 | TransportChoice::Both => self.transports(),
        }
    }

    /// The transport over which connections are accepted; none if the peer may choose.
    pub fn accepted_transport(&self) -> Option<bitcoin::Transport> {
        match self.transport {
            TransportChoice::Auto | TransportChoice::Both => None,
            TransportChoice::V1 => Some(bitcoin::Transport::V1),
            TransportChoice::V2 => Some(bitcoin::Transport::V2),
        }
    }

    /// What we say to this peer.
    fn local(&self, peer: SocketAddr) -> Local {
        let mut local = self.template.clone();
        local.version.nonce = Some(self.nonce.unwrap_or_else(rand::random));
        local.version.time = self.time.unwrap_or_else(unix_time);
        local.version.receiver = NetAddress::of(peer, self.receiving_services);
        if local.params.tail != TailKind::None {
            local.tail = Tail::new(local.params.tail, rand::random());
        }
        local
    }

    /// Has the handshake, over this transport or else whichever the peer chooses.
    pub async fn shake(
        &self,
        transport: Option<bitcoin::Transport>,
        role: Role,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let local = self.local(peer);
        let longest =
            if self.transport == TransportChoice::Auto { side::MAX_TENTATIVE_GARBAGE } else { MAX_GARBAGE_LEN };
        let start = || side::start(self.garbage, longest, &self.decoys);
        match transport {
            Some(bitcoin::Transport::V1) => self.converse(Box::new(V1::new(role, local)), stream, times, tracer).await,
            Some(bitcoin::Transport::V2) => {
                self.converse(Box::new(V2::new(role, local, start())), stream, times, tracer).await
            }
            None => self.converse(Box::new(Accept::new(local, start())), stream, times, tracer).await,
        }
    }

    /// Has the handshake, which has its place outside of what all connections wait in: it is large, and moved here once.
    async fn converse(
        &self,
        mut handshake: Box<impl Side>,
        stream: TcpStream,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let params = &self.template.params;
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Version(_)));
        let Conversed { result, retry, hello, bytes } =
            converse(&mut *handshake, stream, times, tracer, is_hello, |seen, at| entry(seen, at, params)).await;
        match result {
            Ok((stream, Concluded { agreed, channel })) => Shaken {
                transport: Transport::Bitcoin(handshake.transport()),
                session_id: channel.session_id,
                fall_back: None,
                verdict: Verdict::ok(String::new()),
                retry,
                introduced: Some(self.introduced(agreed.version, agreed.announced)),
                hello,
                bytes,
                connection: Some(Connection::Bitcoin(stream, channel)),
            },
            Err(failure) => {
                let heard = handshake.hello();
                Shaken {
                    transport: Transport::Bitcoin(handshake.transport()),
                    session_id: handshake.session_id(),
                    fall_back: self.fall_back(&failure.cause),
                    verdict: Verdict::of_failure(&*handshake, &failure),
                    retry,
                    introduced: heard
                        .version()
                        .map(|version| self.introduced(version.clone(), heard.announced().clone())),
                    hello,
                    bytes,
                    connection: None,
                }
            }
        }
    }

    /// The way in which it may go better. A peer that closed on our key without a word is dialled again, as Core does it;
    /// and, beyond Core, one that answered our key with a message of this network in plain text: bcoin does. One that is
    /// silent or says something else is not.
    fn fall_back(&self, cause: &Cause<bitcoin::Error>) -> Option<Way<'_>> {
        let speaks_v1 = matches!(cause, Cause::Fault(fault) if seems_to_speak_v1(fault));
        (self.transport == TransportChoice::Auto && speaks_v1)
            .then_some(Way::Bitcoin(self, Some(bitcoin::Transport::V1)))
    }

    /// Keeps a connection alive.
    pub async fn hold(
        &self,
        stream: net::Unread<TcpStream>,
        channel: Channel,
        opened: Instant,
        until: Instant,
        tracer: Option<Tracer<'_>>,
    ) {
        let params = &self.template.params;
        keep(Session::new(channel), None, stream, opened, until, tracer, |seen, at| entry(seen, at, params)).await;
    }

    fn introduced(&self, version: Version, announced: Announced) -> super::Introduced {
        let clock_offset_s = version.time.saturating_sub(self.time.unwrap_or_else(unix_time));
        let params = self.template.params;
        super::Introduced::Bitcoin(Box::new(Introduced { version, announced, params, clock_offset_s }))
    }
}

impl Lasting for bitcoin::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    /// A peer that closes on our key may just be full.
    fn may_pass(&self) -> bool {
        seems_to_speak_v1(self)
    }
}

/// Whether our key got the answer of a node that speaks the v1 transport alone.
fn seems_to_speak_v1(error: &bitcoin::Error) -> bool {
    matches!(error, bitcoin::Error::V2(v2::Error::ClosedOnKey | v2::Error::V1Only))
}

fn port_of(chain: &Chain, options: &Introduction) -> u16 {
    /// Every signet, default or not; of a descendant that has one, its port. (Core: chainparams.cpp)
    const SIGNET_PORT: u16 = 38333;
    let own = options.signet_challenge.is_some() && !chain.name.ends_with("-signet");
    if own { SIGNET_PORT } else { chain.port }
}

fn default_user_agent() -> UserAgent {
    const NAME: &str = concat!("/verack:", env!("CARGO_PKG_VERSION"), "/");
    UserAgent::new(NAME.as_bytes()).expect("it is shorter than 256 bytes")
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
