//! A session: a destination of ours, with its tunnels.
//!
//! ```text
//! SESSION CREATE STYLE=STREAM ID=… DESTINATION=TRANSIENT SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4,0 inbound.quantity=1 …
//! SESSION STATUS RESULT=OK DESTINATION=<private key>
//! ```

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;

use handshake::Hex;
use zeroize::Zeroize as _;

use super::error::{Error, Malformed, Router};
use super::key::PrivateKey;
use super::request::{Dialogue, Next};
use super::{Event, line};

const SESSION_CREATE: &str = "SESSION CREATE";
const SESSION_STATUS: &str = "SESSION STATUS";

/// The name of a session, unlike all others of a router: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 8]);

impl SessionId {
    /// The name that these random bytes make.
    #[must_use]
    pub fn new(random: [u8; 8]) -> Self {
        Self(random)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Makes a session: a destination of ours, with its tunnels. i2pd takes 20 s for it, so make one for a run, and several
/// at once.
#[derive(Clone, Debug)]
pub struct CreateSession {
    /// Its name.
    pub id: SessionId,
    /// The destination.
    pub key: SessionKey,
    /// The tunnels.
    pub tunnels: Tunnels,
}

/// The destination of a session.
#[derive(Clone, Debug)]
pub enum SessionKey {
    /// A new one, with an Ed25519 key.
    Transient,
    /// One that we had before.
    Kept(PrivateKey),
}

/// The tunnels of a session, in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tunnels {
    /// Their number, 1 to 16.
    pub quantity: u8,
    /// Routers in each, up to 7; `None` leaves it to our router, which takes 3.
    pub hops: Option<u8>,
}

impl Tunnels {
    /// For a session that only dials. (Core: i2p.cpp)
    pub const DIALS: Self = Self { quantity: 1, hops: None };

    /// For a session that accepts. With one tunnel, i2pd may never publish how the destination is reached.
    pub const ACCEPTS: Self = Self { quantity: 3, hops: None };
}

/// A session. It lives as long as the connection on which it was made.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Its private key, and in it its destination.
    pub key: PrivateKey,
}

impl CreateSession {
    /// A session that only dials, under a destination that is new.
    #[must_use]
    pub fn dialling(id: SessionId) -> Self {
        Self { id, key: SessionKey::Transient, tunnels: Tunnels::DIALS }
    }

    /// A session that accepts streams, too.
    #[must_use]
    pub fn accepting(id: SessionId, key: SessionKey) -> Self {
        Self { id, key, tunnels: Tunnels::ACCEPTS }
    }
}

impl Dialogue for CreateSession {
    type Output = Session;

    fn name(&self) -> &'static str {
        SESSION_CREATE
    }

    fn write(&self, tx: &mut Vec<u8>) {
        let quantity = self.tunnels.quantity.to_string();
        let id = self.id.to_string();
        let mut say = |words: &[&str]| words.iter().for_each(|word| tx.extend_from_slice(word.as_bytes()));
        say(&[SESSION_CREATE, " STYLE=STREAM ID=", &id, " DESTINATION="]);
        match &self.key {
            SessionKey::Transient => say(&["TRANSIENT SIGNATURE_TYPE=7"]),
            SessionKey::Kept(key) => say(&[key.expose()]),
        }
        say(&[" i2cp.leaseSetEncType=4,0 inbound.quantity=", &quantity, " outbound.quantity=", &quantity]);
        if let Some(hops) = self.tunnels.hops {
            let hops = hops.to_string();
            say(&[" inbound.length=", &hops, " outbound.length=", &hops]);
        }
        say(&["\n"]);
    }

    fn awaiting(&self) -> &'static str {
        SESSION_STATUS
    }

    /// Whatever the result is, the private key is taken out of the line, so that neither a trace nor a buffer keeps it.
    fn hear(&mut self, line: &mut [u8]) -> Result<(Event, Next<Session>), Error> {
        let key = line::find(line, "DESTINATION").map(|range| {
            let key = PrivateKey::parse(&line[range.clone()]);
            line[range.clone()].zeroize();
            line[range].fill(b'*');
            key
        });
        let (result, words) = line::result(line, SESSION_STATUS)?;
        if result != b"OK" {
            return Err(Error::Session(Router::new(SESSION_CREATE, words)));
        }
        let event = Event::Heard { reply: SESSION_STATUS, result: result.into() };
        let key = match (key, &self.key) {
            (Some(key), SessionKey::Transient) => key.map_err(Malformed::PrivateKey)?,
            (None, SessionKey::Transient) => return Err(Malformed::Missing("DESTINATION").into()),
            (None, SessionKey::Kept(ours)) => ours.clone(),
            (Some(key), SessionKey::Kept(ours)) => {
                let key = key.map_err(Malformed::PrivateKey)?;
                if key.destination() != ours.destination() {
                    return Err(Malformed::OtherDestination.into());
                }
                key
            }
        };
        Ok((event, Next::Done(Session { id: self.id, key })))
    }

    fn late(&self) -> Option<Error> {
        Some(Error::Silent { awaiting: SESSION_STATUS })
    }
}
