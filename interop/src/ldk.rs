//! LDK: a Lightning node as a library, built with these tests. It talks to peers even without a chain or channels. It
//! runs in the test's own process and dials no peer by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ldk::bitcoin::secp256k1::PublicKey;
use ldk::ln::peer_handler::{ErroringMessageHandler, IgnoringMessageHandler, MessageHandler, PeerDetails, PeerManager};
use ldk::sign::{KeysManager, NodeSigner as _, Recipient};
use ldk::util::logger::{Logger, Record};
use ldk_net_tokio::SocketDescriptor;
use lightning::NodeId;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Manager = PeerManager<
    SocketDescriptor,
    Arc<ErroringMessageHandler>,
    Arc<IgnoringMessageHandler>,
    Arc<IgnoringMessageHandler>,
    Arc<Log>,
    Arc<IgnoringMessageHandler>,
    Arc<KeysManager>,
    Arc<IgnoringMessageHandler>,
>;

/// A running node. Dropping it stops it; if the test failed, the end of its log is shown.
pub struct Ldk {
    manager: Arc<Manager>,
    node_id: NodeId,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    log: Arc<Log>,
}

impl Ldk {
    /// Starts a node that listens on loopback.
    ///
    /// # Panics
    /// If it cannot listen there.
    pub async fn start() -> Self {
        let random = || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).expect("the system has random numbers");
            bytes
        };
        let keys = Arc::new(KeysManager::new(&random(), 1, 1, true));
        let node_id = ours(&keys.get_node_id(Recipient::Node).expect("it has one"));
        let log = Arc::new(Log::default());
        // As a method, `clone` would resolve to the type that this handler dereferences to: itself, without end.
        let ignoring = Arc::new(IgnoringMessageHandler {});
        let handler = MessageHandler {
            chan_handler: Arc::new(ErroringMessageHandler::new()),
            route_handler: Arc::clone(&ignoring),
            onion_message_handler: Arc::clone(&ignoring),
            custom_message_handler: Arc::clone(&ignoring),
            send_only_message_handler: ignoring,
        };
        let manager = Arc::new(PeerManager::new(handler, 1, &random(), log.clone(), keys));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let accepting = tokio::spawn(accept(listener, manager.clone()));
        Self { manager, node_id, address, accepting, log }
    }

    /// Its node id.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it dial a node.
    ///
    /// # Panics
    /// If nothing listens there.
    pub async fn dial(&self, node_id: NodeId, address: SocketAddr) {
        let stream = TcpStream::connect(address).await.expect("we listen").into_std().expect("it is open");
        let node_id = PublicKey::from_slice(&node_id.to_bytes()).expect("it is a point");
        tokio::spawn(ldk_net_tokio::setup_outbound(self.manager.clone(), node_id, stream));
    }

    /// Its information on a connected peer after the handshake.
    #[must_use]
    pub fn peer(&self, node_id: NodeId) -> Option<PeerDetails> {
        self.manager.list_peers().into_iter().find(|peer| ours(&peer.counterparty_node_id) == node_id)
    }

    /// The number of messages of this name that it has received from all peers: `Pong`.
    #[must_use]
    pub fn received(&self, name: &str) -> usize {
        self.log.count(&format!("Received message {name}("))
    }

    /// Advances its time: it pings all peers, and disconnects those that have not answered the previous ping.
    pub fn tick(&self) {
        self.manager.timer_tick_occurred();
    }
}

async fn accept(listener: TcpListener, manager: Arc<Manager>) {
    while let Ok((stream, _)) = listener.accept().await {
        let stream = stream.into_std().expect("it is open");
        tokio::spawn(ldk_net_tokio::setup_inbound(manager.clone(), stream));
    }
}

fn ours(key: &PublicKey) -> NodeId {
    NodeId::from_bytes(&key.serialize()).expect("it is a point")
}

impl Drop for Ldk {
    fn drop(&mut self) {
        self.accepting.abort();
        self.manager.disconnect_all_peers();
        if thread::panicking() {
            println!("--- the end of the log of LDK ---\n{}", self.log.tail());
        }
    }
}

/// Its log.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn count(&self, text: &str) -> usize {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| line.contains(text)).count()
    }

    fn tail(&self) -> String {
        const LINES: usize = 60;
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Logger for Log {
    fn log(&self, record: Record<'_>) {
        let line = format!("{} {}: {}", record.level, record.module_path, record.args);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
