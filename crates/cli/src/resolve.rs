//! From names to addresses, by the system's resolver or the one that the user named.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use handshake::{Blame, Fault};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;
use libp2p::{PeerId, Place};

use crate::exit::Error;
use crate::protocol::Whom;

/// Looks up names.
#[derive(Clone)]
pub struct Resolver {
    resolver: TokioResolver,
    /// What is asked for, whatever is looked up.
    family: Family,
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// What an address of this family is called.
    fn address(self) -> &'static str {
        match self {
            Self::Any => "address",
            Self::V4 => "IPv4 address",
            Self::V6 => "IPv6 address",
        }
    }

    /// Whether an address is of this family.
    pub fn takes(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

impl From<libp2p::target::Family> for Family {
    fn from(family: libp2p::target::Family) -> Self {
        match family {
            libp2p::target::Family::Any => Self::Any,
            libp2p::target::Family::V4 => Self::V4,
            libp2p::target::Family::V6 => Self::V6,
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
        let resolver = builder.build().map_err(no_resolver)?;
        Ok(Self { resolver, family: options.family })
    }

    /// Every address of a name in this family, each once, at this port.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub async fn addresses(&self, name: &str, family: Family, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
        let what = if family == Family::Any { self.family.address() } else { family.address() };
        let lookup = self.resolver.lookup_ip(name).await.map_err(|error| ResolveError::of(name, what, &error))?;
        let mut ips: Vec<_> = lookup.iter().filter(|ip| family.takes(*ip)).collect();
        ips.sort_unstable();
        ips.dedup();
        let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        some(addresses, name, what)
    }
}

/// What a name has that lists multiaddrs.
const LIST: &str = "dnsaddr record, which would be a TXT record of _dnsaddr and this name";

/// Multiaddrs that a name may list, and those that they list, together. bootstrap.libp2p.io lists some twenty.
const MAX_LISTED: usize = 64;

/// Lists that may lead to each other: bootstrap.libp2p.io names others, which name addresses.
const MAX_DEPTH: usize = 3;

impl Resolver {
    /// Every address behind the multiaddrs that a name lists, and who is there; each once. If `whom` is one node, only
    /// its own. (multiformats/multiaddr, `protocols/DNSADDR.md`)
    ///
    /// # Errors
    /// [`ResolveError`], if the list itself cannot be had or nothing in it can be dialled.
    pub async fn listed(&self, name: &str, whom: Option<&PeerId>) -> Result<Vec<(SocketAddr, Whom)>, ResolveError> {
        let mut found = Vec::new();
        let mut places: VecDeque<_> = self.list(name).await?.into_iter().map(|target| (target, 1)).collect();
        let mut left = MAX_LISTED;
        while let Some((libp2p::Target { place, peer_id }, depth)) = places.pop_front() {
            if left == 0 || whom.is_some() && peer_id.as_ref() != whom {
                continue;
            }
            left -= 1;
            // What leads nowhere does not keep the others from being dialled.
            let addresses = match place {
                Place::At(address) => vec![address],
                Place::Named { name, family, port } => {
                    self.addresses(&name, family.into(), port).await.unwrap_or_default()
                }
                Place::Listed(name) if depth < MAX_DEPTH => {
                    let more = self.list(&name).await.unwrap_or_default();
                    places.extend(more.into_iter().map(|target| (target, depth + 1)));
                    Vec::new()
                }
                Place::Listed(_) => Vec::new(),
            };
            let whom = Whom::Libp2p(peer_id.map(Box::new));
            let dialable = addresses.into_iter().filter(|address| address.port() > 0);
            found.extend(dialable.map(|address| (address, whom.clone())));
        }
        some(found, name, LIST)
    }

    /// The multiaddrs of a name that can be dialled.
    async fn list(&self, name: &str) -> Result<Vec<libp2p::Target>, ResolveError> {
        let answer = self.resolver.txt_lookup(format!("_dnsaddr.{name}")).await;
        let answer = answer.map_err(|error| match ResolveError::of(name, LIST, &error) {
            // The name itself may well be one.
            ResolveError::NotFound(name) => ResolveError::Nothing { name, what: LIST },
            other => other,
        })?;
        let texts = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
        let targets = texts.filter_map(|text| str::from_utf8(&text).ok()?.strip_prefix("dnsaddr=")?.parse().ok());
        Ok(targets.take(MAX_LISTED).collect())
    }
}

/// What a name has, if that is anything at all.
fn some<T>(found: Vec<T>, name: &str, what: &'static str) -> Result<Vec<T>, ResolveError> {
    if found.is_empty() { Err(ResolveError::Nothing { name: name.to_owned(), what }) } else { Ok(found) }
}

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
}

impl ResolveError {
    fn of(name: &str, what: &'static str, error: &NetError) -> Self {
        let name = name.to_owned();
        match error {
            NetError::Timeout => Self::Timeout(name),
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NotFound(name),
                ResponseCode::NoError => Self::Nothing { name, what },
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
            Self::NotFound(_) | Self::Nothing { .. } => Blame::Mismatch,
            Self::Server { .. } | Self::Timeout(_) | Self::Failed { .. } => Blame::Network,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::Nothing { .. } => "resolve.not-found",
            Self::Timeout(_) => "resolve.timeout",
            Self::Server { .. } | Self::Failed { .. } => "resolve.failed",
        }
    }
}
