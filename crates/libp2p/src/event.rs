//! Events for a trace.

use alloc::boxed::Box;

use handshake::Text;

use crate::identify::Identify;
use crate::payload::Payload;
use crate::yamux::Frame;

/// What happened.
///
/// On an encrypted connection, a frame of Noise may hold several messages, and a message may cause several events: the
/// first event covers the bytes of the frame, and the others have none of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We sent this.
    Said(Message),
    /// The peer sent this.
    Heard(Message),
    /// The peer sent this many bytes of an incomplete message.
    Part(usize),
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The name of a protocol: multistream-select's own, one that is proposed or agreed to, or `na`.
    Protocol {
        /// Its stream; `None` for the connection itself.
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
    /// A frame of the muxer. Messages in its data follow as events of their own.
    Frame(Frame),
    /// An introduction.
    Identify {
        /// Its stream.
        stream: u32,
        /// Its contents.
        identify: Box<Identify>,
    },
    /// A ping on a stream, which is answered with the same bytes.
    Ping {
        /// Its stream.
        stream: u32,
    },
}

impl Message {
    /// The name of a protocol.
    pub(crate) fn protocol(stream: Option<u32>, name: impl Into<Text>) -> Self {
        Self::Protocol { stream, name: name.into() }
    }
}
