//! The bytes of libp2p's nodes: their keys, and valid messages for scripts to modify.

use libp2p::yamux::{Frame, Kind};
use libp2p::{Identify, Identity, Local, Payload, SecretKey, multistream};

/// A peer's keys. No secret is needed here, and our side has new keys each time.
pub(super) fn local() -> Local {
    let [s, e] = [0x5f, 0x60].map(|byte| SecretKey::new([byte; 32]));
    let mut local = Local::new(Identity::new([0x5e; 32]), s, e, "verack-simnet/1.0");
    local.listen_addrs = vec!["/ip4/192.0.2.1/tcp/4001".parse().expect("an address")];
    local
}

/// The proof of this node's identity, with these muxers.
pub(super) fn payload(local: &Local, muxers: &[&str]) -> Vec<u8> {
    let muxers = muxers.iter().map(|&muxer| muxer.into()).collect();
    let mut bytes = Vec::new();
    Payload::new(&local.identity, local.static_key.public(), muxers).write(&mut bytes);
    bytes
}

/// An introduction's bytes.
pub(super) fn written(identify: &Identify) -> Vec<u8> {
    let mut bytes = Vec::new();
    identify.write(&mut bytes);
    bytes
}

/// Names of protocols, as multistream-select writes them.
pub(super) fn names(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    names.iter().for_each(|name| multistream::write(name, &mut bytes));
    bytes
}

/// A frame of yamux without data.
pub(super) fn frame(kind: Kind, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame { kind, flags, stream, length }.write(&mut bytes);
    bytes
}

/// A frame of this kind, which may be invalid.
pub(super) fn frame_of(kind: u8) -> Vec<u8> {
    let mut bytes = frame(Kind::Data, 0, 1, 0);
    bytes[1] = kind;
    bytes
}

/// A frame of yamux with data.
pub(super) fn data(flags: u16, stream: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("short");
    [&frame(Kind::Data, flags, stream, length), data].concat()
}
