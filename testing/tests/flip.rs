//! A law must be able to fail.

use std::fmt;

use handshake::{Blame, Conversation, Fault, Rx, Step};
use verack_testing::flip;

#[test]
fn who_waits_for_all_that_it_takes_passes() {
    flip(|| Greeting { least: 4 }, b"helo, and more", |_, _| {});
}

#[test]
#[should_panic(expected = "with 3 of 4 bytes: done")]
fn who_concludes_a_byte_too_early_does_not() {
    flip(|| Greeting { least: 3 }, b"helo", |_, _| {});
}

#[test]
#[should_panic(expected = "byte 0 may be anything")]
fn who_takes_any_byte_for_another_is_seen_by_the_check() {
    flip(|| Greeting { least: 4 }, b"helo", |at, ended| assert!(ended.result.is_none(), "byte {at} may be anything"));
}

/// Takes four bytes, or as few as are enough.
struct Greeting {
    least: usize,
}

impl Conversation for Greeting {
    type Output = ();
    type Event = ();
    type Error = Never;

    fn step(&mut self, rx: &mut Rx<'_>, _tx: &mut Vec<u8>) -> Result<Step<(), ()>, Never> {
        match self.least.checked_sub(rx.len()) {
            None | Some(0) => {
                rx.take_at_most(4);
                Ok(Step::Done(()))
            }
            Some(missing) => Ok(Step::Need(missing)),
        }
    }

    fn awaiting(&self) -> &'static str {
        "greeting"
    }
}

#[derive(Debug)]
enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl Fault for Never {
    fn blame(&self) -> Blame {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
    }
}
