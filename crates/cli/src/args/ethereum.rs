//! What can be said in Ethereum's handshake, and how it is written on the command line.

use clap::{Args, ValueEnum};
use ethereum::{Capability, ForkId, Hash, Protocol, eth};

use super::values::{self, hex};

/// How we introduce ourselves to Ethereum's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Ethereum")]
pub struct EthereumOptions {
    /// What we offer to speak; others than eth with the number of their messages, as in snap/1:8
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = capability,
          default_value = "eth/68,eth/69,eth/70,eth/71,eth/72")]
    pub capabilities: Vec<Protocol>,
    /// The port on which we say that we listen, 0 for none
    #[arg(long, value_name = "PORT", default_value_t = 0, value_parser = values::whole::<u16>)]
    pub listen_port: u16,
    /// What our Status says [default: echo; listening on a network that is named: own]
    #[arg(long, value_enum, value_name = "WHOSE")]
    pub status: Option<StatusChoice>,
    /// The number of a network that has no name; a peer on another one is refused
    #[arg(long, value_name = "N", value_parser = values::whole::<u64>)]
    pub network_id: Option<u64>,
    /// The hash of its first block
    #[arg(long, value_name = "HEX", value_parser = hash)]
    pub genesis: Option<Hash>,
    /// The fork id in our own Status: 8 hex digits and, behind a colon, the next fork [default: that of the latest fork]
    #[arg(long, value_name = "HEX[:NEXT]", value_parser = fork_id)]
    pub fork_id: Option<ForkId>,
    /// The hash of the last block in our own Status, whose number --start-height says [default: that of the first block]
    #[arg(long, value_name = "HEX", value_parser = hash)]
    pub head: Option<Hash>,
}

/// What our Status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusChoice {
    /// What the peer's said, once that is heard, so that no node turns us away for our chain
    Echo,
    /// The network of --chain, or of --network-id and --genesis, said without waiting
    Own,
    /// There is none: the handshake is over with Hello
    None,
}

/// `eth/68`, `snap/1:8`
fn capability(text: &str) -> Result<Protocol, String> {
    const EXPECTED: &str = "expected NAME/VERSION, and for others than eth the number of messages: eth/69, snap/1:8";
    let (name, rest) = text.split_once('/').ok_or(EXPECTED)?;
    let (version, messages) = match rest.split_once(':') {
        Some((version, messages)) => (version, Some(messages.parse().map_err(|_| EXPECTED)?)),
        None => (rest, None),
    };
    let version = version.parse().map_err(|_| EXPECTED)?;
    match messages {
        Some(messages) if !name.is_empty() => Ok(Protocol { capability: Capability::new(name, version), messages }),
        None if name == eth::NAME => Ok(Protocol::eth(version)),
        _ => Err(EXPECTED.into()),
    }
}

/// 64 digits, with or without `0x`.
fn hash(text: &str) -> Result<Hash, String> {
    let bytes = hex(text.strip_prefix("0x").unwrap_or(text))?;
    bytes.try_into().map(Hash).map_err(|_| "expected 64 hex digits".into())
}

/// `07c9462e`, `0xdce96c2d:1710338135`
fn fork_id(text: &str) -> Result<ForkId, String> {
    const EXPECTED: &str = "expected 8 hex digits, and the next fork behind a colon if there is one";
    let (hash, next) = text.split_once(':').unwrap_or((text, "0"));
    let hash = hex(hash.strip_prefix("0x").unwrap_or(hash))?.try_into().map_err(|_| EXPECTED)?;
    Ok(ForkId { hash, next: next.parse().map_err(|_| EXPECTED)? })
}

#[cfg(test)]
mod tests {
    use super::{capability, fork_id, hash};

    #[test]
    fn what_is_no_capability_hash_or_fork_id_is_refused() {
        assert_eq!(capability("eth/69").unwrap().messages, 18);
        assert_eq!(capability("snap/1:8").unwrap().messages, 8);
        for text in ["", "eth", "eth/", "eth/x", "snap/1", "snap/1:", "/1:8"] {
            assert!(capability(text).is_err(), "{text}");
        }
        assert_eq!(hash(&"ab".repeat(32)), hash(&format!("0x{}", "ab".repeat(32))));
        assert!(hash("ab").is_err() && hash(&"gg".repeat(32)).is_err());
        assert_eq!(fork_id("dce96c2d:1710338135").unwrap().next, 1_710_338_135);
        assert_eq!(fork_id("0x07c9462e").unwrap().hash, [0x07, 0xc9, 0x46, 0x2e]);
        for text in ["", "07c946", "07c9462e:", "07c9462e:x"] {
            assert!(fork_id(text).is_err(), "{text}");
        }
    }
}
