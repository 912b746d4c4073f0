//! Counts the copies of a secret in this process's memory.

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;

/// A secret that a test passes to the code under test and searches afterwards. Only a masked form of it is stored, so
/// that the search does not find itself.
#[derive(Clone, Copy, Debug)]
pub struct Masked([u8; 32]);

const MASK: u8 = 0xa5;

impl Masked {
    /// A different secret for each `name`.
    #[must_use]
    pub const fn new(name: u8) -> Self {
        let mut masked = *b"what lies in memory, behind mask";
        masked[31] = name;
        Self(masked)
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.0.map(|byte| byte ^ black_box(MASK))
    }

    /// The number of its copies in this process's memory.
    ///
    /// # Panics
    /// If the memory cannot be read: it needs Linux's `/proc/self`.
    #[must_use]
    pub fn copies(&self) -> usize {
        const CHUNK: usize = 64 * 1024;
        let maps = fs::read_to_string("/proc/self/maps").expect("a list of the memory's parts");
        let memory = File::open("/proc/self/mem").expect("the memory");
        let mut chunk = vec![0; CHUNK + 31];
        let own = chunk.as_ptr().addr()..chunk.as_ptr().addr() + chunk.len();
        let mut copies = 0;
        for range in maps.lines().filter_map(readable) {
            for at in range.clone().step_by(CHUNK) {
                let len = chunk.len().min(range.end - at);
                // The kernel's own pages cannot be read.
                let Ok(read) = memory.read_at(&mut chunk[..len], at as u64) else { continue };
                let found = chunk[..read].windows(32).enumerate().filter(|(n, window)| {
                    window[0] ^ MASK == self.0[0]
                        && !own.contains(&(at + n))
                        && window.iter().zip(self.0).all(|(byte, masked)| byte ^ MASK == masked)
                });
                copies += found.count();
                chunk.fill(0);
            }
        }
        copies
    }
}

/// The addresses of a readable part of memory: `7f00-7f10 rw-p ...`.
fn readable(line: &str) -> Option<std::ops::Range<usize>> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let address = |digits| usize::from_str_radix(digits, 16).ok();
    rest.starts_with('r').then_some(address(start)?..address(end)?)
}
