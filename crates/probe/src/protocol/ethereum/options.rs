//! The options of our side of Ethereum's handshake.

use ethereum::{Capability, ForkId, Hash, Protocol, eth};

use crate::protocol::common::{CONTACT, KEY, START_HEIGHT, USER_AGENT, program};
use crate::protocol::option::{AnyOption, Opt, Values};
use crate::protocol::parse;

/// The options.
#[derive(Clone, Debug)]
pub struct EthereumOptions {
    /// The capabilities that we offer.
    pub capabilities: Vec<Protocol>,
    /// The listening port in our Hello, 0 for none.
    pub listen_port: u16,
    /// What our Status says; by default it depends on role and network.
    pub status: Option<StatusChoice>,
    /// The network id of a network without a name.
    pub network_id: Option<u64>,
    /// The hash of its first block.
    pub genesis: Option<Hash>,
    /// The fork id in our own Status; by default that of the latest fork.
    pub fork_id: Option<ForkId>,
    /// The hash of the head block in our own Status; by default that of the first block.
    pub head: Option<Hash>,
    /// The number of that block.
    pub start_height: i32,
    /// Our client id.
    pub client_id: String,
}

impl From<&Values> for EthereumOptions {
    fn from(values: &Values) -> Self {
        Self {
            capabilities: values.all(&CAPABILITIES),
            listen_port: values.get(&LISTEN_PORT).unwrap_or_default(),
            status: values.get(&STATUS),
            network_id: values.get(&NETWORK_ID),
            genesis: values.get(&GENESIS),
            fork_id: values.get(&FORK_ID),
            head: values.get(&HEAD),
            start_height: values.get(&START_HEIGHT).unwrap_or_default(),
            client_id: program(values, concat!("verack/v", env!("CARGO_PKG_VERSION"))),
        }
    }
}

/// What our Status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChoice {
    /// The peer's Status, repeated after we received it, so that no node rejects us for our chain.
    Echo,
    /// The chosen network, sent without waiting.
    Own,
    /// No Status: the handshake ends with Hello.
    None,
}

/// The heading of these options.
const ETHEREUM: &str = "Ethereum";

/// All options, in the order of the help.
pub static OPTIONS: [&dyn AnyOption; 11] = [
    &USER_AGENT,
    &CONTACT,
    &START_HEIGHT,
    &KEY,
    &CAPABILITIES,
    &LISTEN_PORT,
    &STATUS,
    &NETWORK_ID,
    &GENESIS,
    &FORK_ID,
    &HEAD,
];

static CAPABILITIES: Opt<Protocol> = Opt::value(
    "capabilities",
    "LIST",
    capability,
    ETHEREUM,
    "What we offer to speak; others than eth with the number of their messages, as in snap/1:8",
)
.list()
.default("eth/68,eth/69,eth/70,eth/71,eth/72");

static LISTEN_PORT: Opt<u16> =
    Opt::value("listen-port", "PORT", parse::whole, ETHEREUM, "The port on which we say that we listen, 0 for none")
        .default("0");

static STATUS: Opt<StatusChoice> = Opt::value(
    "status",
    "WHOSE",
    |text| {
        parse::one_of(&[("echo", StatusChoice::Echo), ("own", StatusChoice::Own), ("none", StatusChoice::None)], text)
    },
    ETHEREUM,
    "What our Status says [default: echo; listening on a network that is named: own]",
)
.values(&[
    ("echo", "What the peer's said, once that is heard, so that no node turns us away for our chain"),
    ("own", "The network of --chain, or of --network-id and --genesis, said without waiting"),
    ("none", "There is none: the handshake is over with Hello"),
]);

static NETWORK_ID: Opt<u64> = Opt::value(
    "network-id",
    "N",
    parse::whole,
    ETHEREUM,
    "The number of a network that has no name; a peer on another one is refused",
);

static GENESIS: Opt<Hash> = Opt::value("genesis", "HEX", hash, ETHEREUM, "The hash of its first block");

static FORK_ID: Opt<ForkId> = Opt::value(
    "fork-id",
    "HEX[:NEXT]",
    fork_id,
    ETHEREUM,
    "The fork id in our own Status: 8 hex digits and, behind a colon, the next fork [default: that of the latest fork]",
);

static HEAD: Opt<Hash> = Opt::value(
    "head",
    "HEX",
    hash,
    ETHEREUM,
    "The hash of the last block in our own Status, whose number --start-height says [default: that of the first block]",
);

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

fn hash(text: &str) -> Result<Hash, String> {
    parse::hash(text).map(Hash)
}

/// `07c9462e`, `0xdce96c2d:1710338135`
fn fork_id(text: &str) -> Result<ForkId, String> {
    const EXPECTED: &str = "expected 8 hex digits, and the next fork behind a colon if there is one";
    let (hash, next) = text.split_once(':').unwrap_or((text, "0"));
    let hash = parse::hex(hash.strip_prefix("0x").unwrap_or(hash))?.try_into().map_err(|_| EXPECTED)?;
    Ok(ForkId { hash, next: next.parse().map_err(|_| EXPECTED)? })
}

#[cfg(test)]
mod tests {
    use super::{capability, fork_id};

    #[test]
    fn what_is_no_capability_or_fork_id_is_refused() {
        assert_eq!(capability("eth/69").unwrap().messages, 18);
        assert_eq!(capability("snap/1:8").unwrap().messages, 8);
        for text in ["", "eth", "eth/", "eth/x", "snap/1", "snap/1:", "/1:8"] {
            assert!(capability(text).is_err(), "{text}");
        }
        assert_eq!(fork_id("dce96c2d:1710338135").unwrap().next, 1_710_338_135);
        assert_eq!(fork_id("0x07c9462e").unwrap().hash, [0x07, 0xc9, 0x46, 0x2e]);
        for text in ["", "07c946", "07c9462e:", "07c9462e:x"] {
            assert!(fork_id(text).is_err(), "{text}");
        }
    }
}
