//! A key with an increasing nonce: one direction of an encrypted channel.

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, Tag};

use crate::key::Key;

/// Bytes of the tag after each ciphertext.
pub const TAG_LEN: usize = 16;

/// The ciphertext was not made with this key, nonce and associated data, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tag is wrong")]
pub struct Forged;

/// A key, and its number of uses. It cannot be copied, since a copy would use a nonce twice. (Noise 5.1)
#[derive(Debug)]
pub struct CipherState {
    key: Key,
    nonce: u64,
}

impl CipherState {
    /// A key that has not been used yet.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key, nonce: 0 }
    }

    /// The key, for protocols that derive the next key from it.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The nonce of the next message: the number of messages with this key.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Encrypts in place, and returns the tag, to be appended. `ad` is authenticated as well.
    #[must_use]
    pub fn encrypt_with_ad(&mut self, ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        let tag = self.cipher().encrypt_inout_detached(&self.next_nonce(), ad, InOutBuf::from(text));
        self.count();
        tag.expect("no message has 256 GiB").into()
    }

    /// Decrypts in place, and returns the plaintext: `ciphertext` without its tag. If the tag is wrong, nothing
    /// changes, not even the nonce.
    ///
    /// # Errors
    /// If the tag is missing or wrong.
    pub fn decrypt_with_ad<'c>(&mut self, ad: &[u8], ciphertext: &'c mut [u8]) -> Result<&'c mut [u8], Forged> {
        let (text, tag) = ciphertext.split_last_chunk_mut::<TAG_LEN>().ok_or(Forged)?;
        let tag = Tag::from(*tag);
        let opened = self.cipher().decrypt_inout_detached(&self.next_nonce(), ad, InOutBuf::from(&mut *text), &tag);
        opened.map_err(|_| Forged)?;
        self.count();
        Ok(text)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(self.key.as_bytes().into())
    }

    /// Four zero bytes, and the little-endian count. (Noise 12.3)
    fn next_nonce(&self) -> Nonce {
        let mut nonce = Nonce::default();
        nonce[4..].copy_from_slice(&self.nonce.to_le_bytes());
        nonce
    }

    fn count(&mut self) {
        self.nonce = self.nonce.checked_add(1).expect("no connection lasts for 2^64 messages");
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::{CipherState, Forged};
    use crate::key::Key;

    proptest! {
        #[test]
        fn what_was_encrypted_is_decrypted(
            key in any::<[u8; 32]>(),
            ad in vec(any::<u8>(), 0..64),
            text in vec(any::<u8>(), 0..300),
        ) {
            let [mut ours, mut theirs] = [(); 2].map(|()| CipherState::new(Key::new(key)));
            for count in 1..4 {
                let mut sealed = text.clone();
                let tag = ours.encrypt_with_ad(&ad, &mut sealed);
                sealed.extend_from_slice(&tag);
                assert_eq!(theirs.decrypt_with_ad(&ad, &mut sealed), Ok(&mut text.clone()[..]));
                assert_eq!((ours.nonce(), theirs.nonce()), (count, count));
            }
        }
    }

    #[test]
    fn whatever_is_changed_is_noticed_and_leaves_no_trace() {
        let [mut ours, mut theirs] = [(); 2].map(|()| CipherState::new(Key::new([7; 32])));
        let mut sealed = Vec::from(*b"hello");
        let tag = ours.encrypt_with_ad(b"ad", &mut sealed);
        sealed.extend_from_slice(&tag);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            let before = changed.clone();
            assert_eq!(theirs.decrypt_with_ad(b"ad", &mut changed), Err(Forged), "byte {at}");
            assert_eq!(changed, before);
            assert_eq!(theirs.decrypt_with_ad(b"ad", &mut sealed.clone()[..at]), Err(Forged), "{at} bytes");
        }
        assert_eq!(theirs.decrypt_with_ad(b"da", &mut sealed.clone()), Err(Forged));
        assert_eq!(theirs.decrypt_with_ad(b"ad", &mut sealed.clone()).map(|text| &*text), Ok(&b"hello"[..]));
        // The same message again is a replay.
        assert_eq!(theirs.decrypt_with_ad(b"ad", &mut sealed), Err(Forged));
    }
}
