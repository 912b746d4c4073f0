//! Accepts connections up to three caps: in all, from one address, and from one network.
//!
//! ```text
//!                     full?              over its share?
//! connection ──▶ one of the greediest ──▶ turned away ──▶ in
//!                network gives way
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Limits on connections that are open at once.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In all. When all places are taken, a connection from another network takes the place of the newest connection of
    /// the network that holds most. So one owner of many addresses cannot block all other peers.
    pub total: usize,
    /// From one IPv4 address or IPv6 /64 network, which is what one host is given. One IPv4 /24 or IPv6 /48 network,
    /// which is what one customer is given, may hold [`NETWORK_SHARE`] times as many.
    pub per_address: usize,
}

/// A network may hold this many times the places of one address.
pub const NETWORK_SHARE: usize = 4;

/// Accepts connections on one address. Clones of [`Caps`] are counted separately; listeners made with
/// [`Listener::also`] share one count.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    admission: Admission,
}

/// A connection that came in.
#[derive(Debug)]
pub enum Accepted {
    /// Within the caps.
    In {
        /// The connection.
        stream: TcpStream,
        /// Its address.
        peer: SocketAddr,
        /// Keeps its place until dropped.
        permit: Permit,
    },
    /// Over a cap; the connection was closed.
    Turned(SocketAddr, Turned),
}

/// Which cap a connection was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Turned {
    /// [`Caps::total`]
    Total,
    /// [`Caps::per_address`]
    PerAddress,
    /// [`NETWORK_SHARE`] times [`Caps::per_address`]
    PerNetwork,
}

impl Listener {
    /// Listens on an address; port 0 lets the system choose one.
    ///
    /// # Errors
    /// If the address is in use, or not ours.
    pub async fn bind(address: SocketAddr, caps: Caps) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, admission: Admission::new(caps) })
    }

    /// Listens on another address as well, under the same caps.
    ///
    /// # Errors
    /// If the address is in use, or not ours.
    pub async fn also(&self, address: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, admission: self.admission.clone() })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection, with Nagle's delay turned off.
    ///
    /// A peer that disconnected before we accept it is skipped. When our process runs out of files, this waits briefly
    /// until some are closed; the connection stays in the kernel's queue.
    ///
    /// # Errors
    /// If nothing can be accepted any more.
    pub async fn accept(&self) -> io::Result<Accepted> {
        /// Long enough not to spin, and short enough that no peer gives up.
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    return Ok(match self.admission.enter(peer.ip()) {
                        Ok(permit) => {
                            // It fails only if the peer is gone; the handshake reports that.
                            let _ = stream.set_nodelay(true);
                            Accepted::In { stream, peer, permit }
                        }
                        Err(turned) => Accepted::Turned(peer, turned),
                    });
                }
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => sleep(PAUSE).await,
                    Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) | None => return Err(error),
                    // accept(2): errors of the connection that was about to be accepted.
                    Some(_) => {}
                },
            }
        }
    }
}

/// Counts open connections.
#[derive(Clone, Debug)]
struct Admission {
    caps: Caps,
    inside: Arc<Mutex<Inside>>,
}

/// The open connections, in the order in which they came.
#[derive(Debug, Default)]
struct Inside {
    next: u64,
    places: BTreeMap<u64, Holder>,
}

/// The connection that holds a place.
#[derive(Debug)]
struct Holder {
    of: Networks,
    gives_way: Arc<Notify>,
}

impl Admission {
    fn new(caps: Caps) -> Self {
        Self { caps, inside: Arc::default() }
    }

    fn enter(&self, ip: IpAddr) -> Result<Permit, Turned> {
        let of = Networks::of(ip);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |is: &dyn Fn(&Networks) -> bool| inside.places.values().filter(|holder| is(&holder.of)).count();
        if count(&|other| other.address == of.address) >= self.caps.per_address {
            return Err(Turned::PerAddress);
        }
        if count(&|other| other.network == of.network) >= self.caps.per_address.saturating_mul(NETWORK_SHARE) {
            return Err(Turned::PerNetwork);
        }
        if inside.places.len() >= self.caps.total {
            let number = inside.greediest(of).ok_or(Turned::Total)?;
            if let Some(holder) = inside.places.remove(&number) {
                holder.gives_way.notify_one();
            }
        }
        let (number, gives_way) = (inside.next, Arc::new(Notify::new()));
        inside.next += 1;
        inside.places.insert(number, Holder { of, gives_way: gives_way.clone() });
        Ok(Permit { number, gives_way, inside: self.inside.clone() })
    }
}

impl Inside {
    /// The place to give to a newcomer from another network. Takes the group that holds most places, in it the network
    /// that holds most, and in that the newest connection. `None` if the newcomer's own group or network would then
    /// hold as many.
    fn greediest(&self, newcomer: Networks) -> Option<u64> {
        let (mut groups, mut networks) = (HashMap::<_, usize>::new(), HashMap::<_, usize>::new());
        for Holder { of, .. } in self.places.values() {
            *groups.entry(of.group).or_default() += 1;
            *networks.entry(of.network).or_default() += 1;
        }
        let held = |of: &Networks| {
            let [group, network] = [groups.get(&of.group), networks.get(&of.network)].map(Option::<&usize>::copied);
            (group.unwrap_or_default(), network.unwrap_or_default())
        };
        let (number, Holder { of, .. }) =
            self.places.iter().max_by_key(|(number, holder)| (held(&holder.of), **number))?;
        let ((group, network), (own_group, own_network)) = (held(of), held(&newcomer));
        let gives_way = if of.group == newcomer.group { network > own_network + 1 } else { group > own_group + 1 };
        gives_way.then_some(*number)
    }
}

/// The networks that contain an address, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Networks {
    /// The IPv4 address, or the IPv6 /64.
    address: IpAddr,
    /// The IPv4 /24, or the IPv6 /48.
    network: IpAddr,
    /// The IPv4 /16, or the IPv6 /32: what a provider is given.
    group: IpAddr,
}

impl Networks {
    fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        let first = |v4_bits: u32, v6_bits: u32| match ip {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX << (32 - v4_bits)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX << (128 - v6_bits)).into()),
        };
        Self { address: source(ip), network: first(24, 48), group: first(16, 32) }
    }
}

/// The address, or for IPv6 its /64 network.
pub(crate) fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A place among the connections that may be open at once. Dropping it frees the place.
#[derive(Debug)]
pub struct Permit {
    number: u64,
    gives_way: Arc<Notify>,
    inside: Arc<Mutex<Inside>>,
}

impl Permit {
    /// Completes once the place was given to another connection. The caller then closes this one.
    pub async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).places.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::{Admission, Caps, NETWORK_SHARE, Permit, Turned};

    #[test]
    fn places_are_capped_and_come_free_again() {
        let admission = Admission::new(Caps { total: 3, per_address: 2 });
        let enter = |ip: &str| admission.enter(ip.parse().unwrap());
        let first = enter("2001:db8::1").unwrap();
        let _second = enter("2001:db8::2").unwrap();
        assert_eq!(enter("2001:db8::3").unwrap_err(), Turned::PerAddress);
        let _third = enter("127.0.0.1").unwrap();
        assert_eq!(enter("127.0.0.2").unwrap_err(), Turned::Total);
        drop(first);
        assert!(enter("2001:db8::3").is_ok());
    }

    #[test]
    fn a_customer_has_a_share_however_many_networks_it_holds() {
        let admission = Admission::new(Caps { total: 1000, per_address: 2 });
        let own = |n: u16| Ipv6Addr::new(0x2a01, 1, 2, n, 0, 0, 0, 1).into();
        let held: Vec<_> = (0..100).map(|n| admission.enter(own(n))).collect();
        assert_eq!(held.iter().filter(|permit| permit.is_ok()).count(), 2 * NETWORK_SHARE);
        assert_eq!(held.last().unwrap().as_ref().unwrap_err(), &Turned::PerNetwork);
        assert!(admission.enter("2a01:1:3::1".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn the_newest_of_the_greediest_gives_way_to_a_caller_from_elsewhere() {
        const TOTAL: usize = 200;
        let admission = Admission::new(Caps { total: TOTAL, per_address: 1000 });
        // A provider's whole /32 connects, each time from another /48.
        let greedy = |n: u16| Ipv6Addr::new(0x2a01, 1, n, 0, 0, 0, 0, 1).into();
        let enter = |ip| admission.enter(ip);
        let attackers: Vec<Permit> = (0..200).map(|n| enter(greedy(n)).unwrap()).collect();
        assert_eq!(enter(greedy(300)).unwrap_err(), Turned::Total, "it does not make room for itself");
        let honest: Vec<Permit> = (1..=50u8).map(|n| enter([n, 1, 1, 1].into()).unwrap()).collect();
        assert_eq!(admission.inside.lock().unwrap().places.len(), TOTAL);
        for (nth, attacker) in attackers.iter().enumerate() {
            let gave_way = tokio::time::timeout(std::time::Duration::ZERO, attacker.gives_way()).await.is_ok();
            assert_eq!(gave_way, nth >= 150, "{nth}");
        }
        drop(attackers);
        assert_eq!(admission.inside.lock().unwrap().places.len(), honest.len());
    }
}
