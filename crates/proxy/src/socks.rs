//! SOCKS5: asks a proxy for a connection to a name or an IP address. (RFC 1928; user and password: RFC 1929)
//!
//! ```text
//! client                                          proxy
//!   05 n methods                   ──────────▶
//!                                  ◀──────────    05 method
//!   01 ulen user plen password     ──────────▶                  only if it chose 02
//!                                  ◀──────────    01 status
//!   05 01 00 03 len name port      ──────────▶
//!                                  ◀──────────    05 reply 00 type address port
//! ```
//!
//! A plain proxy is asked step by step: microsocks hangs on a greeting and a request in one segment, and drops what
//! follows. Tor takes user, password, request and the first bytes for the peer in one segment, which saves a round trip
//! through the circuit. It must have chosen the method before: if user and password come with the greeting, tor loses its
//! `05 02`.

mod credentials;
mod destination;
mod error;
mod reply;

use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Handshake, ReadError, Rx, Stage, Step, Unfinished};

pub use credentials::{BadLength, Credentials, Isolation, MAX_WORD, UserPassword};
pub use destination::{Destination, MAX_NAME};
pub use error::{Awaited, Error, Malformed, Refusal};
pub use reply::{Bound, Route};

/// The version of SOCKS, first in each message but those of user and password.
const VERSION: u8 = 5;

/// The command: connect.
const CONNECT: u8 = 1;

/// What stands where nothing has a meaning.
const RESERVED: u8 = 0;

/// A method: no user and password.
const NO_CREDENTIALS: u8 = 0;

/// A method: user and password. (RFC 1929)
const CREDENTIALS: u8 = 2;

/// In the place of a method: none is acceptable.
const NONE_ACCEPTABLE: u8 = 0xff;

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We offered methods.
    SaidMethods,
    /// The proxy chose this method.
    HeardMethod(u8),
    /// We sent user and password. The bytes of this event contain the password.
    SaidCredentials,
    /// The proxy accepts user and password.
    HeardCredentials,
    /// We asked for the connection.
    SaidRequest,
    /// We sent this many bytes of the protocol above, before the connection is there.
    SaidEarly(usize),
    /// The connection is there.
    HeardReply(Bound),
}

/// Asks a proxy for one connection.
#[derive(Debug)]
pub struct Client {
    destination: Destination,
    proxy: Proxy,
    state: State,
}

/// The kind of the proxy, and what it alone gets.
#[derive(Debug)]
enum Proxy {
    Plain(Option<Credentials>),
    Tor { isolation: Isolation, early: Vec<u8> },
}

#[derive(Debug)]
enum State {
    SayMethods,
    Method,
    SayCredentials,
    CredentialsStatus,
    SayRequest,
    SayEarly,
    Reply,
    Connected(Bound),
    Over,
}

impl Client {
    /// A connection through any SOCKS5 proxy. It is asked step by step, and gets the credentials if it wants some.
    #[must_use]
    pub fn plain(destination: Destination, credentials: Option<Credentials>) -> Self {
        Self::new(destination, Proxy::Plain(credentials))
    }

    /// A connection through Tor, over a circuit that only connections of the same isolation share.
    ///
    /// The first bytes for the peer, `early`, leave together with the request. They are lost if there is no connection,
    /// so they must be what our side says first in any case; empty sends nothing early. No connection is made without
    /// isolation: user and password are the only method that is offered.
    #[must_use]
    pub fn tor(destination: Destination, isolation: Isolation, early: Vec<u8>) -> Self {
        Self::new(destination, Proxy::Tor { isolation, early })
    }

    fn new(destination: Destination, proxy: Proxy) -> Self {
        Self { destination, proxy, state: State::SayMethods }
    }

    /// How the connection is routed, which decides what the codes of replies mean.
    #[must_use]
    pub fn route(&self) -> Route {
        match &self.proxy {
            Proxy::Plain(_) => Route::Proxy,
            Proxy::Tor { .. } if self.destination.is_onion() => Route::Onion,
            Proxy::Tor { .. } => Route::Exit,
        }
    }

    fn methods(&self) -> &'static [u8] {
        match &self.proxy {
            Proxy::Plain(None) => &[NO_CREDENTIALS],
            Proxy::Plain(Some(_)) => &[NO_CREDENTIALS, CREDENTIALS],
            Proxy::Tor { .. } => &[CREDENTIALS],
        }
    }

    /// Says what is due, without waiting for more bytes.
    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Event> {
        let (event, next) = match (&self.state, &self.proxy) {
            (State::SayMethods, _) => {
                let methods = self.methods();
                tx.extend([VERSION, u8::try_from(methods.len()).expect("two at most")]);
                tx.extend_from_slice(methods);
                (Event::SaidMethods, State::Method)
            }
            (State::SayCredentials, Proxy::Tor { isolation, .. }) => {
                isolation.write(tx);
                (Event::SaidCredentials, State::SayRequest)
            }
            (State::SayCredentials, Proxy::Plain(credentials)) => {
                credentials.as_ref().expect("the method is offered only with credentials").write(tx);
                (Event::SaidCredentials, State::CredentialsStatus)
            }
            (State::SayRequest, proxy) => {
                tx.extend([VERSION, CONNECT, RESERVED]);
                match proxy {
                    Proxy::Plain(_) => self.destination.write(tx),
                    Proxy::Tor { .. } => self.destination.write_as_name(tx),
                }
                let next = match proxy {
                    Proxy::Plain(_) => State::Reply,
                    Proxy::Tor { early, .. } if early.is_empty() => State::CredentialsStatus,
                    Proxy::Tor { .. } => State::SayEarly,
                };
                (Event::SaidRequest, next)
            }
            (State::SayEarly, Proxy::Tor { early, .. }) => {
                tx.extend_from_slice(early);
                (Event::SaidEarly(early.len()), State::CredentialsStatus)
            }
            _ => return None,
        };
        self.state = next;
        Some(event)
    }

    /// Processes a message of the proxy.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError<Error>> {
        let (event, next) = match self.state {
            State::Method => {
                let method = reply::method(rx)?;
                let next = match method {
                    NONE_ACCEPTABLE => return Err(Error::NoMethod { with_credentials: self.has_credentials() }.into()),
                    chosen if !self.methods().contains(&chosen) => return Err(Malformed::Method(chosen).into()),
                    NO_CREDENTIALS => State::SayRequest,
                    _ => State::SayCredentials,
                };
                (Event::HeardMethod(method), next)
            }
            State::CredentialsStatus => {
                reply::credentials_status(rx)?;
                // Tor has our request already.
                let next = if matches!(self.proxy, Proxy::Plain(_)) { State::SayRequest } else { State::Reply };
                (Event::HeardCredentials, next)
            }
            _ => {
                let bound = reply::reply(rx, self.route())?;
                (Event::HeardReply(bound.clone()), State::Connected(bound))
            }
        };
        self.state = next;
        Ok(event)
    }

    fn has_credentials(&self) -> bool {
        self.methods().contains(&CREDENTIALS)
    }

    fn awaited(&self) -> Awaited {
        match self.state {
            State::SayMethods | State::Method => Awaited::Method { with_credentials: self.has_credentials() },
            State::SayCredentials | State::CredentialsStatus => Awaited::CredentialsStatus,
            _ => Awaited::Reply,
        }
    }
}

impl Conversation for Client {
    /// The proxy's end of the connection.
    type Output = Bound;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Bound>, Error> {
        if let Some(event) = self.say(tx) {
            return Ok(Step::Event(event));
        }
        match mem::replace(&mut self.state, State::Over) {
            State::Connected(bound) => return Ok(Step::Done(bound)),
            State::Over => return Ok(Step::Need(1)),
            waiting => self.state = waiting,
        }
        match self.hear(rx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        self.awaited().name()
    }

    /// Whatever ends the connection before `Done`, the peer has no part in it, unless we waited for the way to it.
    fn ended(&self, end: End, _rest: &[u8]) -> Option<Error> {
        let awaited = self.awaited();
        Some(match (end, awaited) {
            (End::Closed, _) => Error::Closed { awaited },
            (End::Silent, Awaited::Reply) => Error::Late(self.route()),
            (End::Silent, _) => Error::Silent { awaited },
        })
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        (!rest.is_empty())
            .then(|| Unfinished::new(self.awaiting(), rest.len(), reply::announced_len(self.awaited(), rest)))
    }
}

/// A proxy is a part of the connection.
impl Handshake for Client {
    fn stage(&self) -> Stage {
        Stage::Connect
    }
}
