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

use ethereum::PublicKey;

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::ethereum_sides::Side;
use crate::in_memory::talk;

/// CPU time by that of the bare curve operations, at most.
const MOST_CPU: f64 = 1.3;

/// Has so many handshakes in each round, by turns with as many times the bare operations.
pub fn measure(times: usize, rounds: usize) -> Result<Findings> {
    let beside = Beside { times, rounds, bare: "curve operations", most: MOST_CPU }.begin()?;
    let (initiator, responder) = (Side::initiator(), Side::responder());
    let whole = |_| talk(initiator.dials(responder.local.node_id()), responder.is_dialled());
    let bare = |_| compute(&initiator, &responder);
    let mut findings = Findings::default();
    beside.measure("handshake up to Status", whole, bare, &mut findings);
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
