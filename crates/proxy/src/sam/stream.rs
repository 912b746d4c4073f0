//! Opens a stream to a peer, or accepts one.
//!
//! ```text
//! STREAM CONNECT ID=… DESTINATION=<destination> SILENT=false
//! STREAM STATUS RESULT=OK
//!
//! STREAM ACCEPT ID=… SILENT=false
//! STREAM STATUS RESULT=OK
//! <destination>
//! ```

use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::destination::Destination;
use super::error::{Error, Malformed, Router};
use super::lookup::{NAMING_LOOKUP, NAMING_REPLY, Question};
use super::name::Hash;
use super::request::{Dialogue, Next};
use super::session::SessionId;
use super::{Event, line};

const STREAM_CONNECT: &str = "STREAM CONNECT";
const STREAM_ACCEPT: &str = "STREAM ACCEPT";
const STREAM_STATUS: &str = "STREAM STATUS";

/// A peer to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// One that is known by its hash: its destination is looked up first, on the same connection.
    Hash(Hash),
    /// One whose destination is known.
    Destination(Destination),
}

impl Peer {
    /// The peer of an endpoint.
    ///
    /// # Errors
    /// [`Error::Port`] if the port is not 0: SAM 3.1 has no ports, so a peer cannot be asked for another one.
    pub fn at(hash: Hash, port: u16) -> Result<Self, Error> {
        if port == 0 { Ok(Self::Hash(hash)) } else { Err(Error::Port(port)) }
    }
}

/// Opens a stream to a peer. The result is the peer's destination, which need not be looked up again.
#[derive(Clone, Debug)]
pub struct Connect {
    session: SessionId,
    peer: Peer,
}

impl Connect {
    /// A stream of this session to this peer.
    #[must_use]
    pub fn new(session: SessionId, peer: Peer) -> Self {
        Self { session, peer }
    }
}

impl Dialogue for Connect {
    type Output = Destination;

    fn name(&self) -> &'static str {
        match self.peer {
            Peer::Hash(_) => NAMING_LOOKUP,
            Peer::Destination(_) => STREAM_CONNECT,
        }
    }

    fn write(&self, tx: &mut Vec<u8>) {
        match &self.peer {
            Peer::Hash(hash) => Question::from(*hash).write(tx),
            Peer::Destination(destination) => {
                let (id, destination) = (self.session.to_string(), destination.to_string());
                for part in [STREAM_CONNECT, " ID=", &id, " DESTINATION=", &destination, " SILENT=false\n"] {
                    tx.extend_from_slice(part.as_bytes());
                }
            }
        }
    }

    fn awaiting(&self) -> &'static str {
        match self.peer {
            Peer::Hash(_) => NAMING_REPLY,
            Peer::Destination(_) => STREAM_STATUS,
        }
    }

    fn hear(&mut self, line: &mut [u8]) -> Result<(Event, Next<Destination>), Error> {
        match &self.peer {
            Peer::Hash(hash) => {
                let (event, destination) = Question::from(*hash).hear(line)?;
                self.peer = Peer::Destination(destination);
                Ok((event, Next::Say))
            }
            Peer::Destination(destination) => {
                let event = stream_status(line, STREAM_CONNECT)?;
                Ok((event, Next::Done(destination.clone())))
            }
        }
    }

    fn late(&self) -> Option<Error> {
        Some(Error::Late)
    }
}

/// Accepts the next stream of a session. The result is the caller's destination.
#[derive(Clone, Debug)]
pub struct Accept {
    session: SessionId,
    /// Whether the router has said that it accepts.
    ready: bool,
}

impl Accept {
    /// A stream to this session.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { session, ready: false }
    }
}

impl Dialogue for Accept {
    type Output = Destination;

    fn name(&self) -> &'static str {
        STREAM_ACCEPT
    }

    fn write(&self, tx: &mut Vec<u8>) {
        for part in [STREAM_ACCEPT, " ID=", &self.session.to_string(), " SILENT=false\n"] {
            tx.extend_from_slice(part.as_bytes());
        }
    }

    fn awaiting(&self) -> &'static str {
        if self.ready { "caller" } else { STREAM_STATUS }
    }

    fn hear(&mut self, line: &mut [u8]) -> Result<(Event, Next<Destination>), Error> {
        // In the place of a caller, too: a session may end while it waits.
        if !self.ready || line::words_of(line, STREAM_STATUS).is_some() {
            let event = stream_status(line, STREAM_ACCEPT)?;
            self.ready = true;
            return Ok((event, Next::Wait));
        }
        // Later versions have ports behind the destination.
        let caller = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let caller = Destination::parse(caller).map_err(Malformed::Destination)?;
        Ok((Event::Called(caller.hash()), Next::Done(caller)))
    }

    fn late(&self) -> Option<Error> {
        (!self.ready).then_some(Error::Silent { awaiting: STREAM_STATUS })
    }
}

/// Reads whether there is a stream.
fn stream_status(line: &[u8], request: &'static str) -> Result<Event, Error> {
    let (result, words) = line::result(line, STREAM_STATUS)?;
    match result {
        b"OK" => Ok(Event::Heard { reply: STREAM_STATUS, result: result.into() }),
        b"CANT_REACH_PEER" => Err(Error::NotFound { result: "CANT_REACH_PEER" }),
        b"PEER_NOT_FOUND" => Err(Error::NotFound { result: "PEER_NOT_FOUND" }),
        b"TIMEOUT" => Err(Error::TimedOut),
        b"INVALID_ID" => Err(Error::SessionGone),
        _ => Err(Error::Router(Router::new(request, words))),
    }
}
