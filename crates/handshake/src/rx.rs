//! Bytes that have arrived and are not taken yet: a view over the driver's own buffer, so that nothing is copied.

use core::mem;

/// The bytes that have arrived, in order. Each take returns the whole piece or nothing.
#[derive(Debug)]
pub struct Rx<'b> {
    rest: &'b mut [u8],
    taken: usize,
}

/// Not enough bytes have arrived: at least this many are missing. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short(pub usize);

impl<'b> Rx<'b> {
    /// A view over `bytes`, with nothing taken yet.
    pub fn new(bytes: &'b mut [u8]) -> Self {
        Self { rest: bytes, taken: 0 }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether no bytes are left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes have been taken since [`Rx::new`].
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// All bytes that are left, without taking them.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        self.rest
    }

    /// The next `N` bytes, without taking them.
    ///
    /// # Errors
    /// [`Short`] if fewer have arrived.
    pub fn peek<const N: usize>(&self) -> Result<&[u8; N], Short> {
        self.rest.first_chunk().ok_or(Short(N - self.rest.len().min(N)))
    }

    /// Takes the next `n` bytes. They may be changed in place: an encrypted protocol decrypts them in the buffer.
    ///
    /// # Errors
    /// [`Short`] if fewer have arrived; then none are taken.
    pub fn take(&mut self, n: usize) -> Result<&'b mut [u8], Short> {
        match n.checked_sub(self.rest.len()) {
            None | Some(0) => Ok(self.take_at_most(n)),
            Some(missing) => Err(Short(missing)),
        }
    }

    /// Takes the next `n` bytes, or all that are left if that is fewer.
    pub fn take_at_most(&mut self, n: usize) -> &'b mut [u8] {
        let n = n.min(self.rest.len());
        let (head, rest) = mem::take(&mut self.rest).split_at_mut(n);
        self.rest = rest;
        self.taken += n;
        head
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Rx, Short};

    #[test]
    fn takes_are_whole_or_nothing() {
        let mut bytes = *b"abcdef";
        let mut rx = Rx::new(&mut bytes);
        assert_eq!(rx.peek::<4>(), Ok(b"abcd"));
        assert_eq!(rx.take(2).map(Vec::from), Ok(Vec::from(b"ab")));
        assert_eq!(rx.take(5).map(Vec::from), Err(Short(1)));
        assert_eq!((rx.len(), rx.taken(), rx.rest()), (4, 2, &b"cdef"[..]));
        assert_eq!(rx.peek::<6>(), Err(Short(2)));
        assert_eq!(rx.take_at_most(9), b"cdef");
        assert!(rx.is_empty());
        assert_eq!(rx.take(0).map(|b| b.len()), Ok(0));
    }
}
