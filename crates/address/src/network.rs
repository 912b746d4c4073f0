//! The kinds of networks in which peers have addresses.

/// A network in which peers have addresses. The numbers are those of BIP155.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Network {
    /// The Internet, version 4.
    Ipv4 = 1,
    /// The Internet, version 6.
    Ipv6 = 2,
    /// Onion services of Tor's retired version 2, with names of 16 letters.
    OnionV2 = 3,
    /// Onion services of Tor, version 3.
    Onion = 4,
    /// I2P.
    I2p = 5,
    /// CJDNS, in fc00::/8.
    Cjdns = 6,
    /// Yggdrasil, in 200::/7.
    Yggdrasil = 7,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Ipv4, Self::Ipv6, Self::OnionV2, Self::Onion, Self::I2p, Self::Cjdns, Self::Yggdrasil];

    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::OnionV2 => "onion-v2",
            Self::Onion => "onion",
            Self::I2p => "i2p",
            Self::Cjdns => "cjdns",
            Self::Yggdrasil => "yggdrasil",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::OnionV2 | Self::Onion => "Tor",
            Self::I2p => "I2P",
            Self::Cjdns => "CJDNS",
            Self::Yggdrasil => "Yggdrasil",
        }
    }

    /// The network of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }

    /// Its number in BIP155.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The network that alone can resolve a host's name, whether or not the name is valid: names that end in `.onion`
    /// (RFC 7686) and `.i2p` must not be looked up in the DNS.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let (_, ending) = name.rsplit_once('.')?;
        match () {
            () if ending.eq_ignore_ascii_case("onion") => Some(Self::Onion),
            () if ending.eq_ignore_ascii_case("i2p") => Some(Self::I2p),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn names_and_numbers_are_unique() {
        for (network, number) in Network::ALL.into_iter().zip(1..) {
            assert_eq!((network.number(), Network::named(network.name())), (number, Some(network)));
        }
        assert_eq!(Network::named("tor"), None);
    }

    #[test]
    fn names_that_the_dns_must_not_see_are_told_by_their_ending() {
        for (name, network) in [
            ("x.onion", Some(Network::Onion)),
            ("a.x.ONION.", Some(Network::Onion)),
            ("x.b32.i2p", Some(Network::I2p)),
            ("stats.i2p", Some(Network::I2p)),
            ("onion", None),
            ("x.onion.example", None),
            ("xonion", None),
            ("", None),
        ] {
            assert_eq!(Network::of_name(name), network, "{name}");
        }
    }
}
