//! Round trips of a Lightning handshake, over a link that delays every packet.

use lightning::{Hello, Local, SecretKey};

use crate::Result;
use crate::compare::Findings;
use crate::link::Link;
use crate::program::print_machine;
use crate::sides::{self, Peer};

/// Round trips from the first packet to the pong after both `init` messages as initiator, at most: one is TCP's.
const MOST_AS_INITIATOR: f64 = 4.05;

/// The words that start the two roles: `lightning-peer ADDRESS`, `lightning-dial ADDRESS`.
pub const PEER: &str = "lightning-peer";
pub const DIAL: &str = "lightning-dial";

/// The peer's address, in the far namespace.
const ADDRESS: &str = "10.78.0.1:9735";

/// Measures the round trip and the handshake alternately.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(PEER, &link.far, &[ADDRESS])?;
    let [inits] = sides::count(&link, rounds, ADDRESS, DIAL, &[&[ADDRESS]])?;
    let mut findings = Findings::default();
    findings.at_most(MOST_AS_INITIATOR, "round trips to the pong behind both inits as initiator", &inits);
    Ok(findings)
}

/// The role of the responder.
pub fn peer(args: &[&str]) -> Result<()> {
    match args {
        [address] => sides::answer(address, || Hello::responder(local(THEIRS))),
        _ => Err("expected: ADDRESS".into()),
    }
}

/// The role of the initiator.
pub fn dial(args: &[&str]) -> Result<()> {
    match args {
        [address] => sides::dial(address, Hello::initiator(local(OURS), key(THEIRS[0]).node_id())),
        _ => Err("expected: ADDRESS".into()),
    }
}

/// Secret keys of both sides: the static key, and the one for every connection. They are fixed, as no secret is needed.
const OURS: [[u8; 32]; 2] = [[0x11; 32], [0x12; 32]];
const THEIRS: [[u8; 32]; 2] = [[0x21; 32], [0x22; 32]];

fn local([s, e]: [[u8; 32]; 2]) -> Local {
    Local::new(key(s), key(e), Vec::new())
}

fn key(bytes: [u8; 32]) -> SecretKey {
    SecretKey::new(bytes).expect("it is below the order of the curve")
}
