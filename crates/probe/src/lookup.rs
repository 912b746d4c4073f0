//! From a target to addresses: what its name leads to, and which addresses may be dialled.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use address::{Address, BadAddress, Endpoint, Network};
use discover::{Exclusions, HostPorts, Key, MAX_PER_NAME, MAX_PORTS_PER_HOST};
use handshake::{Blame, Fault};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::destination::Destination;
use crate::protocol::Identity;
use crate::refused::Refused;
use crate::resolve::{Family, Options, ResolveError, Resolver, Wanted};
use crate::routes::Routes;
use crate::target::{Kind, Target};

/// The rules that decide which addresses may be dialled.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The requested address family.
    pub family: Family,
    /// Networks that are never dialled.
    pub excluded: Arc<Exclusions>,
    /// The local address to dial from, if the user chose one.
    pub bind: Option<IpAddr>,
    /// Whether to dial an address that is not globally routable and comes only from a name.
    pub allow_private: bool,
    /// The proxies of the run.
    pub routes: Arc<Routes>,
}

impl Rules {
    /// Checks whether an address that the user named may be dialled.
    ///
    /// # Errors
    /// The reason why not.
    pub fn allow(&self, address: SocketAddr) -> Result<(), Refused> {
        let ip = address.ip();
        if !self.family.takes(ip) {
            return Err(Refused::LeftOut(address));
        }
        if let Some(bound) = self.bind.filter(|bound| bound.is_ipv4() != ip.is_ipv4()) {
            return Err(Refused::OtherFamily { address, bound });
        }
        match self.excluded.network_of(ip) {
            Some(network) => Err(Refused::Excluded { address, network }),
            None => Ok(()),
        }
    }

    /// Checks an address that a name led to: a name must not direct us into our own network.
    fn allow_behind(&self, name: &str, address: SocketAddr) -> Result<(), Refused> {
        if !(self.allow_private || is_localhost(name) || discover::is_globally_routable(address.ip())) {
            return Err(Refused::NotRoutable(address));
        }
        self.allow(address)
    }
}

/// The part of an attempt's time that a lookup may take. The peer has the rest, so that a late answer is not its fault.
pub fn share_of(timeout: Duration) -> Duration {
    timeout / 4 * 3
}

/// Finds the addresses behind targets.
#[derive(Clone, Debug)]
pub struct Lookup {
    resolver: Resolver,
    rules: Rules,
    /// The ports of each host that lists have named.
    ports: Arc<Mutex<HostPorts>>,
}

/// An address and the node there, or the reason why one or more are not dialled.
pub type Found = Result<(Destination, Identity), Refused>;

/// The findings of a lookup, in parts.
#[derive(Debug)]
pub enum Finding {
    /// These addresses were found.
    Found(Vec<Found>),
    /// The lookup is over.
    Ended(Result<(), ResolveError>),
}

/// The run was interrupted after this time, during a lookup.
#[derive(Debug, thiserror::Error)]
#[error("looking up its name was not over after {:.1} s, when the run was interrupted", .0.as_secs_f64())]
pub struct Interrupted(pub Duration);

impl Fault for Interrupted {
    fn blame(&self) -> Blame {
        Blame::Local
    }

    fn code(&self) -> &'static str {
        net::INTERRUPTED
    }
}

impl Lookup {
    /// A lookup for one run.
    pub fn new(options: Options, rules: Rules) -> Self {
        let ports = Arc::new(Mutex::new(HostPorts::new(Key::new(rand::random()))));
        Self { resolver: Resolver::new(options), rules, ports }
    }

    /// The rules for addresses.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Hands over every address behind a target as soon as it is known, with this port unless the target has one. Dials
    /// nothing. Addresses that must not be dialled come with the reason.
    ///
    /// # Errors
    /// [`ResolveError`], if no address was found by the deadline.
    pub async fn find(
        &self,
        target: &Target,
        port: u16,
        deadline: Instant,
        mut found: impl FnMut(Vec<Found>),
    ) -> Result<(), ResolveError> {
        let Target { kind, identity, .. } = target;
        let addresses = |name: &str, family, port| Wanted::Addresses { name: name.to_owned(), family, port };
        let wanted = match kind {
            Kind::Address(ip, own) => {
                let address = ip.at(own.unwrap_or(port));
                found(vec![self.rules.allow(address).map(|()| (address.into(), identity.clone()))]);
                return Ok(());
            }
            Kind::Overlay(name, own) => {
                found(vec![self.behind_proxy(name, own.unwrap_or(port)).map(|to| (to, identity.clone()))]);
                return Ok(());
            }
            // The DNS must not be asked for what the proxy is to resolve.
            Kind::Name(name, _) | Kind::NameOf(_, name, _) | Kind::Seed(_, name)
                if self.rules.routes.resolve_names() =>
            {
                let port = match kind {
                    Kind::Name(_, Some(own)) | Kind::NameOf(.., own) => *own,
                    _ => port,
                };
                found(vec![Ok((Destination::Name(name.as_str().into(), port), identity.clone()))]);
                return Ok(());
            }
            Kind::Listed(name, _) if self.rules.routes.resolve_names() => {
                found(vec![Err(Refused::NoDns { name: name.clone() })]);
                return Ok(());
            }
            Kind::OutOfReach(why) => {
                found(vec![Err(why.clone())]);
                return Ok(());
            }
            Kind::Name(name, own) => addresses(name, Family::Any, own.unwrap_or(port)),
            Kind::NameOf(family, name, port) => addresses(name, *family, *port),
            Kind::Listed(name, port) => {
                let protocol = identity.protocol();
                let Some((protocol, listing)) = protocol.and_then(|protocol| Some((protocol, protocol.listing()?)))
                else {
                    return Err(ResolveError::Nothing { name: name.clone(), what: "list in the node's protocol" });
                };
                Wanted::Listed { name: name.clone(), port: *port, protocol, listing }
            }
            Kind::Seed(asked, own) => {
                // A seed that does not know services answers only to its own name. (Core: net.cpp ThreadDNSAddressSeed)
                let filtered = addresses(asked, Family::Any, port);
                match self.find_wanted(&filtered, identity, deadline, &mut found).await {
                    Err(error) if Instant::now() < deadline => {
                        tracing::debug!(%error, "the seed is asked by its own name");
                        addresses(own, Family::Any, port)
                    }
                    ended => return ended,
                }
            }
        };
        self.find_wanted(&wanted, identity, deadline, &mut found).await
    }

    /// The destination of a name of Tor's or I2P's.
    fn behind_proxy(&self, name: &str, port: u16) -> Result<Destination, Refused> {
        let bare = name.strip_suffix('.').unwrap_or(name);
        let (destination, bad) = match bare.parse::<Address>() {
            Ok(address) => {
                let port = if address.network() == Network::I2p { 0 } else { port };
                (Destination::Overlay(Endpoint { address, port }), None)
            }
            // Other names of I2P stand in the address book of its router.
            Err(BadAddress::Form) => (Destination::Name(bare.into(), port), None),
            Err(why) => (Destination::Name(bare.into(), port), Some(why)),
        };
        self.rules.routes.to(&destination)?;
        match bad {
            Some(why) => Err(Refused::BadName { name: name.to_owned(), why }),
            None => Ok(destination),
        }
    }

    async fn find_wanted(
        &self,
        wanted: &Wanted,
        identity: &Identity,
        deadline: Instant,
        found: &mut impl FnMut(Vec<Found>),
    ) -> Result<(), ResolveError> {
        let name = wanted.name();
        let mut known = HashSet::new();
        let mut is_found = false;
        let (mut over, mut ports_over, mut other_family) = (0, 0, false);
        let ended = self
            .resolver
            .find(wanted, identity, deadline, |addresses| {
                let mut some = Vec::with_capacity(addresses.len().min(MAX_PER_NAME));
                for (address, identity) in addresses {
                    if known.contains(&(address, identity.clone())) {
                        continue;
                    }
                    if known.len() == MAX_PER_NAME {
                        over += 1;
                        continue;
                    }
                    known.insert((address, identity.clone()));
                    match self.rules.allow_behind(name, address) {
                        Ok(()) if matches!(wanted, Wanted::Listed { .. }) && !self.admit(address) => ports_over += 1,
                        Ok(()) => some.push(Ok((address.into(), identity))),
                        // The user did not request this family; a list may contain it nevertheless.
                        Err(Refused::LeftOut(_)) => other_family = true,
                        Err(refused) => some.push(Err(refused)),
                    }
                }
                is_found |= !some.is_empty();
                found(some);
            })
            .await;
        let name = || name.to_owned();
        let too_many = (over > 0).then(|| Refused::TooMany { name: name(), count: over, most: MAX_PER_NAME });
        let ports = (ports_over > 0).then(|| Refused::TooManyPorts {
            name: name(),
            count: ports_over,
            most: MAX_PORTS_PER_HOST,
        });
        let cut: Vec<_> = too_many.into_iter().chain(ports).map(Err).collect();
        if !cut.is_empty() {
            found(cut);
        }
        match ended {
            Ok(()) if other_family && !is_found => {
                Err(ResolveError::Nothing { name: name(), what: self.rules.family.address() })
            }
            ended => ended,
        }
    }

    fn admit(&self, address: SocketAddr) -> bool {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner).admit(address)
    }

    /// As [`Lookup::find`], in its own task, which ends when the receiver is dropped.
    pub fn start(&self, target: &Target, port: u16, deadline: Instant) -> mpsc::UnboundedReceiver<Finding> {
        let (sender, findings) = mpsc::unbounded_channel();
        let (lookup, target) = (self.clone(), target.clone());
        tokio::spawn(async move {
            let finding = lookup.find(&target, port, deadline, |found| {
                let _ = sender.send(Finding::Found(found));
            });
            tokio::select! {
                ended = finding => {
                    let _ = sender.send(Finding::Ended(ended));
                }
                () = sender.closed() => {}
            }
        });
        findings
    }
}

impl Refused {
    /// The address that would have been dialled, if there is exactly one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::LeftOut(address)
            | Self::NotRoutable(address)
            | Self::OtherFamily { address, .. }
            | Self::Excluded { address, .. } => Some(*address),
            Self::NoProxy { .. }
            | Self::BadName { .. }
            | Self::NoDns { .. }
            | Self::NoTransport { .. }
            | Self::TooMany { .. }
            | Self::TooManyPorts { .. }
            | Self::TooLate { .. } => None,
        }
    }
}

/// Whether a name can only mean this machine. (RFC 6761)
pub fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
