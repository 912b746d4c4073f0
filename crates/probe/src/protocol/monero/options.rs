//! The options of our side of Monero's handshake.

use crate::protocol::common::START_HEIGHT;
use crate::protocol::option::{AnyOption, Opt, Values};
use crate::protocol::parse;

/// The options.
#[derive(Clone, Debug)]
pub struct MoneroOptions {
    /// Our peer id; random by default.
    pub peer_id: Option<u64>,
    /// The listening port in our handshake, 0 for none.
    pub my_port: u16,
    /// The RPC port in our handshake, 0 for none.
    pub rpc_port: u16,
    /// Our support flags: 1 means fluffy blocks.
    pub support_flags: u32,
    /// The hash of our last block; by default that of the network's first.
    pub top_block: Option<[u8; 32]>,
    /// The version of the consensus rules of that block.
    pub top_version: u8,
    /// The cumulative difficulty of our chain.
    pub difficulty: u128,
    /// The part of the chain that we have, 0 for all of it.
    pub pruning_seed: u32,
    /// The height of our chain.
    pub start_height: i32,
}

impl Default for MoneroOptions {
    fn default() -> Self {
        Self::from(&Values::default())
    }
}

impl From<&Values> for MoneroOptions {
    fn from(values: &Values) -> Self {
        Self {
            peer_id: values.get(&PEER_ID),
            my_port: values.get(&MY_PORT).unwrap_or_default(),
            rpc_port: values.get(&RPC_PORT).unwrap_or_default(),
            support_flags: values.get(&SUPPORT_FLAGS).unwrap_or_default(),
            top_block: values.get(&TOP_BLOCK),
            top_version: values.get(&TOP_VERSION).unwrap_or_default(),
            difficulty: values.get(&DIFFICULTY).unwrap_or_default(),
            pruning_seed: values.get(&PRUNING_SEED).unwrap_or_default(),
            start_height: values.get(&START_HEIGHT).unwrap_or_default(),
        }
    }
}

/// The heading of these options.
const MONERO: &str = "Monero";

/// All options, in the order of the help.
pub static OPTIONS: [&dyn AnyOption; 9] = [
    &START_HEIGHT,
    &PEER_ID,
    &MY_PORT,
    &RPC_PORT,
    &SUPPORT_FLAGS,
    &TOP_BLOCK,
    &TOP_VERSION,
    &DIFFICULTY,
    &PRUNING_SEED,
];

static PEER_ID: Opt<u64> =
    Opt::value("peer-id", "HEX", parse::nonce, MONERO, "What we call ourselves, in hex [default: random for each run]");

static MY_PORT: Opt<u16> = Opt::value(
    "my-port",
    "PORT",
    parse::whole,
    MONERO,
    "The port on which we say that we listen: a node that we dial dials it back to see; 0 for none",
)
.default("0");

static RPC_PORT: Opt<u16> =
    Opt::value("rpc-port", "PORT", parse::whole, MONERO, "The port on which we say that we answer RPC, 0 for none")
        .default("0");

static SUPPORT_FLAGS: Opt<u32> = Opt::value(
    "support-flags",
    "FLAGS",
    parse::whole,
    MONERO,
    "What we say that we can do besides: 1 are fluffy blocks; a peer that says 0 is asked",
)
.default("1");

static TOP_BLOCK: Opt<[u8; 32]> = Opt::value(
    "top-block",
    "HEX",
    parse::hash,
    MONERO,
    "The hash of the last block that we claim to have [default: of the network's first]",
);

static TOP_VERSION: Opt<u8> =
    Opt::value("top-version", "N", parse::whole, MONERO, "The version of the rules by which we say that it was made")
        .default("1");

static DIFFICULTY: Opt<u128> =
    Opt::value("difficulty", "N", parse::whole, MONERO, "The work in the chain that we claim to have").default("1");

static PRUNING_SEED: Opt<u32> =
    Opt::value("pruning-seed", "N", parse::whole, MONERO, "Which part of the chain we claim to have, 0 for all of it")
        .default("0");
