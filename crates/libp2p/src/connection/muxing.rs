//! The choice of a muxer by names, once a connection is encrypted. (`connections/README.md`)

use alloc::vec::Vec;
use core::mem;

use handshake::{Role, Text};

use super::queue::Queue;
use crate::error::Error;
use crate::local::Opening;
use crate::multistream::{HEADER, NA};
use crate::yamux;

/// Proposals that a peer may make on a connection and that we answer with `na`.
pub(crate) const MAX_PROPOSALS: usize = 16;

/// The state of the choice.
#[derive(Debug)]
pub(super) enum Muxing {
    /// Both name multistream-select first.
    Header,
    /// We proposed yamux.
    Answer,
    /// The peer's proposals, which we answered with `na`.
    Proposal(Vec<Text>),
    /// Both speak yamux from here on.
    Agreed,
}

impl Muxing {
    /// Begins the choice, as far as possible without an answer. Returns whether frames of yamux may follow at once.
    pub(super) fn begin(role: Role, opening: Opening, queue: &mut Queue) -> bool {
        if role == Role::Initiator {
            queue.name(HEADER);
        }
        let hasty = (role, opening) == (Role::Initiator, Opening::Optimistic);
        if hasty {
            queue.name(yamux::NAME);
        }
        hasty
    }

    /// Processes a name. Returns whether frames of yamux may follow now that could not before.
    ///
    /// # Errors
    /// If the name is not valid here, or there is no common muxer.
    pub(super) fn hear(&mut self, name: &Text, role: Role, opening: Opening, queue: &mut Queue) -> Result<bool, Error> {
        let is = |expected: &str| name.as_bytes() == expected.as_bytes();
        let unexpected = |expected| Error::Answer { expected, found: name.clone() };
        match (&mut *self, role) {
            (Self::Header, _) if !is(HEADER) => return Err(unexpected(HEADER)),
            (Self::Header, Role::Initiator) => {
                *self = Self::Answer;
                if opening == Opening::Patient {
                    queue.name(yamux::NAME);
                }
            }
            (Self::Header, Role::Responder) => {
                *self = Self::Proposal(Vec::new());
                queue.name(HEADER);
            }
            (Self::Answer, _) if is(yamux::NAME) => {
                *self = Self::Agreed;
                return Ok(opening == Opening::Patient);
            }
            (Self::Answer, _) if is(NA) => return Err(Error::NoMuxer { theirs: [].into() }),
            (Self::Answer, _) => return Err(unexpected(yamux::NAME)),
            (Self::Proposal(_), _) if is(yamux::NAME) => {
                queue.name(yamux::NAME);
                *self = Self::Agreed;
                return Ok(true);
            }
            (Self::Proposal(theirs), _) => {
                theirs.push(name.clone());
                if theirs.len() >= MAX_PROPOSALS {
                    return Err(Error::NoMuxer { theirs: mem::take(theirs).into() });
                }
                queue.name(NA);
            }
            (Self::Agreed, _) => {}
        }
        Ok(false)
    }
}
