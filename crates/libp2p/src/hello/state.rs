//! The states of a handshake, and the input of each.

use alloc::boxed::Box;
use alloc::vec::Vec;

use handshake::{Rx, Short, Stage, Text, Unfinished};

use super::proposing::Proposing;
use crate::channel::{HEADER_LEN, take_message};
use crate::connection::Connection;
use crate::error::{Error, ReadError};
use crate::event::{Event, Message};
use crate::multistream::{self, HEADER, may_be_header};
use crate::payload::Payload;
use crate::xx::{AwaitsThree, AwaitsTwo, LEAST_ONE, LEAST_THREE, LEAST_TWO, Responder, SaysThree, SaysTwo};

/// The state of a handshake.
#[derive(Debug)]
pub(super) enum State {
    Proposing(Proposing),
    Two(AwaitsTwo),
    SayThree(SaysThree, Box<Payload>),
    Header(Responder),
    SayHeader(Responder),
    /// The peer's proposals so far, which we refused.
    Proposal(Responder, Vec<Text>),
    SayNa(Responder, Vec<Text>),
    SayNoise(Responder),
    One(Responder),
    SayTwo(SaysTwo),
    Three(AwaitsThree),
    Connected(Box<Connection>),
    /// The end: the stage reached, and the message that was awaited.
    Over(Stage, &'static str),
}

/// The input of a state.
pub(super) enum Input<'b> {
    Nothing,
    Name(Text),
    Noise(&'b mut [u8]),
}

impl State {
    /// The next input, if it has arrived.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not; an error as soon as the bytes are invalid.
    pub(super) fn input<'b>(&self, rx: &mut Rx<'b>) -> Result<Input<'b>, ReadError> {
        match self {
            Self::Proposing(proposing) => match proposing.expects() {
                Some(HEADER) => take_header(rx),
                Some(_) => take_name(rx),
                None => Ok(Input::Nothing),
            },
            Self::Header(_) => take_header(rx),
            Self::Proposal(..) => take_name(rx),
            Self::Two(_) => take_message(rx, 2, LEAST_TWO).map(Input::Noise),
            Self::One(_) => take_message(rx, 1, LEAST_ONE).map(Input::Noise),
            Self::Three(_) => take_message(rx, 3, LEAST_THREE).map(Input::Noise),
            _ => Ok(Input::Nothing),
        }
    }

    /// The message that it waits for.
    pub(super) fn awaiting(&self) -> &'static str {
        match self {
            Self::Proposing(proposing) => proposing.awaiting(),
            Self::Header(_) | Self::SayHeader(_) => "multistream-select header",
            Self::Two(_) => "Noise message 2",
            Self::Proposal(..) | Self::SayNa(..) | Self::SayNoise(_) => "protocol",
            Self::One(_) => "Noise message 1",
            Self::SayTwo(_) | Self::Three(_) => "Noise message 3",
            Self::SayThree(..) => "identify",
            Self::Connected(connection) => connection.awaiting(),
            Self::Over(_, awaiting) => awaiting,
        }
    }

    /// Whether the peer has shown that it speaks this protocol.
    pub(super) fn has_heard(&self) -> bool {
        match self {
            Self::Proposing(proposing) => proposing.has_heard(),
            Self::Header(_) | Self::Over(..) => false,
            _ => true,
        }
    }

    /// The unfinished message, of which `rest` are the last bytes.
    pub(super) fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        if rest.is_empty() {
            return None;
        }
        let name = |what| match multistream::read(rest) {
            Err(ReadError::Short(Short(missing))) if rest.len() > 1 => {
                Unfinished::new(what, rest.len(), rest.len() + missing)
            }
            _ => Unfinished::new(what, rest.len(), None),
        };
        match self {
            Self::Proposing(proposing) => proposing.expects().map(|_| name(proposing.awaiting())),
            Self::Header(_) => Some(name(self.awaiting())),
            Self::Proposal(..) => Some(name("protocol name")),
            Self::Two(_) | Self::One(_) | Self::Three(_) => Some(frame(self.awaiting(), rest)),
            Self::Connected(_) => Some(frame("Noise frame", rest)),
            _ => None,
        }
    }

    /// The stage of the handshake.
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Connected(connection) if connection.is_introduced() => Stage::Ack,
            Self::SayThree(..) | Self::Connected(_) => Stage::Hello,
            Self::Over(stage, _) => *stage,
            _ => Stage::Transport,
        }
    }
}

/// A message with its length prefix.
fn frame(what: &'static str, rest: &[u8]) -> Unfinished {
    let len = rest.first_chunk().map(|len| HEADER_LEN + usize::from(u16::from_be_bytes(*len)));
    Unfinished::new(what, rest.len(), len)
}

fn take_header<'b>(rx: &mut Rx<'b>) -> Result<Input<'b>, ReadError> {
    // The first different byte suffices to detect another protocol, and comes sooner.
    if !may_be_header(rx.rest()) {
        return Err(Error::NotLibp2p.into());
    }
    take_name(rx)
}

fn take_name<'b>(rx: &mut Rx<'b>) -> Result<Input<'b>, ReadError> {
    let (name, len) = multistream::read(rx.rest())?;
    let name = name.into();
    rx.take(len)?;
    Ok(Input::Name(name))
}

pub(super) fn say_name(name: &'static str, tx: &mut Vec<u8>) -> Event {
    multistream::write(name, tx);
    Event::Said(Message::protocol(None, name))
}

pub(super) fn heard_name(name: Text) -> Event {
    Event::Heard(Message::protocol(None, name))
}
