//! The memory that a dialling libp2p peer can make a connection hold, at the points where it can stop.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use handshake::{Conversation as _, Rx, Step};
use libp2p::multistream::{self, HEADER, NOISE};
use libp2p::xx::Initiator;
use libp2p::yamux::{self, ACK, Frame, Kind, SYN};
use libp2p::{Channel, Hello, Identity, Local, Payload, SecretKey, channel, varint};
use net::Limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a connection, at most: its state, its buffers, and its unsent data.
const MOST: i64 = 64_000;

/// The first stream of a peer that dials us, and the one on which we ask it.
const FIRST: u32 = 1;
const ASKED: u32 = 2;

fn local(byte: u8) -> Local {
    let [s, e] = [1, 2].map(|more| SecretKey::new([byte + more; 32]));
    Local::new(Identity::new([byte; 32]), s, e, "verack/test")
}

fn names(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    names.iter().for_each(|name| multistream::write(name, &mut bytes));
    bytes
}

fn frame(kind: Kind, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame { kind, flags, stream, length }.write(&mut bytes);
    bytes
}

fn data(flags: u16, stream: u32, data: &[u8]) -> Vec<u8> {
    [&frame(Kind::Data, flags, stream, data.len().try_into().unwrap()), data].concat()
}

/// A dialler's bytes.
struct Dialler {
    bytes: Vec<u8>,
    channel: Channel,
}

impl Dialler {
    /// Up to the end of Noise, including the proof of its identity.
    fn new() -> Self {
        let theirs = local(0x31);
        let mut bytes = names(&[HEADER, NOISE]);
        let initiator = Initiator::new(&[], theirs.static_key.clone(), theirs.ephemeral_key.clone());
        let awaits = channel::with_length(&mut bytes, |tx| initiator.one(&[], tx));
        // Our side sends the same each time, since its keys are the same.
        let (mut ours, mut said, mut heard) = (Hello::responder(local(0x21)), Vec::new(), bytes.clone());
        let mut rx = Rx::new(&mut heard);
        while let Ok(Step::Event(_)) = ours.step(&mut rx, &mut said) {}
        let (says, _) = awaits.two(&mut said[names(&[HEADER, NOISE]).len() + 2..]).unwrap();
        let mut payload = Vec::new();
        Payload::new(&theirs.identity, theirs.static_key.public(), vec![yamux::NAME.into()]).write(&mut payload);
        let transport = channel::with_length(&mut bytes, |tx| says.three(&payload, tx)).unwrap();
        Self { bytes, channel: Channel::new(transport.seal, transport.open) }
    }

    /// In one frame of Noise.
    fn seal(mut self, text: &[u8]) -> Self {
        self.channel.seal.frame(&mut self.bytes, |tx| tx.extend_from_slice(text));
        self
    }

    /// Opens as many streams as allowed, and begins a name of the greatest length on each.
    fn begins_names(self) -> Self {
        let begun = [&names(&[HEADER])[..], &[0xc1, 0x01], &[b'a'; 192]].concat();
        (0..32).fold(self, |dialler, nth| dialler.seal(&data(SYN, FIRST + 2 * nth, &begun)))
    }

    /// Sends the longest introduction that is kept, without its last byte.
    fn begins_introduction(self) -> Self {
        let mut begun = names(&[HEADER, "/ipfs/id/1.0.0"]);
        varint::write(16 * 1024, &mut begun);
        begun.extend_from_slice(&[0x1a, 0x01, b'/'].repeat(6000)[..16 * 1024 - 1]);
        data(ACK, ASKED, &begun).chunks(5000).fold(self, Self::seal)
    }

    /// The longest frame of Noise, without its last byte.
    fn begins_frame(mut self) -> Self {
        self.bytes.extend_from_slice(&u16::to_be_bytes(20 * 1024 + 16));
        self.bytes.extend_from_slice(&[0x55; 20 * 1024 + 15]);
        self
    }

    /// Requests that are answered, in as few bytes as possible, again and again.
    fn asks_without_end(self) -> Self {
        let pings = frame(Kind::Ping, SYN, 0, 7).repeat(1000);
        (0..4).fold(self, |dialler, _| dialler.seal(&pings))
    }
}

/// A connection whose peer has sent these bytes, and reads a limited number.
struct Stuck {
    says: Vec<u8>,
    at: usize,
    takes: usize,
}

impl AsyncRead for Stuck {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = &self.says[self.at..];
        let len = rest.len().min(buffer.remaining());
        if len == 0 {
            return Poll::Pending;
        }
        buffer.put_slice(&rest[..len]);
        self.at += len;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = bytes.len().min(self.takes);
        self.takes -= len;
        if len == 0 { Poll::Pending } else { Poll::Ready(Ok(len)) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Bytes that our side holds while it waits for more input, or for the peer to read.
fn held(dialler: Dialler, takes: usize) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let (mut waiting, stream) = (None, Stuck { says: dialler.bytes, at: 0, takes });
    let counted = measure(|| {
        let mut shaking = Box::pin(async move {
            let mut hello = Hello::responder(local(0x21));
            let limits = Limits::within(Duration::from_secs(600));
            net::run(&mut hello, stream, limits, |_| {}).await.map(|_| ()).map_err(|failure| failure.to_string())
        });
        let polled = shaking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "{polled:?}");
        waiting = Some(shaking);
    });
    drop(waiting);
    counted.bytes_current
}

#[test]
fn a_connection_holds_at_most_64_kb_wherever_its_peer_stops() {
    let everything = usize::MAX;
    let full = || Dialler::new().begins_names().begins_introduction();
    for (what, dialler, takes) in [
        ("silent after Noise", Dialler::new(), everything),
        ("names", Dialler::new().begins_names(), everything),
        ("an introduction", Dialler::new().begins_introduction(), everything),
        ("a frame", Dialler::new().begins_frame(), everything),
        ("all three", full().begins_frame(), everything),
        ("all three, after many questions", full().asks_without_end().begins_frame(), everything),
        // The peer reads our part of Noise, and nothing after it.
        ("many questions, and reads nothing", full().asks_without_end().begins_frame(), 28 + 218),
        ("reads nothing at all", full().asks_without_end().begins_frame(), 0),
    ] {
        let held = held(dialler, takes);
        println!("{what}: {held}");
        assert!((1000..=MOST).contains(&held), "{what}: {held} bytes");
    }
}
