//! Round trips of an Ethereum handshake, over a link that delays every packet.

use ethereum::local::Goal;

use crate::Result;
use crate::compare::Findings;
use crate::ethereum_sides::Side;
use crate::link::Link;
use crate::program::print_machine;
use crate::sides::{self, Peer};

/// Round trips from the first packet until Hello is exchanged, as initiator, at most: one is TCP's.
const MOST_TO_HELLO: f64 = 2.05;

/// The same until Status is exchanged and the request after it is answered.
const MOST_TO_STATUS: f64 = 4.05;

/// The words that start the two roles: `ethereum-peer ADDRESS`, `ethereum-dial ADDRESS hello|status`.
pub const PEER: &str = "ethereum-peer";
pub const DIAL: &str = "ethereum-dial";

/// The peer's address, in the far namespace.
const ADDRESS: &str = "10.78.0.1:30303";

/// Measures the round trip and both handshakes alternately.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(PEER, &link.far, &[ADDRESS])?;
    let calls: [&[&str]; 2] = [&[ADDRESS, "hello"], &[ADDRESS, "status"]];
    let [hellos, statuses] = sides::count(&link, rounds, ADDRESS, DIAL, &calls)?;
    let mut findings = Findings::default();
    findings.at_most(MOST_TO_HELLO, "round trips to both Hellos as initiator", &hellos);
    findings.at_most(MOST_TO_STATUS, "round trips to the answer behind both Statuses as initiator", &statuses);
    Ok(findings)
}

/// The role of the responder.
pub fn peer(args: &[&str]) -> Result<()> {
    match args {
        [address] => sides::answer(address, || Side::responder().is_dialled()),
        _ => Err("expected: ADDRESS".into()),
    }
}

/// The role of the initiator.
pub fn dial(args: &[&str]) -> Result<()> {
    let [address, goal] = args else {
        return Err("expected: ADDRESS hello|status".into());
    };
    let mut side = Side::initiator();
    if *goal == "hello" {
        side.local.goal = Goal::Hello;
    }
    sides::dial(address, side.dials(Side::responder().local.node_id()))
}
