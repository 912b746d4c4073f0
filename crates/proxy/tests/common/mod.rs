//! What proxies and routers send, as bytes, and a side that plays them.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fmt;

use handshake::{Blame, Conversation, Fault, Rx, Step};
use verack_proxy::sam::{Destination, PrivateKey, SessionId};
use verack_proxy::socks::{Client, Credentials, Destination as Target, Isolation, UserPassword};

pub(crate) const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

/// The kinds of clients of SOCKS: their routes, with and without user and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    WithPassword,
    Exit,
    Onion,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Open, Kind::WithPassword, Kind::Exit, Kind::Onion];

/// A client of this kind. That of an onion service has something to say early.
pub(crate) fn client(kind: Kind) -> Client {
    let named = |name| Target::name(name, 8333).expect("it is short");
    let isolation = Isolation::numbered([0xab; 8], 7);
    match kind {
        Kind::Open => Client::plain(named("seed.example"), None),
        Kind::WithPassword => Client::plain(named("seed.example"), Some(credentials())),
        Kind::Exit => Client::tor(named("seed.example"), isolation, Vec::new()),
        Kind::Onion => Client::tor(named(ONION), isolation, b"early".to_vec()),
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(UserPassword { user: b"alice", password: b"secret" }).expect("they are short")
}

/// What a client of this kind sends, and what its proxy answers, turn by turn.
pub(crate) fn turns(kind: Kind) -> Vec<(Vec<u8>, Vec<u8>)> {
    let name = b"\x05\x01\x00\x03\x0cseed.example\x20\x8d";
    let isolation = b"\x01\x09<torS0X>0\x12abababababababab-7";
    let turns: Vec<(Vec<u8>, &[u8])> = match kind {
        // microsocks
        Kind::Open => {
            vec![(b"\x05\x01\x00".to_vec(), b"\x05\x00"), (name.to_vec(), b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")]
        }
        Kind::WithPassword => vec![
            (b"\x05\x02\x00\x02".to_vec(), b"\x05\x02"),
            (b"\x01\x05alice\x06secret".to_vec(), b"\x01\x00"),
            (name.to_vec(), b"\x05\x00\x00\x04\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x8d"),
        ],
        // tor
        Kind::Exit => vec![
            (b"\x05\x01\x02".to_vec(), b"\x05\x02"),
            ([isolation, &name[..]].concat(), b"\x01\x00\x05\x00\x00\x03\x05there\x00\x07"),
        ],
        Kind::Onion => vec![
            (b"\x05\x01\x02".to_vec(), b"\x05\x02"),
            (
                [isolation, &b"\x05\x01\x00\x03\x3e"[..], ONION.as_bytes(), b"\x20\x8d", b"early"].concat(),
                b"\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00",
            ),
        ],
    };
    turns.into_iter().map(|(said, heard)| (said, heard.to_vec())).collect()
}

/// All that a proxy sends to a client of this kind.
pub(crate) fn heard(kind: Kind) -> Vec<u8> {
    turns(kind).into_iter().flat_map(|(_, heard)| heard).collect()
}

/// What a proxy sends to a client of this kind before its reply.
pub(crate) fn before_reply(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Open => b"\x05\x00",
        Kind::WithPassword | Kind::Exit | Kind::Onion => b"\x05\x02\x01\x00",
    }
}

/// A session's name.
pub(crate) const SESSION: [u8; 8] = [0x5a; 8];
pub(crate) const SESSION_NAME: &str = "5a5a5a5a5a5a5a5a";

pub(crate) fn session() -> SessionId {
    SessionId::new(SESSION)
}

/// The router's first line.
pub(crate) const HELLO: &str = "HELLO REPLY RESULT=OK VERSION=3.1\n";

/// Our first line.
pub(crate) const OUR_HELLO: &str = "HELLO VERSION MIN=3.1 MAX=3.1\n";

/// I2P's base 64 of these bytes, written in another way than the crate's.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";
    let group = |chunk: &[u8]| {
        let number = (0..3).fold(0u32, |number, at| number << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        let digit = move |at: usize| match at <= chunk.len() {
            true => char::from(DIGITS[(number >> (18 - 6 * at)) as usize & 63]),
            false => '=',
        };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The bytes of a destination with an Ed25519 key: 391, of which many are this one.
pub(crate) fn destination_bytes(byte: u8) -> Vec<u8> {
    [&[byte; 384], &[5, 0, 4, 0, 7, 0, 4][..]].concat()
}

/// A destination in I2P's base 64.
pub(crate) fn destination_text(byte: u8) -> String {
    base64(&destination_bytes(byte))
}

pub(crate) fn destination(byte: u8) -> Destination {
    Destination::parse(destination_text(byte).as_bytes()).expect("sound")
}

/// A private key in I2P's base 64: 391 bytes of a destination, 256 and 32 of its private keys.
pub(crate) fn key_text(byte: u8) -> String {
    base64(&[destination_bytes(byte), vec![byte ^ 0xff; 288]].concat())
}

pub(crate) fn key(byte: u8) -> PrivateKey {
    PrivateKey::parse(key_text(byte).as_bytes()).expect("sound")
}

/// A side that expects bytes and answers each with others.
pub(crate) struct Scripted {
    turns: std::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    turn: Option<(Vec<u8>, Vec<u8>)>,
}

impl Scripted {
    pub(crate) fn new(turns: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let mut turns = turns.into_iter();
        Self { turn: turns.next(), turns }
    }
}

impl Conversation for Scripted {
    type Output = ();
    type Event = ();
    type Error = Other;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<(), ()>, Other> {
        let Some((expected, answer)) = &self.turn else { return Ok(Step::Done(())) };
        match rx.take(expected.len()) {
            Err(missing) => return Ok(Step::Need(missing.0)),
            Ok(said) if said != expected => return Err(Other(said.to_vec())),
            Ok(_) => tx.extend_from_slice(answer),
        }
        self.turn = self.turns.next();
        Ok(Step::Event(()))
    }

    fn awaiting(&self) -> &'static str {
        "line of the script"
    }
}

/// Other bytes than those of the script.
#[derive(Debug)]
pub(crate) struct Other(Vec<u8>);

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it said {:?}", String::from_utf8_lossy(&self.0))
    }
}

impl std::error::Error for Other {}

impl Fault for Other {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        "script.other"
    }
}
