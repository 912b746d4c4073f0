//! Bitcoin's handshake as the command line has it: from options to a conversation, and from there to a report.

mod ask;
mod carrier;
mod introduced;
mod lines;
mod side;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::chain::TailKind;
use bitcoin::conduct::Conduct;
use bitcoin::hello::Hello;
use bitcoin::version::Tail;
use bitcoin::{
    Accept, Announced, Chain, Channel, Concluded, Event, Local, Message, NetAddress, Services, Session, UserAgent, V1,
    V2, Version,
    v2::{self, CLOSED_ON_KEY, Offer, REFUSED_KEY},
};
use handshake::{Remark, Role};
use net::{Cause, Failure, Outcome, Verdict};
use tokio::net::TcpStream;

pub use self::carrier::{Carrier, Heard, Known};
pub use self::introduced::Introduced;
use self::lines::entry;
use self::side::Side;
use super::converse::{Conversed, converse, guess};
use super::keep::{Kept, LastWords, Sign, Span, keep};
use super::retry::Lasting;
use super::{Again, Connection, Shaken, Times, Tracer, Transport, Way};
use crate::args::{Extension, Introduction, ServicesArg, TransportChoice};
use crate::calendar::Rounded;
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
    /// Whether the network's nodes speak v2. A custom magic is that of a network like the one it was chosen for.
    speaks_v2: bool,
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
        let ours = &options.bitcoin;
        let mut params = chain.params;
        let mut name = chain.name.to_owned();
        if let Some(magic) = ours.magic.or(ours.signet_challenge) {
            params.magic = magic;
            let kind = if ours.magic.is_some() { "magic" } else { "signet" };
            name = format!("{kind}-{magic}");
        }
        let announce = |extension| ours.announce.contains(&extension);
        let mut local = Local::new(params, 0, 0, [0; 32]);
        local.version.version = ours.protocol_version.unwrap_or(params.announce_version);
        local.version.services = ours.services.on(chain)?;
        local.version.sender = Some(NetAddress::unspecified(local.version.services));
        local.version.user_agent = options.user_agent.clone().unwrap_or_else(|| default_user_agent(options));
        local.version.start_height = Some(options.start_height);
        local.version.relay = Some(ours.relay);
        local.min_peer_version = ours.min_version.unwrap_or(params.min_peer_version);
        local.require_services = ours.require_services.on(chain)?;
        local.wtxidrelay = announce(Extension::Wtxidrelay);
        local.sendaddrv2 = announce(Extension::Sendaddrv2);
        local.sendheaders = announce(Extension::Sendheaders);
        local.sendcmpct = announce(Extension::Sendcmpct).then_some(2);
        local.feefilter = announce(Extension::Feefilter).then_some(0);
        local.features.clone_from(&ours.feature);
        Ok(Self {
            chain: name,
            port: port_of(chain, options),
            template: local,
            receiving_services: receiving_services.on(chain)?,
            nonce: ours.nonce,
            time: ours.time,
            transport: ours.transport,
            speaks_v2: chain.bip324,
            garbage: ours.garbage,
            decoys: ours.decoy.clone(),
        })
    }

    /// The network's name.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// The names of all networks with this magic.
    pub fn networks_like_ours(&self) -> Vec<String> {
        Chain::with_magic(self.template.params.magic).map(|chain| chain.name.to_owned()).collect()
    }

    /// The network's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The transports over which an address is dialled, each on a connection of its own.
    ///
    /// Where no node speaks v2, `auto` sends no key: Zebra takes one connection from an address in two minutes, and the
    /// key would spend it; Bitcoin SV bans the sender of a key. (`[[client]]` in the bitcoin crate's tests/data/chains.toml)
    pub fn transports(&self) -> &'static [bitcoin::Transport] {
        match self.transport {
            TransportChoice::Auto if !self.speaks_v2 => &[bitcoin::Transport::V1],
            TransportChoice::Auto | TransportChoice::V2 => &[bitcoin::Transport::V2],
            TransportChoice::V1 => &[bitcoin::Transport::V1],
            TransportChoice::Both => &[bitcoin::Transport::V2, bitcoin::Transport::V1],
        }
    }

    /// Those over which an address is dialled of which this was heard. One whose services are known not to have P2P_V2 is
    /// dialled over v1, as by Core. (net.cpp ThreadOpenConnections, use_v2transport)
    pub fn transports_to(&self, heard: Heard) -> &'static [bitcoin::Transport] {
        match (self.transport, heard) {
            (TransportChoice::Auto, Heard::LacksV2) => &[bitcoin::Transport::V1],
            _ => self.transports(),
        }
    }

    /// What carries connections that are accepted.
    pub fn accepted(&self) -> Carrier {
        match self.transport {
            TransportChoice::Auto | TransportChoice::Both => Carrier::Either,
            TransportChoice::V1 => Carrier::V1,
            TransportChoice::V2 => Carrier::V2(Known::Caller),
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

    /// Has the handshake.
    pub async fn shake(
        &self,
        carrier: Carrier,
        role: Role,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let local = self.local(peer);
        let start = || side::start(self.garbage, carrier.longest_garbage(self.transport), &self.decoys);
        match carrier {
            Carrier::V1 => self.converse(carrier, Box::new(V1::new(role, local)), stream, times, tracer).await,
            Carrier::V2(_) => {
                self.converse(carrier, Box::new(V2::new(role, local, start())), stream, times, tracer).await
            }
            Carrier::Either => {
                self.converse(carrier, Box::new(Accept::new(local, start())), stream, times, tracer).await
            }
        }
    }

    /// Has the handshake, which has its place outside of what all connections wait in: it is large, and moved here once.
    async fn converse(
        &self,
        carrier: Carrier,
        mut handshake: Box<impl Side>,
        stream: TcpStream,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let params = &self.template.params;
        let closely = times.closely && may_be_asked_twice(&self.chain);
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Version(_)));
        let Conversed { result, retry, hello, bytes } =
            converse(&mut *handshake, stream, times, tracer, is_hello, |seen, at| entry(seen, at, params)).await;
        match result {
            Ok((stream, Concluded { agreed, channel })) => Shaken {
                transport: Transport::Bitcoin(handshake.transport()),
                session_id: channel.session_id,
                fall_back: None,
                verdict: Verdict {
                    remarks: remarks(handshake.hello().conduct(), &agreed.version),
                    ..Verdict::ok(String::new())
                },
                guess: None,
                elsewhere: Vec::new(),
                retry,
                introduced: Some(self.introduced(agreed.version, agreed.announced)),
                hello,
                bytes,
                connection: Some(Connection::Bitcoin(stream, channel)),
            },
            Err(mut failure) => {
                if let Cause::Fault(fault) = &mut failure.cause {
                    self.know_better(carrier, fault);
                }
                let heard = handshake.hello();
                let mut verdict = Verdict::of_failure(&*handshake, &failure);
                verdict.detail.extend(self.hint(carrier, &failure, heard));
                if let Some(version) = heard.version().filter(|_| verdict.outcome == Outcome::Partial) {
                    verdict.remarks.extend(remarks(heard.conduct(), version));
                }
                Shaken {
                    transport: Transport::Bitcoin(handshake.transport()),
                    session_id: handshake.session_id(),
                    fall_back: self.fall_back(carrier, &failure.cause),
                    verdict,
                    guess: guess(closely, &failure),
                    elsewhere: elsewhere(&failure.cause),
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

    /// What a close on our key means, by what is known of the network and of the peer.
    fn know_better(&self, carrier: Carrier, fault: &mut bitcoin::Error) {
        if let bitcoin::Error::V2(v2::Error::ClosedOnKey(offer @ Offer::Unknown)) = fault {
            if carrier == Carrier::V2(Known::Offers) {
                *offer = Offer::Reported;
            } else if !self.speaks_v2 {
                *offer = Offer::LackingOnNetwork;
            }
        }
    }

    /// What of ours may suit the peer better, behind the sentence on a failure.
    fn hint(&self, carrier: Carrier, failure: &Failure<bitcoin::Error>, heard: &Hello) -> Option<String> {
        let is_silent = failure.received == 0 && failure.rest.is_empty();
        match &failure.cause {
            Cause::Fault(bitcoin::Error::Rejected { reject, params }) => {
                let asked = reject.required_services().filter(|asked| *asked != Services::NONE)?;
                // btcd leaves without a word if the second is missing.
                let names = Services(asked.0 | Services::WITNESS.0).names(params);
                let names: Vec<_> = names.map(|name| name.to_string()).collect();
                Some(format!(" (-s {} offers that)", names.join(",")))
            }
            Cause::Late if is_silent && matches!(carrier, Carrier::V2(known) if known != Known::Caller) => {
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

    /// How it may go better. With `auto`, a peer that closed on our key without a word is dialled again over v1, as by
    /// Core; and, beyond Core, one that answered our key with a message of this network in plain text: bcoin does. One
    /// that is silent or says something else is not. Where the user asked for v2 and named the peer, one that closed on
    /// our key gets another, since it may limit keys.
    fn fall_back(&self, carrier: Carrier, cause: &Cause<bitcoin::Error>) -> Option<Again<'_>> {
        let Cause::Fault(fault) = cause else { return None };
        match (self.transport, carrier) {
            (TransportChoice::Auto, Carrier::V2(_)) if seems_to_speak_v1(fault) => {
                Some(Again { way: Way::Bitcoin(self, Carrier::V1), pause: Duration::ZERO })
            }
            (TransportChoice::V2 | TransportChoice::Both, Carrier::V2(Known::Named))
                if matches!(fault, bitcoin::Error::V2(v2::Error::ClosedOnKey(Offer::Unknown))) =>
            {
                Some(Again { way: Way::Bitcoin(self, Carrier::V2(Known::Nothing)), pause: KEY_INTERVAL })
            }
            _ => None,
        }
    }

    /// Keeps a connection alive.
    pub async fn hold(
        &self,
        stream: net::Unread<TcpStream>,
        channel: Channel,
        span: Span<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Kept {
        let params = &self.template.params;
        let session = Session::new(channel).pinging(rand::random());
        let sign = |event: &Event| match event {
            Event::Said(Message::Ping(_)) => Sign::Ping,
            Event::Heard(Message::Pong(_)) => Sign::Pong,
            Event::Heard(Message::Reject(reject)) => {
                let (number, sentence) = (Some(reject.code.into()), format!("it rejected our message: {reject}"));
                Sign::LastWords(LastWords { reason: "bitcoin.rejected", number, sentence })
            }
            _ => Sign::Other,
        };
        keep(session, stream, span, tracer, |seen, at| entry(seen, at, params), sign).await
    }

    fn introduced(&self, version: Version, announced: Announced) -> super::Introduced {
        let clock_offset_s = version.time.saturating_sub(self.time.unwrap_or_else(unix_time));
        let params = self.template.params;
        super::Introduced::Bitcoin(Box::new(Introduced { version, announced, params, clock_offset_s }))
    }
}

/// What is odd about a peer that concluded a handshake.
fn remarks(conduct: &Conduct, version: &Version) -> Vec<Remark> {
    let mut remarks = conduct.remarks();
    remarks.extend(clock(version.time.saturating_sub(unix_time())));
    remarks
}

/// A clock that is so far from ours, in seconds, that Core would have warned of it: 70 minutes. (Core before 27: timedata.h
/// DEFAULT_MAX_TIME_ADJUSTMENT)
const CLOCK_TOLERANCE: u64 = 70 * 60;

/// A remark on a peer's clock, so many seconds ahead of ours.
fn clock(ahead: i64) -> Option<Remark> {
    let off = ahead.unsigned_abs();
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    let detail = || format!("has a clock that is {} {direction} ours", Rounded(Duration::from_secs(off)));
    (off > CLOCK_TOLERANCE).then(|| Remark { code: "bitcoin.clock", detail: detail() })
}

/// The earliest that a peer gets a second key: btcd takes two in a second from the addresses of a /24 or /64, which the
/// [pace of a host](crate::attempt::Keys) keeps to as well. A peer gets two at most in a run. (btcd 0.26.2, `--v2transport`)
const KEY_INTERVAL: Duration = Duration::from_secs(1);

/// The verdict on a connection that was closed on our key, seen again once the peer introduced itself on another one.
pub fn reconsidered(verdict: &Verdict, later: &Introduced, over: Option<bitcoin::Transport>) -> Option<Verdict> {
    if ![CLOSED_ON_KEY, REFUSED_KEY].contains(&verdict.reason) {
        return None;
    }
    let offers =
        over == Some(bitcoin::Transport::V2) || Services::P2P_V2.missing_from(later.version.services) == Services::NONE;
    let fault = v2::Error::ClosedOnKey(if offers { Offer::Made } else { Offer::Lacking });
    Some(Verdict::failed(verdict.stage, &fault))
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

/// The networks with the magic that the peer sent, or that went into its keys.
fn elsewhere(cause: &Cause<bitcoin::Error>) -> Vec<&'static str> {
    match cause {
        Cause::Fault(bitcoin::Error::Magic { found, .. } | bitcoin::Error::KeysOf { found, .. }) => {
            Chain::with_magic(*found).map(|chain| chain.name).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a node of this network would answer a second connection right after the first like that. Zebra takes one from an
/// address in 119 s.
pub fn may_be_asked_twice(chain: &str) -> bool {
    !chain.starts_with("zcash")
}

/// Whether our key got the answer of a node that speaks the v1 transport alone.
fn seems_to_speak_v1(error: &bitcoin::Error) -> bool {
    matches!(error, bitcoin::Error::V2(v2::Error::ClosedOnKey(_) | v2::Error::V1Only))
}

fn port_of(chain: &Chain, options: &Introduction) -> u16 {
    /// Every signet, default or not; of a descendant that has one, its port. (Core: chainparams.cpp)
    const SIGNET_PORT: u16 = 38333;
    let own = options.bitcoin.signet_challenge.is_some() && !chain.name.ends_with("-signet");
    if own { SIGNET_PORT } else { chain.port }
}

/// Whom to reach is a comment. (BIP14)
fn default_user_agent(options: &Introduction) -> UserAgent {
    const NAME: &str = concat!("verack:", env!("CARGO_PKG_VERSION"));
    let comment = options.contact.as_ref().map(|contact| format!("({contact})")).unwrap_or_default();
    UserAgent::new(format!("/{NAME}{comment}/").as_bytes()).expect("it is shorter than 256 bytes")
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
