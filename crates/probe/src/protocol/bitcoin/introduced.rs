//! The introduction of a Bitcoin peer, and its reported fields.

use std::fmt;
use std::net::SocketAddr;

use bitcoin::{Announced, Feature, Params, ServiceName, Version};
use handshake::Hex;
use serde::{Serialize, Serializer};

use crate::protocol::field::{Field, FieldKind, write_fields};
use crate::protocol::introduced::{Introduced as AnyIntroduced, Summary};
use crate::report::HexBits;

/// A peer's introduction, as received.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Its version message.
    pub version: Version,
    /// What else it announced.
    pub announced: Announced,
    /// The network, which defines the service bits.
    pub params: Params,
    /// Its clock minus ours, in seconds.
    pub clock_offset_s: i64,
}

/// The reported fields.
pub static FIELDS: [Field<Introduced>; 12] = [
    Field::new("version", FieldKind::Number, "protocol version", |i, to| to.value(&i.version.version)),
    Field::new("services", FieldKind::Number, "service bits", |i, to| to.value(&i.version.services.0)),
    Field::new(
        "services_hex",
        FieldKind::Text,
        "the same in hex, since many readers round numbers above 2^53",
        |i: &Introduced, to| to.text(HexBits(i.version.services.0)),
    )
    .of_generation(1),
    Field::new("service_names", FieldKind::Texts, "the names of these services", |i, to| to.value(&ServiceNames(i))),
    Field::new("user_agent", FieldKind::Text, "its program", |i, to| to.text(&i.version.user_agent)),
    Field::new("start_height", FieldKind::Number, "the height of its chain; null if it did not say", |i, to| {
        to.value(&i.version.start_height)
    }),
    Field::new(
        "relay",
        FieldKind::Flag,
        "whether it wants transactions announced; null if it did not say, which means yes (BIP37)",
        |i, to| to.value(&i.version.relay),
    ),
    Field::new("time", FieldKind::Number, "its clock, in seconds since 1970", |i, to| to.value(&i.version.time)),
    Field::new("clock_offset_s", FieldKind::Number, "how far its clock is ahead of ours, in seconds", |i, to| {
        to.value(&i.clock_offset_s)
    }),
    Field::new("our_address", FieldKind::Text, "the address at which it sees us; null if it did not say", |i, to| {
        to.value(&i.version.receiver.socket())
    }),
    Field::new("nonce", FieldKind::Text, "its nonce in hex; null if it did not say", |i, to| {
        to.optional(i.version.nonce.map(Nonce))
    }),
    Field::new(
        "features",
        FieldKind::Texts,
        "the extensions that it announced before it was done; feature:ID for BIP434",
        |i, to| to.value(&Features(&i.announced)),
    ),
];

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_fields(&FIELDS, self, out);
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

    fn summary(&self) -> Option<Summary> {
        let Version { version, services, user_agent, start_height, .. } = &self.version;
        Some(Summary {
            version: (*version).into(),
            services: services.0,
            user_agent: user_agent.as_bytes().into(),
            height: start_height.map(Into::into),
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

/// The names of the peer's services.
#[derive(Clone, Copy, Debug)]
pub struct ServiceNames<'i>(&'i Introduced);

impl ServiceNames<'_> {
    /// Each name, in bit order.
    pub fn iter(&self) -> impl Iterator<Item = ServiceName> {
        self.0.version.services.names(&self.0.params)
    }
}

/// For people: separated by spaces. Bits without a name are only counted, since some peers claim all of them.
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
        /// Writes the name directly, if the service has one.
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

/// The names of the messages that announced extensions; for `feature`, with the feature's own name.
#[derive(Clone, Copy, Debug)]
pub struct Features<'i>(&'i Announced);

/// One extension.
#[derive(Clone, Copy, Debug)]
pub enum Extension<'i> {
    Message(&'static str),
    Feature(&'i Feature),
}

impl<'i> Features<'i> {
    /// Each extension.
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
