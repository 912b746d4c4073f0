//! The running MAC over all data of one direction: each frame authenticates all earlier ones, too. (`rlpx.md`, "MAC")

use core::fmt;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use sha3::{Digest, Keccak256};
use zeroize::Zeroizing;

/// The MAC of one direction: a Keccak-256 that is never finished, and read after each header and each frame.
#[derive(Clone)]
pub struct Mac {
    state: Keccak256,
    cipher: Aes256,
}

impl Mac {
    /// For the direction that begins with `packet`: the sender's auth or ack, as sent, and the receiver's nonce.
    #[must_use]
    pub fn new(mac_secret: &[u8; 32], nonce_of_receiver: &[u8; 32], packet: &[u8]) -> Self {
        let mut seed = Zeroizing::new(*mac_secret);
        seed.iter_mut().zip(nonce_of_receiver).for_each(|(byte, nonce)| *byte ^= nonce);
        let state = Keccak256::new().chain_update(*seed).chain_update(packet);
        Self { state, cipher: Aes256::new(mac_secret.into()) }
    }

    /// Adds bytes of a frame, encrypted as they are sent.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// Adds an encrypted header, and returns its MAC.
    pub fn header(&mut self, header: &[u8; 16]) -> [u8; 16] {
        let seed = self.scrambled(header);
        self.update(&seed);
        self.digest()
    }

    /// The MAC of the frame whose bytes were added.
    pub fn frame(&mut self) -> [u8; 16] {
        let seed = self.scrambled(&self.digest());
        self.update(&seed);
        self.digest()
    }

    /// The first half of the current hash, encrypted, and XORed with `with`.
    fn scrambled(&self, with: &[u8; 16]) -> [u8; 16] {
        let mut block = self.digest().into();
        self.cipher.encrypt_block(&mut block);
        let mut seed = <[u8; 16]>::from(block);
        seed.iter_mut().zip(with).for_each(|(byte, with)| *byte ^= with);
        seed
    }

    fn digest(&self) -> [u8; 16] {
        *self.whole_digest().first_chunk().expect("16 of 32 bytes")
    }

    /// The current hash.
    #[must_use]
    pub fn whole_digest(&self) -> [u8; 32] {
        self.state.clone().finalize().into()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}
