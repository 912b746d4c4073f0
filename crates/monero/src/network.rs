//! Monero's networks, by the id in every handshake.

use core::fmt;

use handshake::{Hex, from_hex};

/// The id of a network: 16 bytes that must be equal in a handshake. (cryptonote_config.h: NETWORK_ID)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub [u8; 16]);

impl NetworkId {
    /// The network with this id, if it is known. A regtest node has the id of `monero`, and is reported as such.
    #[must_use]
    pub fn network(self) -> Option<&'static Network> {
        NETWORKS.iter().find(|network| network.id == self)
    }
}

/// The network's name, or the id in hexadecimal digits.
impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network() {
            Some(network) => f.write_str(network.name),
            None => Hex(&self.0).fmt(f),
        }
    }
}

impl fmt::Debug for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetworkId({self})")
    }
}

/// A network of Monero.
#[derive(Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name in this project: `monero-stagenet`.
    pub name: &'static str,
    /// The id in its nodes' handshakes.
    pub id: NetworkId,
    /// The port of its nodes by default.
    pub port: u16,
    /// The hash of its first block.
    pub genesis: [u8; 32],
    /// Names that resolve to some of its nodes.
    pub dns_seeds: &'static [&'static str],
}

impl Network {
    /// The network of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        NETWORKS.iter().find(|network| network.name.eq_ignore_ascii_case(name))
    }
}

/// All known networks. (src/cryptonote_config.h; the seeds: src/p2p/net_node.h)
pub const NETWORKS: &[Network] = &[
    Network {
        name: "monero",
        id: id(0x10),
        port: 18080,
        genesis: from_hex("418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3"),
        dns_seeds: &[
            "seeds.moneroseeds.se",
            "seeds.moneroseeds.ae.org",
            "seeds.moneroseeds.ch",
            "seeds.moneroseeds.li",
        ],
    },
    Network {
        name: "monero-testnet",
        id: id(0x11),
        port: 28080,
        genesis: from_hex("48ca7cd3c8de5b6a4d53d2861fbdaedca141553559f9be9520068053cda8430b"),
        dns_seeds: &[],
    },
    Network {
        name: "monero-stagenet",
        id: id(0x12),
        port: 38080,
        genesis: from_hex("76ee3cc98646292206cd3e86f74d88b4dcc1d937088645e9b0cbca84b7ce74eb"),
        dns_seeds: &[],
    },
    // In its handshake, `monerod --regtest` is on the main network. Only its forks differ.
    Network {
        name: "monero-regtest",
        id: id(0x10),
        port: 18080,
        genesis: from_hex("418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3"),
        dns_seeds: &[],
    },
];

/// The networks' ids differ in their last byte.
const fn id(last: u8) -> NetworkId {
    NetworkId([0x12, 0x30, 0xf1, 0x71, 0x61, 0x04, 0x41, 0x61, 0x17, 0x31, 0x00, 0x82, 0x16, 0xa1, 0xa1, last])
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{NETWORKS, Network, NetworkId};

    #[test]
    fn each_name_is_one_network() {
        for network in NETWORKS {
            assert_eq!(Network::named(network.name), Some(network));
            assert_eq!(Network::named(&network.name.to_uppercase()), Some(network));
        }
        assert_eq!(Network::named("bitcoin"), None);
    }

    #[test]
    fn an_id_is_shown_by_name_or_in_digits() {
        let names = NETWORKS.iter().map(|network| network.id.to_string());
        assert!(names.eq(["monero", "monero-testnet", "monero-stagenet", "monero"]));
        assert_eq!(NetworkId([0xab; 16]).to_string(), "ab".repeat(16));
    }
}
