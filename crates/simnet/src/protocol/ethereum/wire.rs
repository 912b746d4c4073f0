//! The bytes of Ethereum nodes: their keys, their chain, and valid messages for scripts to modify.

use ethereum::eth::OurChain;
use ethereum::message::id;
use ethereum::secrets::{Part, Secrets};
use ethereum::{Channel, ForkId, Fresh, Goal, Hash, Hello, Local, OurStatus, Protocol, PublicKey, SecretKey};
use handshake::Role;

use crate::keys;
use crate::random::Random;

/// The id of the simulated network.
pub const NETWORK_ID: u64 = 424_242;

/// The hash of its first block.
pub const GENESIS: Hash = Hash([0x5e; 32]);

/// The key of a node, or another one.
pub(super) fn key(its_own: bool) -> SecretKey {
    secret(keys::key(its_own))
}

/// The key of the called side, or another one.
pub(super) fn called_key(its_own: bool) -> SecretKey {
    secret(keys::called_key(its_own))
}

fn secret(key: [u8; 32]) -> SecretKey {
    SecretKey::new(key).expect("less than the order of the curve")
}

/// The channel behind the exchange of keys.
pub(super) fn channel(
    role: Role,
    ours: &Fresh,
    theirs: &PublicKey,
    initiator: Part<'_>,
    responder: Part<'_>,
) -> Channel {
    let secrets = Secrets::derive(&ours.ephemeral, theirs, initiator.nonce, responder.nonce);
    let (seal, open) = secrets.halves(role, initiator, responder);
    Channel { seal, open, compressed: false }
}

/// A message, encrypted.
pub(super) fn sealed(channel: &mut Channel, id: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.say(id, payload, &mut bytes);
    bytes
}

/// The fresh values of each conversation.
pub(super) fn fresh(turn: usize) -> Fresh {
    let bytes = Random::new(turn as u64).bytes(Fresh::RANDOM_LEN);
    Fresh::new(bytes.first_chunk().expect("as many as were asked for")).expect("4 in 2^128 are no keys")
}

/// The simulated network's chain.
pub(super) fn chain() -> OurChain {
    OurChain {
        network_id: NETWORK_ID,
        genesis: GENESIS,
        fork_id: ForkId::at(GENESIS, [], ethereum::network::END),
        total_difficulty: 0x2_0000.into(),
        earliest: 0,
        latest: 850_000,
        latest_hash: Hash([0xb1; 32]),
    }
}

/// A whole node, with these versions of `eth`.
pub(super) fn node(versions: &[u64]) -> Local {
    let mut local = Local::new(key(true));
    local.client_id = CLIENT_ID.into();
    local.protocols = versions.iter().copied().map(Protocol::eth).collect();
    local.goal = Goal::Status(OurStatus::Of(chain()));
    local
}

const CLIENT_ID: &str = "verack-simnet/v1.0";

/// The id of Status, as `eth` is the only capability.
pub(super) const STATUS: u64 = id::FIRST_OF_CAPABILITIES;

/// Its Hello.
pub(super) fn hello() -> Hello {
    node(&[68, 69]).hello()
}

/// The payload of its Status, on this chain.
pub(super) fn status(chain: &OurChain) -> Vec<u8> {
    let mut payload = Vec::new();
    chain.status(69).write(&mut payload);
    payload
}
