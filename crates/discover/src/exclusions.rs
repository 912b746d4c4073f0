//! Networks that are never dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::seeds::SHOWN_LEN;

/// Networks that are never dialled, whatever the source of an address in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    /// Sorted; no network contains another.
    v4: Vec<Ipv4Net>,
    v6: Vec<Ipv6Net>,
}

/// A line that is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected an address or a network (192.0.2.0/24, 2001:db8::/32), not {text:?}")]
pub struct BadNetwork {
    /// Counted from 1.
    pub line: usize,
    /// Its first [`SHOWN_LEN`] characters.
    pub text: String,
}

impl Exclusions {
    /// Reads a list with one network per line; `#` and `;` start a comment. One bad line makes the whole list invalid:
    /// a network that is not understood would be dialled.
    ///
    /// # Errors
    /// The first line that is not a network.
    pub fn read(text: &str) -> Result<Self, BadNetwork> {
        let mut networks = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let content = line.split(['#', ';']).next().unwrap_or_default().trim();
            if content.is_empty() {
                continue;
            }
            let network = network(content);
            let bad = || BadNetwork { line: index + 1, text: content.chars().take(SHOWN_LEN).collect() };
            networks.push(network.ok_or_else(bad)?);
        }
        Ok(networks.into_iter().collect())
    }

    /// All networks; none contains another.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> {
        self.v4.iter().copied().map(IpNet::V4).chain(self.v6.iter().copied().map(IpNet::V6))
    }

    /// The number of networks; none contains another.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The excluded network that contains an address.
    #[must_use]
    pub fn network_of(&self, ip: IpAddr) -> Option<IpNet> {
        match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let nth = self.v4.partition_point(|network| network.network() <= ip);
                let network = self.v4.get(nth.checked_sub(1)?)?;
                network.contains(&ip).then_some(IpNet::V4(*network))
            }
            IpAddr::V6(ip) => {
                let nth = self.v6.partition_point(|network| network.network() <= ip);
                let network = self.v6.get(nth.checked_sub(1)?)?;
                network.contains(&ip).then_some(IpNet::V6(*network))
            }
        }
    }
}

/// An address, or a network as address and prefix length. IPv4-mapped IPv6 becomes IPv4.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(ip.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    /// Bits of `::ffff:0:0/96`.
    const MAPPED: u8 = 96;
    match network.trunc() {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED => match IpAddr::V6(v6.network()).to_canonical() {
            IpAddr::V4(ip) => Ipv4Net::new(ip, v6.prefix_len() - MAPPED).ok().map(IpNet::V4),
            IpAddr::V6(_) => Some(IpNet::V6(v6)),
        },
        network => Some(network),
    }
}

impl FromIterator<IpNet> for Exclusions {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network.trunc() {
                IpNet::V4(network) => v4.push(network),
                IpNet::V6(network) => v6.push(network),
            }
        }
        Self { v4: Ipv4Net::aggregate(&v4), v6: Ipv6Net::aggregate(&v6) }.in_order()
    }
}

impl Exclusions {
    fn in_order(mut self) -> Self {
        let v4 = |network: &Ipv4Net| -> Ipv4Addr { network.network() };
        let v6 = |network: &Ipv6Net| -> Ipv6Addr { network.network() };
        self.v4.sort_unstable_by_key(v4);
        self.v6.sort_unstable_by_key(v6);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Exclusions;

    fn network_of(list: &str, ip: &str) -> Option<String> {
        let network = Exclusions::read(list).unwrap().network_of(ip.parse().unwrap());
        network.map(|network| network.to_string())
    }

    #[test]
    fn an_address_is_in_the_network_that_covers_it() {
        const LIST: &str = "\u{feff}# opted out\n192.0.2.7/24 ; by mail\n10.0.0.0/8\n10.1.0.0/16\n\n2001:db8::/32\n::ffff:1.2.3.0/120\n::1\n";
        for (ip, network) in [
            ("192.0.2.255", Some("192.0.2.0/24")),
            ("::ffff:192.0.2.1", Some("192.0.2.0/24")),
            ("192.0.3.0", None),
            ("192.0.1.255", None),
            ("10.255.0.1", Some("10.0.0.0/8")),
            ("10.1.2.3", Some("10.0.0.0/8")),
            ("1.2.3.4", Some("1.2.3.0/24")),
            ("2001:db8:ffff::1", Some("2001:db8::/32")),
            ("2001:db9::", None),
            ("::1", Some("::1/128")),
            ("::2", None),
            ("0.0.0.0", None),
        ] {
            assert_eq!(network_of(LIST, ip).as_deref(), network, "{ip}");
        }
        assert_eq!(network_of("0.0.0.0/0\n", "9.9.9.9").as_deref(), Some("0.0.0.0/0"));
        assert!(Exclusions::read("# none\n").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_no_network_is_named() {
        for bad in ["1.2.3.4/33", "1.2.3", "example.org", "1.2.3.0/24/8", "::/129", "/8"] {
            let error = Exclusions::read(&format!("1.1.1.1\n\n{bad} # x\n")).unwrap_err();
            assert_eq!((error.line, &*error.text), (3, bad));
        }
    }
}
