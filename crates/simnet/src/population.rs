//! The nodes of a topology, all at once: healthy ones behind one socket, and the absent behind two.
//!
//! ```text
//!   127.70.3.4:steady   ─┐
//!   127.99.8.7:steady   ─┼─▶ one listener on 0.0.0.0: the accepted socket's own address says who was called
//!   127.180.0.9:fleeting ──▶ a socket of its own, which listens while it is up
//!   any:refusing        ───▶ a socket that does not listen
//!   any:silent          ───▶ a listener whose queue is full
//! ```
//!
//! Nodes speak the v1 transport, and close on a key as such nodes do. All that they say is made beforehand, so that one
//! thread serves thousands of callers a second.

mod conversation;
mod lines;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bitcoin::Params;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::census::Census;
use crate::sockets::{FullQueue, cannot, serve};
use crate::topology::{Ground, Kind, Ports, Topology};
use conversation::converse;
use lines::Lines;

/// Connections that wait to be accepted by a listener: as many as Linux allows. (net.core.somaxconn)
const BACKLOG: u32 = 4096;

/// A running population. It stops when dropped.
#[derive(Debug)]
pub struct Population {
    topology: Topology,
    ports: Ports,
    lines: Arc<Lines>,
    epoch: u32,
    fleeting: BTreeMap<u32, Presence>,
    _steady: JoinSet<()>,
    _refusing: TcpSocket,
    _silent: FullQueue,
}

/// A node that comes and goes.
#[derive(Debug)]
enum Presence {
    /// Its task, which ends with it.
    Up(JoinSet<()>),
    /// Its place, which nobody else shall take.
    Away(TcpSocket),
}

impl Population {
    /// Starts all nodes that are up in epoch 0; the steady ones on this port, or on a free one if it is 0.
    ///
    /// # Errors
    /// If the topology is not possible, a port is taken, or there are not enough files: a handful, and one for each
    /// fleeting node.
    pub async fn start(topology: Topology, chain: Params, port: u16) -> io::Result<Self> {
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
        let lines = Arc::new(Lines::new(&topology, &ports, chain));
        let mut population = Self {
            topology,
            ports,
            epoch: 0,
            fleeting: fleeting.into_iter().map(|(node, socket)| (node, Presence::Away(socket))).collect(),
            _steady: attend(steady.listen(BACKLOG)?, topology, &lines),
            _refusing: refusing,
            _silent: FullQueue::of(silent).await?,
            lines,
        };
        population.enter(0).await?;
        Ok(population)
    }

    /// Enters an epoch: some leave, and others come.
    ///
    /// # Errors
    /// If somebody else has taken the place of one that leaves, or there are not enough files.
    pub async fn enter(&mut self, epoch: u32) -> io::Result<()> {
        self.epoch = epoch;
        for (node, mut presence) in std::mem::take(&mut self.fleeting) {
            let address = self.address(node);
            presence = match (presence, self.topology.is_up(node, epoch)) {
                (Presence::Away(socket), true) => {
                    let listener = socket.listen(BACKLOG).map_err(|error| cannot("listen on", address, &error))?;
                    Presence::Up(attend(listener, self.topology, &self.lines))
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

    /// What it is in numbers.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Where its nodes are.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Where a node is.
    #[must_use]
    pub fn address(&self, node: u32) -> SocketAddr {
        self.topology.address(node, &self.ports)
    }

    /// Where somebody may begin who wants to know everybody: a few steady nodes.
    pub fn seeds(&self) -> impl Iterator<Item = SocketAddr> {
        /// As many as a node keeps that remembers a few.
        const SEEDS: usize = 3;
        self.topology.nodes(Kind::Steady).take(SEEDS).map(|node| self.address(node))
    }

    /// What a crawl of it in this epoch will be compared with.
    #[must_use]
    pub fn census(&self) -> Census {
        Census::new(self.topology, self.ports, self.epoch)
    }
}

/// The task of a listener: whoever was called has the conversation.
fn attend(listener: TcpListener, topology: Topology, lines: &Arc<Lines>) -> JoinSet<()> {
    let lines = Arc::clone(lines);
    let mut task = JoinSet::new();
    task.spawn(serve(listener, move |stream| converse(topology, Arc::clone(&lines), stream)));
    task
}

/// A place for every fleeting node, all on one port that is free on all of their addresses. 0 if there are none.
fn fleeting(topology: &Topology) -> io::Result<(u16, Vec<(u32, TcpSocket)>)> {
    /// A port that is free on one address is seldom taken on another.
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

/// A socket for all addresses on this port, or on a free one. Nobody from outside gets to it.
fn everywhere(ground: Ground, port: u16) -> io::Result<TcpSocket> {
    let address = match ground {
        Ground::Loopback => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        // It takes IPv4 as well.
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
    // Connections that have ended do not keep a node from coming back.
    socket.set_reuseaddr(true)?;
    // Whoever is accepted inherits it. (Linux)
    socket.set_nodelay(true)?;
    Ok(socket)
}
