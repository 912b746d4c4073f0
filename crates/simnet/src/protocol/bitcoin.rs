//! Bitcoin and its relatives, over both transports.

mod callers;
mod catalogue;
mod honest;
mod population;
mod script;
mod truth;
mod wire;

use bitcoin::Params;

pub use self::callers::callers;
pub use self::catalogue::{cut_at_every_byte, encrypted_and_cut_at_every_byte, peers, versions_of_every_length};
pub use self::honest::honest;
pub use self::population::{BitcoinNodes, nodes};
use crate::network::Plan;

/// A network with one of each kind of peer, some other healthy ones, and some addresses without a peer.
#[must_use]
pub fn plan(chain: &Params) -> Plan {
    /// Enough that both transports are among them.
    const HONEST: usize = 12;
    Plan::new([peers(chain), honest(chain, HONEST)].concat())
}
