//! Accepts connections, no more at once than it was told: in all, and from one address.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// From one IPv4 address or IPv6 /64 network, which is what one customer is given.
    pub per_address: usize,
}

/// Accepts connections on one address. Clones of [`Caps`] do not share; listeners made with [`Listener::also`] do.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    door: Door,
}

/// A connection that came in.
#[derive(Debug)]
pub enum Accepted {
    /// Within the caps.
    In {
        /// The connection.
        stream: TcpStream,
        /// Who it is.
        peer: SocketAddr,
        /// Holds its place until dropped.
        place: Place,
    },
    /// Over a cap; it was closed.
    Turned(SocketAddr, Turned),
}

/// Which cap a connection was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// [`Caps::total`]
    Total,
    /// [`Caps::per_address`]
    PerAddress,
}

impl Listener {
    /// Listens on an address; port 0 lets the system choose one.
    ///
    /// # Errors
    /// If the address is taken, or not ours.
    pub async fn bind(address: SocketAddr, caps: Caps) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, door: Door::new(caps) })
    }

    /// Listens on another address as well, under the same caps.
    ///
    /// # Errors
    /// If the address is taken, or not ours.
    pub async fn also(&self, address: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, door: self.door.clone() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection, with Nagle's delay turned off.
    ///
    /// A peer that is gone before we get to it does not count. When our side runs out of files it waits a little for
    /// some to be closed, since the connection stays in the kernel's queue.
    ///
    /// # Errors
    /// If nothing can be accepted any more.
    pub async fn accept(&self) -> io::Result<Accepted> {
        /// Long enough not to spin, short enough that no peer gives up.
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    return Ok(match self.door.enter(peer.ip()) {
                        Ok(place) => {
                            // It fails only if the peer is gone, which the handshake will find out.
                            let _ = stream.set_nodelay(true);
                            Accepted::In { stream, peer, place }
                        }
                        Err(turned) => Accepted::Turned(peer, turned),
                    });
                }
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => sleep(PAUSE).await,
                    Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) | None => return Err(error),
                    // accept(2): errors of the connection that was to be accepted.
                    Some(_) => {}
                },
            }
        }
    }
}

/// Counts who is in.
#[derive(Clone, Debug)]
struct Door {
    caps: Caps,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Door {
    fn new(caps: Caps) -> Self {
        Self { caps, inside: Arc::default() }
    }

    fn enter(&self, ip: IpAddr) -> Result<Place, Turned> {
        let source = source(ip);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.total >= self.caps.total {
            return Err(Turned::Total);
        }
        let from_there = inside.by_address.entry(source).or_default();
        if *from_there >= self.caps.per_address {
            return Err(Turned::PerAddress);
        }
        *from_there += 1;
        inside.total += 1;
        Ok(Place { source, inside: self.inside.clone() })
    }
}

/// The address, or for IPv6 its /64 network.
fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A place among the connections that may be open at once. Free again when dropped.
#[derive(Debug)]
pub struct Place {
    source: IpAddr,
    inside: Arc<Mutex<Inside>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.total -= 1;
        if let Some(count) = inside.by_address.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Caps, Door, Turned};

    #[test]
    fn places_are_capped_and_come_free_again() {
        let door = Door::new(Caps { total: 3, per_address: 2 });
        let enter = |ip: &str| door.enter(ip.parse().unwrap());
        let first = enter("2001:db8::1").unwrap();
        let _second = enter("2001:db8::2").unwrap();
        assert_eq!(enter("2001:db8::3").unwrap_err(), Turned::PerAddress);
        let _third = enter("127.0.0.1").unwrap();
        assert_eq!(enter("127.0.0.2").unwrap_err(), Turned::Total);
        drop(first);
        assert!(enter("2001:db8::3").is_ok());
    }
}
