//! The messages of a handshake and of a kept connection. (src/p2p/p2p_protocol_defs.h)

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
    /// Introduces the sender, and asks for the receiver's introduction.
    HandshakeRequest(Introduction),
    /// The sender's introduction and the peers that it knows.
    HandshakeResponse(Introduction, Peers),
    /// The sender's tip; asks for the receiver's.
    TimedSyncRequest(Tip),
    /// The sender's tip, and peers that it has not sent before.
    TimedSyncResponse(Tip, Peers),
    /// Asks whether the receiver is alive.
    PingRequest,
    /// Answers a ping.
    PingResponse {
        /// `OK`.
        status: Text,
        /// The id of the sender.
        peer_id: u64,
    },
    /// Asks for the receiver's support flags.
    SupportFlagsRequest,
    /// The sender's support flags.
    SupportFlagsResponse(u32),
    /// The request failed. The rest of the answer was not read.
    Failure {
        /// The command of the request.
        command: Command,
        /// The return code, below 0.
        code: ReturnCode,
    },
    /// A message that is not needed here; its body was not read.
    Other {
        /// Its command.
        command: Command,
        /// Its kind.
        kind: Kind,
        /// Bytes of its body.
        len: u64,
    },
}

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We sent this.
    Said(Message),
    /// The peer sent this.
    Heard(Message),
    /// This many more bytes of the last [`Message::Other`] were skipped.
    Skipped(usize),
}

impl Event {
    /// Converts a frame.
    pub(crate) fn of(frame: Frame<'_>) -> Result<Self, Error> {
        Ok(match frame {
            Frame::Whole { command, kind, body } => Self::Heard(Message::read(command, kind, body)?),
            Frame::Other { command, kind, len } => Self::Heard(Message::Other { command, kind, len }),
            Frame::Skipped(bytes) => Self::Skipped(bytes),
        })
    }
}

impl Message {
    /// Its command.
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

    /// Its kind. A response has the return code of `monerod` for success.
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
    /// If it is malformed.
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

    /// Appends the message, its head first. For [`Message::Other`] it appends only the head.
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
