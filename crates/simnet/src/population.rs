//! All nodes of a topology at once: healthy ones on one socket, and absent ones on two.
//!
//! ```text
//!   127.70.3.4:steady   ─┐
//!   127.99.8.7:steady   ─┼─▶ one listener on 0.0.0.0: the accepted socket's own address is that of the called node
//!   127.180.0.9:fleeting ──▶ a socket of its own, which listens while it is up
//!   any:refusing        ───▶ a socket that does not listen
//!   any:silent          ───▶ a listener whose queue is full
//! ```
//!
//! Which protocol they speak is that of the given [`Nodes`], which make all messages beforehand, so that one thread
//! serves thousands of callers a second.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::census::Census;
use crate::sockets::{FullQueue, cannot, serve};
use crate::topology::{Ground, Kind, Ports, Topology};

/// Connections in the queue of a listener: the limit of Linux. (net.core.somaxconn)
const BACKLOG: u32 = 4096;

/// What the nodes of a population say.
#[async_trait]
pub trait Nodes: std::fmt::Debug + Send + Sync {
    /// Answers a caller of this node until it leaves.
    async fn converse(&self, node: u32, caller: TcpStream);
}

/// A running population. It stops when dropped.
#[derive(Debug)]
pub struct Population {
    topology: Topology,
    ports: Ports,
    nodes: Arc<dyn Nodes>,
    epoch: u32,
    fleeting: BTreeMap<u32, Presence>,
    _steady: JoinSet<()>,
    _refusing: TcpSocket,
    _silent: FullQueue,
}

/// A node that is not always up.
#[derive(Debug)]
enum Presence {
    /// Its task, which ends with this value.
    Up(JoinSet<()>),
    /// Its socket, which keeps other programs off its address.
    Away(TcpSocket),
}

impl Population {
    /// Starts all nodes that are up in epoch 0; the steady ones on this port, or on a free one if it is 0. `nodes` makes
    /// what they say.
    ///
    /// # Errors
    /// If the topology is invalid, a port is in use, or too few files may be open: a handful, and one for each fleeting
    /// node.
    pub async fn start<N: Nodes + 'static>(
        topology: Topology,
        nodes: impl FnOnce(Topology, Ports) -> N,
        port: u16,
    ) -> io::Result<Self> {
        if !topology.is_possible() {
            let why = "there are too many addresses, or too many for so few nodes that tell of them";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let (steady, refusing) = (everywhere(topology.ground, port)?, everywhere(topology.ground, 0)?);
        let silent = everywhere(topology.ground, 0)?;
        let (port, fleeting) = fleeting(&topology)?;
        let port_of = |socket: &TcpSocket| socket.local_addr().map(|address| address.port());
        let ports = Ports {
            steady: port_of(&steady)?,
            fleeting: port,
            refusing: port_of(&refusing)?,
            silent: port_of(&silent)?,
        };
        let nodes: Arc<dyn Nodes> = Arc::new(nodes(topology, ports));
        let mut population = Self {
            topology,
            ports,
            epoch: 0,
            fleeting: fleeting.into_iter().map(|(node, socket)| (node, Presence::Away(socket))).collect(),
            _steady: attend(steady.listen(BACKLOG)?, topology, &nodes),
            _refusing: refusing,
            _silent: FullQueue::of(silent).await?,
            nodes,
        };
        population.enter(0).await?;
        Ok(population)
    }

    /// Enters an epoch: some nodes go down, and others come up.
    ///
    /// # Errors
    /// If another program has taken the address of a node that goes down, or too few files may be open.
    pub async fn enter(&mut self, epoch: u32) -> io::Result<()> {
        self.epoch = epoch;
        for (node, mut presence) in std::mem::take(&mut self.fleeting) {
            let address = self.address(node);
            presence = match (presence, self.topology.is_up(node, epoch)) {
                (Presence::Away(socket), true) => {
                    let listener = socket.listen(BACKLOG).map_err(|error| cannot("listen on", address, &error))?;
                    Presence::Up(attend(listener, self.topology, &self.nodes))
                }
                (Presence::Up(mut task), false) => {
                    task.shutdown().await;
                    Presence::Away(bound(address)?)
                }
                (as_before, _) => as_before,
            };
            self.fleeting.insert(node, presence);
        }
        Ok(())
    }

    /// Its topology.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The ports of its nodes.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The address of a node.
    #[must_use]
    pub fn address(&self, node: u32) -> SocketAddr {
        self.topology.address(node, &self.ports)
    }

    /// Seeds for a crawl: a few steady nodes.
    pub fn seeds(&self) -> impl Iterator<Item = SocketAddr> {
        /// The number of addresses that a node with a small memory keeps.
        const SEEDS: usize = 3;
        self.topology.nodes(Kind::Steady).take(SEEDS).map(|node| self.address(node))
    }

    /// The census for a crawl in this epoch.
    #[must_use]
    pub fn census(&self) -> Census {
        Census::new(self.topology, self.ports, self.epoch)
    }
}

/// The task of a listener: the called node has the conversation.
fn attend(listener: TcpListener, topology: Topology, nodes: &Arc<dyn Nodes>) -> JoinSet<()> {
    let nodes = Arc::clone(nodes);
    let mut task = JoinSet::new();
    task.spawn(serve(listener, move |caller| {
        let nodes = Arc::clone(&nodes);
        async move {
            let called = caller.local_addr().ok().and_then(|address| topology.node(address.ip()));
            if let Some(node) = called {
                nodes.converse(node, caller).await;
            }
        }
    }));
    task
}

/// A socket for every fleeting node, all on one port that is free on all of their addresses. 0 if there are none.
fn fleeting(topology: &Topology) -> io::Result<(u16, Vec<(u32, TcpSocket)>)> {
    /// A port that is free on one address is seldom in use on another.
    const TRIES: usize = 16;
    let places = || {
        let mut port = 0;
        let mut places = Vec::new();
        for node in topology.nodes(Kind::Fleeting) {
            let socket = bound(SocketAddr::new(topology.ip(node), port))?;
            port = socket.local_addr()?.port();
            places.push((node, socket));
        }
        Ok((port, places))
    };
    let is_taken = |end: &io::Result<_>| end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
    let mut ends = (1..TRIES).map(|_| places());
    ends.find(|end| !is_taken(end)).unwrap_or_else(places)
}

/// A socket for all addresses on this port, or on a free one. It cannot be reached from outside.
fn everywhere(ground: Ground, port: u16) -> io::Result<TcpSocket> {
    let address = match ground {
        Ground::Loopback => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        // It accepts IPv4 as well.
        Ground::Internet => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
    };
    let socket = unbound(address)?;
    socket.bind_device(Some(b"lo"))?;
    socket.bind(address).map_err(|error| cannot("take", address, &error))?;
    Ok(socket)
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = unbound(address)?;
    socket.bind(address).map_err(|error| cannot("take", address, &error))?;
    Ok(socket)
}

fn unbound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Closed connections do not prevent a node from coming back.
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it. (Linux)
    socket.set_nodelay(true)?;
    Ok(socket)
}
