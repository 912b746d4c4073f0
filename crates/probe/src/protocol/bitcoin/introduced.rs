//! How a peer of Bitcoin's introduced itself, and what is reported of it.

use std::fmt;
use std::net::SocketAddr;

use bitcoin::{Announced, Feature, Params, ServiceName, UserAgent, Version};
use handshake::Hex;
use serde::{Serialize, Serializer};

use crate::protocol::introduced::{Introduced as AnyIntroduced, Kept, write_json};
use crate::report::{HexBits, Text, as_text};

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Its version message.
    pub version: Version,
    /// What it said besides.
    pub announced: Announced,
    /// The network, whose service bits they are.
    pub params: Params,
    /// Its clock minus ours, in seconds.
    pub clock_offset_s: i64,
}

/// What is reported of it. All text is printable ASCII, other bytes escaped as `\xNN`.
#[derive(Debug, Serialize)]
pub struct Peer<'i> {
    /// Protocol version.
    pub version: i32,
    /// Service bits.
    pub services: u64,
    /// The same in hex.
    pub services_hex: Text<HexBits>,
    /// Their names.
    pub service_names: ServiceNames<'i>,
    /// Its program.
    #[serde(serialize_with = "as_text")]
    pub user_agent: &'i UserAgent,
    /// Height of its chain; `null` if it did not say.
    pub start_height: Option<i32>,
    /// Whether it wants transactions announced; `null` if it did not say, which means yes.
    pub relay: Option<bool>,
    /// Its clock, seconds since 1970.
    pub time: i64,
    /// Its clock minus ours, in seconds.
    pub clock_offset_s: i64,
    /// How it sees us; `null` if it did not say.
    pub our_address: Option<SocketAddr>,
    /// Its nonce in hex; `null` if it did not say.
    pub nonce: Option<Text<Nonce>>,
    /// The extensions that it announced.
    pub features: Features<'i>,
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer<'_> {
        let version = &self.version;
        Peer {
            version: version.version,
            services: version.services.0,
            services_hex: Text(HexBits(version.services.0)),
            service_names: ServiceNames(self),
            user_agent: &version.user_agent,
            start_height: version.start_height,
            relay: version.relay,
            time: version.time,
            clock_offset_s: self.clock_offset_s,
            our_address: version.receiver.socket(),
            nonce: version.nonce.map(|nonce| Text(Nonce(nonce))),
            features: Features(&self.announced),
        }
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_json(&self.peer(), out);
    }

    fn agent(&self) -> String {
        self.version.user_agent.to_string()
    }

    fn offers(&self) -> String {
        ServiceNames(self).to_string()
    }

    fn our_address(&self) -> Option<SocketAddr> {
        self.version.receiver.socket()
    }

    fn kept(&self) -> Option<Kept> {
        let Version { version, services, user_agent, start_height, .. } = &self.version;
        Some(Kept {
            version: *version,
            services: services.0,
            user_agent: user_agent.as_bytes().into(),
            height: *start_height,
        })
    }
}

/// One sentence on a concluded handshake.
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { version, user_agent, start_height, .. } = &self.version;
        match user_agent.as_bytes() {
            [] => f.write_str("no user agent")?,
            [..] => user_agent.fmt(f)?,
        }
        write!(f, ", version {version}")?;
        match start_height {
            Some(height) => write!(f, ", height {height}"),
            None => Ok(()),
        }
    }
}

/// A nonce, in hex.
#[derive(Clone, Copy, Debug)]
pub struct Nonce(u64);

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0.to_be_bytes()).fmt(f)
    }
}

/// The names of what it offers.
#[derive(Clone, Copy, Debug)]
pub struct ServiceNames<'i>(&'i Introduced);

impl ServiceNames<'_> {
    /// Each of them, in the order of their bits.
    pub fn iter(&self) -> impl Iterator<Item = ServiceName> {
        self.0.version.services.names(&self.0.params)
    }
}

/// For people: separated by spaces. Those without a name are only counted, for some peers claim them all.
impl fmt::Display for ServiceNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_known = |name: &ServiceName| matches!(name, ServiceName::Known(_));
        let unknown = self.iter().filter(|name| !is_known(name)).count();
        let mut none = true;
        for name in self.iter().filter(|name| unknown == 1 || is_known(name)) {
            write!(f, "{}{name}", if none { "" } else { " " })?;
            none = false;
        }
        match unknown {
            0 if none => f.write_str("no services"),
            0 | 1 => Ok(()),
            many => write!(f, "{}and {many} unknown services", if none { "" } else { " " }),
        }
    }
}

impl Serialize for ServiceNames<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Written at once if it is a name.
        struct Name(ServiceName);
        impl Serialize for Name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 {
                    ServiceName::Known(name) => serializer.serialize_str(name),
                    unknown @ ServiceName::Unknown(_) => serializer.collect_str(&unknown),
                }
            }
        }
        serializer.collect_seq(self.iter().map(Name))
    }
}

/// The names of the messages by which it announced extensions; for `feature`, with the feature's own name.
#[derive(Clone, Copy, Debug)]
pub struct Features<'i>(&'i Announced);

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum Extension<'i> {
    Message(&'static str),
    Feature(&'i Feature),
}

impl<'i> Features<'i> {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'i>> + use<'i> {
        let announced = self.0;
        let flags = [
            (announced.wtxidrelay, "wtxidrelay"),
            (announced.sendaddrv2, "sendaddrv2"),
            (announced.sendtxrcncl, "sendtxrcncl"),
            (announced.sendheaders, "sendheaders"),
            (announced.sendcmpct[0] != 0, "sendcmpct"),
            (announced.feefilter.is_some(), "feefilter"),
        ];
        let flags = flags.into_iter().filter(|(said, _)| *said).map(|(_, name)| Extension::Message(name));
        flags.chain(announced.features.iter().map(Extension::Feature))
    }
}

impl fmt::Display for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(name) => f.write_str(name),
            Self::Feature(feature) => write!(f, "feature:{feature}"),
        }
    }
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Serialize for Extension<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Message(name) => serializer.serialize_str(name),
            feature @ Self::Feature(_) => serializer.collect_str(feature),
        }
    }
}
