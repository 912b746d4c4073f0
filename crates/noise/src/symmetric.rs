//! The shared state of a handshake: one hash and one key.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::cipher::{CipherState, Forged};
use crate::key::{Key, hkdf};

/// The state that a handshake's messages are mixed into. (Noise 5.2)
#[derive(Debug)]
pub struct SymmetricState {
    hash: [u8; 32],
    chaining_key: Key,
    /// None before the first Diffie-Hellman result.
    cipher: Option<CipherState>,
}

impl SymmetricState {
    /// The start of a handshake with this protocol name: `Noise_XX_25519_ChaChaPoly_SHA256`. (`InitializeSymmetric`)
    #[must_use]
    pub fn new(protocol_name: &[u8]) -> Self {
        let mut hash = [0; 32];
        match hash.get_mut(..protocol_name.len()) {
            Some(start) => start.copy_from_slice(protocol_name),
            // A name longer than a hash is hashed.
            None => hash = Sha256::digest(protocol_name).into(),
        }
        Self { hash, chaining_key: Key::new(hash), cipher: None }
    }

    /// Mixes in data that both sides see: a prologue, a public key. (`MixHash`)
    pub fn mix_hash(&mut self, data: &[u8]) {
        self.hash = Sha256::new_with_prefix(self.hash).chain_update(data).finalize().into();
    }

    /// Mixes in a shared secret: the result of a Diffie-Hellman function. Later payloads are encrypted. (`MixKey`)
    pub fn mix_key(&mut self, secret: &[u8]) {
        let [chaining_key, key] = hkdf(&self.chaining_key, secret);
        self.chaining_key = chaining_key;
        self.cipher = Some(CipherState::new(key));
    }

    /// Appends the plaintext, encrypted if there is a key already. (`EncryptAndHash`)
    pub fn encrypt_and_hash(&mut self, plaintext: &[u8], tx: &mut Vec<u8>) {
        let start = tx.len();
        tx.extend_from_slice(plaintext);
        if let Some(cipher) = &mut self.cipher {
            let tag = cipher.encrypt_with_ad(&self.hash, &mut tx[start..]);
            tx.extend_from_slice(&tag);
        }
        self.mix_hash(&tx[start..]);
    }

    /// Decrypts in place, if there is a key already. (`DecryptAndHash`)
    ///
    /// # Errors
    /// If the states of the two sides differ: they used different keys, or a byte was changed.
    pub fn decrypt_and_hash<'c>(&mut self, ciphertext: &'c mut [u8]) -> Result<&'c mut [u8], Forged> {
        let before = self.hash;
        self.mix_hash(ciphertext);
        match &mut self.cipher {
            Some(cipher) => cipher.decrypt_with_ad(&before, ciphertext),
            None => Ok(ciphertext),
        }
    }

    /// The hash of the whole handshake, which is unique to it. (`GetHandshakeHash`)
    #[must_use]
    pub fn handshake_hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The chaining key, for protocols that derive more than two keys.
    #[must_use]
    pub fn chaining_key(&self) -> &Key {
        &self.chaining_key
    }

    /// The keys of both directions, the initiator's first. (`Split`)
    #[must_use]
    pub fn split(&self) -> [CipherState; 2] {
        hkdf(&self.chaining_key, &[]).map(CipherState::new)
    }
}
