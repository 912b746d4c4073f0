//! Why there is no connection through a proxy, and the side to blame.

use core::fmt;

use handshake::{Blame, Fault, ReadError};

use super::reply::Route;

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Our proxy speaks another protocol.
    #[error("our proxy speaks no SOCKS5: its answer starts with {}", Byte(*.found))]
    NotSocks {
        /// Its first byte.
        found: u8,
    },
    /// Our proxy accepts none of the methods that we offered.
    #[error("our proxy accepts none of our methods of authentication{}", Hint { with_credentials: *.with_credentials })]
    NoMethod {
        /// Whether user and password were among them.
        with_credentials: bool,
    },
    /// Our proxy does not accept our user and password.
    #[error("our proxy does not accept our user and password (status {status})")]
    Credentials {
        /// Its status, not 0.
        status: u8,
    },
    /// An answer of our proxy cannot be read.
    #[error("our proxy answers in a way that SOCKS5 does not know: {0}")]
    Malformed(Malformed),
    /// Our proxy closed the connection before it had answered.
    #[error("our proxy closed the connection before its {}{}", .awaited.name(), .awaited.hint())]
    Closed {
        /// The answer that was due.
        awaited: Awaited,
    },
    /// Our proxy did not answer what it can answer by itself.
    #[error("our proxy sent no {} before our deadline", .awaited.name())]
    Silent {
        /// The answer that was due.
        awaited: Awaited,
    },
    /// At our deadline the connection was not there.
    #[error("{} before our deadline", NotYet(*.0))]
    Late(Route),
    /// Our proxy answered that there is no connection.
    #[error("{why} (reply {code:#04x})")]
    Refused {
        /// The code of its reply, not 0.
        code: u8,
        /// Its meaning.
        why: Refusal,
    },
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::NotSocks { .. }
            | Self::NoMethod { .. }
            | Self::Credentials { .. }
            | Self::Malformed(_)
            | Self::Closed { .. }
            | Self::Silent { .. } => Blame::Local,
            Self::Late(_) => Blame::Network,
            Self::Refused { why, .. } => why.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSocks { .. } => "local.proxy-not-socks",
            Self::NoMethod { .. } => "local.proxy-no-method",
            Self::Credentials { .. } => "local.proxy-credentials",
            Self::Malformed(_) => "local.proxy-malformed",
            Self::Closed { .. } => "local.proxy-closed",
            Self::Silent { .. } => "local.proxy-silent",
            Self::Late(Route::Onion) => "tor.timeout",
            Self::Late(Route::Proxy | Route::Exit) => "proxy.timeout",
            Self::Refused { why, .. } => why.reason(),
        }
    }

    /// The code of the proxy's reply.
    fn number(&self) -> Option<u64> {
        match self {
            Self::Refused { code, .. } => Some(u64::from(*code)),
            _ => None,
        }
    }
}

/// The fault in an answer of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It chose a method that we did not offer.
    #[error("it chose method {0:#04x}, which we did not offer")]
    Method(u8),
    /// Its answer to user and password has an unknown version.
    #[error("its answer to user and password has version {0}, not 1")]
    CredentialsVersion(u8),
    /// Its reply has another version.
    #[error("its reply has version {0}, not 5")]
    Version(u8),
    /// The reserved byte of its reply is not 0.
    #[error("the reserved byte of its reply is {0:#04x}, not 0")]
    Reserved(u8),
    /// Its reply has an address of an unknown type.
    #[error("its reply has an address of type {0}, which does not exist")]
    AddressType(u8),
}

/// It is read in the place of an answer.
impl From<Malformed> for ReadError<Error> {
    fn from(what: Malformed) -> Self {
        Error::Malformed(what).into()
    }
}

/// The answer of a proxy that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The choice of a method.
    Method {
        /// Whether user and password are among those that we offered.
        with_credentials: bool,
    },
    /// The answer to user and password.
    CredentialsStatus,
    /// The reply to our request.
    Reply,
}

impl Awaited {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Method { .. } => "choice of a method",
            Self::CredentialsStatus => "answer to user and password",
            Self::Reply => "reply to our request",
        }
    }

    fn hint(self) -> Hint {
        // In place of `05 ff`, microsocks closes.
        Hint { with_credentials: !matches!(self, Self::Method { with_credentials: false }) }
    }
}

/// What a proxy may lack to which no user and password were offered.
struct Hint {
    with_credentials: bool,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.with_credentials { "" } else { "; it may want a user and a password" })
    }
}

/// What our proxy had not done.
struct NotYet(Route);

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Route::Proxy => "our proxy had not connected",
            Route::Exit => "Tor had not connected",
            Route::Onion => "Tor had not reached the onion service",
        })
    }
}

/// The meaning of a reply other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// 01: the proxy does not say why.
    #[error("our proxy could not connect, and does not say why")]
    Failed,
    /// 02: its rules, or those of Tor's exits.
    #[error("the rules of our proxy do not allow this connection")]
    Forbidden,
    /// 03 and 04: no route, or an unknown name.
    #[error("our proxy cannot reach it: no route, or no such name")]
    Unreachable,
    /// 05: nothing listens there.
    #[error("the connection of our proxy was refused")]
    Refused,
    /// 06: no answer in time.
    #[error("the connection of our proxy timed out")]
    TimedOut,
    /// 07: the proxy makes no connections.
    #[error("our proxy does not know the command to connect")]
    Command,
    /// 08: the proxy does not know addresses of this type.
    #[error("our proxy does not take this type of address")]
    AddressType,
    /// 03 of Tor: it reaches none of its directories. (tor: `END_STREAM_REASON_NET_UNREACHABLE`)
    #[error("Tor cannot reach its own network")]
    Offline,
    /// A code without a meaning.
    #[error("our proxy could not connect, and its reason has no meaning")]
    Unassigned,
    /// 01 of an onion service: among others, nothing listens behind its port.
    #[error("Tor could not connect to the onion service, and does not say why")]
    OnionFailed,
    /// F0, and 04 of a Tor that hides its codes.
    #[error("Tor found no descriptor of the onion service")]
    OnionNotFound,
    /// F1.
    #[error("Tor found a descriptor of the onion service that is invalid")]
    OnionDescriptor,
    /// F2.
    #[error("none of the onion service's introduction points led to it")]
    OnionIntroduction,
    /// F3.
    #[error("Tor and the onion service did not meet at the rendezvous point")]
    OnionRendezvous,
    /// F4.
    #[error("the onion service wants an authorization, and Tor has none for it")]
    OnionUnauthorized,
    /// F5.
    #[error("the authorization that Tor has for the onion service is not the right one")]
    OnionWrongAuthorization,
    /// F6.
    #[error("the name of the onion service is invalid: its length, version or checksum is wrong")]
    OnionAddress,
    /// F7.
    #[error("the introduction to the onion service timed out")]
    OnionIntroductionTimedOut,
    /// 05: the service is up, and has not mapped this port.
    #[error("the onion service is up, and does not take connections on this port")]
    OnionPortClosed,
    /// 06.
    #[error("Tor did not reach the onion service in time")]
    OnionTimedOut,
    /// A code without a meaning.
    #[error("Tor could not connect to the onion service, and its reason has no meaning")]
    OnionUnassigned,
}

impl Refusal {
    /// The meaning of a reply's code, not 0. (RFC 1928, 6; socks-extensions, "Extended error codes")
    pub(super) fn read(code: u8, route: Route) -> Self {
        match (code, route) {
            (0x02, _) => Self::Forbidden,
            (0x07, _) => Self::Command,
            (0x08, _) => Self::AddressType,
            (0x03, Route::Exit | Route::Onion) => Self::Offline,
            (0x01, Route::Proxy | Route::Exit) => Self::Failed,
            (0x03 | 0x04, Route::Proxy | Route::Exit) => Self::Unreachable,
            (0x05, Route::Proxy | Route::Exit) => Self::Refused,
            (0x06, Route::Proxy | Route::Exit) => Self::TimedOut,
            (_, Route::Proxy | Route::Exit) => Self::Unassigned,
            (0x01, Route::Onion) => Self::OnionFailed,
            (0x04 | 0xf0, Route::Onion) => Self::OnionNotFound,
            (0x05, Route::Onion) => Self::OnionPortClosed,
            (0x06, Route::Onion) => Self::OnionTimedOut,
            (0xf1, Route::Onion) => Self::OnionDescriptor,
            (0xf2, Route::Onion) => Self::OnionIntroduction,
            (0xf3, Route::Onion) => Self::OnionRendezvous,
            (0xf4, Route::Onion) => Self::OnionUnauthorized,
            (0xf5, Route::Onion) => Self::OnionWrongAuthorization,
            (0xf6, Route::Onion) => Self::OnionAddress,
            (0xf7, Route::Onion) => Self::OnionIntroductionTimedOut,
            (_, Route::Onion) => Self::OnionUnassigned,
        }
    }

    /// The stable code of its reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Failed | Self::Unassigned => "proxy.failed",
            Self::Forbidden => "local.proxy-forbids",
            Self::Unreachable => "proxy.unreachable",
            Self::Refused => "proxy.refused",
            Self::TimedOut => "proxy.timeout",
            Self::Command | Self::AddressType => "local.proxy-unsupported",
            Self::Offline => "local.proxy-offline",
            Self::OnionFailed | Self::OnionUnassigned => "tor.failed",
            Self::OnionNotFound => "tor.not-found",
            Self::OnionDescriptor => "tor.bad-descriptor",
            Self::OnionIntroduction | Self::OnionIntroductionTimedOut => "tor.introduction-failed",
            Self::OnionRendezvous => "tor.rendezvous-failed",
            Self::OnionUnauthorized | Self::OnionWrongAuthorization => "tor.needs-authorization",
            Self::OnionAddress => "tor.bad-address",
            Self::OnionPortClosed => "tor.port-closed",
            Self::OnionTimedOut => "tor.timeout",
        }
    }

    /// The side to blame.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::Forbidden | Self::Command | Self::AddressType | Self::Offline => Blame::Local,
            Self::OnionUnauthorized | Self::OnionWrongAuthorization => Blame::Refused,
            Self::OnionAddress => Blame::Mismatch,
            _ => Blame::Network,
        }
    }
}

/// `72 ('H')`
struct Byte(u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'!'..=b'~' => write!(f, "{} ('{}')", self.0, char::from(self.0)),
            byte => write!(f, "{byte}"),
        }
    }
}
