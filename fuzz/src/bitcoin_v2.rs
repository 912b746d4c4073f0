//! Bitcoin's encrypted transport, with a peer that has its keys.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! By itself a fuzzer finds neither a terminator nor a tag. So one of the choices is that what the peer sends is a list
//! of things to say, each a byte for its kind, two for its length, and its bytes; the peer says them with the right keys.

use handshake::{Fault, Handshake, Role, Rx};
use testing::survives;
use verack_bitcoin::message::Command;
use verack_bitcoin::v2::keys::Session as Keyed;
use verack_bitcoin::v2::{Garbage, Keys, Packet, Start, contents};
use verack_bitcoin::{Accept, Chain, Concluded, Error, Local, Params, ReadError, Transport, V2};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input, |local| V2::initiator(local, start()));
}

/// Any bytes to our responder, over whichever transport.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input, |local| Accept::new(local, start()));
}

/// Any packets to a connection after its handshake.
pub fn open(input: &[u8]) {
    let Some((choices, input)) = input.split_first_chunk::<2>() else { return };
    let mut peer = Peer::to(Role::Responder);
    let packets = if choices[0] & 1 != 0 { peer.packets(input) } else { input.to_vec() };
    let mut open = keys([1; 32]).encode().agree(Role::Responder, &Peer::encoding(), params().magic).open;
    open.wait_for(u32::from(choices[0]) << 8);
    let mut arrived = Vec::new();
    for piece in packets.chunks(usize::from(choices[1]).max(1)) {
        arrived.extend_from_slice(piece);
        loop {
            let mut rx = Rx::new(&mut arrived);
            let read = open.read(&mut rx);
            let taken = rx.taken();
            match read {
                Ok(Packet::Whole { contents, .. }) => drop(contents::read(contents)),
                Ok(Packet::Long { head, len, .. }) => assert!(head.len() == 15 && len > 15),
                Ok(Packet::Skipped { bytes, .. }) => assert!(bytes > 0),
                Err(ReadError::Short(short)) => {
                    assert!(short.0 > 0 && taken == 0);
                    break;
                }
                Err(ReadError::Error(error)) => {
                    assert!(error.code().starts_with("bitcoin.v2."));
                    return;
                }
            }
            arrived.drain(..taken);
        }
    }
}

fn handshake<H>(role: Role, input: &[u8], make: impl Fn(Local) -> H)
where
    H: Handshake<Output = Concluded, Error = Error>,
{
    let Some((&choices, rest)) = input.split_first() else { return };
    let local = Local::new(params(), 1_700_000_000, 0x1122_3344_5566_7788, [7; 32]);
    let input = match rest.split_first() {
        Some((&piece, script)) if choices & 1 != 0 => [&[piece], &*Peer::to(role).says(script)].concat(),
        _ => rest.to_vec(),
    };
    let mut ended = survives(|| make(local.clone()), &input);
    match ended.result.take() {
        None => {}
        Some(Err(fault)) => {
            assert!(fault.code().starts_with("bitcoin."));
            assert!(fault.to_string().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{fault}");
        }
        Some(Ok(concluded)) => {
            assert!(concluded.agreed.version.version >= local.min_peer_version);
            assert_eq!(concluded.channel.session_id.is_some(), concluded.channel.transport() == Transport::V2);
        }
    }
}

fn params() -> Params {
    Chain::named("bitcoin-regtest").expect("it is in the table").params
}

fn keys(secret: [u8; 32]) -> Keys {
    Keys::new(secret, [9; 32]).expect("a secret key")
}

fn start() -> Start {
    Start::new(keys([1; 32]), Garbage::new(*b"garbage").expect("short"))
}

/// A peer that has the keys, and says what the fuzzer wants.
struct Peer {
    session: Keyed,
}

impl Peer {
    fn to(role: Role) -> Self {
        let role = match role {
            Role::Initiator => Role::Responder,
            Role::Responder => Role::Initiator,
        };
        let theirs = keys([1; 32]).encode();
        Self { session: keys([2; 32]).encode().agree(role, theirs.encoding(), params().magic) }
    }

    fn encoding() -> [u8; 64] {
        *keys([2; 32]).encode().encoding()
    }

    /// Its key, as much garbage as the first byte of the script says, and packets.
    fn says(&mut self, script: &[u8]) -> Vec<u8> {
        let (&garbage, script) = script.split_first().unwrap_or((&0, &[]));
        let garbage = vec![garbage; usize::from(garbage)];
        let mut said = [&Self::encoding()[..], &garbage, &self.session.our_terminator].concat();
        self.session.seal.seal(&garbage, false, &mut said, |_| {});
        said.extend(self.packets(script));
        said
    }

    fn packets(&mut self, mut script: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        while let Some((&[kind, a, b], rest)) = script.split_first_chunk::<3>() {
            let len = usize::from(u16::from_le_bytes([a, b])).min(rest.len());
            let (bytes, rest) = rest.split_at(len);
            script = rest;
            let names = [Command::VERSION, Command::VERACK, Command::PING, Command::FEATURE, Command::SENDADDRV2];
            match kind {
                0xff => said.extend_from_slice(bytes),
                _ => self.session.seal.seal(&[], kind & 0x80 != 0, &mut said, |tx| {
                    if let Some(name) = names.get(usize::from(kind & 0x7f)) {
                        contents::write_name(*name, tx);
                    }
                    tx.extend_from_slice(bytes);
                }),
            }
        }
        said
    }
}
