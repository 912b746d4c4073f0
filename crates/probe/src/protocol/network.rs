//! The networks of all protocols that can be chosen by name.

use super::{Misuse, Protocol, protocols};

/// A network.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The protocol of its nodes.
    pub protocol: &'static dyn Protocol,
    /// Its name.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// Its purpose, if known: `main`, `test` or `regtest`.
    pub kind: Option<&'static str>,
    /// The default port of its nodes.
    pub port: u16,
    /// The names of its DNS seeds.
    pub dns_seeds: &'static [&'static str],
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        (self.protocol, self.name) == (other.protocol, other.name)
    }
}

impl Eq for Network {}

/// A DNS seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The name that a network's own nodes query: with a label in front that lists the wanted services.
    pub asked: String,
    /// Its own name. Not every seed supports such labels.
    pub own: String,
}

impl Network {
    /// The network with this name or alias; case is ignored.
    pub fn named(name: &str) -> Option<Self> {
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        Self::all().find(|network| is(&network.name) || network.aliases.iter().any(&is))
    }

    /// All networks, one protocol after the other.
    pub fn all() -> impl Iterator<Item = Self> {
        protocols().flat_map(super::Protocol::networks)
    }

    /// Whether nodes of a protocol run on it: Lightning nodes run on some of Bitcoin's networks.
    pub fn speaks(&self, protocol: &dyn Protocol) -> bool {
        protocol.networks().iter().any(|network| network.name == self.name)
    }

    /// Its DNS seeds, queried by their own names.
    ///
    /// # Errors
    /// If it has none.
    pub fn own_seeds(&self) -> Result<Vec<Seed>, Misuse> {
        if self.dns_seeds.is_empty() {
            return Err(Misuse(format!("{} has no DNS seeds; name a target", self.name)));
        }
        let seed = |name: &&str| Seed { asked: (*name).to_owned(), own: (*name).to_owned() };
        Ok(self.dns_seeds.iter().map(seed).collect())
    }
}

/// Bitcoin's main network.
impl Default for Network {
    fn default() -> Self {
        Self::named("bitcoin").expect("it is in the table")
    }
}
