//! Why a name leads nowhere.

use handshake::{Blame, Fault};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;

use crate::escaped::EscapedText;

/// Why there are no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist.
    #[error("there is no host of the name {0}")]
    NotFound(String),
    /// The name exists, but has nothing of what was asked for.
    #[error("{name} has no {what}")]
    Nothing {
        /// Which name.
        name: String,
        /// What that would be.
        what: &'static str,
    },
    /// The server says that it cannot tell.
    #[error("the DNS server cannot resolve {name}: {code}")]
    Server {
        /// Which name.
        name: String,
        /// What it answered.
        code: String,
    },
    /// No answer.
    #[error("no DNS server answered for {0} in time")]
    Timeout(String),
    /// Anything else.
    #[error("cannot resolve {name}: {what}")]
    Failed {
        /// Which name.
        name: String,
        /// What went wrong.
        what: String,
    },
    /// What the name lists is reached over other transports than ours.
    #[error("the records of {name} name only {transports}; verack dials libp2p over TCP alone")]
    OtherTransports {
        /// Which name.
        name: String,
        /// Their names in multiaddrs, separated by commas.
        transports: String,
    },
    /// Each name that it lists failed; the least certain failure stands for all.
    #[error("no name that {list} lists leads to an address: {error}")]
    Listed {
        /// Which name has the list.
        list: String,
        /// What came of one of the others.
        error: Box<ResolveError>,
    },
}

impl ResolveError {
    /// What an error of our own resolver means; `what` is what was asked for.
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

    /// The less certain of two failures: what one of them leaves open, both together leave open.
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
            // The name is as the user gave it: neither the peer nor the path to it is at fault.
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
