//! The messages that pass while a connection is set up and kept. (src/p2p/p2p_protocol_defs.h)

use alloc::vec::Vec;

use handshake::Text;

use crate::error::{Error, Malformed};
use crate::introduction::{Introduction, Tip};
use crate::levin::{Command, Frame, Kind, ReturnCode, write_message};
use crate::peer::Peers;
use crate::storage::{self, Field, Section, Writer};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The sender introduces itself, and asks who the other is.
    HandshakeRequest(Introduction),
    /// It is this, and knows these.
    HandshakeResponse(Introduction, Peers),
    /// The sender's chain goes so far; the other's?
    TimedSyncRequest(Tip),
    /// It goes so far; and these are known that were not told before.
    TimedSyncResponse(Tip, Peers),
    /// Are you there?
    PingRequest,
    /// It is.
    PingResponse {
        /// `OK`.
        status: Text,
        /// Who it is.
        peer_id: u64,
    },
    /// What can you do besides?
    SupportFlagsRequest,
    /// This.
    SupportFlagsResponse(u32),
    /// The request failed. What else the answer says was not read.
    Failure {
        /// What was asked.
        command: Command,
        /// Why it failed, below 0.
        code: ReturnCode,
    },
    /// A message that does not matter here; its body was not read.
    Other {
        /// What it is about.
        command: Command,
        /// Who speaks to whom.
        kind: Kind,
        /// Bytes of its body.
        len: u64,
    },
}

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We said this.
    Said(Message),
    /// The peer said this.
    Heard(Message),
    /// So many more bytes of the last [`Message::Other`] were skipped.
    Skipped(usize),
}

impl Event {
    /// What a frame is.
    pub(crate) fn of(frame: Frame<'_>) -> Result<Self, Error> {
        Ok(match frame {
            Frame::Whole { command, kind, body } => Self::Heard(Message::read(command, kind, body)?),
            Frame::Other { command, kind, len } => Self::Heard(Message::Other { command, kind, len }),
            Frame::Skipped(bytes) => Self::Skipped(bytes),
        })
    }
}

impl Message {
    /// What it is about.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::HandshakeRequest(_) | Self::HandshakeResponse(..) => Command::HANDSHAKE,
            Self::TimedSyncRequest(_) | Self::TimedSyncResponse(..) => Command::TIMED_SYNC,
            Self::PingRequest | Self::PingResponse { .. } => Command::PING,
            Self::SupportFlagsRequest | Self::SupportFlagsResponse(_) => Command::SUPPORT_FLAGS,
            Self::Failure { command, .. } | Self::Other { command, .. } => *command,
        }
    }

    /// Who speaks to whom. An answer says that all is well, in the words of `monerod`.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::HandshakeRequest(_) | Self::TimedSyncRequest(_) | Self::PingRequest | Self::SupportFlagsRequest => {
                Kind::Request
            }
            Self::HandshakeResponse(..)
            | Self::TimedSyncResponse(..)
            | Self::PingResponse { .. }
            | Self::SupportFlagsResponse(_) => Kind::Response(ReturnCode::FINE),
            Self::Failure { code, .. } => Kind::Response(*code),
            Self::Other { kind, .. } => *kind,
        }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If it is not as it must be.
    pub fn read(command: Command, kind: Kind, body: &[u8]) -> Result<Self, Error> {
        Self::read_body(command, kind, body).map_err(|what| Error::Malformed { command, kind, what })
    }

    fn read_body(command: Command, kind: Kind, body: &[u8]) -> Result<Self, Malformed> {
        let read: fn(&Section<'_>) -> Result<Self, Malformed> = match (command, kind) {
            (_, Kind::Response(code)) if code.is_failure() => return Ok(Self::Failure { command, code }),
            (Command::HANDSHAKE, Kind::Request) => {
                |body| Introduction::read(body.fields(Introduction::KEYS)).map(Self::HandshakeRequest)
            }
            (Command::HANDSHAKE, Kind::Response(_)) => |body| {
                let [node, tip] = Introduction::KEYS;
                let [node, tip, peers] = body.fields([node, tip, Peers::KEY]);
                Ok(Self::HandshakeResponse(Introduction::read([node, tip])?, Peers::read(peers)?))
            },
            (Command::TIMED_SYNC, Kind::Request) => |body| Tip::read(body.field(Tip::KEY)).map(Self::TimedSyncRequest),
            (Command::TIMED_SYNC, Kind::Response(_)) => |body| {
                let [tip, peers] = body.fields([Tip::KEY, Peers::KEY]);
                Ok(Self::TimedSyncResponse(Tip::read(tip)?, Peers::read(peers)?))
            },
            (Command::PING, Kind::Request) => |_| Ok(Self::PingRequest),
            (Command::PING, Kind::Response(_)) => |body| {
                let [status, peer_id] = body.fields(["status", "peer_id"]);
                let status = status.required(Field::string)?.into();
                Ok(Self::PingResponse { status, peer_id: peer_id.required(Field::number)? })
            },
            (Command::SUPPORT_FLAGS, Kind::Request) => |_| Ok(Self::SupportFlagsRequest),
            (Command::SUPPORT_FLAGS, Kind::Response(_)) => {
                |body| body.field("support_flags").required(Field::number).map(Self::SupportFlagsResponse)
            }
            _ => return Ok(Self::Other { command, kind, len: body.len() as u64 }),
        };
        read(&storage::read(body)?)
    }

    /// Appends the message, its head first. Of [`Message::Other`] there is only that.
    pub fn write(&self, tx: &mut Vec<u8>) {
        let fill = |message: &mut Writer<'_>| match self {
            Self::HandshakeRequest(introduction) => introduction.write(message),
            Self::HandshakeResponse(introduction, peers) => {
                peers.write(message);
                introduction.write(message);
            }
            Self::TimedSyncRequest(tip) => tip.write_into(message),
            Self::TimedSyncResponse(tip, peers) => {
                peers.write(message);
                tip.write_into(message);
            }
            Self::PingResponse { status, peer_id } => {
                message.u64("peer_id", *peer_id);
                message.string("status", status.as_bytes());
            }
            Self::SupportFlagsResponse(flags) => message.u32("support_flags", *flags),
            Self::PingRequest | Self::SupportFlagsRequest | Self::Failure { .. } | Self::Other { .. } => {}
        };
        write_message(self.command(), self.kind(), tx, |tx| match self {
            Self::Failure { .. } | Self::Other { .. } => {}
            _ => storage::write(tx, fill),
        });
    }
}
