//! What is worth a line in a trace.

use alloc::boxed::Box;

use handshake::Text;

use crate::identify::Identify;
use crate::payload::Payload;
use crate::yamux::Frame;

/// What happened.
///
/// Once a connection is sealed, a frame of Noise may hold several messages, and a message what follows from it: the first
/// event covers the bytes of the frame, and the others have none of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We said this.
    Said(Message),
    /// The peer said this.
    Heard(Message),
    /// The peer said so many bytes that are part of a message to come.
    Part(usize),
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The name of a protocol: multistream-select's own, one that is proposed or agreed to, or `na`.
    Protocol {
        /// On which stream; `None` for the connection itself.
        stream: Option<u32>,
        /// The name.
        name: Text,
    },
    /// Noise's first message.
    One,
    /// Noise's second message, of the responder.
    Two(Box<Payload>),
    /// Noise's third message, of the initiator.
    Three(Box<Payload>),
    /// A frame of the muxer. What its data says follows as messages of their own.
    Frame(Frame),
    /// An introduction.
    Identify {
        /// On which stream.
        stream: u32,
        /// What it says.
        identify: Box<Identify>,
    },
    /// A ping on a stream, which is answered with the same bytes.
    Ping {
        /// On which stream.
        stream: u32,
    },
}

impl Message {
    /// The name of a protocol.
    pub(crate) fn protocol(stream: Option<u32>, name: impl Into<Text>) -> Self {
        Self::Protocol { stream, name: name.into() }
    }
}
