//! Repeatable pseudo-random numbers: SplitMix64.

/// A sequence of numbers, determined by its seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of several values, with practically equal probability.
    pub(crate) fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        let n = self.next() % from.len() as u64;
        from[usize::try_from(n).expect("an index fits")]
    }

    /// A number below `end`, with practically equal probability.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).expect("it is below a u32")
    }

    /// This many bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(len).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(Random::new(1).bytes(100), Random::new(1).bytes(100));
        assert_ne!(Random::new(1).bytes(100), Random::new(2).bytes(100));
        // The reference implementation's first number for seed 0. (Vigna, splitmix64.c)
        assert_eq!(Random::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}
