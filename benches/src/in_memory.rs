//! Handshakes in memory: their cost contains no work of the kernel.

use std::hint::black_box;

use handshake::{Handshake, Rx, Step};

/// Runs two sides against each other until both have concluded.
pub fn talk(mut initiator: impl Handshake, mut responder: impl Handshake) {
    let (mut to_responder, mut to_initiator) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
    let (mut ours_done, mut theirs_done) = (false, false);
    while !(ours_done && theirs_done) {
        ours_done |= turn(&mut initiator, &mut to_initiator, &mut to_responder);
        to_initiator.clear();
        theirs_done |= turn(&mut responder, &mut to_responder, &mut to_initiator);
        to_responder.clear();
    }
}

/// Gives received bytes to a side. Returns whether it has concluded.
pub fn turn<H: Handshake>(side: &mut H, heard: &mut [u8], said: &mut Vec<u8>) -> bool {
    let mut rx = Rx::new(heard);
    loop {
        match side.step(&mut rx, said).expect("both sides keep to the protocol") {
            Step::Event(event) => {
                black_box(event);
            }
            Step::Need(_) => return false,
            Step::Done(agreed) => {
                black_box(agreed);
                return true;
            }
        }
    }
}
