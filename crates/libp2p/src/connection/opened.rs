//! What was opened of the peer's frames of Noise, and how much of it was understood.

use alloc::vec::Vec;
use core::mem;

/// Text that is taken piece by piece.
#[derive(Debug, Default)]
pub(super) struct Opened {
    text: Vec<u8>,
    at: usize,
}

impl Opened {
    /// What is left.
    pub(super) fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// So many bytes of what is left were understood.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Appends the text of another frame.
    pub(super) fn append(&mut self, text: &[u8]) {
        self.text.drain(..mem::take(&mut self.at));
        self.text.extend_from_slice(text);
    }

    /// Gives back the room of what was understood: a connection that waits holds none.
    pub(super) fn shrink(&mut self) {
        /// Room for the frames of a usual handshake, which is not worth giving back.
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
