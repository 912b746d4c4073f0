//! A network of scripted peers on loopback, each on its own address and all on one port.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use handshake::{Role, Stage};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::dns::{Answer, Dns, Zone};
use crate::peer::Peer;
use crate::sockets::{FullQueue, cannot, serve};
use crate::truth::{Truth, Truths};

/// The contents of a network.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Peers that listen, behind the seeds' names, in the order of their addresses.
    pub peers: Vec<Peer>,
    /// Additional peers that other names list.
    pub lists: Vec<List>,
    /// Peers of protocols with node keys; no name leads to them.
    pub keyed: Vec<Peer>,
    /// Addresses where nothing listens.
    pub refusing: usize,
    /// Addresses that do not answer a connection attempt.
    pub unanswering: usize,
    /// The TCP port of all of them; 0 chooses a free one.
    pub port: u16,
}

impl Plan {
    /// These peers behind the seeds' names, and some addresses without a peer.
    #[must_use]
    pub fn new(peers: Vec<Peer>) -> Self {
        Self { peers, lists: Vec::new(), keyed: Vec::new(), refusing: 3, unanswering: 1, port: 0 }
    }

    /// Only these peers, behind the seeds' names.
    #[must_use]
    pub fn only(peers: Vec<Peer>) -> Self {
        Self { refusing: 0, unanswering: 0, ..Self::new(peers) }
    }
}

/// Peers that the texts of a name list.
#[derive(Clone, Debug)]
pub struct List {
    /// The name.
    pub name: &'static str,
    /// The peers.
    pub peers: Vec<Peer>,
    /// The text for an address.
    pub entry: fn(SocketAddr) -> String,
}

/// The names of the seeds, among which the peers are distributed.
const SEEDS: [&str; 4] =
    ["seed.verack.test", "dnsseed.verack.test", "seed.example-nodes.test", "nodes.example-seeder.test"];

/// Names that do not resolve, and the reason code of each.
pub const NAMES_OF_FAILURE: [(&str, &str); 3] = [
    ("missing.verack.test", "resolve.not-found"),
    ("broken.verack.test", "resolve.failed"),
    ("silent.verack.test", "resolve.timeout"),
];

/// A running network. It stops when dropped.
#[derive(Debug)]
pub struct Network {
    port: u16,
    dns: Dns,
    truths: BTreeMap<SocketAddr, (&'static str, Truths)>,
    keyed: Vec<(SocketAddr, Peer)>,
    /// One task for each peer; they end with this value.
    _listeners: JoinSet<()>,
    _full: Vec<FullQueue>,
}

impl Network {
    /// Starts every peer of a plan, and the DNS server that knows them.
    ///
    /// # Errors
    /// If an address or port is in use, or too few files may be open.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        let listed: usize = plan.lists.iter().map(|list| list.peers.len()).sum();
        let (port, sockets) = listen(plan.peers.len() + listed + plan.keyed.len(), plan.port).await?;
        let mut sockets = sockets.into_iter();

        let mut listeners = JoinSet::new();
        let mut start = |peers: Vec<Peer>| {
            let started = peers.into_iter().zip(&mut sockets).map(|(peer, socket)| {
                let address = socket.local_addr()?;
                let called = peer.clone();
                listeners.spawn(serve(socket, move |stream| {
                    let peer = called.clone();
                    async move { peer.converse(Role::Responder, Connection::tcp(stream)).await }
                }));
                Ok((address, peer))
            });
            started.collect::<io::Result<Vec<_>>>()
        };
        let verdicts = |(address, peer): &(SocketAddr, Peer)| (*address, (peer.name, peer.truths));
        let mut truths: BTreeMap<_, _> = start(plan.peers)?.iter().map(verdicts).collect();
        let mut elsewhere = BTreeMap::new();
        let mut lists = Vec::new();
        for list in plan.lists {
            let started = start(list.peers)?;
            let texts = started.iter().map(|(address, _)| (list.entry)(*address)).collect();
            lists.push((list.name, Answer::Texts(texts)));
            elsewhere.extend(started.iter().map(verdicts));
        }
        let keyed = start(plan.keyed)?;
        let mut places = (truths.len() + elsewhere.len() + keyed.len()..).map(|nth| place(nth, port));
        for address in places.by_ref().take(plan.refusing) {
            truths.insert(address, ("no-node-there", never_met("connect.refused")));
        }
        let mut full = Vec::new();
        for address in places.take(plan.unanswering) {
            full.push(FullQueue::at(address).await?);
            truths.insert(address, ("no-answer", never_met("connect.timeout")));
        }
        let dns = Dns::start(zone(truths.keys(), lists)).await?;
        truths.append(&mut elsewhere);
        Ok(Self { port, dns, truths, keyed, _listeners: listeners, _full: full })
    }

    /// The address of its DNS server, for UDP and TCP.
    #[must_use]
    pub fn dns(&self) -> SocketAddr {
        self.dns.address()
    }

    /// The TCP port of every peer.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The names that resolve to its peers: each peer is behind one of them.
    #[must_use]
    pub fn seeds(&self) -> Vec<String> {
        SEEDS.map(String::from).into()
    }

    /// The peer at an address, with the expected verdicts.
    #[must_use]
    pub fn truth(&self, address: SocketAddr) -> Option<(&'static str, Truths)> {
        self.truths.get(&address).copied()
    }

    /// The peers with node keys, and their addresses.
    pub fn keyed(&self) -> impl Iterator<Item = (SocketAddr, &Peer)> {
        self.keyed.iter().map(|(address, peer)| (*address, peer))
    }

    /// Every address of the network, in order, including those where nothing listens.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.truths.keys().copied()
    }
}

fn never_met(reason: &'static str) -> Truths {
    Truths::either(Truth::ends(Stage::Connect, reason))
}

/// The address of the `nth` peer. Spread over 64 networks of 65536 addresses, as real peers are spread over many.
fn place(nth: usize, port: u16) -> SocketAddr {
    let [.., high, low] = (nth / 64).to_be_bytes();
    let network = u8::try_from(16 + nth % 64).expect("at most 79");
    SocketAddr::new(Ipv4Addr::new(127, network, high, low.wrapping_add(1)).into(), port)
}

/// Listens on the first `count` places. With port 0 it finds a port that is free on all of them.
async fn listen(count: usize, port: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    /// A port that is free on one loopback address is seldom in use on another.
    const TRIES: usize = 16;
    let mut tries = 0;
    loop {
        tries += 1;
        match listen_once(count, port).await {
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {}
            end => return end,
        }
    }
}

async fn listen_once(count: usize, mut port: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    let mut sockets = Vec::with_capacity(count);
    for nth in 0..count {
        let address = place(nth, port);
        let socket = TcpListener::bind(address).await.map_err(|error| cannot("listen on", address, &error))?;
        port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    Ok((port, sockets))
}

/// The seeds' names, the failing names, and the names of lists.
fn zone<'a>(addresses: impl Iterator<Item = &'a SocketAddr>, lists: Vec<(&str, Answer)>) -> Zone {
    let mut behind: [Vec<IpAddr>; SEEDS.len()] = Default::default();
    for (nth, address) in addresses.enumerate() {
        behind[nth % SEEDS.len()].push(address.ip());
    }
    let seeds = SEEDS.into_iter().zip(behind.map(Answer::Addresses));
    let failures = NAMES_OF_FAILURE.into_iter().filter_map(|(name, reason)| match reason {
        "resolve.failed" => Some((name, Answer::Failure)),
        "resolve.timeout" => Some((name, Answer::Silence)),
        _ => None,
    });
    seeds.chain(failures).chain(lists).map(|(name, answer)| (name.to_owned(), answer)).collect()
}
