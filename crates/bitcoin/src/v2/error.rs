//! What can go wrong below the messages of an encrypted connection, and whose fault that is.

use handshake::{Blame, Fault};

use super::{MAX_DECOYS_LEN, MAX_GARBAGE_LEN};

/// Why an encrypted connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message of the plaintext transport came in place of a key.
    #[error("it speaks only the v1 transport: it sent a plaintext message in place of a key")]
    V1Only,
    /// The connection was closed in answer to our key, without a word. (Core: net.cpp
    /// V2Transport::ShouldReconnectV1)
    #[error(
        "closed the connection on our key without a word, as a node does that speaks only the v1 transport, or is full"
    )]
    ClosedOnKey,
    /// What came in place of a key is our own.
    #[error("it sent our own key back: it is something that echoes, not a node")]
    Echo,
    /// The garbage has not ended where it must.
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
        /// Contents bytes that it claims.
        len: u32,
    },
    /// Too many decoys came before the handshake was over.
    #[error("it sent more than {MAX_DECOYS_LEN} bytes of decoys before the handshake was over")]
    Decoys,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::V1Only | Self::ClosedOnKey | Self::Echo | Self::NoTerminator => Blame::Mismatch,
            Self::Tag | Self::TooLong { .. } | Self::Decoys => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::V1Only | Self::ClosedOnKey => "bitcoin.v1-only",
            Self::Echo => "bitcoin.v2.echo",
            Self::NoTerminator => "bitcoin.v2.no-terminator",
            Self::Tag => "bitcoin.v2.tag",
            Self::TooLong { .. } => "bitcoin.v2.too-long",
            Self::Decoys => "bitcoin.v2.decoys",
        }
    }
}
