//! What is said, from auth to pong.

use crate::disconnect::Reason;
use crate::eth::Status;
use crate::headers::RequestId;
use crate::hello::Hello;

/// The numbers of the base protocol's messages. (`rlpx.md`, "p2p" Capability)
pub mod id {
    /// How a node introduces itself.
    pub const HELLO: u64 = 0;
    /// How it says goodbye.
    pub const DISCONNECT: u64 = 1;
    /// Wants a [`PONG`].
    pub const PING: u64 = 2;
    /// Answers a [`PING`].
    pub const PONG: u64 = 3;
    /// The first that belongs to a capability.
    pub const FIRST_OF_CAPABILITIES: u64 = 0x10;
}

/// The payload of ping and pong: an empty list.
pub(crate) const EMPTY: &[u8] = &[0xc0];

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The initiator's keys.
    Auth,
    /// The responder's keys.
    Ack,
    /// An introduction.
    Hello(Hello),
    /// A goodbye.
    Disconnect(Reason),
    /// A question whether the other is still there.
    Ping,
    /// The answer.
    Pong,
    /// What a node tells of its chain.
    Status(Status),
    /// The question for a block's header, with its number.
    GetBlockHeaders(RequestId),
    /// The answer to the question of this number.
    BlockHeaders(RequestId),
    /// A message that matters to nobody here.
    Other {
        /// Its number on this connection.
        id: u64,
        /// Bytes of its payload, as sent.
        len: usize,
    },
}

impl Message {
    /// What the specification calls it; empty for one that matters to nobody here.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Ack => "ack",
            Self::Hello(_) => "Hello",
            Self::Disconnect(_) => "Disconnect",
            Self::Ping => "Ping",
            Self::Pong => "Pong",
            Self::Status(_) => "Status",
            Self::GetBlockHeaders(_) => "GetBlockHeaders",
            Self::BlockHeaders(_) => "BlockHeaders",
            Self::Other { .. } => "",
        }
    }
}

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We said this.
    Said(Message),
    /// The peer said this.
    Heard(Message),
    /// The peer began a message with so many bytes, too long to matter, whose bytes will be skipped.
    Long(usize),
    /// So many bytes of that message were skipped.
    Skipped(usize),
}
