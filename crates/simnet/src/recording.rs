//! Records the bytes of a caller in a successful handshake, for a replay.

use handshake::{Handshake, Rx, Step};

/// All bytes that `caller` sends in a handshake with `called`, which runs in memory.
pub(crate) fn record(caller: impl Handshake, called: impl Handshake) -> Vec<u8> {
    /// More than any handshake takes.
    const ROUND_TRIPS: usize = 8;
    let (mut caller, mut called) = (Side::new(caller), Side::new(called));
    for _ in 0..ROUND_TRIPS {
        caller.hear(&called.said);
        called.hear(&caller.said);
    }
    caller.said
}

/// One side, and all bytes that it has sent.
struct Side<H> {
    handshake: H,
    said: Vec<u8>,
    /// The number of the other side's bytes that it has taken.
    taken: usize,
    is_over: bool,
}

impl<H: Handshake> Side<H> {
    fn new(handshake: H) -> Self {
        Self { handshake, said: Vec::new(), taken: 0, is_over: false }
    }

    /// Advances as far as possible with all bytes that the other side has sent.
    fn hear(&mut self, theirs: &[u8]) {
        while !self.is_over {
            let mut rest = theirs[self.taken..].to_vec();
            let mut rx = Rx::new(&mut rest);
            match self.handshake.step(&mut rx, &mut self.said) {
                Ok(Step::Event(_)) => self.taken += rx.taken(),
                Ok(Step::Need(_)) => return,
                Ok(Step::Done(_)) | Err(_) => self.is_over = true,
            }
        }
    }
}
