//! A simulated network of Monero's, whose nodes are met in a run of their own: the network that is chosen tells the
//! protocol.

use std::time::Duration;

use bitcoin::Params;
use simnet::{Network, Plan, monero_peers};

use super::{Facts, beside, options, shake_hands, truths};
use crate::args::Global;
use crate::exit::{Error, Exit};

/// The network that its nodes belong to.
const CHAIN: &str = "monero-stagenet";

/// One of each kind of node. What they say is told by their scripts, not by the parameters of another protocol.
pub fn plan(unused: Params) -> Plan {
    let network = monero::Network::named(CHAIN).expect("it is in the table");
    Plan::only(unused, monero_peers(network))
}

/// What the client is told: the seeds' names.
pub fn words(network: &Network, patience: Duration) -> Vec<String> {
    let options = options(network, patience).chain(["--chain".to_owned(), CHAIN.to_owned()]);
    network.seeds().into_iter().chain(options).collect()
}

/// Runs the client against it, and compares what it says with the truth.
pub fn run(unused: Params, patience: Duration, global: &Global) -> Result<Exit, Error> {
    let facts = move |network: &Network| {
        Ok(Facts { client_words: words(network, patience), truths: truths(network), unresolved: &[], _keyed: None })
    };
    beside(Network::start(plan(unused)), facts, |facts| shake_hands(facts, global))
}
