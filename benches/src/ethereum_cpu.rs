//! What a handshake of Ethereum costs in CPU, against the operations on the curve that it cannot do without.
//!
//! | | initiator | responder |
//! |---|---|---|
//! | a public key from a secret one | that which seals its auth | that which seals its ack, and its ephemeral one |
//! | a shared secret | of both static keys; to seal auth; to open ack; of both ephemeral keys | the same |
//! | a signature | of its auth | its key recovered |
//!
//! Both sides' own static keys are made once, not for each handshake.

use std::hint::black_box;

use ethereum::{PublicKey, Rlpx};
use handshake::{Handshake, Rx, Step};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::cpu_of;
use crate::ethereum_sides::Side;
use crate::program::print_machine;

/// CPU time by that of the bare curve operations, at most.
const MOST_CPU: f64 = 1.3;

/// Has so many handshakes in each round, by turns with as many times the bare operations.
pub fn measure(handshakes: usize, rounds: usize) -> Result<Findings> {
    print_machine()?;
    println!("{handshakes} handshakes up to Status, {rounds} rounds, both roles together");
    let (initiator, responder) = (Side::initiator(), Side::responder());
    let (mut whole, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // The first round finds cold caches.
    for _ in 0..=rounds {
        let ours = cpu_of(handshakes, |_| shake(&initiator, &responder));
        let floor = cpu_of(handshakes, |_| compute(&initiator, &responder));
        whole.push(ours);
        bare.push(floor);
        ratios.push(ours / floor);
    }
    let [whole, bare, ratios] = [whole, bare, ratios].map(|runs| runs.into_iter().skip(1).collect::<Runs>());
    println!("{whole:.1} µs of CPU each; bare curve operations: {bare:.1} µs");
    let mut findings = Findings::default();
    findings.at_most(MOST_CPU, "CPU time of both by that of the bare curve operations", &ratios);
    Ok(findings)
}

/// What no implementation can leave out.
fn compute(initiator: &Side, responder: &Side) {
    let [(ours, our_key, our_id), (theirs, their_key, their_id)] =
        [initiator, responder].map(|side| (&side.fresh, side.local.key(), side.local.node_id()));
    // auth is said
    black_box(our_key.shared_x(&their_id));
    let signature = ours.ephemeral.sign(black_box([7; 32]));
    let sealed_by = ours.sealing.key.public();
    black_box(ours.sealing.key.shared_x(&their_id));
    // and heard
    black_box(their_key.shared_x(&sealed_by));
    black_box(their_key.shared_x(&our_id));
    let our_ephemeral = PublicKey::recover(&signature, [7; 32]).expect("it is signed");
    // ack is said
    let their_ephemeral = theirs.ephemeral.public();
    let sealed_by = theirs.sealing.key.public();
    black_box(theirs.sealing.key.shared_x(&our_id));
    black_box(theirs.ephemeral.shared_x(&our_ephemeral));
    // and heard
    black_box(our_key.shared_x(&sealed_by));
    black_box(ours.ephemeral.shared_x(&their_ephemeral));
}

/// A whole handshake in memory.
fn shake(initiator: &Side, responder: &Side) {
    let mut ours = initiator.dials(responder.local.node_id());
    let mut theirs = responder.is_dialled();
    let (mut to_them, mut to_us) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
    let (mut ours_done, mut theirs_done) = (false, false);
    while !(ours_done && theirs_done) {
        ours_done |= turn(&mut ours, &mut to_us, &mut to_them);
        theirs_done |= turn(&mut theirs, &mut to_them, &mut to_us);
    }
}

/// Lets a side go on with what it heard. Whether it has concluded.
fn turn(side: &mut Rlpx, heard: &mut Vec<u8>, said: &mut Vec<u8>) -> bool {
    let mut rx = Rx::new(heard);
    let done = loop {
        match side.step(&mut rx, said).expect("both sides keep to the protocol") {
            Step::Event(event) => {
                black_box(event);
            }
            Step::Need(_) => break false,
            Step::Done(agreed) => {
                black_box(agreed);
                break true;
            }
        }
    };
    heard.clear();
    done
}
