//! The laws of every handshake, for any protocol.
//!
//! | law | |
//! |---|---|
//! | [`cut`] | the same bytes give the same end, however they are split |
//! | [`pair`] | two sides agree, and leave bytes after the handshake untouched |
//! | [`flip`] | a changed byte never panics, hangs or goes unnoticed, and missing bytes at the end are waited for |
//! | [`survives`] | any other input never panics or hangs: for fuzzing, and for replaying its corpus ([`replay`]) |
//!
//! Also common parts of all protocols' tests: the end of a handshake ([`End`]), the table of its
//! [`reasons`], recorded connections with real nodes ([`Recorded`]), and a search for secrets in memory ([`Masked`]).

#![expect(clippy::panic, reason = "a law that does not hold fails its test")]

mod corpus;
mod end;
mod memory;
mod reasons;
mod recorded;

use std::fmt::Debug;

use handshake::{Conversation, Fault, Rx, Step};

pub use self::corpus::replay;
pub use self::end::End;
pub use self::memory::Masked;
pub use self::reasons::{assert_explained, reasons};
pub use self::recorded::{Recorded, hex};

/// The result of a handshake that was given all of some bytes.
#[derive(Debug)]
pub struct Ended<H: Conversation> {
    /// What was agreed, the error, or `None` if it waits for more bytes.
    pub result: Option<Result<H::Output, H::Error>>,
    /// All bytes that it sent.
    pub sent: Vec<u8>,
    /// The message that it waited for.
    pub awaiting: &'static str,
    /// The number of bytes that it took.
    pub taken: usize,
}

impl<H: Conversation> Ended<H>
where
    H::Output: Debug,
{
    /// The end in one comparable line.
    #[must_use]
    pub fn summary(&self) -> String {
        let result = match &self.result {
            None => "waits".to_owned(),
            Some(Ok(output)) => format!("done: {output:?}"),
            Some(Err(fault)) => format!("{} ({:?}): {fault}", fault.code(), fault.blame()),
        };
        format!("{result}; awaiting {}; took {}; sent {:02x?}", self.awaiting, self.taken, self.sent)
    }
}

/// Gives a handshake these pieces of bytes, as a driver would.
///
/// # Panics
/// If it breaks the contract: needs 0 bytes, takes bytes while it needs more, or does not stop.
pub fn feed<'p, H: Conversation>(handshake: &mut H, pieces: impl IntoIterator<Item = &'p [u8]>) -> Ended<H> {
    let mut ended = Ended { result: None, sent: Vec::new(), awaiting: "", taken: 0 };
    let mut buffer = Vec::new();
    for piece in std::iter::once(&[][..]).chain(pieces) {
        buffer.extend_from_slice(piece);
        let taken = drain(handshake, &mut buffer, &mut ended);
        buffer.drain(..taken);
        ended.taken += taken;
        if ended.result.is_some() {
            break;
        }
    }
    ended.awaiting = handshake.awaiting();
    ended
}

fn drain<H: Conversation>(handshake: &mut H, buffer: &mut [u8], ended: &mut Ended<H>) -> usize {
    let mut at = 0;
    // Each step takes a byte, sends something, or ends; no handshake sends more than a few messages per received byte.
    let most = 1000 + 10 * buffer.len();
    for _ in 0..most {
        let mut rx = Rx::new(&mut buffer[at..]);
        let step = handshake.step(&mut rx, &mut ended.sent);
        let (taken, left) = (rx.taken(), rx.len());
        at += taken;
        match step {
            Ok(Step::Need(n)) => {
                assert!(n > 0, "a handshake that waits must need something");
                assert_eq!(taken, 0, "a step that needs more takes nothing, with {left} left");
                return at;
            }
            Ok(Step::Event(_)) => {}
            Ok(Step::Done(output)) => {
                ended.result = Some(Ok(output));
                return at;
            }
            Err(fault) => {
                ended.result = Some(Err(fault));
                return at;
            }
        }
    }
    panic!("the handshake does not stop");
}

/// Checks that the handshake ends the same however `bytes` are split: whole, byte by byte, and in two at every byte.
/// Returns that end.
///
/// # Panics
/// If the ends differ.
pub fn cut<H: Conversation>(make: impl Fn() -> H, bytes: &[u8]) -> Ended<H>
where
    H::Output: Debug,
{
    let whole = feed(&mut make(), [bytes]);
    let expected = whole.summary();
    let dripped = feed(&mut make(), bytes.chunks(1));
    assert_eq!(dripped.summary(), expected, "byte by byte");
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(feed(&mut make(), [head, tail]).summary(), expected, "split at byte {at}");
    }
    whole
}

/// Connects two sides, and appends bytes of a later protocol to each side's data, which must be left untaken. Returns
/// both results.
///
/// # Panics
/// If they do not both conclude, or one of them takes bytes that are not its own.
pub fn pair<A: Conversation, B: Conversation>(mut a: A, mut b: B) -> (A::Output, B::Output) {
    const TAIL: &[u8] = b"what comes after \x00\xff";
    let (mut from_a, mut from_b) = (Side::default(), Side::default());
    // Each turn of the loop is a round trip; no handshake takes as many.
    for _ in 0..100 {
        from_a.turn(&mut a, &mut from_b, TAIL);
        from_b.turn(&mut b, &mut from_a, TAIL);
        if let (Some(_), Some(_)) = (&from_a.output, &from_b.output) {
            break;
        }
    }
    match (from_a.output, from_b.output) {
        (Some(a_output), Some(b_output)) => {
            assert_eq!(from_b.sent, TAIL, "what the first side left of the second's bytes");
            assert_eq!(from_a.sent, TAIL, "what the second side left of the first's bytes");
            (a_output, b_output)
        }
        _ => panic!("not concluded: one side waits for {}, the other for {}", a.awaiting(), b.awaiting()),
    }
}

/// The bytes of one side that the other has not taken, and its result.
struct Side<T> {
    sent: Vec<u8>,
    output: Option<T>,
}

impl<T> Default for Side<T> {
    fn default() -> Self {
        Self { sent: Vec::new(), output: None }
    }
}

impl<T> Side<T> {
    fn turn<H: Conversation<Output = T>, O>(&mut self, handshake: &mut H, other: &mut Side<O>, tail: &[u8]) {
        if self.output.is_some() {
            return;
        }
        let mut ended = Ended { result: None, sent: Vec::new(), awaiting: "", taken: 0 };
        let taken = drain(handshake, &mut other.sent, &mut ended);
        other.sent.drain(..taken);
        self.sent.append(&mut ended.sent);
        match ended.result {
            Some(Ok(output)) => {
                self.output = Some(output);
                self.sent.extend_from_slice(tail);
            }
            Some(Err(fault)) => panic!("{}: {fault}", fault.code()),
            None => {}
        }
    }
}

/// Changes each byte in several ways; `check` judges the end, from the position and the end. Also truncates `bytes` at
/// each byte: the handshake waits if it would have taken the missing bytes.
///
/// # Panics
/// If the handshake does, breaks its contract, or ends before it has taken all its bytes.
pub fn flip<H: Conversation>(make: impl Fn() -> H, bytes: &[u8], mut check: impl FnMut(usize, &Ended<H>))
where
    H::Output: Debug,
{
    let whole = feed(&mut make(), [bytes]);
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] ^= mask;
            check(at, &feed(&mut make(), [&changed[..]]));
        }
        let ended = feed(&mut make(), [&bytes[..at]]);
        assert!(at >= whole.taken || ended.result.is_none(), "with {at} of {} bytes: {}", whole.taken, ended.summary());
    }
}

/// Checks any input: no panic, no endless loop, the same end however it is split, and no more bytes sent than a few
/// times those received. The first byte chooses the split. Returns that end.
///
/// # Panics
/// If one of these checks fails.
pub fn survives<H: Conversation>(make: impl Fn() -> H, input: &[u8]) -> Ended<H>
where
    H::Output: Debug,
{
    /// Bytes that a handshake may send first; afterwards the limit depends on the received bytes.
    const FIRST_WORDS: usize = 4096;
    let (&piece, bytes) = input.split_first().unwrap_or((&0, &[]));
    let whole = feed(&mut make(), [bytes]);
    let pieces = bytes.chunks(usize::from(piece).max(1));
    assert_eq!(feed(&mut make(), pieces).summary(), whole.summary());
    assert!(whole.sent.len() <= FIRST_WORDS + 4 * bytes.len(), "it sent {} bytes", whole.sent.len());
    whole
}
