//! The name of an onion service: its key, a checksum, and the version. (Tor: rend-spec-v3, "Encoding onion addresses")
//!
//! ```text
//! key 32 | SHA3-256(".onion checksum" | key | 3)[..2] | 3        35 bytes, 56 letters of base 32
//! ```

use sha3::{Digest, Sha3_256};

/// Bytes of a name.
pub const LEN: usize = 35;

/// The version of onion services that have such names.
const VERSION: u8 = 3;

/// The name of the service with this ed25519 public key.
#[must_use]
pub fn name(key: &[u8; 32]) -> [u8; LEN] {
    let mut name = [0; LEN];
    let [a, b] = checksum(key);
    name[..32].copy_from_slice(key);
    name[32..].copy_from_slice(&[a, b, VERSION]);
    name
}

/// The key in a name; `None` if its length, its checksum or its version is another.
#[must_use]
pub fn key(name: &[u8]) -> Option<[u8; 32]> {
    let (key, rest) = name.split_first_chunk::<32>()?;
    let [a, b] = checksum(key);
    (*rest == [a, b, VERSION]).then_some(*key)
}

fn checksum(key: &[u8; 32]) -> [u8; 2] {
    let mut hasher = Sha3_256::new();
    hasher.update(b".onion checksum");
    hasher.update(key);
    hasher.update([VERSION]);
    let digest: [u8; 32] = hasher.finalize().into();
    [digest[0], digest[1]]
}

#[cfg(test)]
mod tests {
    use super::{key, name};

    #[test]
    fn a_name_holds_its_key_and_notices_a_change() {
        let whole = name(&[7; 32]);
        assert_eq!(key(&whole), Some([7; 32]));
        assert_eq!((key(&whole[..34]), key(&[])), (None, None));
        for at in 0..whole.len() {
            let mut changed = whole;
            changed[at] ^= 1;
            assert_eq!(key(&changed), None, "{at}");
        }
    }
}
