//! A node of Bitcoin's family with scripted bytes, on one thread for each connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bitcoin::frame::{HEADER_LEN, write_message};
use bitcoin::v2::keys::Session;
use bitcoin::v2::{Garbage, Keys, Start, contents};
use bitcoin::version::Tail;
use bitcoin::{Chain, Command, Local, Message, NetAddress, Params, Services, UserAgent, V2, Version};
use handshake::Role;
use net::Limits;

/// A node that listens on loopback. Its thread ends with the process.
pub struct Scripted {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    /// Starts a node of this network. `serve` receives each connection and its number, counted from 0.
    pub fn on(chain: &str, serve: impl Fn(usize, &mut Wire) + Send + Sync + 'static) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0), chain, serve)
    }

    /// The same, at this address.
    pub fn at(address: (Ipv4Addr, u16), chain: &str, serve: impl Fn(usize, &mut Wire) + Send + Sync + 'static) -> Self {
        let params = Chain::named(chain).unwrap().params;
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
        let count = connections.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (number, serve) = (count.fetch_add(1, Ordering::SeqCst), serve.clone());
                thread::spawn(move || serve(number, &mut Wire { params, stream: stream.unwrap() }));
            }
        });
        Self { address, connections }
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A connection in plain text.
pub struct Wire {
    pub params: Params,
    pub stream: TcpStream,
}

impl Wire {
    /// Reads the next message; `None` if the bytes are no message, or none arrive.
    pub fn hear(&mut self) -> Option<(Command, Vec<u8>)> {
        let mut header = [0; HEADER_LEN];
        self.stream.read_exact(&mut header).ok()?;
        if header[..4] != self.params.magic.0 {
            return None;
        }
        let len = u32::from_le_bytes(header[16..20].try_into().unwrap());
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.stream.read_exact(&mut payload).ok()?;
        Some((Command(header[4..16].try_into().unwrap()), payload))
    }

    /// Reads messages up to one with this name; returns whether it came.
    pub fn await_message(&mut self, command: Command) -> bool {
        loop {
            match self.hear() {
                Some((heard, _)) if heard == command => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Sends messages, in one write.
    pub fn say(&mut self, messages: &[Said]) {
        let mut bytes = Vec::new();
        for said in messages {
            match said {
                Said::Message(message) => write_message(&self.params, message.command(), &mut bytes, |tx| {
                    message.write(&Tail::None, tx);
                }),
                Said::Payload(name, payload) => {
                    let command = Command::new(name.as_bytes()).unwrap();
                    write_message(&self.params, command, &mut bytes, |tx| tx.extend_from_slice(payload));
                }
            }
        }
        // A peer that has left receives no more.
        let _ = self.stream.write_all(&bytes);
    }

    /// Reads until the other side leaves, and sends nothing.
    pub fn hang(&mut self) {
        let mut sink = [0; 4096];
        while self.stream.read(&mut sink).is_ok_and(|read| read > 0) {}
    }

    /// The introduction of this node.
    pub fn version(&self) -> Version {
        let nowhere = NetAddress::unspecified(Services::NONE);
        Version {
            version: self.params.announce_version,
            services: Services(0x409),
            time: unix_time(),
            receiver: nowhere,
            sender: Some(nowhere),
            nonce: Some(1),
            user_agent: UserAgent::new(b"/scripted:1.0/").unwrap(),
            start_height: Some(850_000),
            relay: Some(true),
        }
    }

    /// Reads the start of a key and closes the connection.
    pub fn close_on_key(&mut self) {
        let mut start = [0; HEADER_LEN];
        let _ = self.stream.read_exact(&mut start);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Reads the first bytes of the other side and closes the connection.
    pub fn close_on_hello(&mut self) {
        let _ = self.stream.read(&mut [0; 16 * 1024]);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Exchanges keys in this role, and sends all that precedes messages. The returned session seals the node's further
    /// messages.
    pub fn exchange_keys(&mut self, role: Role) -> Session {
        let ours = Keys::new([3; 32], [4; 32]).unwrap().encode();
        let mut theirs = [0; 64];
        if role == Role::Initiator {
            self.stream.write_all(ours.encoding()).unwrap();
        }
        self.stream.read_exact(&mut theirs).unwrap();
        let mut session = ours.agree(role, &theirs, self.params.magic);
        let mut bytes = if role == Role::Responder { ours.encoding().to_vec() } else { Vec::new() };
        bytes.extend_from_slice(&session.our_terminator);
        session.seal.seal(&[], false, &mut bytes, |_| {});
        self.stream.write_all(&bytes).unwrap();
        session
    }

    /// Performs the whole handshake over v2 as the responder.
    pub fn shake_encrypted(&mut self) {
        let mut local = Local::new(self.params, unix_time(), 7, [0; 32]);
        local.version = self.version();
        let start = Start::new(Keys::new([3; 32], [4; 32]).unwrap(), Garbage::new(&b""[..]).unwrap());
        let stream = self.stream.try_clone().unwrap();
        stream.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            let mut handshake = V2::responder(local, start);
            let limits = Limits::within(Duration::from_secs(60));
            // The test checks the other side's report instead of this result.
            let _ = net::run(&mut handshake, stream, limits, |_| {}).await;
        });
    }

    /// Performs the whole handshake as the responder, with this introduction.
    pub fn shake(&mut self, version: Version) {
        if self.await_message(Command::VERSION) {
            self.say(&[Said::Message(Message::Version(version)), Said::Message(Message::Verack)]);
            self.hang();
        }
    }
}

/// A message of a node.
#[expect(clippy::large_enum_variant, reason = "a test makes few of them")]
pub enum Said {
    Message(Message),
    /// A message of this name with any payload.
    Payload(&'static str, Vec<u8>),
}

impl Said {
    /// The contents of its packet: the name, and the payload.
    fn write(&self, tx: &mut Vec<u8>) {
        match self {
            Self::Message(message) => {
                contents::write_name(message.command(), tx);
                message.write(&Tail::None, tx);
            }
            Self::Payload(name, payload) => {
                contents::write_name(Command::new(name.as_bytes()).unwrap(), tx);
                tx.extend_from_slice(payload);
            }
        }
    }
}

/// Seals these messages as packets.
pub fn sealed(session: &mut Session, messages: &[Said]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for said in messages {
        session.seal.seal(&[], false, &mut bytes, |tx| said.write(tx));
    }
    bytes
}

/// Our clock, in seconds since 1970.
pub fn unix_time() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
