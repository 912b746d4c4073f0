//! Peers that know each other: each completes a handshake with every caller, and answers requests for addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bitcoin::frame::write_message;
use bitcoin::gossip::{Entries, Entry};
use bitcoin::v2::{Garbage, Keys, Start};
use bitcoin::version::Tail;
use bitcoin::{Accept, Chain, Channel, Command, Concluded, Event, Local, Message, NetAddress, ReadError, Services};
use handshake::Rx;
use net::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;

use crate::common::CHAIN;

/// A peer's answer to a request for addresses.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nothing.
    Silence,
    /// These messages, then nothing.
    Messages(Vec<Message>),
    /// A message of this name with this payload, in plain text or encrypted.
    Payload(Command, Vec<u8>),
    /// This message without end.
    Endless(Box<Message>),
    /// Another random part of these for each connection, 23 % of them, as btcd answers.
    Part(Vec<Entry>),
}

/// A peer.
#[derive(Clone, Debug)]
pub struct Peer {
    pub ip: Ipv4Addr,
    pub answer: Answer,
    /// The caller's address, as the peer claims to see it.
    pub sees: Option<SocketAddr>,
}

impl Peer {
    pub fn at(ip: [u8; 4], answer: Answer) -> Self {
        Self { ip: ip.into(), answer, sees: None }
    }

    pub fn seeing(ip: [u8; 4], us: [u8; 4]) -> Self {
        Self { ip: ip.into(), answer: Answer::Silence, sees: Some((us, 54321).into()) }
    }
}

/// All peers, listening until this is dropped.
pub struct Neighbours {
    pub port: u16,
    /// The number of handshakes begun with any of them.
    pub calls: Arc<AtomicUsize>,
    _runtime: Runtime,
    _held: TcpSocket,
}

impl Neighbours {
    /// Starts the peers on one port, which `peers` receives.
    pub fn up(peers: impl FnOnce(u16) -> Vec<Peer>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        // A port that a non-listening socket holds on every address is not given to other tests. Sockets that share it
        // can still bind to it.
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(([0, 0, 0, 0], 0).into()).unwrap();
        let port = held.local_addr().unwrap().port();
        let peers = peers(port);
        runtime.block_on(async {
            for peer in peers {
                let listener = TcpListener::bind((peer.ip, port)).await.unwrap();
                let calls = calls.clone();
                tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        calls.fetch_add(1, Ordering::Relaxed);
                        tokio::spawn(converse(peer.clone(), port, stream));
                    }
                });
            }
        });
        Self { port, calls, _runtime: runtime, _held: held }
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The address of the peer with this IP.
    pub fn address(&self, ip: [u8; 4]) -> String {
        SocketAddr::from((ip, self.port)).to_string()
    }
}

/// A gossip entry for a peer at this address.
pub fn entry(ip: [u8; 4], port: u16) -> Entry {
    Entry { time: 1_700_000_000, services: Services(9), endpoint: (ip, port).into() }
}

/// Core's answer: these addresses, of any network.
pub fn knows(entries: impl Into<Vec<Entry>>) -> Answer {
    Answer::Messages(vec![Message::Addrv2(Entries::from(entries.into()))])
}

async fn converse(peer: Peer, port: u16, stream: TcpStream) -> Option<()> {
    let mut local = Local::new(Chain::named(CHAIN).unwrap().params, 1_700_000_000, 7, [0; 32]);
    local.version.nonce = Some(u64::from(u32::from(peer.ip)) << 16 | u64::from(port));
    local.version.services = Services(0xc09);
    // Core gives the same answer on each connection.
    let is_btcd = matches!(peer.answer, Answer::Part(_));
    let program: &[u8] = if is_btcd { b"/btcwire:0.5.0/btcd:0.24.2/" } else { b"/Satoshi:1.0(neighbour)/" };
    local.version.user_agent = bitcoin::UserAgent::new(program).unwrap();
    if let Some(us) = peer.sees {
        local.version.receiver = NetAddress::of(us, Services::NONE);
    }
    let params = local.params;
    let start = Start::new(Keys::new([3; 32], [4; 32]).unwrap(), Garbage::new(&b""[..]).unwrap());
    let mut handshake = Accept::new(local, start);
    let established = net::run(&mut handshake, stream, Limits::within(Duration::from_secs(60)), |_| {}).await.ok()?;
    let (mut stream, Concluded { mut channel, .. }) = established.into_stream();
    await_getaddr(&mut stream, &mut channel).await?;
    let mut sent = Vec::new();
    match peer.answer {
        Answer::Silence => {}
        Answer::Messages(messages) => {
            messages.iter().for_each(|message| channel.write(message, &Tail::None, &mut sent));
        }
        Answer::Payload(command, payload) => {
            write_message(&params, command, &mut sent, |tx| tx.extend_from_slice(&payload));
        }
        Answer::Part(entries) => {
            let message = Message::Addrv2(Entries::from(part_of(entries)));
            channel.write(&message, &Tail::None, &mut sent);
        }
        Answer::Endless(message) => loop {
            sent.clear();
            channel.write(&message, &Tail::None, &mut sent);
            stream.write_all(&sent).await.ok()?;
        },
    }
    stream.write_all(&sent).await.ok()?;
    // Stay until the other side leaves.
    while stream.read(&mut [0; 4096]).await.ok()? > 0 {}
    Some(())
}

/// A random 23 % of them, different for each call.
fn part_of(mut entries: Vec<Entry>) -> Vec<Entry> {
    let count = entries.len() * 23 / 100;
    (0..count).map(|_| entries.swap_remove(rand::random_range(0..entries.len()))).collect()
}

async fn await_getaddr(stream: &mut net::Unread<TcpStream>, channel: &mut Channel) -> Option<()> {
    let mut arrived = Vec::new();
    loop {
        let mut rx = Rx::new(&mut arrived);
        let event = channel.read(&mut rx);
        let taken = rx.taken();
        arrived.drain(..taken);
        match event {
            Ok(Event::Heard(Message::Getaddr)) => return Some(()),
            Ok(_) => {}
            Err(ReadError::Short(_)) => {
                if stream.read_buf(&mut arrived).await.ok()? == 0 {
                    return None;
                }
            }
            Err(ReadError::Error(_)) => return None,
        }
    }
}
