//! The secrets of both sides after auth and ack, and the channel made from them. (`rlpx.md`, "Initial Handshake")

use core::fmt;

use handshake::Role;
use sha3::{Digest, Keccak256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::frame::{Open, Seal};
use crate::key::{PublicKey, SecretKey};
use crate::mac::Mac;

/// The secrets that both sides share. Both directions use the same two.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    aes: [u8; 32],
    mac: [u8; 32],
}

/// The part of one side in a handshake.
#[derive(Clone, Copy, Debug)]
pub struct Part<'p> {
    /// Its nonce.
    pub nonce: &'p [u8; 32],
    /// Its auth or ack, as sent.
    pub packet: &'p [u8],
}

impl Secrets {
    /// The secrets of a handshake with these keys and nonces.
    #[must_use]
    pub fn derive(
        our_ephemeral: &SecretKey,
        their_ephemeral: &PublicKey,
        initiator_nonce: &[u8; 32],
        responder_nonce: &[u8; 32],
    ) -> Self {
        let ephemeral = our_ephemeral.shared_x(their_ephemeral);
        let mut shared = keccak(&*ephemeral, &keccak(responder_nonce, initiator_nonce));
        let aes = keccak(&*ephemeral, &shared);
        shared.zeroize();
        Self { aes, mac: keccak(&*ephemeral, &aes) }
    }

    /// The key of the cipher.
    #[must_use]
    pub fn aes_secret(&self) -> &[u8; 32] {
        &self.aes
    }

    /// The key of the MACs.
    #[must_use]
    pub fn mac_secret(&self) -> &[u8; 32] {
        &self.mac
    }

    /// The MAC over the data from `sender` to `receiver`.
    #[must_use]
    pub fn mac(&self, sender: Part<'_>, receiver: Part<'_>) -> Mac {
        Mac::new(&self.mac, receiver.nonce, sender.packet)
    }

    /// The two halves of the channel of the side with this role.
    #[must_use]
    pub fn halves(&self, role: Role, initiator: Part<'_>, responder: Part<'_>) -> (Seal, Open) {
        let (ours, theirs) = match role {
            Role::Initiator => (initiator, responder),
            Role::Responder => (responder, initiator),
        };
        (Seal::new(&self.aes, self.mac(ours, theirs)), Open::new(&self.aes, self.mac(theirs, ours)))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

fn keccak(a: &[u8], b: &[u8]) -> [u8; 32] {
    Keccak256::new().chain_update(a).chain_update(b).finalize().into()
}
