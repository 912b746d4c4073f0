//! From a target to addresses: what its name leads to, and whether that may be dialled.

use std::net::SocketAddr;

use handshake::Stage;
use tokio::time::Instant;

use crate::attempt::{Attempts, NotRoutable};
use crate::exit::Error;
use crate::protocol::Whom;
use crate::resolve::{Family, Options, ResolveError, Resolver};
use crate::target::{Kind, Target};

/// Finds the addresses behind targets.
#[derive(Clone)]
pub struct Lookup {
    /// There is one if any target is a name.
    resolver: Option<Resolver>,
    /// Whether an address that only a name led to is dialled even if it is not globally routable.
    allow_private: bool,
}

/// An address and who is there; otherwise why it is not dialled.
pub type Found = Result<(SocketAddr, Whom), NotRoutable>;

impl Lookup {
    /// For these targets. A resolver is made only if one of them is a name.
    ///
    /// # Errors
    /// As [`Resolver::new`].
    pub fn new<'t>(
        options: Options,
        allow_private: bool,
        targets: impl IntoIterator<Item = &'t Target>,
    ) -> Result<Self, Error> {
        let is_name = |target: &Target| !matches!(target.kind, Kind::Address(..));
        let resolver = targets.into_iter().any(is_name).then(|| Resolver::new(options)).transpose()?;
        Ok(Self { resolver, allow_private })
    }

    /// Every address behind a target, at this port unless it has its own. None is dialled yet.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub fn addresses(
        &self,
        target: &Target,
        port: u16,
    ) -> impl Future<Output = Result<Vec<Found>, ResolveError>> + use<> {
        let Self { resolver, allow_private } = self.clone();
        let Target { kind, whom, .. } = target.clone();
        async move {
            let resolver = || resolver.as_ref().expect("there is one if any target is a name");
            let (name, family, port) = match kind {
                Kind::Address(ip, own) => return Ok(vec![Ok((SocketAddr::new(ip, own.unwrap_or(port)), whom))]),
                Kind::Listed(name) => {
                    let listed = resolver().listed(&name, whom.peer_id()).await?;
                    return Ok(listed.into_iter().map(|found| allowed(found, &name, allow_private)).collect());
                }
                Kind::Name(name, own) => (name, Family::Any, own.unwrap_or(port)),
                Kind::NameOf(family, name, port) => (name, family, port),
            };
            let addresses = resolver().addresses(&name, family, port).await?;
            let found = addresses.into_iter().map(|address| (address, whom.clone()));
            Ok(found.map(|found| allowed(found, &name, allow_private)).collect())
        }
    }

    /// Those of them that may be dialled. Why others may not, and why there are none, is reported.
    pub async fn dialable(&self, target: &Target, port: u16, attempts: &Attempts) -> Vec<SocketAddr> {
        let started = Instant::now();
        let who = (&*target.text, &target.whom);
        let found = match self.addresses(target, port).await {
            Ok(found) => found,
            Err(error) => {
                attempts.fail(who, None, Stage::Resolve, started, &error).await;
                return Vec::new();
            }
        };
        let mut dialable = Vec::with_capacity(found.len());
        for found in found {
            match found {
                Ok((address, _)) => dialable.push(address),
                Err(fault) => attempts.fail(who, Some(fault.0), Stage::Connect, started, &fault).await,
            }
        }
        dialable
    }
}

/// What a name led to, if that may be dialled: one must not be able to point us into our own network.
fn allowed((address, whom): (SocketAddr, Whom), name: &str, allow_private: bool) -> Found {
    match allow_private || is_localhost(name) || discover::is_globally_routable(address.ip()) {
        true => Ok((address, whom)),
        false => Err(NotRoutable(address)),
    }
}

/// Whether a name can mean nothing but this machine itself. (RFC 6761)
pub fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
