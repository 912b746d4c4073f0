//! Why a name leads nowhere.

use handshake::{Blame, Fault};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;

use crate::escaped::EscapedText;

/// Why there are no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist.
    #[error("there is no host of the name {0}")]
    NotFound(String),
    /// The name exists, but has no record of the requested type.
    #[error("{name} has no {what}")]
    Nothing {
        /// The name.
        name: String,
        /// The missing record.
        what: &'static str,
    },
    /// The server reports a failure.
    #[error("the DNS server cannot resolve {name}: {code}")]
    Server {
        /// The name.
        name: String,
        /// Its response code.
        code: String,
    },
    /// No answer.
    #[error("no DNS server answered for {0} in time")]
    Timeout(String),
    /// Anything else.
    #[error("cannot resolve {name}: {what}")]
    Failed {
        /// The name.
        name: String,
        /// What went wrong.
        what: String,
    },
    /// The listed addresses use only transports that we lack.
    #[error("the records of {name} name only {transports}; verack dials {protocol} over TCP alone")]
    OtherTransports {
        /// The name.
        name: String,
        /// The protocol of the listed nodes.
        protocol: &'static str,
        /// Their names in the records, comma-separated.
        transports: String,
    },
    /// Each listed name failed; the least certain failure represents all.
    #[error("no name that {list} lists leads to an address: {error}")]
    Listed {
        /// The name with the list.
        list: String,
        /// The failure of a listed name.
        error: Box<ResolveError>,
    },
}

impl ResolveError {
    /// Converts an error of our own resolver; `what` is the requested record.
    pub fn of(name: &str, what: &'static str, error: &NetError) -> Self {
        let name = name.to_owned();
        match error {
            NetError::Timeout => Self::Timeout(name),
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NotFound(name),
                ResponseCode::NoError => Self::Nothing { name, what },
                code => Self::Server { name, code: code.to_string() },
            },
            NetError::Dns(DnsError::ResponseCode(code)) => Self::Server { name, code: code.to_string() },
            other => Self::Failed { name, what: EscapedText(&other.to_string()).to_string() },
        }
    }

    /// The less certain of two failures: the result must leave open whatever one of them leaves open.
    pub fn or(self, other: Self) -> Self {
        if other.doubt() > self.doubt() { other } else { self }
    }

    fn doubt(&self) -> u8 {
        match self {
            Self::NotFound(_) => 0,
            Self::Nothing { .. } | Self::OtherTransports { .. } => 1,
            Self::Server { .. } | Self::Failed { .. } => 2,
            Self::Timeout(_) => 3,
            Self::Listed { error, .. } => error.doubt(),
        }
    }
}

impl Fault for ResolveError {
    fn blame(&self) -> Blame {
        match self {
            // The user chose the name: neither the peer nor the path to it is at fault.
            Self::NotFound(_) | Self::Nothing { .. } => Blame::Mismatch,
            Self::Server { .. } | Self::Timeout(_) | Self::Failed { .. } => Blame::Network,
            Self::OtherTransports { .. } => Blame::Local,
            Self::Listed { error, .. } => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::Nothing { .. } => "resolve.not-found",
            Self::Timeout(_) => "resolve.timeout",
            Self::Server { .. } | Self::Failed { .. } => "resolve.failed",
            Self::OtherTransports { .. } => "local.no-transport",
            Self::Listed { error, .. } => error.code(),
        }
    }
}
