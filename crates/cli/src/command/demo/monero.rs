//! A simulated Monero network, whose nodes need their own run, since the chosen network decides the protocol.

use std::time::Duration;

use bitcoin::Params;
use simnet::{Network, Plan};

use super::{Facts, beside, options, shake_hands, truths};
use crate::args::Global;
use crate::exit::{Error, Exit};

/// The network of its nodes.
const CHAIN: &str = "monero-stagenet";

/// One node of each kind.
pub fn plan() -> Plan {
    let network = monero::Network::named(CHAIN).expect("it is in the table");
    Plan::only(simnet::monero::peers(network))
}

/// The client's arguments: the seeds' names.
pub fn words(network: &Network, patience: Duration) -> Vec<String> {
    let options = options(network, patience).chain(["--chain".to_owned(), CHAIN.to_owned()]);
    network.seeds().into_iter().chain(options).collect()
}

/// Runs the client against it, and compares its reports with the truth.
pub fn run(_chain: Params, patience: Duration, global: &Global) -> Result<Exit, Error> {
    let facts = move |network: &Network| {
        Ok(Facts { client_words: words(network, patience), truths: truths(network), unresolved: &[], _keyed: None })
    };
    beside(Network::start(plan()), facts, |facts| shake_hands(facts, global))
}
