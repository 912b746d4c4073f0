//! Decrypted text of the peer's Noise frames, and the part of it that was parsed.

use alloc::vec::Vec;
use core::mem;

/// Text that is parsed piece by piece.
#[derive(Debug, Default)]
pub(super) struct Opened {
    text: Vec<u8>,
    at: usize,
}

impl Opened {
    /// The unparsed text.
    pub(super) fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// Marks this many bytes as parsed.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Appends the text of another frame.
    pub(super) fn append(&mut self, text: &[u8]) {
        self.text.drain(..mem::take(&mut self.at));
        self.text.extend_from_slice(text);
    }

    /// Releases the memory of parsed text: a waiting connection holds none.
    pub(super) fn shrink(&mut self) {
        /// Capacity for the frames of a usual handshake, which is not worth releasing.
        const SPARE: usize = 512;
        if self.at == self.text.len() {
            (self.at, self.text) = (0, mem::take(&mut self.text));
            self.text.clear();
        }
        if self.text.capacity() > SPARE {
            self.text.drain(..mem::take(&mut self.at));
            self.text.shrink_to(SPARE);
        }
    }
}
