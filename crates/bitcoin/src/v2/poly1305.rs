//! Poly1305, the authenticator of packets. (RFC 8439, 2.5)
//!
//! A message is the coefficients of a polynomial, 16 bytes each, which is evaluated at a secret point modulo
//! 2^130 - 5. Numbers are three limbs of 44, 44 and 42 bits, whose products fit into 128 bits; no step depends on what
//! they are. Most packets of a handshake are two blocks long: for those, the crates that use vectors of the CPU take
//! ten times as long, as they first compute powers of the point.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Bytes of a block, and of a tag.
pub const BLOCK_LEN: usize = 16;

/// A tag in the making. Its key must never be used again.
#[derive(Clone)]
pub struct Poly1305 {
    /// The sum so far.
    sum: [u64; 3],
    /// The point.
    point: [u64; 3],
    /// What is added in the end.
    pad: [u64; 2],
}

const LOW_44: u64 = (1 << 44) - 1;
const LOW_42: u64 = (1 << 42) - 1;

impl Poly1305 {
    /// The first half of the key is the point, with some bits cleared; the second is added in the end.
    pub fn new(key: &[u8; 32]) -> Self {
        let [a, b, c, d] = [0, 8, 16, 24].map(|at| word(&key[at..]));
        let point = limbs(a & 0x0fff_fffc_0fff_ffff, b & 0x0fff_fffc_0fff_fffc);
        Self { sum: [0; 3], point, pad: [c, d] }
    }

    /// Takes in bytes, with zeros up to the end of a block.
    pub fn update_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_LEN>();
        for block in blocks {
            self.update(block);
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK_LEN];
            block[..rest.len()].copy_from_slice(rest);
            self.update(&block);
        }
    }

    /// Takes in a block: adds it, with a bit set behind its end, and multiplies by the point.
    #[inline]
    pub fn update(&mut self, block: &[u8; BLOCK_LEN]) {
        let added = limbs(word(block), word(&block[8..]));
        let [h0, h1, h2] = self.sum;
        let (h0, h1, h2) = (h0 + added[0], h1 + added[1], h2 + added[2] + (1 << 40));
        let [r0, r1, r2] = self.point;
        // What reaches 2^132 comes back as 4 * 5.
        let (s1, s2) = (r1 * 20, r2 * 20);
        let times = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let d0 = times(h0, r0) + times(h1, s2) + times(h2, s1);
        let d1 = times(h0, r1) + times(h1, r0) + times(h2, s2) + (d0 >> 44);
        let d2 = times(h0, r2) + times(h1, r1) + times(h2, r0) + (d1 >> 44);
        let h0 = low(d0, LOW_44) + low(d2 >> 42, u64::MAX) * 5;
        self.sum = [h0 & LOW_44, low(d1, LOW_44) + (h0 >> 44), low(d2, LOW_42)];
    }

    /// Whether this is the tag. In constant time.
    pub fn verify(&self, tag: &[u8; BLOCK_LEN]) -> bool {
        self.clone().finalize().ct_eq(tag).into()
    }

    /// The tag.
    pub fn finalize(mut self) -> [u8; BLOCK_LEN] {
        // Twice around, so that each limb has its bits and no more.
        self.carry();
        self.carry();
        let [h0, h1, h2] = self.sum;
        // If it is at least 2^130 - 5, adding 5 reaches bit 130; then the remainder is what is left below that bit.
        let g0 = h0 + 5;
        let g1 = h1 + (g0 >> 44);
        let g2 = h2 + (g1 >> 44);
        let reached = (g2 >> 42).wrapping_neg();
        let select = |g: u64, h: u64| (g & reached) | (h & !reached);
        let [h0, h1, h2] = [select(g0 & LOW_44, h0), select(g1 & LOW_44, h1), select(g2 & LOW_42, h2)];

        let (low, over) = (h0 | h1 << 44).overflowing_add(self.pad[0]);
        let high = (h1 >> 20 | h2 << 24).wrapping_add(self.pad[1]).wrapping_add(over.into());
        let mut tag = [0; BLOCK_LEN];
        tag[..8].copy_from_slice(&low.to_le_bytes());
        tag[8..].copy_from_slice(&high.to_le_bytes());
        tag
    }

    fn carry(&mut self) {
        let [h0, h1, h2] = self.sum;
        let h1 = h1 + (h0 >> 44);
        let h2 = h2 + (h1 >> 44);
        let h0 = (h0 & LOW_44) + (h2 >> 42) * 5;
        self.sum = [h0 & LOW_44, (h1 & LOW_44) + (h0 >> 44), h2 & LOW_42];
    }
}

impl Drop for Poly1305 {
    fn drop(&mut self) {
        self.sum.zeroize();
        self.point.zeroize();
        self.pad.zeroize();
    }
}

/// The first 8 bytes as a number.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("at least 8 bytes"))
}

/// A number of 128 bits, given as two words.
#[inline]
fn limbs(low: u64, high: u64) -> [u64; 3] {
    [low & LOW_44, (low >> 44 | high << 20) & LOW_44, high >> 24]
}

/// The low bits of a sum of products.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
fn low(wide: u128, mask: u64) -> u64 {
    wide as u64 & mask
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use hex_literal::hex;
    use poly1305::universal_hash::{KeyInit, UniversalHash};
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_oneof, proptest};
    use proptest::strategy::{Just, Strategy};

    use super::Poly1305;

    fn ours(key: [u8; 32], blocks: &[u8]) -> [u8; 16] {
        let mut mac = Poly1305::new(&key);
        mac.update_padded(blocks);
        mac.finalize()
    }

    fn theirs(key: [u8; 32], blocks: &[u8]) -> [u8; 16] {
        let mut mac = poly1305::Poly1305::new(&key.into());
        mac.update_padded(blocks);
        mac.finalize().into()
    }

    /// RFC 8439, A.3: those that are made for the corners of the arithmetic, as far as they are whole blocks.
    #[test]
    fn the_corners_of_the_arithmetic_are_as_rfc_8439_says() {
        let point = |first: u8| {
            let mut key = [0; 32];
            key[0] = first;
            key
        };
        let with_pad = {
            let mut key = point(2);
            key[16..].fill(0xff);
            key
        };
        let ones = [0xff; 16];
        let rows: [([u8; 32], &[u8], [u8; 16]); 6] = [
            ([0; 32], &[0; 64], [0; 16]),
            (point(2), &ones, hex!("03000000000000000000000000000000")),
            (with_pad, &hex!("02000000000000000000000000000000"), hex!("03000000000000000000000000000000")),
            (
                point(1),
                &hex!(
                    "ffffffffffffffffffffffffffffffff f0ffffffffffffffffffffffffffffff 11000000000000000000000000000000"
                ),
                hex!("05000000000000000000000000000000"),
            ),
            (
                point(1),
                &hex!(
                    "ffffffffffffffffffffffffffffffff fbfefefefefefefefefefefefefefefe 01010101010101010101010101010101"
                ),
                [0; 16],
            ),
            (point(2), &hex!("fdffffffffffffffffffffffffffffff"), hex!("faffffffffffffffffffffffffffffff")),
        ];
        for (key, blocks, tag) in rows {
            assert_eq!(ours(key, blocks), tag, "{blocks:02x?}");
            assert_eq!(theirs(key, blocks), tag, "{blocks:02x?}");
        }
    }

    /// Numbers near the limits are likelier than chance makes them.
    fn bytes(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
        vec(prop_oneof![any::<u8>(), Just(0xff), Just(0)], len)
    }

    proptest! {
        #[test]
        fn tags_are_those_of_an_independent_implementation(key in bytes(32), blocks in bytes(0..300)) {
            let key: [u8; 32] = key.try_into().unwrap();
            assert_eq!(ours(key, &blocks), theirs(key, &blocks));
            assert!({
                let mut mac = Poly1305::new(&key);
                mac.update_padded(&blocks);
                mac.verify(&theirs(key, &blocks))
            });
        }

        #[test]
        fn a_changed_bit_changes_the_tag(key: [u8; 32], mut blocks in bytes(16..100), at: usize) {
            let before = ours(key, &blocks);
            let bit = at % (blocks.len() * 8);
            blocks[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(ours(key, &blocks), before);
        }
    }
}
