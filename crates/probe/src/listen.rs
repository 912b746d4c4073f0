//! Accepts connections, and performs the handshake with each caller.
//!
//! ```text
//! listener ──┐                over a cap?   too fast?
//! listener ──┼──▶ connection ──▶ closed ────▶ closed ────▶ Attempts::accept, in a task of its own
//! listener ──┘
//! ```
//! A server in a few lines:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use verack_probe::Config;
//! use verack_probe::listen::{Limits, Server};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let probe = Config::on("bitcoin-regtest")?.probe()?;
//! let server = Server::bind(Arc::new(probe.attempts), &["127.0.0.1:18444".parse()?], Limits::default()).await?;
//! for address in server.addresses() {
//!     println!("listening on {address}");
//! }
//! server.run(None).await;
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use net::{Accepted, Caps, Listener, Pace, Permit, Rate};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::attempt::Attempts;
use crate::event::{Event, ListenerFailed};
use crate::protocol::Side;

/// Handshakes that an address may begin at once: as many as one run of a test suite. At 1.1 ms each (the time of one
/// RSA-4096 signature here) they cost a quarter of a second; the following 20 in each second cost 2 % of a processor.
pub const BURST: u32 = 200;

/// The limits on callers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections that are open at once, and those of one IPv4 address or IPv6 /64 network.
    pub caps: Caps,
    /// Handshakes per second of one of those, after [`BURST`] at once, if a handshake costs us a key exchange. Loopback
    /// has no limit.
    pub per_address_rate: NonZeroU32,
}

impl Default for Limits {
    /// 2000 connections, 16 and 20 per second of one address.
    fn default() -> Self {
        const PER_ADDRESS_RATE: NonZeroU32 = NonZeroU32::new(20).expect("it is above 0");
        Self { caps: Caps { total: 2000, per_address: 16 }, per_address_rate: PER_ADDRESS_RATE }
    }
}

/// Listens on one or more addresses, under common limits.
#[derive(Debug)]
pub struct Server {
    attempts: Arc<Attempts>,
    listeners: Vec<(Listener, SocketAddr)>,
    /// `None` if a handshake costs us no more than reading the bytes.
    rate: Option<Arc<Mutex<Rate>>>,
}

/// We cannot listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The system's error.
    pub error: io::Error,
}

impl Server {
    /// Listens on all of these addresses; port 0 lets the system choose one. The kernel accepts connections from now
    /// on, which wait until the server [runs](Self::run).
    ///
    /// # Errors
    /// If an address is in use, or not ours.
    pub async fn bind(attempts: Arc<Attempts>, addresses: &[SocketAddr], limits: Limits) -> Result<Self, BindError> {
        let mut listeners: Vec<(Listener, SocketAddr)> = Vec::new();
        for &address in addresses {
            let bound = match listeners.first() {
                Some((first, _)) => first.also(address).await,
                None => Listener::bind(address, limits.caps).await,
            };
            let local = bound.and_then(|listener| listener.local_addr().map(|local| (listener, local)));
            listeners.push(local.map_err(|error| BindError { address, error })?);
        }
        let pace = Pace { burst: BURST, per_second: limits.per_address_rate.get() };
        let is_costly = attempts.sides.chosen().costs_key_exchange();
        let rate = is_costly.then(|| Arc::new(Mutex::new(Rate::new(pace))));
        Ok(Self { attempts, listeners, rate })
    }

    /// The addresses that it listens on, with the ports that the system chose.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().map(|(_, address)| *address)
    }

    /// Our side of the handshake.
    pub fn side(&self) -> &dyn Side {
        self.attempts.sides.chosen()
    }

    /// Performs the handshake with each caller, or with the first `count` callers, until the attempts are
    /// [stopped](net::Stop). Then it closes the listeners, and returns when the last handshake is over.
    ///
    /// A listener that fails is an [event](Event::ListenerFailed); the others continue.
    pub async fn run(self, count: Option<NonZeroU64>) {
        let Self { attempts, listeners, rate } = self;
        let (admit, mut callers) = mpsc::channel(1);
        let mut accepting = JoinSet::new();
        for (listener, address) in listeners {
            accepting.spawn(accept_all(listener, address, rate.clone(), admit.clone(), attempts.clone()));
        }
        drop(admit);
        let mut handshakes = JoinSet::new();
        let mut left = count.map(NonZeroU64::get);
        while left != Some(0) {
            let caller = tokio::select! {
                biased;
                () = attempts.stop.stopped() => break,
                caller = callers.recv() => caller,
            };
            let Some(caller) = caller else { break };
            left = left.map(|left| left - 1);
            while handshakes.try_join_next().is_some() {}
            handshakes.spawn(serve(attempts.clone(), caller));
        }
        drop((accepting, callers));
        while handshakes.join_next().await.is_some() {}
    }
}

/// An accepted connection, and our listening address.
struct Caller {
    listening_at: Arc<str>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
}

/// Accepts connections until the receiver is gone.
async fn accept_all(
    listener: Listener,
    address: SocketAddr,
    rate: Option<Arc<Mutex<Rate>>>,
    admit: mpsc::Sender<Caller>,
    attempts: Arc<Attempts>,
) {
    let listening_at: Arc<str> = address.to_string().into();
    let admits = |ip| match &rate {
        Some(rate) => rate.lock().unwrap_or_else(PoisonError::into_inner).admits(ip, Instant::now()),
        None => true,
    };
    loop {
        match listener.accept().await {
            Ok(Accepted::In { peer, .. }) if !admits(peer.ip()) => {
                tracing::info!(%peer, "turned away: it begins handshakes faster than --per-address-rate");
            }
            Ok(Accepted::In { stream, peer, permit }) => {
                let caller = Caller { listening_at: listening_at.clone(), stream, peer, permit };
                if admit.send(caller).await.is_err() {
                    return;
                }
            }
            Ok(Accepted::Turned(peer, cap)) => tracing::info!(%peer, ?cap, "turned away"),
            Err(error) => {
                attempts.observer.on(Event::ListenerFailed(&ListenerFailed { address, error: &error }));
                return;
            }
        }
    }
}

/// Performs the handshake, unless the caller must give way to another one.
async fn serve(attempts: Arc<Attempts>, Caller { listening_at, stream, peer, permit }: Caller) {
    tokio::select! {
        biased;
        () = attempts.accept(&listening_at, stream, peer) => {}
        () = permit.gives_way() => tracing::info!(%peer, "gave way to a peer from elsewhere"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::num::NonZeroU64;
    use std::sync::{Arc, Mutex};

    use net::Outcome;
    use tokio::net::TcpStream;

    use super::{Limits, Server};
    use crate::event::{Event, Observer};
    use crate::{Config, Probe};

    /// Collects the targets of successful handshakes.
    #[derive(Debug, Default)]
    struct Served(Mutex<Vec<String>>);

    impl Observer for Served {
        fn on(&self, event: Event<'_>) {
            if let Event::Attempted(report) = event
                && report.attempt.verdict.outcome() == Outcome::Ok
            {
                self.0.lock().unwrap().push(report.target.to_owned());
            }
        }
    }

    fn probe(observer: Arc<dyn Observer>) -> Probe {
        Config { observer, ..Config::on("bitcoin-regtest").unwrap() }.probe().unwrap()
    }

    async fn bind(observer: Arc<dyn Observer>, addresses: &[SocketAddr]) -> Server {
        let attempts = Arc::new(probe(observer).attempts);
        Server::bind(attempts, addresses, Limits::default()).await.unwrap()
    }

    #[tokio::test]
    async fn callers_of_each_address_are_served_until_they_are_enough() {
        let served = Arc::<Served>::default();
        let free = "127.0.0.1:0".parse().unwrap();
        let server = bind(served.clone(), &[free, free]).await;
        let addresses: Vec<_> = server.addresses().map(|address| address.to_string()).collect();
        let dials = async {
            let dialling = probe(Arc::<Served>::default());
            for address in &addresses {
                let attempts = dialling.target(address).await.unwrap();
                assert_eq!(attempts[0].verdict.outcome(), Outcome::Ok, "{}", attempts[0].verdict);
            }
        };
        tokio::join!(server.run(NonZeroU64::new(2)), dials);
        assert_eq!(*served.0.lock().unwrap(), addresses);
        assert!(TcpStream::connect(&*addresses[0]).await.is_err(), "it listens no more");
    }

    #[tokio::test]
    async fn it_ends_when_the_attempts_are_stopped() {
        let server = bind(Arc::<Served>::default(), &["127.0.0.1:0".parse().unwrap()]).await;
        let stop = server.attempts.stop.clone();
        tokio::join!(server.run(None), async { stop.stop() });
    }

    #[tokio::test]
    async fn an_address_that_is_in_use_is_named() {
        let server = bind(Arc::<Served>::default(), &["127.0.0.1:0".parse().unwrap()]).await;
        let taken: Vec<_> = server.addresses().collect();
        let error = Server::bind(server.attempts.clone(), &taken, Limits::default()).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", taken[0])), "{error}");
    }
}
