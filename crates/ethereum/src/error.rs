//! Why an Ethereum handshake failed, and the side to blame.

use alloc::vec::Vec;
use core::fmt;

use handshake::{Blame, EndsIn, Fault, Printable};

use crate::disconnect::Reason;
use crate::fork_id::ForkId;
use crate::hash::Hash;
use crate::hello::Capability;
use crate::network::{Network, name_of};
use crate::snappy::Undecodable;
use crate::standing::Unfit;

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are not those of an auth or ack.
    #[error("not an RLPx node: its first bytes are {}", Bytes(*.0))]
    NotRlpx([u8; 4]),
    /// An auth sealed for another key than ours.
    #[error("its auth does not open with our key: it looks for another node here")]
    WrongKey,
    /// A MAC is wrong: the data was changed, or its sender does not know the secrets.
    #[error("the MAC of its {0} is wrong")]
    Mac(&'static str),
    /// A public key is not on the curve.
    #[error("the {0} is not a point on the curve")]
    Point(&'static str),
    /// The signature of an auth is invalid for every key.
    #[error("the signature in its auth is by no key")]
    Signature,
    /// A message cannot be read.
    #[error("its {message} is malformed: {what}")]
    Malformed {
        /// The message.
        message: &'static str,
        /// The fault in it.
        what: Malformed,
    },
    /// A message cannot be decoded, or would be too long.
    #[error("its {message} {why}")]
    Snappy {
        /// The message.
        message: &'static str,
        /// The reason.
        why: Undecodable,
    },
    /// A frame announces more than is allowed.
    #[error("where its {message} should be it announces {len} bytes; at most {max} are allowed")]
    Oversized {
        /// The expected message.
        message: &'static str,
        /// Bytes of the frame's data.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A message that must not come before Hello.
    #[error("it sent message {0:#04x} before its Hello")]
    Unexpected(u64),
    /// The node id in a Hello is not the key that the peer has proven to hold.
    #[error("the node id in its Hello is not the key that it shook hands with")]
    Identity,
    /// The peer has our own key.
    #[error("it has our own key: we are connected to ourselves")]
    SelfConnect,
    /// The sides have no common version of `eth`.
    #[error("we have no version of eth in common; it speaks {}", List(.theirs))]
    NoSharedEth {
        /// The peer's capabilities.
        theirs: Vec<Capability>,
    },
    /// A Status has another version of `eth` than was agreed.
    #[error("its Status is of eth/{said}, though we agreed on eth/{agreed}")]
    EthVersion {
        /// The version in the Status.
        said: u64,
        /// The agreed version.
        agreed: u64,
    },
    /// The peer is on another network.
    #[error("its network id is {theirs}{}, ours {ours}{}", Named(name_of(*.theirs)), Named(name_of(*.ours)))]
    NetworkId {
        /// The peer's network id.
        theirs: u64,
        /// The id of the network that we use.
        ours: u64,
    },
    /// The peer's chain has another genesis.
    #[error("its genesis is {theirs}{}, ours {ours}{}", Named(genesis_name(.theirs)), Named(genesis_name(.ours)))]
    Genesis {
        /// The peer's genesis.
        theirs: Hash,
        /// The genesis of the network that we use.
        ours: Hash,
    },
    /// The peer's chain follows other rules.
    #[error("its fork id {theirs} does not fit {network}: {why}")]
    ForkId {
        /// The peer's fork id.
        theirs: ForkId,
        /// The network that we use.
        network: &'static str,
        /// Why it does not fit.
        why: Unfit,
    },
    /// The peer sent a Disconnect with a reason.
    #[error("it disconnected: {}", .0.sentence())]
    Disconnected(Reason),
}

impl Error {
    /// The reason in our Disconnect after this error; `None` if the peer has left.
    #[must_use]
    pub fn parting(&self) -> Option<Reason> {
        match self {
            Self::Disconnected(_) => None,
            Self::NoSharedEth { .. } => Some(Reason::UselessPeer),
            Self::EthVersion { .. } | Self::NetworkId { .. } | Self::Genesis { .. } | Self::ForkId { .. } => {
                Some(Reason::Subprotocol)
            }
            Self::Identity => Some(Reason::UnexpectedIdentity),
            Self::SelfConnect => Some(Reason::ToItself),
            _ => Some(Reason::BreachOfProtocol),
        }
    }
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::NotRlpx(_)
            | Self::WrongKey
            | Self::NoSharedEth { .. }
            | Self::NetworkId { .. }
            | Self::Genesis { .. }
            | Self::ForkId { .. } => Blame::Mismatch,
            Self::Mac(_)
            | Self::Point(_)
            | Self::Signature
            | Self::Malformed { .. }
            | Self::Snappy { .. }
            | Self::Oversized { .. }
            | Self::Unexpected(_)
            | Self::Identity
            | Self::EthVersion { .. } => Blame::Peer,
            Self::SelfConnect => Blame::Local,
            Self::Disconnected(reason) => reason.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotRlpx(_) => "ethereum.not-rlpx",
            Self::WrongKey => "ethereum.wrong-key",
            Self::Mac(_) => "ethereum.mac",
            Self::Point(_) => "ethereum.point",
            Self::Signature => "ethereum.signature",
            Self::Malformed { .. } => "ethereum.malformed",
            Self::Snappy { .. } => "ethereum.snappy",
            Self::Oversized { .. } => "ethereum.oversized",
            Self::Unexpected(_) => "ethereum.unexpected",
            Self::Identity => "ethereum.identity",
            Self::SelfConnect => "ethereum.self-connect",
            Self::NoSharedEth { .. } => "ethereum.no-shared-eth",
            Self::EthVersion { .. } => "ethereum.eth-version",
            Self::NetworkId { .. } => "ethereum.network-id",
            Self::Genesis { .. } => "ethereum.genesis",
            Self::ForkId { .. } => "ethereum.fork-id",
            Self::Disconnected(reason) => reason.code(),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Disconnected(reason) => reason.number(),
            _ => None,
        }
    }
}

/// The fault in a message. Each carries the item's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The message ends before the item does.
    #[error("it ends inside its {0}")]
    EndsIn(&'static str),
    /// The item is a list in place of bytes, or the other way round.
    #[error("what should be its {0} is a list in place of bytes, or the other way round")]
    Kind(&'static str),
    /// The item has a length that is not allowed.
    #[error("its {0} has the wrong length")]
    Length(&'static str),
    /// A length or number is not in its shortest form.
    #[error("its {0} is not canonical")]
    NotCanonical(&'static str),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
    }
}

/// `"HTTP" (48545450)`, or only hex if it is not text.
struct Bytes([u8; 4]);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = u32::from_be_bytes(self.0);
        if self.0.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            write!(f, "\"{}\" ({hex:08x})", Printable(&self.0))
        } else {
            write!(f, "{hex:08x}")
        }
    }
}

/// `eth/66, snap/1`.
struct List<'a>(&'a [Capability]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Enough for every honest node; the rest is counted.
        const SHOWN: usize = 12;
        let Some((first, rest)) = self.0.split_first() else {
            return f.write_str("nothing");
        };
        write!(f, "{first}")?;
        rest.iter().take(SHOWN - 1).try_for_each(|capability| write!(f, ", {capability}"))?;
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

/// ` (sepolia)`.
struct Named(Option<&'static str>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

fn genesis_name(genesis: &Hash) -> Option<&'static str> {
    Network::with_genesis(*genesis).next().map(|network| network.name)
}
