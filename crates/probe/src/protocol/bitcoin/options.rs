//! The options of our side of Bitcoin's handshake.

use std::sync::Arc;

use bitcoin::v2::{MAX_CONTENTS_LEN, MAX_GARBAGE_LEN};
use bitcoin::{Chain, Feature, Magic, Services};

use crate::protocol::common::{CONTACT, START_HEIGHT, USER_AGENT};
use crate::protocol::option::{AnyOption, Misuse, Opt, Values};
use crate::protocol::parse;

/// The options.
#[derive(Clone, Debug)]
pub struct BitcoinOptions {
    /// The magic of another network; all else is as on the chosen network.
    pub magic: Option<Magic>,
    /// The magic of a signet with a challenge script of its own.
    pub signet: Option<Magic>,
    /// The transport.
    pub transport: TransportChoice,
    /// Bytes of garbage after our v2 key, at most [`MAX_GARBAGE_LEN`]; a random number by default.
    pub garbage: Option<usize>,
    /// The lengths of decoys before our v2 version packet, at most [`MAX_CONTENTS_LEN`] each.
    pub decoys: Vec<usize>,
    /// Our protocol version; the network's by default.
    pub protocol_version: Option<i32>,
    /// Our services.
    pub services: ServicesArg,
    /// Whether to ask the peer to announce transactions.
    pub relay: bool,
    /// The minimum protocol version of peers; by default the network's rule.
    pub min_version: Option<i32>,
    /// Required services of peers.
    pub require_services: ServicesArg,
    /// The extensions that we announce, if the network has them.
    pub announce: Vec<Extension>,
    /// The optional features that we announce. (BIP434)
    pub features: Vec<Feature>,
    /// The nonce in our version; random for each connection by default.
    pub nonce: Option<u64>,
    /// Our clock in seconds since 1970; the system's by default.
    pub time: Option<i64>,
    /// The services that we attribute to the peer, in the receiver's address.
    pub receiving_services: ServicesArg,
    /// Our user agent, at most 256 bytes.
    pub user_agent: Option<String>,
    /// The contact of our operator.
    pub contact: Option<String>,
    /// The height of our chain.
    pub start_height: i32,
}

impl Default for BitcoinOptions {
    fn default() -> Self {
        Self::from(&Values::default())
    }
}

impl From<&Values> for BitcoinOptions {
    fn from(values: &Values) -> Self {
        Self {
            magic: values.get(&MAGIC),
            signet: values.get(&SIGNET_CHALLENGE),
            transport: values.get(&TRANSPORT).unwrap_or_default(),
            garbage: values.get(&GARBAGE),
            decoys: values.all(&DECOY),
            protocol_version: values.get(&PROTOCOL_VERSION),
            services: values.get(&SERVICES).unwrap_or_default(),
            relay: values.has(&RELAY),
            min_version: values.get(&MIN_VERSION),
            require_services: values.get(&REQUIRE_SERVICES).unwrap_or_default(),
            announce: values.all(&ANNOUNCE),
            features: values.all(&FEATURE),
            nonce: values.get(&NONCE),
            time: values.get(&TIME),
            receiving_services: values.get(&RECEIVING_SERVICES).unwrap_or_default(),
            user_agent: values.get(&USER_AGENT),
            contact: values.get(&CONTACT),
            start_height: values.get(&START_HEIGHT).unwrap_or_default(),
        }
    }
}

/// The options that choose this transport.
pub fn over(transport: bitcoin::Transport) -> Values {
    let choice = match transport {
        bitcoin::Transport::V1 => TransportChoice::V1,
        bitcoin::Transport::V2 => TransportChoice::V2,
    };
    let mut values = Values::default();
    values.put(&TRANSPORT, Arc::new(choice));
    values
}

/// The choice of a transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportChoice {
    /// Dialling: v2 where the network speaks it, then v1 if the peer shows that it speaks only v1. Accepting: v1 or v2,
    /// as the peer chooses.
    #[default]
    Auto,
    /// Encrypted. (BIP324)
    V2,
    /// Plain text.
    V1,
    /// Dialling: each on its own connection, each reported. Accepting: as `Auto`.
    Both,
}

/// Extensions that have their own announcement message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// No extension.
    None,
    /// BIP339
    Wtxidrelay,
    /// BIP155
    Sendaddrv2,
    /// BIP130
    Sendheaders,
    /// BIP152, version 2
    Sendcmpct,
    /// BIP133, with a rate of 0
    Feefilter,
}

/// Service bits, and names whose bits depend on the network.
#[derive(Clone, Debug, Default)]
pub struct ServicesArg {
    bits: u64,
    names: Vec<String>,
}

impl ServicesArg {
    /// The bits, with names resolved by the network.
    ///
    /// # Errors
    /// If the network has no service of that name.
    pub fn on(&self, chain: &Chain) -> Result<Services, Misuse> {
        self.names.iter().try_fold(Services(self.bits), |services, name| {
            let named = Services::named(name, &chain.params).ok_or_else(|| {
                let known = Services(u64::MAX).names(&chain.params).map(|name| name.to_string());
                let known: Vec<_> = known.filter(|name| !name.starts_with("UNKNOWN")).collect();
                let known = known.join(", ");
                Misuse(format!("'{name}' is not a service of {}; known are {known}", chain.name))
            })?;
            Ok(Services(services.0 | named.0))
        })
    }
}

impl std::str::FromStr for ServicesArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut services = Self { bits: 0, names: Vec::new() };
        for part in text.split([',', '|']).map(str::trim) {
            let number = match part.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => part.parse(),
            };
            match number {
                Ok(bits) => services.bits |= bits,
                Err(_) if part.starts_with(|c: char| c.is_ascii_alphabetic()) => services.names.push(part.to_owned()),
                Err(_) => return Err("expected a number (1033, 0x409) below 2^64, or names (NETWORK,WITNESS)".into()),
            }
        }
        Ok(services)
    }
}

/// The heading of these options.
const BITCOIN: &str = "Bitcoin";

/// All options, in the order of the help.
pub static OPTIONS: [&dyn AnyOption; 18] = [
    &USER_AGENT,
    &CONTACT,
    &START_HEIGHT,
    &MAGIC,
    &SIGNET_CHALLENGE,
    &TRANSPORT,
    &GARBAGE,
    &DECOY,
    &PROTOCOL_VERSION,
    &SERVICES,
    &RELAY,
    &MIN_VERSION,
    &REQUIRE_SERVICES,
    &ANNOUNCE,
    &FEATURE,
    &NONCE,
    &TIME,
    &RECEIVING_SERVICES,
];

static MAGIC: Opt<Magic> = Opt::value(
    "magic",
    "HEX",
    parse::parsed,
    BITCOIN,
    "Another network's magic, 8 hex digits; the rest is as on --chain",
)
.conflicts_with("signet-challenge");

static SIGNET_CHALLENGE: Opt<Magic> =
    Opt::value("signet-challenge", "HEX", signet, BITCOIN, "A signet of its own: its challenge script in hex");

static TRANSPORT: Opt<TransportChoice> = Opt::value(
    "transport",
    "TRANSPORT",
    |text| {
        parse::one_of(
            &[
                ("auto", TransportChoice::Auto),
                ("v2", TransportChoice::V2),
                ("v1", TransportChoice::V1),
                ("both", TransportChoice::Both),
            ],
            text,
        )
    },
    BITCOIN,
    "What carries the handshake: see below what auto does",
)
.default("auto")
.values(&[
    (
        "auto",
        "Dialling: v2 where the network speaks it, then v1 on a second connection if the peer shows that it speaks only \
         that. Accepting: whichever the peer speaks",
    ),
    ("v2", "Encrypted (BIP324)"),
    ("v1", "Plain text"),
    ("both", "Dialling: each on a connection of its own, each reported. Accepting: like auto"),
]);

static GARBAGE: Opt<usize> = Opt::value(
    "garbage",
    "N",
    |text| at_most(text, MAX_GARBAGE_LEN),
    BITCOIN,
    "Bytes of garbage behind our v2 key [default: random; up to 150 with auto where v2 is not known to be spoken, else up to \
     4094]",
);

static DECOY: Opt<usize> = Opt::value(
    "decoy",
    "BYTES",
    |text| at_most(text, usize::try_from(MAX_CONTENTS_LEN).expect("24 bits")),
    BITCOIN,
    "Send a decoy of so many bytes before our v2 version packet; may be given several times",
)
.repeated();

static PROTOCOL_VERSION: Opt<i32> = Opt::value(
    "protocol-version",
    "N",
    parse::whole,
    BITCOIN,
    "Protocol version that we announce [default: the network's current]",
)
.negative();

static SERVICES: Opt<ServicesArg> = Opt::value(
    "services",
    "SERVICES",
    parse::parsed,
    BITCOIN,
    "Services that we offer: decimal, 0x… or names such as NETWORK,WITNESS",
)
.short('s')
.default("0");

static RELAY: Opt<()> = Opt::flag("relay", BITCOIN, "Ask the peer to announce transactions to us");

static MIN_VERSION: Opt<i32> = Opt::value(
    "min-version",
    "N",
    parse::whole,
    BITCOIN,
    "Refuse peers of a lower protocol version [default: the network's rule]",
)
.negative();

static REQUIRE_SERVICES: Opt<ServicesArg> =
    Opt::value("require-services", "SERVICES", parse::parsed, BITCOIN, "Refuse peers that lack these services")
        .default("0");

static ANNOUNCE: Opt<Extension> = Opt::value(
    "announce",
    "LIST",
    |text| {
        parse::one_of(
            &[
                ("none", Extension::None),
                ("wtxidrelay", Extension::Wtxidrelay),
                ("sendaddrv2", Extension::Sendaddrv2),
                ("sendheaders", Extension::Sendheaders),
                ("sendcmpct", Extension::Sendcmpct),
                ("feefilter", Extension::Feefilter),
            ],
            text,
        )
    },
    BITCOIN,
    "Extensions that we announce, if the network knows them",
)
.list()
.default("wtxidrelay,sendaddrv2")
.values(&[
    ("none", "Nothing"),
    ("wtxidrelay", "BIP339"),
    ("sendaddrv2", "BIP155"),
    ("sendheaders", "BIP130"),
    ("sendcmpct", "BIP152, version 2"),
    ("feefilter", "BIP133, with a rate of 0"),
]);

static FEATURE: Opt<Feature> = Opt::value(
    "feature",
    "NAME[=HEX]",
    feature,
    BITCOIN,
    "Announce an optional feature (BIP434): its name, and data in hex; may be given several times",
)
.repeated();

static NONCE: Opt<u64> = Opt::value(
    "nonce",
    "HEX",
    parse::nonce,
    BITCOIN,
    "The nonce in our version, in hex [default: random for each connection]",
);

static TIME: Opt<i64> =
    Opt::value("time", "SECONDS", parse::whole, BITCOIN, "Our clock in seconds since 1970 [default: the system's]")
        .negative();

static RECEIVING_SERVICES: Opt<ServicesArg> = Opt::value(
    "receiving-services",
    "SERVICES",
    parse::parsed,
    BITCOIN,
    "Services that we say the peer has (in the receiver's address), decimal, 0x… or names",
)
.short('r')
.default("0");

/// Parses a number of bytes, at most `most`.
fn at_most(text: &str, most: usize) -> Result<usize, String> {
    let expected = || format!("expected a whole number of bytes, at most {most}");
    text.parse().ok().filter(|&len| len <= most).ok_or_else(expected)
}

/// The magic of a signet, computed from its challenge script in hex.
fn signet(text: &str) -> Result<Magic, String> {
    let challenge = parse::hex(text)?;
    if challenge.is_empty() {
        return Err("expected the challenge script in hex".into());
    }
    Magic::of_signet(&challenge).map_err(|error| error.to_string())
}

/// A feature: its name and, after `=`, data in hex.
fn feature(text: &str) -> Result<Feature, String> {
    let (name, data) = text.split_once('=').unwrap_or((text, ""));
    Feature::new(name.as_bytes(), &parse::hex(data)?)
        .map_err(|_| "expected a name of 4 to 80 bytes and at most 512 bytes of data: example.org/x=00ff".into())
}
