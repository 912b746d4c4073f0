//! Bitcoin's handshake as the command line has it: from options to a conversation, and from there to a report.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::version::ServiceName;
use bitcoin::{Agreed, Announced, Chain, Event, Local, Message, NetAddress, Params, Services, Session, V1, Version};
use handshake::{Printable, Role};
use net::{Limits, Seen, Verdict};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Connection, Shaken, Tracer};
use crate::args::{Extension, Introduction};
use crate::exit::Error;
use crate::random::Random;
use crate::report::{Bytes, Peer};
use crate::trace::{self, Direction, Entry, Fields};

/// Our side of Bitcoin's handshake: the same for every connection but for the nonce, the clock and the peer's address.
#[derive(Debug)]
pub struct Bitcoin {
    chain: Arc<str>,
    port: u16,
    template: Local,
    receiving_services: Services,
    nonce: Option<u64>,
    time: Option<i64>,
    random: Random,
}

impl Bitcoin {
    /// Our side as the options describe it.
    ///
    /// # Errors
    /// If a service is named that the network does not have.
    pub fn new(options: &Introduction, receiving_services: Services) -> Result<Self, Error> {
        let chain = options.chain;
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
        local.version.user_agent = *options.user_agent;
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
            chain: name.into(),
            port: port_of(chain, options),
            template: local,
            receiving_services,
            nonce: options.nonce,
            time: options.time,
            random: Random::new(),
        })
    }

    /// The network's name.
    pub fn chain(&self) -> &Arc<str> {
        &self.chain
    }

    /// The network's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What we say to this peer.
    fn local(&self, peer: SocketAddr) -> Local {
        let mut local = self.template.clone();
        local.version.nonce = Some(self.nonce.unwrap_or_else(|| u64::from_le_bytes(self.random.take())));
        local.version.time = self.time.unwrap_or_else(unix_time);
        local.version.receiver = NetAddress::of(peer, self.receiving_services);
        local.tail = bitcoin::version::Tail::new(local.params.tail, self.random.take());
        local
    }

    /// Has the handshake.
    pub async fn shake(
        &self,
        role: Role,
        stream: TcpStream,
        peer: SocketAddr,
        deadline: Instant,
        mut tracer: Option<Tracer<'_>>,
    ) -> Shaken {
        let mut handshake = V1::new(role, self.local(peer));
        let started = Instant::now();
        let mut hello = None;
        let params = &self.template.params;
        let on_event = |seen: Seen<'_, Event>| {
            if hello.is_none() && matches!(seen.event, Event::Heard(Message::Version(_))) {
                hello = Some(started.elapsed());
            }
            if let Some(tracer) = &mut tracer {
                tracer(entry(&seen, started.elapsed(), params));
            }
        };
        let limits = Limits { deadline, bytes: Limits::DEFAULT_BYTES };
        let result = net::run(&mut handshake, stream, limits, on_event).await;
        match result {
            Ok(established) => {
                let bytes = Bytes { sent: established.sent, received: established.received };
                let (stream, agreed) = established.into_stream();
                Shaken {
                    verdict: Verdict::ok(describe(&agreed)),
                    peer: Some(self.peer(&agreed.version, &agreed.announced)),
                    hello,
                    bytes,
                    connection: Some(Connection::Bitcoin(stream)),
                }
            }
            Err(failure) => {
                if let (Some(tracer), [_, ..]) = (&mut tracer, &*failure.rest) {
                    tracer(unread(&failure.rest, failure.after));
                }
                let heard = handshake.hello();
                Shaken {
                    verdict: Verdict::of_failure(&handshake, &failure),
                    peer: heard.version().map(|version| self.peer(version, heard.announced())),
                    hello,
                    bytes: Bytes { sent: failure.sent, received: failure.received + failure.rest.len() as u64 },
                    connection: None,
                }
            }
        }
    }

    /// Keeps a connection alive.
    pub async fn hold(
        &self,
        stream: net::Unread<TcpStream>,
        opened: Instant,
        until: Instant,
        mut tracer: Option<Tracer<'_>>,
    ) {
        let params = self.template.params;
        let limits = Limits { deadline: until, bytes: u64::MAX };
        let on_event = |seen: Seen<'_, Event>| {
            if let Some(tracer) = &mut tracer {
                tracer(entry(&seen, opened.elapsed(), &params));
            }
        };
        // It ends when the time is over, or when the peer leaves: both are goodbyes.
        let Err(failure) = net::run(&mut Session::new(params), stream, limits, on_event).await;
        tracing::debug!(cause = ?failure.cause, "goodbye");
    }

    fn peer(&self, version: &Version, announced: &Announced) -> Peer {
        Peer {
            version: version.version,
            services: version.services.0,
            service_names: version
                .services
                .names(&self.template.params)
                .map(|name| match name {
                    ServiceName::Known(name) => name.into(),
                    ServiceName::Unknown(_) => name.to_string().into(),
                })
                .collect(),
            user_agent: version.user_agent.to_string(),
            start_height: version.start_height,
            relay: version.relay,
            time: version.time,
            clock_offset_s: version.time.saturating_sub(self.time.unwrap_or_else(unix_time)),
            our_address: version.receiver.socket(),
            nonce: version.nonce.map(|nonce| format!("{nonce:016x}")),
            features: features(announced),
        }
    }
}

fn port_of(chain: &Chain, options: &Introduction) -> u16 {
    /// Every signet, default or not. (Core: chainparams.cpp)
    const SIGNET_PORT: u16 = 38333;
    if options.signet_challenge.is_some() { SIGNET_PORT } else { chain.port }
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// One sentence on a concluded handshake.
fn describe(agreed: &Agreed) -> String {
    let Version { version, user_agent, start_height, .. } = &agreed.version;
    let mut sentence =
        if user_agent.as_bytes().is_empty() { "no user agent".to_owned() } else { user_agent.to_string() };
    let written = match start_height {
        Some(height) => write!(sentence, ", version {version}, height {height}"),
        None => write!(sentence, ", version {version}"),
    };
    written.expect("memory takes every write");
    sentence
}

/// The names of the messages by which a peer announced extensions; for `feature`, with the feature's own name.
fn features(announced: &Announced) -> Vec<Cow<'static, str>> {
    let flags = [
        (announced.wtxidrelay, "wtxidrelay"),
        (announced.sendaddrv2, "sendaddrv2"),
        (announced.sendtxrcncl, "sendtxrcncl"),
        (announced.sendheaders, "sendheaders"),
        (announced.sendcmpct[0] != 0, "sendcmpct"),
        (announced.feefilter.is_some(), "feefilter"),
    ];
    let flags = flags.into_iter().filter(|(said, _)| *said).map(|(_, name)| name.into());
    let named = |feature: &bitcoin::Feature| format!("feature:{feature}").into();
    flags.chain(announced.features.iter().map(named)).collect()
}

/// A line of the trace.
fn entry<'a>(seen: &Seen<'a, Event>, at: Duration, params: &Params) -> Entry<'a> {
    let (direction, message, fields, bytes) = match &seen.event {
        Event::Said(message) => (Direction::Sent, message.command().to_string(), fields(message, params), seen.sent),
        Event::Heard(message) => {
            (Direction::Received, message.command().to_string(), fields(message, params), seen.received)
        }
        Event::Skipped(_) => (Direction::Received, "(skipped)".to_owned(), Vec::new(), seen.received),
    };
    Entry { at, direction, message, fields, bytes }
}

/// The line for bytes that belong to no message that could be read.
fn unread(bytes: &[u8], at: Duration) -> Entry<'_> {
    let shown = &bytes[..bytes.len().min(64)];
    Entry {
        at,
        direction: Direction::Received,
        message: "(unread)".to_owned(),
        fields: vec![("starts_with", Printable(shown).to_string().into())],
        bytes,
    }
}

fn fields(message: &Message, params: &Params) -> Fields {
    let hex = |nonce: u64| Value::from(format!("{nonce:016x}"));
    match message {
        Message::Version(version) => version_fields(version, params),
        Message::Sendtxrcncl { version, salt } => vec![("version", (*version).into()), ("salt", hex(*salt))],
        Message::Feature(feature) => {
            vec![("id", feature.to_string().into()), ("data", trace::hex(feature.data()).into())]
        }
        Message::Sendcmpct { announce, version } => {
            vec![("announce", (*announce).into()), ("version", (*version).into())]
        }
        Message::Feefilter(rate) => vec![("sat_per_kvb", (*rate).into())],
        Message::Ping(nonce) => vec![("nonce", nonce.map_or(Value::Null, hex))],
        Message::Pong(nonce) => vec![("nonce", hex(*nonce))],
        Message::Reject(reject) => vec![
            ("message", Printable(&reject.message).to_string().into()),
            ("code", reject.code.into()),
            ("reason", Printable(&reject.reason).to_string().into()),
        ],
        Message::Other { len, .. } => vec![("payload_bytes", (*len).into())],
        Message::Verack | Message::Wtxidrelay | Message::Sendaddrv2 | Message::Sendheaders | Message::Getaddr => {
            Vec::new()
        }
    }
}

fn version_fields(version: &Version, params: &Params) -> Fields {
    let address = |address: &NetAddress| match address.socket() {
        Some(socket) => Value::from(socket.to_string()),
        None => Value::Null,
    };
    let names: Vec<_> = version.services.names(params).map(|name| name.to_string()).collect();
    vec![
        ("version", version.version.into()),
        ("services", version.services.to_string().into()),
        ("service_names", names.into()),
        ("time", version.time.into()),
        ("receiver", address(&version.receiver)),
        ("receiver_services", version.receiver.services.to_string().into()),
        ("sender", version.sender.as_ref().map_or(Value::Null, address)),
        ("nonce", version.nonce.map_or(Value::Null, |nonce| format!("{nonce:016x}").into())),
        ("user_agent", version.user_agent.to_string().into()),
        ("start_height", version.start_height.into()),
        ("relay", version.relay.into()),
    ]
}
