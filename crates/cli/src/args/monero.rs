//! What can be said in Monero's handshake, and how it is written on the command line.

use clap::Args;

use super::values::{self, hex};

/// How we introduce ourselves to Monero's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Monero")]
pub struct MoneroOptions {
    /// What we call ourselves, in hex [default: random for each run]
    #[arg(long, value_name = "HEX", value_parser = values::nonce)]
    pub peer_id: Option<u64>,
    /// The port on which we say that we listen: a node that we dial dials it back to see; 0 for none
    #[arg(long, value_name = "PORT", default_value_t = 0, value_parser = values::whole::<u16>)]
    pub my_port: u16,
    /// The port on which we say that we answer RPC, 0 for none
    #[arg(long, value_name = "PORT", default_value_t = 0, value_parser = values::whole::<u16>)]
    pub rpc_port: u16,
    /// What we say that we can do besides: 1 are fluffy blocks; whoever says 0 is asked
    #[arg(long, value_name = "FLAGS", default_value_t = 1, value_parser = values::whole::<u32>)]
    pub support_flags: u32,
    /// The hash of the last block that we claim to have [default: of the network's first]
    #[arg(long, value_name = "HEX", value_parser = hash)]
    pub top_block: Option<[u8; 32]>,
    /// The version of the rules by which we say that it was made
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = values::whole::<u8>)]
    pub top_version: u8,
    /// The work in the chain that we claim to have
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = values::whole::<u128>)]
    pub difficulty: u128,
    /// Which part of the chain we claim to have, 0 for all of it
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = values::whole::<u32>)]
    pub pruning_seed: u32,
}

/// 64 digits.
fn hash(text: &str) -> Result<[u8; 32], String> {
    hex(text)?.try_into().map_err(|_| "expected 64 hex digits".into())
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn a_hash_has_64_digits() {
        assert_eq!(hash(&"ab".repeat(32)), Ok([0xab; 32]));
        assert!(hash("ab").is_err() && hash(&"gg".repeat(32)).is_err());
    }
}
