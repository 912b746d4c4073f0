//! rust-libp2p, built with these tests: a node with identify and ping. It runs in the test's own process and dials no
//! peer by itself.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_util::StreamExt as _;
use libp2p::{Multiaddr, PeerId};
use rust_libp2p::identity::Keypair;
use rust_libp2p::swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use rust_libp2p::{SwarmBuilder, identify, noise, ping, tcp, yamux};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The protocol family that it announces.
pub const PROTOCOL_VERSION: &str = "/interop/1.0";

#[derive(NetworkBehaviour)]
#[behaviour(prelude = "rust_libp2p::swarm::derive_prelude")]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// A running node. Dropping it stops it; if the test failed, its events are shown.
pub struct RustLibp2p {
    peer_id: PeerId,
    address: SocketAddr,
    dials: mpsc::UnboundedSender<Multiaddr>,
    seen: Arc<Mutex<Seen>>,
    background: JoinHandle<()>,
}

/// Its information on a peer.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The peer's introduction: its program, and the node's address as the peer sees it.
    pub introduced: Option<(String, String)>,
    /// The number of the node's pings that the peer has answered.
    pub pongs: usize,
    /// Whether it is connected.
    pub connected: bool,
}

#[derive(Debug, Default)]
struct Seen {
    peers: HashMap<String, Known>,
    log: Vec<String>,
}

/// A key of this kind.
///
/// # Panics
/// If it cannot make such a key.
#[must_use]
pub fn key(kind: &str) -> Keypair {
    match kind {
        "Ed25519" => Keypair::generate_ed25519(),
        "secp256k1" => Keypair::generate_secp256k1(),
        "ECDSA" => Keypair::generate_ecdsa(),
        other => panic!("it makes no {other} keys"),
    }
}

impl RustLibp2p {
    /// Starts a node with this key that listens on loopback.
    ///
    /// # Panics
    /// If it cannot listen there.
    pub async fn start(key: Keypair) -> Self {
        let peer_id = key.public().to_peer_id().to_string().parse().expect("a peer id");
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .expect("its own key will do")
            .with_behaviour(|key| Behaviour {
                identify: identify::Behaviour::new(identify::Config::new(PROTOCOL_VERSION.into(), key.public())),
                ping: ping::Behaviour::default(),
            })
            .expect("nothing can fail")
            .build();
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().expect("an address")).expect("loopback has a free port");
        let (dials, orders) = mpsc::unbounded_channel();
        let (listens, listening) = oneshot::channel();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let background = tokio::spawn(live(swarm, orders, listens, seen.clone()));
        let address = listening.await.expect("it lives");
        Self { peer_id, address, dials, seen, background }
    }

    /// Its peer id.
    #[must_use]
    pub fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it dial this address, once.
    ///
    /// # Panics
    /// If it has stopped.
    pub fn dial(&self, address: Multiaddr) {
        self.dials.send(address).expect("it lives");
    }

    /// Its information on a peer that it has been connected to.
    #[must_use]
    pub fn knows(&self, peer_id: &PeerId) -> Option<Known> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.peers.get(&peer_id.to_string()).cloned()
    }
}

impl Drop for RustLibp2p {
    fn drop(&mut self) {
        self.background.abort();
        if thread::panicking() {
            const LINES: usize = 60;
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let tail = seen.log[seen.log.len().saturating_sub(LINES)..].join("\n");
            println!("--- the last of what rust-libp2p saw ---\n{tail}");
        }
    }
}

async fn live(
    mut swarm: Swarm<Behaviour>,
    mut orders: mpsc::UnboundedReceiver<Multiaddr>,
    listens: oneshot::Sender<SocketAddr>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut listens = Some(listens);
    loop {
        tokio::select! {
            Some(address) = orders.recv() => {
                let address: rust_libp2p::Multiaddr = address.to_string().parse().expect("an address");
                swarm.dial(address).expect("it may dial");
            }
            event = swarm.select_next_some() => {
                if let (SwarmEvent::NewListenAddr { address, .. }, Some(listens)) = (&event, listens.take()) {
                    // It fails only if there is no receiver any more.
                    let _ = listens.send(socket(&address.to_string()));
                }
                seen.lock().unwrap_or_else(PoisonError::into_inner).see(event);
            }
        }
    }
}

impl Seen {
    fn see(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.log.push(format!("{event:?}"));
        let mut peer = |id: rust_libp2p::PeerId, change: &dyn Fn(&mut Known)| {
            change(self.peers.entry(id.to_string()).or_default());
        };
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => peer(peer_id, &|known| known.connected = true),
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                peer(peer_id, &|known| known.connected = false);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                peer(peer_id, &|known| {
                    known.introduced = Some((info.agent_version.clone(), info.observed_addr.to_string()));
                });
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer: id, result: Ok(_), .. })) => {
                peer(id, &|known| known.pongs += 1);
            }
            _ => {}
        }
    }
}

fn socket(address: &str) -> SocketAddr {
    let target: libp2p::Target = address.parse().expect("it listens on TCP");
    match target.place {
        libp2p::Place::At(address) => address,
        other => panic!("it listens on {other:?}"),
    }
}
