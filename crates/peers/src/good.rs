//! Whether a peer is good enough to be published, as the DNS seeders decide. (bitcoin-seeder: db.h CAddrInfo::IsGood)

use std::net::IpAddr;

use crate::peer::Peer;
use address::Network;

/// Has all blocks. (Core: protocol.h NODE_NETWORK)
const NODE_NETWORK: u64 = 1;

/// The requirements of a network's seeder.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    /// The network's default port: a DNS name gives no other. I2P has none.
    pub port: u16,
    /// The lowest protocol version. The seeder's is 70001. A peer without a known version passes.
    pub version: i64,
    /// The lowest height. The seeder's is 350000. A peer without a known height passes.
    pub height: i64,
    /// Whether an IP address can be that of a public node. Other networks' addresses always can.
    pub routable: fn(IpAddr) -> bool,
}

impl Standard {
    /// Whether a peer is good by this standard.
    #[must_use]
    pub fn is_met_by(&self, peer: &Peer) -> bool {
        let port = peer.endpoint.port == self.port || peer.endpoint.network() == Network::I2p;
        let routable = peer.endpoint.socket().is_none_or(|socket| {
            // CJDNS and Yggdrasil use IPv6 ranges that are not routed on the Internet.
            !matches!(peer.endpoint.network(), Network::Ipv4 | Network::Ipv6) || (self.routable)(socket.ip())
        });
        let at_least = |value: Option<i64>, least| value.is_none_or(|value| value == 0 || value >= least);
        // A peer with at most three attempts needs successes in at least half of them.
        let new_and_fair = peer.tried <= 3 && peer.good * 2 >= peer.tried;
        port && routable
            && peer.services & NODE_NETWORK != 0
            && at_least(peer.version, self.version)
            && at_least(peer.height, self.height)
            && (new_and_fair || peer.reliability.is_good())
    }
}

#[cfg(test)]
mod tests {
    use super::Standard;
    use crate::peer::{Peer, Time};

    #[test]
    fn a_peer_is_good_by_each_of_the_seeders_criteria() {
        let standard = Standard { port: 8333, version: 70001, height: 350_000, routable: |ip| !ip.is_loopback() };
        let mut good: Peer = Peer::new("bitcoin".into(), "1.2.3.4:8333".parse().unwrap(), Time(0));
        good.services = 9;
        assert!(standard.is_met_by(&good), "one that was never tried passes, as with the seeder");
        (good.version, good.height) = (Some(70016), Some(900_000));
        (good.tried, good.good) = (3, 2);
        assert!(standard.is_met_by(&good));
        let but = |change: fn(&mut Peer)| {
            let mut peer = good.clone();
            change(&mut peer);
            standard.is_met_by(&peer)
        };
        assert!(!but(|peer| peer.endpoint = "1.2.3.4:8334".parse().unwrap()));
        assert!(!but(|peer| peer.endpoint = "127.0.0.1:8333".parse().unwrap()));
        assert!(!but(|peer| peer.services = 8));
        assert!(!but(|peer| peer.version = Some(70000)));
        assert!(!but(|peer| peer.height = Some(349_999)));
        assert!(!but(|peer| peer.good = 1));
        assert!(!but(|peer| peer.tried = 4), "four attempts are judged by their averages");
        assert!(but(|peer| {
            peer.tried = 9;
            for _ in 0..9 {
                peer.reliability.update(true, Some(3600));
            }
        }));
    }
}
