//! A peer's bytes, piece by piece, and our side that reads them.
#![allow(dead_code, reason = "each test uses a part of it")]

mod noise;

use handshake::Role;
use testing::{End, feed};
use verack_libp2p::multistream::{self, HEADER};
use verack_libp2p::yamux::{self, ACK, FIN, Frame, Kind, SYN};
use verack_libp2p::{
    Channel, Error, Hello, Identify, Identity, Local, Multiaddr, Opening, PublicKey, SecretKey, varint,
};

use self::noise::Noise;
pub(crate) use self::noise::payload_of;

pub(crate) const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// Identity, static and ephemeral key: each consists of one repeated byte.
pub(crate) const OURS: [u8; 3] = [0x21, 0x22, 0x23];
pub(crate) const THEIRS: [u8; 3] = [0x31, 0x32, 0x33];

pub(crate) fn local([identity, s, e]: [u8; 3]) -> Local {
    let [s, e] = [s, e].map(|byte| SecretKey::new([byte; 32]));
    let mut local = Local::new(Identity::new([identity; 32]), s, e, "verack/test");
    local.listen_addrs = vec!["/ip4/127.0.0.1/tcp/4001".parse().expect("an address")];
    local
}

/// Our side, which does not know the peer's id.
pub(crate) fn hello(role: Role) -> Hello {
    with(role, local(OURS))
}

/// Our side with these settings.
pub(crate) fn with(role: Role, local: Local) -> Hello {
    match role {
        Role::Initiator => Hello::initiator(local, None),
        Role::Responder => Hello::responder(local),
    }
}

pub(crate) fn patient(mut local: Local) -> Local {
    local.opening = Opening::Patient;
    local
}

pub(crate) fn without_inlining(mut local: Local) -> Local {
    local.inlines_muxer = false;
    local
}

pub(crate) fn their_key() -> PublicKey {
    Identity::new([THEIRS[0]; 32]).public().clone()
}

/// The peer's payload within Noise.
pub(crate) fn their_payload() -> Vec<u8> {
    payload_of(&local(THEIRS), &[yamux::NAME])
}

/// The peer's introduction.
pub(crate) fn their_identify() -> Identify {
    Identify {
        public_key: Some(their_key().encoded().into()),
        listen_addrs: vec!["/ip4/127.0.0.1/udp/9/quic-v1".parse().expect("an address")],
        protocols: vec!["/ipfs/id/1.0.0".into(), "/ipfs/ping/1.0.0".into()],
        observed_addr: Some(Multiaddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 7)))),
        protocol_version: Some("ipfs/0.1.0".into()),
        agent: Some("peer/1".into()),
        ..Identify::default()
    }
}

/// The streams for our role: our requesting stream, and the peer's first one.
pub(crate) fn streams(role: Role) -> [u32; 2] {
    match role {
        Role::Initiator => [1, 2],
        Role::Responder => [2, 1],
    }
}

/// The bytes that a peer sends to our side in a role.
pub(crate) struct Flight {
    pub(crate) role: Role,
    pub(crate) bytes: Vec<u8>,
    /// The offset of each piece.
    pub(crate) starts: Vec<usize>,
    /// The channel that carries them.
    pub(crate) channel: Channel,
}

impl Flight {
    /// The peer's names and messages of Noise, with the muxer chosen inside.
    pub(crate) fn to(role: Role) -> Self {
        Self::with_payload(role, &local(OURS), &their_payload())
    }

    /// The same for a peer with this payload, opposite these settings of ours.
    pub(crate) fn with_payload(role: Role, ours: &Local, payload: &[u8]) -> Self {
        let Noise { pieces, channel } = Noise::of(role, ours, &local(THEIRS), payload);
        let empty = Self { role, bytes: Vec::new(), starts: Vec::new(), channel };
        pieces.iter().fold(empty, |flight, piece| flight.raw(piece))
    }

    /// A name, unencrypted.
    #[must_use]
    pub(crate) fn name(self, name: &str) -> Self {
        let mut bytes = Vec::new();
        multistream::write(name, &mut bytes);
        self.raw(&bytes)
    }

    /// A frame of Noise.
    #[must_use]
    pub(crate) fn seal(mut self, text: &[u8]) -> Self {
        self.starts.push(self.bytes.len());
        self.channel.seal.frame(&mut self.bytes, |tx| tx.extend_from_slice(text));
        self
    }

    /// A frame of the muxer, in one of Noise.
    #[must_use]
    pub(crate) fn frame(self, kind: Kind, flags: u16, stream: u32, length: u32) -> Self {
        let mut text = Vec::new();
        Frame { kind, flags, stream, length }.write(&mut text);
        self.seal(&text)
    }

    /// Data of a stream, in one frame of Noise.
    #[must_use]
    pub(crate) fn data(self, flags: u16, stream: u32, data: &[u8]) -> Self {
        let mut text = Vec::new();
        let length = u32::try_from(data.len()).expect("short");
        Frame { kind: Kind::Data, flags, stream, length }.write(&mut text);
        text.extend_from_slice(data);
        self.seal(&text)
    }

    /// Names on a stream.
    #[must_use]
    pub(crate) fn names(self, flags: u16, stream: u32, names: &[&str]) -> Self {
        self.data(flags, stream, &written(names))
    }

    /// The peer requests our introduction.
    #[must_use]
    pub(crate) fn asks(self) -> Self {
        let [_, theirs] = streams(self.role);
        self.names(SYN, theirs, &[HEADER, "/ipfs/id/1.0.0"])
    }

    /// The peer sends its introduction.
    #[must_use]
    pub(crate) fn introduces(self) -> Self {
        self.introduces_as(&their_identify())
    }

    #[must_use]
    pub(crate) fn introduces_as(self, identify: &Identify) -> Self {
        let mut message = Vec::new();
        identify.write(&mut message);
        self.answers(&message)
    }

    /// Answers our request with any bytes, and closes the stream.
    #[must_use]
    pub(crate) fn answers(self, message: &[u8]) -> Self {
        let mut text = self.answer(&[message]);
        let [ours, _] = streams(self.role);
        Frame { kind: Kind::Window, flags: FIN, stream: ours, length: 0 }.write(&mut text);
        self.seal(&text)
    }

    /// The frame that answers our request with these messages; the stream stays open.
    pub(crate) fn answer(&self, messages: &[&[u8]]) -> Vec<u8> {
        let [ours, _] = streams(self.role);
        let mut data = written(&[HEADER, "/ipfs/id/1.0.0"]);
        for message in messages {
            varint::write(message.len() as u64, &mut data);
            data.extend_from_slice(message);
        }
        let (mut text, length) = (Vec::new(), u32::try_from(data.len()).expect("short"));
        Frame { kind: Kind::Data, flags: ACK, stream: ours, length }.write(&mut text);
        text.append(&mut data);
        text
    }

    /// Any bytes at all.
    #[must_use]
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        self
    }
}

pub(crate) fn written(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    names.iter().for_each(|name| multistream::write(name, &mut bytes));
    bytes
}

/// The end of our plain handshake with a peer that sends these bytes.
pub(crate) fn end_of(role: Role, bytes: &[u8]) -> End {
    End::of(&feed(&mut hello(role), [bytes]))
}

/// The fault of our side after these bytes.
#[track_caller]
pub(crate) fn fault(mut ours: Hello, bytes: &[u8]) -> Error {
    feed(&mut ours, [bytes]).result.expect("over").expect_err("a fault")
}
