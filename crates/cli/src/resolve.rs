//! From names to addresses, by the system's resolver or the one that the user named.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use handshake::{Blame, Fault};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;

use crate::exit::Error;

/// Looks up names.
#[derive(Clone)]
pub struct Resolver(TokioResolver);

/// How a resolver is asked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The server; the system's if there is none.
    pub server: Option<SocketAddr>,
    /// Which addresses.
    pub family: Family,
    /// How long a lookup may take in all.
    pub within: Duration,
}

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// Whether an address is of this family.
    pub fn takes(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

/// A UDP query or its answer may be lost: ask again after a third of the time.
const ATTEMPTS: u32 = 3;

impl Resolver {
    /// A resolver.
    ///
    /// # Errors
    /// If the system's resolver was asked for and its configuration cannot be read.
    pub fn new(options: Options) -> Result<Self, Error> {
        let no_resolver = |error: NetError| {
            Error::local("no resolver: the system's configuration cannot be used (name one with --resolver)", error)
        };
        let mut builder = match options.server {
            Some(server) => {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut config.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio().map_err(no_resolver)?,
        };
        let opts: &mut ResolverOpts = builder.options_mut();
        opts.ip_strategy = match options.family {
            Family::Any => LookupIpStrategy::Ipv4AndIpv6,
            Family::V4 => LookupIpStrategy::Ipv4Only,
            Family::V6 => LookupIpStrategy::Ipv6Only,
        };
        opts.timeout = options.within / ATTEMPTS;
        opts.attempts = (ATTEMPTS - 1) as usize;
        // Each name is asked for once.
        opts.cache_size = 0;
        builder.build().map(Self).map_err(no_resolver)
    }

    /// Every address of a name, each once.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let lookup = self.0.lookup_ip(name).await.map_err(|error| ResolveError::of(name, &error))?;
        let mut addresses: Vec<_> = lookup.iter().collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.is_empty() { Err(ResolveError::NoAddress(name.to_owned())) } else { Ok(addresses) }
    }
}

/// Why there are no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist.
    #[error("there is no host of the name {0}")]
    NotFound(String),
    /// The name exists, but has no address of the family asked for.
    #[error("{0} has no address")]
    NoAddress(String),
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
}

impl ResolveError {
    fn of(name: &str, error: &NetError) -> Self {
        let name = name.to_owned();
        match error {
            NetError::Timeout => Self::Timeout(name),
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NotFound(name),
                ResponseCode::NoError => Self::NoAddress(name),
                code => Self::Server { name, code: code.to_string() },
            },
            NetError::Dns(DnsError::ResponseCode(code)) => Self::Server { name, code: code.to_string() },
            other => Self::Failed { name, what: other.to_string() },
        }
    }
}

impl Fault for ResolveError {
    fn blame(&self) -> Blame {
        match self {
            // The name is as the user gave it: neither the peer nor the path to it is at fault.
            Self::NotFound(_) | Self::NoAddress(_) => Blame::Mismatch,
            Self::Server { .. } | Self::Timeout(_) | Self::Failed { .. } => Blame::Network,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::NoAddress(_) => "resolve.not-found",
            Self::Timeout(_) => "resolve.timeout",
            Self::Server { .. } | Self::Failed { .. } => "resolve.failed",
        }
    }
}
