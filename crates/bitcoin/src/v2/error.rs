//! Errors below the messages of an encrypted connection, and the side to blame.

use handshake::{Blame, Fault};

use super::{MAX_DECOYS_LEN, MAX_GARBAGE_LEN};

/// Why an encrypted connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message of the plaintext transport came in place of a key.
    #[error("it sent a plaintext message in place of a key: on this connection it speaks only the v1 transport")]
    V1Only,
    /// The peer closed the connection after our key and sent nothing. (Core: net.cpp V2Transport::ShouldReconnectV1)
    #[error("closed the connection on our key without a word{0}")]
    ClosedOnKey(Offer),
    /// Our own key came back.
    #[error("it sent our own key back: it is something that echoes, not a node")]
    Echo,
    /// The garbage is longer than its limit.
    #[error(
        "its first {MAX_GARBAGE_LEN} bytes after the key have no end that our keys know: it is on another network, or \
         the bytes were changed on the way"
    )]
    NoTerminator,
    /// A packet is not authentic.
    #[error("a packet does not have the tag that our keys give it: it was changed on the way, or is not the peer's")]
    Tag,
    /// A packet is longer than any message.
    #[error("a packet claims {len} bytes; at most {} are allowed", super::MAX_CONTENTS_LEN)]
    TooLong {
        /// Contents bytes that the packet claims.
        len: u32,
    },
    /// Too many decoys came before the handshake was over.
    #[error("it sent more than {MAX_DECOYS_LEN} bytes of decoys before the handshake was over")]
    Decoys,
}

/// The code of a close on our key by a peer of which nothing is known: [`Offer::Unknown`].
pub const CLOSED_ON_KEY: &str = "bitcoin.v2.closed";

/// The code of a close on our key by a peer that offers BIP324: [`Offer::Made`] and [`Offer::Reported`].
pub const REFUSED_KEY: &str = "bitcoin.v2.refused";

/// What is known of a peer that closed the connection on our key. A v1 node closes it. A v2 node may also close it, if
/// it is full, has banned us, or limits keys: btcd accepts two per second. (btcd 0.26.2)
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Offer {
    /// Nothing.
    #[error(": it speaks only the v1 transport, or limits attempts over v2, or is full, or has banned us")]
    Unknown,
    /// Over v1 it introduced itself without [`Services::P2P_V2`](crate::Services::P2P_V2).
    #[error(": it speaks only the v1 transport, since over that it does not offer BIP324")]
    Lacking,
    /// Its network's nodes do not speak BIP324.
    #[error(": it speaks only the v1 transport, as the nodes of its network do")]
    LackingOnNetwork,
    /// It spoke BIP324 before, or other nodes report that it offers BIP324.
    #[error(
        " although it spoke BIP324 before, or is said to offer it: it limits attempts, or is full, or has banned us"
    )]
    Reported,
    /// It offers BIP324.
    #[error(" although it offers BIP324: it limits attempts, or is full")]
    Made,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::V1Only | Self::Echo | Self::NoTerminator => Blame::Mismatch,
            Self::ClosedOnKey(Offer::Unknown) => Blame::Network,
            Self::ClosedOnKey(Offer::Lacking | Offer::LackingOnNetwork) => Blame::Mismatch,
            Self::ClosedOnKey(Offer::Made | Offer::Reported) => Blame::Refused,
            Self::Tag | Self::TooLong { .. } | Self::Decoys => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::V1Only | Self::ClosedOnKey(Offer::Lacking | Offer::LackingOnNetwork) => "bitcoin.v1-only",
            Self::ClosedOnKey(Offer::Unknown) => CLOSED_ON_KEY,
            Self::ClosedOnKey(Offer::Made | Offer::Reported) => REFUSED_KEY,
            Self::Echo => "bitcoin.v2.echo",
            Self::NoTerminator => "bitcoin.v2.no-terminator",
            Self::Tag => "bitcoin.v2.tag",
            Self::TooLong { .. } => "bitcoin.v2.too-long",
            Self::Decoys => "bitcoin.v2.decoys",
        }
    }
}
