//! Round trips of a Monero handshake, over a link that delays every packet.
//!
//! An answer with all fields of the greatest number of peers has about 32 kB. TCP cannot send that before its first
//! acknowledgement, so such an answer takes one more round trip for any initiator. Today's answers have 13 to 20 kB.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroI64;

use monero::{Address, Hello, Local, Network, Peer as Known};

use crate::Result;
use crate::compare::Findings;
use crate::link::Link;
use crate::program::print_machine;
use crate::sides::{self, Peer};

/// Round trips from the first packet to the answer as initiator, at most: one is TCP's.
const MOST_AS_INITIATOR: f64 = 2.05;

/// The words that start the two roles: `monero-peer ADDRESS PEERS`, `monero-dial ADDRESS`.
pub const PEER: &str = "monero-peer";
pub const DIAL: &str = "monero-dial";

/// The address of the peer whose answer fits into TCP's first window, in the far namespace.
const ADDRESS: &str = "10.78.0.1:18080";
const FEW: &str = "100";

/// The address of the peer that sends as many peers as allowed.
const TALKATIVE: &str = "10.78.0.1:18081";
const MANY: &str = "250";

/// Measures the round trip and the handshake alternately.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(PEER, &link.far, &[ADDRESS, FEW])?;
    let _talkative = Peer::start(PEER, &link.far, &[TALKATIVE, MANY])?;
    let [handshakes, longest] = sides::count(&link, rounds, ADDRESS, DIAL, &[&[ADDRESS], &[TALKATIVE]])?;
    let mut findings = Findings::default();
    let [few, many] = [FEW, MANY].map(|peers| format!("round trips to an answer with {peers} peers as initiator"));
    findings.at_most(MOST_AS_INITIATOR, &few, &handshakes);
    // TCP decides how many more it takes.
    println!("{many}: {longest:.3}");
    Ok(findings)
}

/// The role of the responder.
pub fn peer(args: &[&str]) -> Result<()> {
    let [address, peers] = args else {
        return Err("expected: ADDRESS PEERS".into());
    };
    let known = (0..peers.parse::<u64>()?).map(|n| {
        let [.., high, low] = n.to_be_bytes();
        let address = Address::Ip(SocketAddr::from((Ipv4Addr::new(203, 0, high, low), 18080)));
        let last_seen = NonZeroI64::new(1_700_000_000);
        let (pruning_seed, rpc_port, rpc_credits_per_hash) = (384, 18089, 1);
        Known { last_seen, pruning_seed, rpc_port, rpc_credits_per_hash, ..Known::new(address, n) }
    });
    let telling = Local { peers: known.collect::<Vec<_>>().into(), ..local(2) };
    sides::answer(address, || Hello::responder(telling.clone()))
}

/// The role of the initiator.
pub fn dial(args: &[&str]) -> Result<()> {
    match args {
        [address] => sides::dial(address, Hello::initiator(local(1))),
        _ => Err("expected: ADDRESS".into()),
    }
}

fn local(peer_id: u64) -> Local {
    Local::new(Network::named("monero").expect("in the table"), peer_id)
}
