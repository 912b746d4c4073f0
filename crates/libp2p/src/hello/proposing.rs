//! The initiator until Noise is chosen: names and Noise's first message, in the configured order.

use alloc::vec::Vec;

use handshake::Text;

use super::state::{Input, State, heard_name, say_name};
use crate::channel::with_length;
use crate::error::Error;
use crate::event::{Event, Message};
use crate::local::Opening;
use crate::multistream::{HEADER, NA, NOISE, TLS};
use crate::xx::{AwaitsTwo, Initiator};

/// The remaining moves, and the state of Noise.
#[derive(Debug)]
pub(super) struct Proposing {
    script: &'static [Move],
    xx: Xx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Say(&'static str),
    SayOne,
    Hear(&'static str),
}

const OPTIMISTIC: &[Move] = &[Move::Say(HEADER), Move::Say(NOISE), Move::SayOne, Move::Hear(HEADER), Move::Hear(NOISE)];
const PATIENT: &[Move] = &[Move::Say(HEADER), Move::Hear(HEADER), Move::Say(NOISE), Move::Hear(NOISE), Move::SayOne];
/// After the peer refused Noise: asks whether it supports TLS.
const ASKS_FOR_TLS: &[Move] = &[Move::Say(TLS), Move::Hear(TLS)];

#[derive(Debug)]
enum Xx {
    ToSay(Initiator),
    Said(AwaitsTwo),
}

impl Proposing {
    pub(super) fn new(opening: Opening, xx: Initiator) -> Self {
        let script = match opening {
            Opening::Optimistic => OPTIMISTIC,
            Opening::Patient => PATIENT,
        };
        Self { script, xx: Xx::ToSay(xx) }
    }

    /// The name that must come next, if any.
    pub(super) fn expects(&self) -> Option<&'static str> {
        match self.script {
            [Move::Hear(name), ..] => Some(name),
            _ => None,
        }
    }

    /// Whether the peer has named multistream-select.
    pub(super) fn has_heard(&self) -> bool {
        !self.script.contains(&Move::Hear(HEADER))
    }

    /// The message that it waits for.
    pub(super) fn awaiting(&self) -> &'static str {
        match self.expects() {
            Some(NOISE) => "answer to /noise",
            Some(TLS) => "answer to /tls/1.0.0",
            _ => "multistream-select header",
        }
    }

    /// The next move.
    ///
    /// # Errors
    /// If the peer does not support Noise, or sends another name than requested.
    pub(super) fn advance(self, opening: Opening, input: Input<'_>, tx: &mut Vec<u8>) -> Result<(Event, State), Error> {
        let Self { script, xx } = self;
        let (&now, then) = script.split_first().expect("no script ends before Noise begins");
        let (event, xx) = match (now, xx, input) {
            (Move::Say(name), xx, _) => (say_name(name, tx), xx),
            (Move::SayOne, Xx::ToSay(initiator), _) => {
                let awaits = with_length(tx, |tx| initiator.one(&[], tx));
                (Event::Said(Message::One), Xx::Said(awaits))
            }
            (Move::Hear(expected), xx, Input::Name(name)) => {
                if name.as_bytes() == TLS.as_bytes() && expected == TLS {
                    return Err(Error::NoNoise { theirs: [name].into() });
                }
                if name.as_bytes() == NA.as_bytes() && expected != HEADER {
                    return turned_down(opening, expected, xx, name);
                }
                if name.as_bytes() != expected.as_bytes() {
                    return Err(Error::Answer { expected, found: name });
                }
                (heard_name(name), xx)
            }
            (Move::SayOne, Xx::Said(_), _) | (Move::Hear(_), ..) => {
                unreachable!("a script says one once, and hears names")
            }
        };
        let next = match (then, xx) {
            ([], Xx::Said(awaits)) => State::Two(awaits),
            (script, xx) => State::Proposing(Self { script, xx }),
        };
        Ok((event, next))
    }
}

/// The peer does not support the proposed protocol.
fn turned_down(opening: Opening, proposed: &str, xx: Xx, na: Text) -> Result<(Event, State), Error> {
    match (proposed, opening) {
        (NOISE, Opening::Patient) => Ok((heard_name(na), State::Proposing(Proposing { script: ASKS_FOR_TLS, xx }))),
        _ => Err(Error::NoNoise { theirs: [].into() }),
    }
}
