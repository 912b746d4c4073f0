//! From names to addresses, with the system's resolver or the server that the user named.
//!
//! ```text
//!                  ┌─ A ────▶ addresses
//! name ────────────┼─ AAAA ─▶ addresses                all side by side, under one deadline;
//! name with a list ┴─ TXT ──▶ addresses, names, lists  what is known is handed over at once
//! ```

mod error;
mod server;
mod system;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

pub use self::error::ResolveError;
use self::server::Server;
use self::system::System;
use crate::protocol::{Identity, Listed, Listing, Protocol};

/// Looks up names.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Resolves addresses, unless the user named a server.
    system: Option<System>,
    /// Resolves everything else; created on first use.
    server: Arc<OnceLock<Server>>,
    options: Options,
}

/// The settings of a resolver.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The server; the system's resolver if there is none.
    pub server: Option<SocketAddr>,
    /// The requested family.
    pub family: Family,
    /// The time limit of a lookup.
    pub within: Duration,
}

/// The requested address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// One family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum One {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl One {
    /// The name of an address of this family.
    fn address(self) -> &'static str {
        match self {
            Self::V4 => "IPv4 address",
            Self::V6 => "IPv6 address",
        }
    }
}

impl Family {
    /// The name of an address of this family.
    pub fn address(self) -> &'static str {
        match self {
            Self::Any => "address",
            Self::V4 => One::V4.address(),
            Self::V6 => One::V6.address(),
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

    /// The intersection; `None` if it is empty.
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, family) | (family, Self::Any) => Some(family),
            (one, other) => (one == other).then_some(one),
        }
    }

    /// Each requested family.
    fn each(self) -> &'static [One] {
        match self {
            Self::Any => &[One::V4, One::V6],
            Self::V4 => &[One::V4],
            Self::V6 => &[One::V6],
        }
    }
}

/// The subject of a lookup.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The addresses of a name.
    Addresses {
        /// The name.
        name: String,
        /// The requested family.
        family: Family,
        /// The port to add.
        port: u16,
    },
    /// The nodes that a name lists.
    Listed {
        /// The name.
        name: String,
        /// Only addresses with this port, if there is one.
        port: Option<u16>,
        /// Their protocol.
        protocol: &'static dyn Protocol,
        /// How it lists them.
        listing: &'static Listing,
    },
}

impl Wanted {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Addresses { name, .. } | Self::Listed { name, .. } => name,
        }
    }
}

/// Maximum number of entries of a name, including those of nested lists. bootstrap.libp2p.io lists some twenty.
const MAX_LISTED: usize = 64;

/// Maximum nesting of lists: bootstrap.libp2p.io names other lists, which name addresses.
const MAX_DEPTH: usize = 3;

impl Resolver {
    /// A resolver.
    pub fn new(options: Options) -> Self {
        let system = options.server.is_none().then(System::default);
        Self { system, server: Arc::default(), options }
    }

    /// Hands over every address behind `wanted`, with the node there, as soon as it is known. The addresses of one
    /// answer come together, in order. If `identity` is one node, a list leads only to that node's addresses.
    ///
    /// # Errors
    /// [`ResolveError`], if no address was found by the deadline.
    pub async fn find(
        &self,
        wanted: &Wanted,
        identity: &Identity,
        deadline: Instant,
        mut found: impl FnMut(Vec<(SocketAddr, Identity)>),
    ) -> Result<(), ResolveError> {
        let mut search = Search {
            resolver: self,
            identity,
            asking: FuturesUnordered::new(),
            left: MAX_LISTED,
            others: BTreeSet::new(),
        };
        tracing::debug!(name = wanted.name(), "looks up");
        search.begin(wanted);
        let (mut is_found, mut failed) = (false, None);
        loop {
            let answer = match timeout_at(deadline, search.asking.next()).await {
                Ok(None) => break,
                Ok(Some(answer)) => answer,
                Err(_) if is_found => {
                    tracing::debug!(name = wanted.name(), "not everything about this name was answered in time");
                    return Ok(());
                }
                Err(_) => return Err(ResolveError::Timeout(wanted.name().to_owned())),
            };
            match answer {
                Answer::Addresses(Ok(addresses)) => {
                    is_found |= !addresses.is_empty();
                    found(addresses);
                }
                Answer::List(Ok(texts), asked) => {
                    let at_once = search.read(&texts, &asked);
                    is_found |= !at_once.is_empty();
                    found(at_once);
                }
                Answer::Addresses(Err(error)) | Answer::List(Err(error), _) => {
                    failed = Some(match failed.take() {
                        Some(before) => ResolveError::or(before, error),
                        None => error,
                    });
                }
            }
        }
        if is_found { Ok(()) } else { Err(search.why_nothing(wanted, failed)) }
    }

    /// The user's server, or the system's servers.
    fn server(&self) -> &Server {
        let Options { server, within, .. } = self.options;
        self.server.get_or_init(|| match server {
            Some(server) => Server::named(server, within),
            None => Server::of_system(within),
        })
    }

    async fn addresses(&self, name: &str, family: One) -> Result<Vec<SocketAddr>, ResolveError> {
        let mut addresses = match &self.system {
            Some(system) => system.addresses(name, family).await?,
            None => self.server().addresses(name, family).await?,
        };
        if addresses.is_empty() {
            return Err(ResolveError::Nothing { name: name.to_owned(), what: family.address() });
        }
        addresses.sort_unstable();
        addresses.dedup();
        Ok(addresses)
    }
}

/// A list under lookup.
#[derive(Clone, Debug)]
struct Asked {
    name: String,
    port: Option<u16>,
    depth: usize,
    listing: &'static Listing,
}

/// The answer to one question.
enum Answer {
    Addresses(Result<Vec<(SocketAddr, Identity)>, ResolveError>),
    List(Result<Vec<Vec<u8>>, ResolveError>, Asked),
}

/// All questions of one lookup.
struct Search<'r> {
    resolver: &'r Resolver,
    identity: &'r Identity,
    asking: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// How many more entries are allowed.
    left: usize,
    /// Transports of listed nodes that we lack.
    others: BTreeSet<&'static str>,
}

impl Search<'_> {
    fn begin(&mut self, wanted: &Wanted) {
        match wanted {
            Wanted::Addresses { name, family, port } => self.ask(name, *family, *port, self.identity),
            Wanted::Listed { name, port, listing, .. } => {
                self.ask_list(Asked { name: name.clone(), port: *port, depth: 1, listing });
            }
        }
    }

    /// Queries the addresses of a name.
    fn ask(&mut self, name: &str, family: Family, port: u16, identity: &Identity) {
        let Some(family) = family.and(self.resolver.options.family) else { return };
        for &family in family.each() {
            let (resolver, name, identity) = (self.resolver.clone(), name.to_owned(), identity.clone());
            self.asking.push(Box::pin(async move {
                let addresses = resolver.addresses(&name, family).await;
                let at_port = |mut address: SocketAddr| {
                    address.set_port(port);
                    (address, identity.clone())
                };
                Answer::Addresses(addresses.map(|addresses| addresses.into_iter().map(at_port).collect()))
            }));
        }
    }

    fn ask_list(&mut self, asked: Asked) {
        let resolver = self.resolver.clone();
        self.asking.push(Box::pin(async move {
            let texts = resolver.server().list(&asked.name, asked.listing).await;
            Answer::List(texts, asked)
        }));
    }

    /// Returns the addresses in a list, and queries its names and nested lists.
    fn read(&mut self, texts: &[Vec<u8>], asked: &Asked) -> Vec<(SocketAddr, Identity)> {
        let mut at_once = Vec::new();
        for text in texts {
            let Some(listed) = (asked.listing.read)(text) else { continue };
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let meant = self.identity.key();
            if meant.is_some() && listed.identity().is_some_and(|identity| identity.key() != meant) {
                continue;
            }
            let fits = |port: u16| port > 0 && asked.port.is_none_or(|only| port == only);
            match listed {
                Listed::At(address, identity) if fits(address.port()) => at_once.push((address, identity)),
                Listed::Named { name, family, port, identity } if fits(port) => {
                    self.ask(&name, family, port, &identity);
                }
                Listed::List { name, port, .. } if asked.depth < MAX_DEPTH => {
                    self.ask_list(Asked { name, port: asked.port.or(port), depth: asked.depth + 1, ..*asked });
                }
                Listed::At(..) | Listed::Named { .. } | Listed::List { .. } => {}
                Listed::Needs(transport) => {
                    self.others.insert(transport);
                }
                Listed::Unreadable(error) => {
                    tracing::debug!(list = asked.name, %error, "a record names no node that can be dialled");
                }
            }
        }
        at_once
    }

    /// Why there is no address; `failed` is the least certain of all failures.
    fn why_nothing(&self, wanted: &Wanted, failed: Option<ResolveError>) -> ResolveError {
        let name = wanted.name().to_owned();
        match (wanted, failed) {
            (Wanted::Addresses { .. }, Some(ResolveError::Nothing { name, .. })) => self.nothing(wanted, name),
            (Wanted::Addresses { .. }, Some(error)) => error,
            (Wanted::Listed { .. }, Some(error)) if self.left == MAX_LISTED => error,
            (Wanted::Listed { .. }, Some(error)) => ResolveError::Listed { list: name, error: error.into() },
            (Wanted::Listed { protocol, .. }, None) if !self.others.is_empty() => {
                let transports: Vec<_> = self.others.iter().copied().collect();
                ResolveError::OtherTransports { name, protocol: protocol.name(), transports: transports.join(", ") }
            }
            (_, None) => self.nothing(wanted, name),
        }
    }

    /// The name has no record of the requested type.
    fn nothing(&self, wanted: &Wanted, name: String) -> ResolveError {
        let what = match wanted {
            Wanted::Addresses { family, .. } => family.and(self.resolver.options.family).unwrap_or(*family).address(),
            Wanted::Listed { listing, .. } => listing.record,
        };
        ResolveError::Nothing { name, what }
    }
}
