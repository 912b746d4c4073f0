//! By which route a destination is dialled: by ourselves, through a SOCKS5 proxy, or through Tor.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use address::Network;
use net::{Dial, Timer, TunnelError, tunnel};
use proxy::socks::{self, Client, Credentials, Isolation};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::destination::Destination;
use crate::refused::Refused;

/// The proxies of a run. Without any, only socket addresses can be dialled.
#[derive(Debug)]
pub struct Routes {
    /// A proxy for everything. It resolves names, which the DNS is then never asked for.
    pub proxy: Option<ProxyServer>,
    /// SOCKS ports of Tor, for onion services. Connections take turns at them.
    pub tor: Vec<SocketAddr>,
    /// Random bytes of this run, by which Tor keeps its connections apart from those of others.
    isolation: [u8; 8],
    /// Connections asked of Tor so far.
    asked: AtomicUsize,
}

/// A SOCKS5 proxy.
#[derive(Clone, Debug)]
pub struct ProxyServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The user and password that it wants, if it wants some.
    pub credentials: Option<Credentials>,
}

/// A route to a destination.
#[derive(Clone, Copy, Debug)]
pub enum Route<'r> {
    /// A connection of our own.
    Direct(SocketAddr),
    /// A connection that another program makes for us.
    Proxied(Proxied<'r>),
}

/// The program that connects for us.
#[derive(Clone, Copy, Debug)]
pub enum Proxied<'r> {
    /// This proxy.
    By(&'r ProxyServer),
    /// One of the run's Tors.
    ByTor,
}

/// Why there is no connection through a proxy.
pub type NotTunnelled = TunnelError<socks::Error>;

impl Default for Routes {
    fn default() -> Self {
        Self::new(None, Vec::new())
    }
}

impl Routes {
    /// Routes through a proxy for everything, and through Tor for onion services.
    pub fn new(proxy: Option<ProxyServer>, tor: Vec<SocketAddr>) -> Self {
        Self { proxy, tor, isolation: rand::random(), asked: AtomicUsize::new(0) }
    }

    /// Whether names are resolved by a proxy, never by us.
    pub fn resolve_names(&self) -> bool {
        self.proxy.is_some()
    }

    /// The route to a destination.
    ///
    /// # Errors
    /// [`Refused::NoProxy`] if only a proxy could connect to it, and there is none.
    pub fn to(&self, destination: &Destination) -> Result<Route<'_>, Refused> {
        let overlay = destination.overlay();
        if let (Some(Network::Onion | Network::OnionV2), false) = (overlay, self.tor.is_empty()) {
            return Ok(Route::Proxied(Proxied::ByTor));
        }
        match (&self.proxy, destination) {
            // SOCKS knows no I2P: its names mean nothing to a proxy of the Internet.
            (Some(proxy), _) if overlay != Some(Network::I2p) => Ok(Route::Proxied(Proxied::By(proxy))),
            (_, Destination::Socket(address)) => Ok(Route::Direct(*address)),
            _ => Err(Refused::NoProxy { name: destination.to_string(), network: overlay }),
        }
    }

    /// Connects to a proxy, and has it connect to the destination.
    ///
    /// # Errors
    /// [`NotTunnelled`], which separates faults of our proxy from what it reports of the destination.
    pub async fn connect(
        &self,
        by: Proxied<'_>,
        destination: &Destination,
        within: Duration,
        timer: &mut Timer,
    ) -> Result<TcpStream, NotTunnelled> {
        let started = Instant::now();
        let wanted = match destination {
            Destination::Socket(address) => (*address).into(),
            Destination::Overlay(endpoint) => (*endpoint).into(),
            // Targets and lists have shorter names.
            Destination::Name(name, port) => socks::Destination::name(name, *port).ok_or(TunnelError::NoName)?,
        };
        let (address, mut client) = match by {
            Proxied::By(server) => (server.address, Client::plain(wanted, server.credentials.clone())),
            Proxied::ByTor => {
                let turn = self.asked.fetch_add(1, Ordering::Relaxed);
                let number = u64::try_from(turn).expect("usize has at most 64 bits");
                let isolation = Isolation::numbered(self.isolation, number);
                (self.tor[turn % self.tor.len()], Client::tor(wanted, isolation, Vec::new()))
            }
        };
        let mut stream =
            Dial::within(within).since(started).timed(timer).to(address).await.map_err(TunnelError::Unreachable)?;
        tunnel(&mut client, &mut stream, started + within, timer).await?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use handshake::Fault as _;

    use super::{Proxied, ProxyServer, Route, Routes};
    use crate::destination::Destination;

    fn onion() -> Destination {
        let name = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
        Destination::Overlay(name.parse().unwrap())
    }

    fn i2p() -> Destination {
        Destination::Overlay("ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p".parse().unwrap())
    }

    #[test]
    fn each_destination_has_its_route() {
        let socket = Destination::Socket("192.0.2.1:8333".parse().unwrap());
        let name = Destination::Name("node.example".into(), 8333);
        let [first, second] = ["127.0.0.1:9050", "127.0.0.1:9150"].map(|address| address.parse().unwrap());

        let none = Routes::default();
        assert!(matches!(none.to(&socket), Ok(Route::Direct(_))));
        assert!([onion(), i2p(), name.clone()].iter().all(|to| none.to(to).unwrap_err().code() == "local.no-proxy"));

        let tor = Routes::new(None, vec![first, second]);
        assert!(matches!(tor.to(&socket), Ok(Route::Direct(_))));
        assert!(matches!(tor.to(&onion()), Ok(Route::Proxied(Proxied::ByTor))));
        assert!(tor.to(&i2p()).is_err());

        let all = Routes::new(Some(ProxyServer { address: first, credentials: None }), Vec::new());
        assert!(
            [&socket, &name, &onion()].into_iter().all(|to| matches!(all.to(to), Ok(Route::Proxied(Proxied::By(_)))))
        );
        assert!(all.to(&i2p()).is_err());
    }
}
