//! Round trips of a libp2p handshake, over a link that delays every packet.

use libp2p::{Event, Message};

use crate::Result;
use crate::compare::Findings;
use crate::libp2p_sides::{INITIATOR, RESPONDER};
use crate::link::Link;
use crate::program::print_machine;
use crate::sides::{self, Peer};

/// Round trips from the first packet until Noise is done, as initiator, at most: one is TCP's.
const MOST_TO_NOISE: f64 = 2.05;

/// The same until the peer has introduced itself. The muxer is chosen within Noise.
const MOST_TO_IDENTIFY: f64 = 3.05;

/// The words that start the two roles: `libp2p-peer ADDRESS`, `libp2p-dial ADDRESS`.
pub const PEER: &str = "libp2p-peer";
pub const DIAL: &str = "libp2p-dial";

/// The peer's address, in the far namespace.
const ADDRESS: &str = "10.78.0.1:4001";

/// Measures the round trip and the handshake alternately.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(PEER, &link.far, &[ADDRESS])?;
    let [noises, identifies] = sides::count(&link, rounds, ADDRESS, DIAL, &[&[ADDRESS]])?;
    let mut findings = Findings::default();
    findings.at_most(MOST_TO_NOISE, "round trips to the end of Noise as initiator", &noises);
    findings.at_most(MOST_TO_IDENTIFY, "round trips to identify as initiator", &identifies);
    Ok(findings)
}

/// The role of the responder.
pub fn peer(args: &[&str]) -> Result<()> {
    match args {
        [address] => sides::answer(address, || RESPONDER.is_dialled(&RESPONDER.identity())),
        _ => Err("expected: ADDRESS".into()),
    }
}

/// The role of the initiator. Noise is done once we have sent its third message.
pub fn dial(args: &[&str]) -> Result<()> {
    let [address] = args else {
        return Err("expected: ADDRESS".into());
    };
    let handshake = INITIATOR.dials(&INITIATOR.identity(), RESPONDER.identity().peer_id());
    sides::dial_past(address, handshake, |event| matches!(event, Event::Said(Message::Three(_))))
}
