//! The networks that can be chosen by name, of whichever protocol.

use crate::args::ProtocolName;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Of Bitcoin's family. Lightning runs on some of them.
    Bitcoin(&'static bitcoin::Chain),
    /// Of Ethereum's.
    Ethereum(&'static ethereum::Network),
    /// Of Monero's.
    Monero(&'static monero::Network),
}

/// A DNS seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The name that a network's own nodes ask for: with a label before it that says which services they look for.
    pub asked: String,
    /// Its own name. Not every seed knows such labels.
    pub own: String,
}

impl Chain {
    /// The network with this name or alias, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let bitcoin = bitcoin::Chain::named(name).map(Self::Bitcoin);
        let ethereum = || ethereum::Network::named(name).map(Self::Ethereum);
        let monero = || monero::Network::named(name).map(Self::Monero);
        bitcoin.or_else(ethereum).or_else(monero)
    }

    /// Every network.
    pub fn all() -> impl Iterator<Item = Self> {
        let bitcoin = bitcoin::CHAINS.iter().map(Self::Bitcoin);
        let ethereum = ethereum::NETWORKS.iter().map(Self::Ethereum);
        bitcoin.chain(ethereum).chain(monero::NETWORKS.iter().map(Self::Monero))
    }

    /// The names of networks and protocols whose nodes listen on this port as a rule.
    pub fn at_port(port: u16) -> impl Iterator<Item = &'static str> {
        /// Lightning's on Bitcoin. (BOLT 1)
        const LIGHTNING: u16 = 9735;
        let others = [
            (::ethereum::enode::DEFAULT_PORT, "Ethereum"),
            (LIGHTNING, "Lightning"),
            (super::libp2p::DEFAULT_PORT, "IPFS"),
        ];
        let bitcoin = bitcoin::CHAINS.iter().map(|chain| (chain.port, chain.name));
        let monero = monero::NETWORKS.iter().map(|network| (network.port, network.name));
        bitcoin.chain(monero).chain(others).filter(move |row| row.0 == port).map(|row| row.1)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bitcoin(chain) => chain.name,
            Self::Ethereum(network) => network.name,
            Self::Monero(network) => network.name,
        }
    }

    /// The port of its nodes, unless they choose another.
    pub fn port(self) -> u16 {
        match self {
            Self::Bitcoin(chain) => chain.port,
            Self::Ethereum(_) => ethereum::enode::DEFAULT_PORT,
            Self::Monero(network) => network.port,
        }
    }

    /// Its DNS seeds.
    pub fn dns_seeds(self) -> Vec<Seed> {
        let (seeds, asked): (_, Vec<_>) = match self {
            Self::Bitcoin(chain) => (chain.dns_seeds, chain.seed_names().collect()),
            Self::Ethereum(_) => return Vec::new(),
            Self::Monero(network) => (network.dns_seeds, network.dns_seeds.iter().map(ToString::to_string).collect()),
        };
        asked.into_iter().zip(seeds).map(|(asked, own)| Seed { asked, own: own.to_string() }).collect()
    }

    /// Whether this protocol is spoken on it.
    pub fn is_of(self, protocol: ProtocolName) -> bool {
        match self {
            Self::Bitcoin(chain) if protocol == ProtocolName::Lightning => {
                lightning::Chain::named(chain.name).is_some()
            }
            _ => self.protocol() == protocol,
        }
    }

    /// The protocol that its own nodes speak.
    pub fn protocol(self) -> ProtocolName {
        match self {
            Self::Bitcoin(_) => ProtocolName::Bitcoin,
            Self::Ethereum(_) => ProtocolName::Ethereum,
            Self::Monero(_) => ProtocolName::Monero,
        }
    }
}
