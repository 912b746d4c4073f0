//! What came over the wire, as it came: an encrypted protocol opens it where it lies.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handshake::{End, Evidence, Handshake, Leave, Rx, Stage, Step, Unfinished};
use net::{Beat, Seen};

/// The bytes that a step took, before it took them; if it failed, all that it was shown.
#[derive(Debug, Default)]
pub struct Tape(Mutex<Vec<u8>>);

impl Tape {
    fn wire(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes behind the last event of a conversation that failed, as they came, of which `rest` are left.
    pub fn restore(&self, rest: &mut [u8]) {
        let wire = self.wire();
        let len = wire.len().min(rest.len());
        rest[..len].copy_from_slice(&wire[..len]);
    }

    /// An event, shown to `look` with what came for it as it came.
    pub fn show<E>(&self, seen: Seen<'_, E>, look: impl FnOnce(&Seen<'_, E>)) {
        let wire = self.wire();
        look(&Seen { received: &wire, ..seen });
    }
}

/// A handshake whose steps are taped, if there is a tape.
#[derive(Debug)]
pub struct Taped<'h, H> {
    handshake: &'h mut H,
    tape: Option<&'h Tape>,
    tell: Option<fn(&mut H)>,
}

impl<'h, H> Taped<'h, H> {
    /// One that is not told to speak.
    pub fn new(handshake: &'h mut H, tape: Option<&'h Tape>) -> Self {
        Self { handshake, tape, tell: None }
    }

    /// One that is told to speak by this beat; and what tells it.
    pub fn beating(handshake: &'h mut H, tape: Option<&'h Tape>, beat: &Beat<H>) -> (Self, Beat<Self>) {
        let tell = |taped: &mut Self| {
            if let Some(tell) = taped.tell {
                tell(taped.handshake);
            }
        };
        (Self { handshake, tape, tell: Some(beat.tell) }, Beat { every: beat.every, tell })
    }
}

impl<H: Handshake> Handshake for Taped<'_, H> {
    type Output = H::Output;
    type Event = H::Event;
    type Error = H::Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<H::Event, H::Output>, H::Error> {
        let Some(tape) = self.tape else { return self.handshake.step(rx, tx) };
        let mut wire = tape.wire();
        wire.clear();
        wire.extend_from_slice(rx.rest());
        let taken = rx.taken();
        let step = self.handshake.step(rx, tx);
        if step.is_ok() {
            wire.truncate(rx.taken() - taken);
        }
        step
    }

    fn awaiting(&self) -> &'static str {
        self.handshake.awaiting()
    }

    fn stage(&self) -> Stage {
        self.handshake.stage()
    }

    fn ended(&self, end: End, rest: &[u8]) -> Option<H::Error> {
        self.handshake.ended(end, rest)
    }

    const HEEDS_HALF_TIME: bool = H::HEEDS_HALF_TIME;

    fn half_time(&mut self) {
        self.handshake.half_time();
    }

    fn settle(&mut self) -> Option<H::Output> {
        self.handshake.settle()
    }

    fn leave(&mut self, why: Leave, tx: &mut Vec<u8>) -> Option<H::Event> {
        if let Some(tape) = self.tape {
            tape.wire().clear();
        }
        self.handshake.leave(why, tx)
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.handshake.unfinished(rest)
    }

    fn instead(&self) -> Option<String> {
        self.handshake.instead()
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        self.handshake.suspicion(evidence)
    }
}
