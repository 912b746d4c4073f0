//! A peer that follows the protocol up to the end of Noise. The fuzzer uses the same peer.

use handshake::Role;
use verack_libp2p::channel::with_length;
use verack_libp2p::multistream::{self, HEADER, NOISE};
use verack_libp2p::xx::{Initiator, Responder, Transport};
use verack_libp2p::{Channel, Local, Payload, yamux};

/// The bytes of such a peer, and the channel after them.
pub(crate) struct Noise {
    /// The two names, and its messages of Noise.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// With the keys of the peer's side.
    pub(crate) channel: Channel,
}

impl Noise {
    /// The peer of our side in this role, with this payload.
    pub(crate) fn of(role: Role, ours: &Local, theirs: &Local, payload: &[u8]) -> Self {
        let our_payload = payload_of(ours, muxers_of(ours));
        let keys = |local: &Local| (local.static_key.clone(), local.ephemeral_key.clone());
        let ([(s, e), (rs, re)], [in_two, in_three]) = match role {
            Role::Initiator => ([keys(ours), keys(theirs)], [payload, &our_payload]),
            Role::Responder => ([keys(theirs), keys(ours)], [&our_payload[..], payload]),
        };
        let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
        let initiator = Initiator::new(&[], s, e).one(&[], &mut one);
        let (says, _) = Responder::new(&[], rs, re).one(&mut one).expect("sound");
        let responder = says.two(in_two, &mut two).expect("sound");
        let mut heard = two.clone();
        let (says, _) = initiator.two(&mut heard).expect("sound");
        let initiator = says.three(in_three, &mut three).expect("sound");
        let mut heard = three.clone();
        let (responder, _) = responder.three(&mut heard).expect("sound");
        let (messages, Transport { seal, open, .. }) = match role {
            Role::Initiator => (vec![two], responder),
            Role::Responder => (vec![one, three], initiator),
        };
        let names = [HEADER, NOISE].map(|name| written(|tx| multistream::write(name, tx)));
        let framed = messages.iter().map(|text| written(|tx| with_length(tx, |tx| tx.extend_from_slice(text))));
        Self { pieces: names.into_iter().chain(framed).collect(), channel: Channel::new(seal, open) }
    }
}

/// A side's payload within Noise, if it offers these muxers there.
pub(crate) fn payload_of(local: &Local, muxers: &[&str]) -> Vec<u8> {
    let muxers = muxers.iter().map(|&muxer| muxer.into()).collect();
    let payload = Payload::new(&local.identity, local.static_key.public(), muxers);
    written(|tx| payload.write(tx))
}

/// The muxers that a side offers within Noise.
pub(crate) fn muxers_of(local: &Local) -> &'static [&'static str] {
    if local.inlines_muxer { &[yamux::NAME] } else { &[] }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}
