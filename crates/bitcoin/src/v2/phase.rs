//! Events of an encrypted connection that are not messages, for a trace.

use super::keys::SessionId;

/// An event that is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// We sent our key and our garbage.
    SentKey {
        /// Bytes of garbage.
        garbage: usize,
    },
    /// The peer's key came, and all other keys were derived.
    ReceivedKey {
        /// The session id.
        session_id: SessionId,
    },
    /// We sent our garbage terminator.
    SentTerminator,
    /// We sent a decoy.
    SentDecoy {
        /// Bytes of its contents.
        contents: usize,
    },
    /// We sent our version packet.
    SentVersionPacket,
    /// The peer's garbage and its terminator came.
    ReceivedGarbage {
        /// Bytes of garbage.
        garbage: usize,
    },
    /// A decoy came.
    ReceivedDecoy {
        /// Bytes of its contents.
        contents: usize,
    },
    /// The peer's version packet came.
    ReceivedVersionPacket {
        /// Bytes of its contents, which are reserved and ignored.
        contents: usize,
    },
    /// A packet came whose contents name no message. It was dropped.
    ReceivedNameless {
        /// Bytes of its contents.
        contents: usize,
    },
}

impl Phase {
    /// What happened, in the terms of BIP324.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SentKey { .. } | Self::ReceivedKey { .. } => "key",
            Self::SentTerminator => "garbage terminator",
            Self::ReceivedGarbage { .. } => "garbage",
            Self::SentDecoy { .. } | Self::ReceivedDecoy { .. } => "decoy",
            Self::SentVersionPacket | Self::ReceivedVersionPacket { .. } => "version packet",
            Self::ReceivedNameless { .. } => "nameless",
        }
    }

    /// Whether we sent it.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::SentKey { .. } | Self::SentTerminator | Self::SentDecoy { .. } | Self::SentVersionPacket)
    }
}
