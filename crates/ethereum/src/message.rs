//! The messages, from auth to pong.

use crate::disconnect::Reason;
use crate::eth::Status;
use crate::headers::RequestId;
use crate::hello::Hello;

/// The ids of the base protocol's messages. (`rlpx.md`, "p2p" Capability)
pub mod id {
    /// Introduces a node.
    pub const HELLO: u64 = 0;
    /// Ends the connection.
    pub const DISCONNECT: u64 = 1;
    /// Asks for a [`PONG`].
    pub const PING: u64 = 2;
    /// Answers a [`PING`].
    pub const PONG: u64 = 3;
    /// The first id of the capabilities.
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
    /// The end of the connection.
    Disconnect(Reason),
    /// Asks whether the peer is alive.
    Ping,
    /// Answers a Ping.
    Pong,
    /// A node's description of its chain.
    Status(Status),
    /// The request for a block's header, with its id.
    GetBlockHeaders(RequestId),
    /// The answer to the request with this id.
    BlockHeaders(RequestId),
    /// A message that is not needed here.
    Other {
        /// Its id on this connection.
        id: u64,
        /// Bytes of its payload, as sent.
        len: usize,
    },
}

impl Message {
    /// Its name in the specification; empty for a message that is not needed here.
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
    /// We sent this.
    Said(Message),
    /// The peer sent this.
    Heard(Message),
    /// The peer began a message of this many bytes, which is too long and will be skipped.
    Long(usize),
    /// This many bytes of that message were skipped.
    Skipped(usize),
}
