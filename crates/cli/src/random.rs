//! Random bytes, asked of the system in bulk: a system call for each connection would show.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A source of random bytes for many connections.
pub struct Random(Mutex<Pool>);

struct Pool {
    bytes: [u8; POOL_LEN],
    given: usize,
}

/// Bytes asked of the system at once.
const POOL_LEN: usize = 4096;

impl Random {
    /// A source that asks the system once it is asked itself.
    pub const fn new() -> Self {
        Self(Mutex::new(Pool { bytes: [0; POOL_LEN], given: POOL_LEN }))
    }

    /// Bytes that were never given out before, and are forgotten here.
    pub fn take<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= POOL_LEN, "the pool holds as many") }
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if POOL_LEN - pool.given < N {
            getrandom::fill(&mut pool.bytes).expect("the system has randomness");
            pool.given = 0;
        }
        let given = pool.given;
        pool.given += N;
        let mut taken = [0; N];
        taken.swap_with_slice(&mut pool.bytes[given..given + N]);
        taken
    }
}

/// Shows nothing of what will be given out.
impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{POOL_LEN, Random};

    #[test]
    fn no_bytes_are_given_out_twice() {
        let random = Random::new();
        let many = 3 * POOL_LEN / 40;
        let taken: HashSet<[u8; 40]> = (0..many).map(|_| random.take()).collect();
        assert_eq!(taken.len(), many);
        assert!(!taken.contains(&[0; 40]));
    }
}
