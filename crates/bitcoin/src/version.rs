//! The `version` message: how a node introduces itself. (Core: net_processing.cpp PushNodeVersion, ProcessMessage)
//!
//! ```text
//! version i32 | services u64 | time i64 | receiver 26 | sender 26 | nonce u64
//!   | user agent, CompactSize + at most 256 | start height i32 | relay u8 | what this network adds
//! ```
//! Fields after the receiver were added later, so they may be missing from the end, one by one: 46 bytes; 80; 80 and
//! the user agent; and the height; and the relay byte. Core accepts exactly these lengths, or anything longer.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

use handshake::{Fields, Printable};

use crate::chain::TailKind;
use crate::compact_size::{read_var_bytes, write_var_bytes};
use crate::error::Malformed;
use crate::services::Services;

/// A `version` message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The newest protocol version that the sender speaks. Negative counts as too old.
    pub version: i32,
    /// The services that the sender offers.
    pub services: Services,
    /// The sender's clock, in seconds since 1970. Any value is legal.
    pub time: i64,
    /// The receiver's address as the sender sees it. All zero if the sender does not say.
    pub receiver: NetAddress,
    /// The sender's own address; current nodes leave it zero. Missing from the oldest form (106).
    pub sender: Option<NetAddress>,
    /// A random number by which a node detects a connection to itself. Missing together with `sender`.
    pub nonce: Option<u64>,
    /// The sender's program; empty if missing. (BIP14)
    pub user_agent: UserAgent,
    /// The height of the sender's block chain.
    pub start_height: Option<i32>,
    /// Whether the receiver should announce transactions; missing means yes. (BIP37, BIP60)
    pub relay: Option<bool>,
}

/// The longest user agent, in bytes. (Core: net.h MAX_SUBVERSION_LENGTH)
pub const MAX_USER_AGENT_LEN: usize = 256;

impl Version {
    /// Reads the payload. Bytes after the relay byte, which some networks add, are ignored.
    ///
    /// # Errors
    /// If it ends inside a field, or the user agent is longer than [`MAX_USER_AGENT_LEN`].
    pub fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        let mut version = Self {
            version: i32::from_le_bytes(fields.array("protocol version")?),
            services: Services(u64::from_le_bytes(fields.array("services")?)),
            time: i64::from_le_bytes(fields.array("time")?),
            receiver: NetAddress::read(&mut fields, "receiver's address")?,
            sender: None,
            nonce: None,
            user_agent: UserAgent::EMPTY,
            start_height: None,
            relay: None,
        };
        if !fields.is_empty() {
            version.sender = Some(NetAddress::read(&mut fields, "sender's address")?);
            version.nonce = Some(u64::from_le_bytes(fields.array("nonce")?));
        }
        if !fields.is_empty() {
            version.user_agent = UserAgent::read(&mut fields)?;
        }
        if !fields.is_empty() {
            version.start_height = Some(i32::from_le_bytes(fields.array("start height")?));
        }
        if !fields.is_empty() {
            let [relay] = fields.array("relay")?;
            version.relay = Some(relay != 0);
        }
        Ok(version)
    }

    /// Bytes after the relay byte, in a payload of `len` bytes from which this was read.
    #[must_use]
    pub(crate) fn spare(&self, len: usize) -> usize {
        if self.relay.is_none() {
            return 0;
        }
        let agent = self.user_agent.as_bytes().len();
        // A length of 253 or more takes three bytes.
        let agent = if agent < 0xfd { 1 } else { 3 } + agent;
        len.saturating_sub(80 + agent + 4 + 1)
    }

    /// Appends the payload, up to the first field that is missing.
    pub fn write(&self, tail: &Tail, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.version.to_le_bytes());
        tx.extend_from_slice(&self.services.0.to_le_bytes());
        tx.extend_from_slice(&self.time.to_le_bytes());
        self.receiver.write(tx);
        let (Some(sender), Some(nonce)) = (&self.sender, self.nonce) else {
            return;
        };
        sender.write(tx);
        tx.extend_from_slice(&nonce.to_le_bytes());
        if self.start_height.is_none() && self.user_agent == UserAgent::EMPTY {
            return;
        }
        write_var_bytes(self.user_agent.as_bytes(), tx);
        let Some(start_height) = self.start_height else { return };
        tx.extend_from_slice(&start_height.to_le_bytes());
        let Some(relay) = self.relay else { return };
        tx.push(relay.into());
        tail.write(tx);
    }
}

/// The fields of our own `version` after the relay byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    None,
    /// Extra entropy: eCash.
    ExtraEntropy(u64),
    /// A challenge that a masternode would sign, and whether we claim to be a masternode: Firo, Dash.
    Mnauth {
        /// 32 random bytes.
        challenge: [u8; 32],
        /// Dash only.
        masternode: Option<bool>,
    },
    /// No association id: Bitcoin SV.
    NoAssociationId,
}

impl Tail {
    /// The tail that a network expects, from 32 random bytes.
    #[must_use]
    pub fn new(kind: TailKind, random: [u8; 32]) -> Self {
        match kind {
            TailKind::None => Self::None,
            TailKind::ExtraEntropy => {
                Self::ExtraEntropy(u64::from_le_bytes(*random.first_chunk().expect("8 of 32 bytes")))
            }
            TailKind::Mnauth => Self::Mnauth { challenge: random, masternode: None },
            TailKind::MnauthAndMasternode => Self::Mnauth { challenge: random, masternode: Some(false) },
            TailKind::AssociationId => Self::NoAssociationId,
        }
    }

    fn write(&self, tx: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::ExtraEntropy(entropy) => tx.extend_from_slice(&entropy.to_le_bytes()),
            Self::Mnauth { challenge, masternode } => {
                tx.extend_from_slice(challenge);
                tx.extend(masternode.map(u8::from));
            }
            Self::NoAssociationId => tx.push(0),
        }
    }
}

/// An address inside `version`: services, a 16-byte IP, and a port in network order. It has no time field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetAddress {
    /// The services of the node at this address, as far as the sender knows them. Receivers ignore them.
    pub services: Services,
    /// IPv6, or IPv4 as `::ffff:a.b.c.d`.
    pub ip: Ipv6Addr,
    /// TCP port.
    pub port: u16,
}

impl NetAddress {
    /// No address: written by a node that does not want to give it.
    #[must_use]
    pub const fn unspecified(services: Services) -> Self {
        Self { services, ip: Ipv6Addr::UNSPECIFIED, port: 0 }
    }

    /// The address of a socket.
    #[must_use]
    pub fn of(address: SocketAddr, services: Services) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        Self { services, ip, port: address.port() }
    }

    /// The address, unless there is none: `::`, `0.0.0.0` in either form, or port 0.
    #[must_use]
    pub fn socket(&self) -> Option<SocketAddr> {
        let ip = self.ip.to_canonical();
        (!ip.is_unspecified() && self.port != 0).then(|| SocketAddr::new(ip, self.port))
    }

    fn read(fields: &mut Fields<'_>, what: &'static str) -> Result<Self, Malformed> {
        Ok(Self {
            services: Services(u64::from_le_bytes(fields.array(what)?)),
            ip: Ipv6Addr::from(fields.array::<16>(what)?),
            port: u16::from_be_bytes(fields.array(what)?),
        })
    }

    fn write(&self, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.services.0.to_le_bytes());
        tx.extend_from_slice(&self.ip.octets());
        tx.extend_from_slice(&self.port.to_be_bytes());
    }
}

/// The name and version of a peer's program: any bytes, at most [`MAX_USER_AGENT_LEN`], shown with [`Printable`].
///
/// The bytes are stored inline, so that a handshake allocates nothing for them.
#[derive(Clone)]
pub struct UserAgent {
    len: u16,
    bytes: [u8; MAX_USER_AGENT_LEN],
}

impl UserAgent {
    /// An empty user agent.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; MAX_USER_AGENT_LEN] };

    /// A user agent of these bytes; `None` if there are more than [`MAX_USER_AGENT_LEN`].
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut agent = Self { len: u16::try_from(text.len()).ok()?, ..Self::EMPTY };
        agent.bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(agent)
    }

    /// The bytes as they were sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        const WHAT: &str = "user agent";
        let bytes = read_var_bytes(fields, MAX_USER_AGENT_LEN, WHAT)?;
        Self::new(bytes).ok_or(Malformed::TooLong(WHAT))
    }
}

impl PartialEq for UserAgent {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for UserAgent {}

impl fmt::Display for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAgent({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use core::net::Ipv6Addr;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::{NetAddress, Tail, UserAgent, Version};
    use crate::error::Malformed;
    use crate::services::Services;

    fn net_address() -> impl Strategy<Value = NetAddress> {
        (any::<u64>(), any::<u128>(), any::<u16>()).prop_map(|(services, ip, port)| NetAddress {
            services: Services(services),
            ip: Ipv6Addr::from(ip),
            port,
        })
    }

    fn version() -> impl Strategy<Value = Version> {
        let fixed = (any::<i32>(), any::<u64>(), any::<i64>(), net_address());
        let relay = (vec(any::<u8>(), 0..=256), any::<i32>(), option::of(any::<bool>()));
        let rest = option::of((net_address(), any::<u64>(), option::of(relay)));
        (fixed, rest).prop_map(|((version, services, time, receiver), rest)| {
            let mut made = Version {
                version,
                services: Services(services),
                time,
                receiver,
                sender: None,
                nonce: None,
                user_agent: UserAgent::EMPTY,
                start_height: None,
                relay: None,
            };
            if let Some((sender, nonce, rest)) = rest {
                (made.sender, made.nonce) = (Some(sender), Some(nonce));
                if let Some((agent, height, relay)) = rest {
                    made.user_agent = UserAgent::new(&agent).unwrap();
                    (made.start_height, made.relay) = (Some(height), relay);
                }
            }
            made
        })
    }

    proptest! {
        #[test]
        fn a_written_version_is_read_back(version in version()) {
            let mut bytes = Vec::new();
            version.write(&Tail::ExtraEntropy(7), &mut bytes);
            prop_assert_eq!(Version::read(&bytes), Ok(version));
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        let socket = |ip: &str, port| {
            let ip = ip.parse().unwrap();
            NetAddress { services: Services::NONE, ip, port }.socket().map(|socket| socket.to_string())
        };
        for (ip, port) in [("::", 0), ("::", 8333), ("::ffff:0.0.0.0", 0), ("::ffff:0.0.0.0", 8333), ("2a01::1", 0)] {
            assert_eq!(socket(ip, port), None, "{ip} {port}");
        }
        assert_eq!(socket("::ffff:8.8.8.8", 8333).as_deref(), Some("8.8.8.8:8333"));
        assert_eq!(socket("2a01::1", 1).as_deref(), Some("[2a01::1]:1"));
    }

    #[test]
    fn core_takes_exactly_these_lengths() {
        let mut full = [0; 120];
        full[80] = 9;
        full[81..90].copy_from_slice(b"/agent:1/");
        let taken: Vec<_> = (0..=120).filter(|&len| Version::read(&full[..len]).is_ok()).collect();
        let expected: Vec<_> = [46, 80, 90, 94].into_iter().chain(95..=120).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn a_user_agent_has_at_most_256_bytes() {
        let with_agent = |len: u16| {
            let mut bytes = Vec::from([0; 80]);
            bytes.push(0xfd);
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.resize(bytes.len() + usize::from(len) + 5, b'a');
            Version::read(&bytes)
        };
        assert!(with_agent(256).is_ok());
        assert_eq!(with_agent(257), Err(Malformed::TooLong("user agent")));
        assert_eq!(with_agent(3), Err(Malformed::NotCanonical("user agent")));
    }
}
