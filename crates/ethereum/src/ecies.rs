//! ECIES as RLPx defines it: only the holder of one key can decrypt the bytes. (`rlpx.md`, "ECIES Encryption")
//!
//! ```text
//! 04 | R, a public key 64 | iv 16 | AES-128-CTR of the bytes | HMAC-SHA256 of iv, ciphertext and authenticated data 32
//! ```
//! R is used for this one message. The x coordinate of its product with the recipient's key gives both keys, by the KDF
//! of NIST SP 800-56.

use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use alloc::vec::Vec;

use crate::key::{PublicKey, SecretKey, UNCOMPRESSED};

/// Bytes that sealing adds.
pub const OVERHEAD: usize = HEAD_LEN + TAG_LEN;

/// The key and the iv.
const HEAD_LEN: usize = 1 + 64 + IV_LEN;
const IV_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// The position of the contents, `len` bytes, in a packet that was decrypted in place.
pub(crate) fn inside(len: usize) -> core::ops::Range<usize> {
    HEAD_LEN..len - TAG_LEN
}

/// Why sealed bytes cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unopened {
    /// There are fewer bytes than sealing adds.
    Short,
    /// R is not a point on the curve.
    Point,
    /// They were sealed for another key, or changed.
    Mac,
}

/// Appends `plain`, sealed for `to`. `key` and `iv` must be random and never used again; `authenticated` is not sent.
pub fn seal(to: &PublicKey, key: &SecretKey, iv: [u8; IV_LEN], authenticated: &[u8], plain: &[u8], tx: &mut Vec<u8>) {
    let Keys { mut cipher, mut mac } = Keys::derive(key, to, &iv);
    tx.push(UNCOMPRESSED);
    tx.extend_from_slice(&key.public().to_bytes());
    let start = tx.len();
    tx.extend_from_slice(&iv);
    tx.extend_from_slice(plain);
    cipher.apply_keystream(&mut tx[start + IV_LEN..]);
    mac.update(&tx[start..]);
    mac.update(authenticated);
    tx.extend_from_slice(&mac.finalize().into_bytes());
}

/// Decrypts bytes sealed for `key`, in place.
///
/// # Errors
/// If they were sealed for another key or changed. Then no byte is modified.
pub fn open<'s>(key: &SecretKey, authenticated: &[u8], sealed: &'s mut [u8]) -> Result<&'s mut [u8], Unopened> {
    let (head, rest) = sealed.split_at_mut_checked(HEAD_LEN).ok_or(Unopened::Short)?;
    let (body, tag) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(Unopened::Short)?;
    let (point, iv) = head.split_last_chunk::<IV_LEN>().expect("the head is longer than the iv");
    let [UNCOMPRESSED, point @ ..] = point else {
        return Err(Unopened::Point);
    };
    let point = point.try_into().expect("64 of 65 bytes");
    let theirs = PublicKey::from_bytes(point).map_err(|_| Unopened::Point)?;
    let Keys { mut cipher, mut mac } = Keys::derive(key, &theirs, iv);
    mac.update(iv);
    mac.update(body);
    mac.update(authenticated);
    mac.verify_slice(tag).map_err(|_| Unopened::Mac)?;
    cipher.apply_keystream(body);
    Ok(body)
}

struct Keys {
    cipher: Ctr128BE<Aes128>,
    mac: Hmac<Sha256>,
}

impl Keys {
    fn derive(ours: &SecretKey, theirs: &PublicKey, iv: &[u8; IV_LEN]) -> Self {
        // One block of the KDF suffices: its counter is 1.
        let mut block = Sha256::new().chain_update([0, 0, 0, 1]).chain_update(*ours.shared_x(theirs)).finalize();
        let (encryption, mac) = block.split_at(16);
        let mac = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(mac)));
        let keys = Self {
            cipher: Ctr128BE::new_from_slices(encryption, iv).expect("16 bytes each"),
            mac: Hmac::new_from_slice(&*mac).expect("a key of any length"),
        };
        block.as_mut_slice().zeroize();
        keys
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{OVERHEAD, Unopened, open, seal};
    use crate::key::SecretKey;

    fn key(byte: u8) -> SecretKey {
        SecretKey::new([byte; 32]).unwrap()
    }

    fn sealed() -> Vec<u8> {
        let mut sealed = Vec::new();
        seal(&key(1).public(), &key(2), [3; 16], b"ad", b"what is said", &mut sealed);
        sealed
    }

    #[test]
    fn what_is_sealed_opens_for_its_recipient_alone() {
        let mut bytes = sealed();
        assert_eq!(bytes.len(), OVERHEAD + 12);
        assert_eq!(open(&key(2), b"ad", &mut bytes), Err(Unopened::Mac));
        assert_eq!(open(&key(1), b"AD", &mut bytes), Err(Unopened::Mac));
        assert_eq!(open(&key(1), b"ad", &mut bytes).map(|plain| &*plain), Ok(&b"what is said"[..]));
    }

    #[test]
    fn whatever_is_changed_or_missing_it_does_not_open() {
        for at in 0..sealed().len() {
            let mut changed = sealed();
            changed[at] ^= 0x20;
            let why = open(&key(1), b"ad", &mut changed).unwrap_err();
            assert_eq!(why, if at < 65 { Unopened::Point } else { Unopened::Mac }, "byte {at}");
            let why = open(&key(1), b"ad", &mut sealed()[..at]).unwrap_err();
            assert_eq!(why, if at < OVERHEAD { Unopened::Short } else { Unopened::Mac }, "{at} bytes");
        }
    }
}
