//! The CPU time of an Ethereum handshake, compared with that of the curve operations that it needs.
//!
//! | | initiator | responder |
//! |---|---|---|
//! | a public key from a secret one | that which seals its auth | that which seals its ack, and its ephemeral one |
//! | a shared secret | of both static keys; to seal auth; to open ack; of both ephemeral keys | the same |
//! | a signature | of its auth | its key recovered |
//!
//! The static keys of both sides are made once, not for each handshake.

use std::hint::black_box;

use ethereum::PublicKey;

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::ethereum_sides::Side;
use crate::in_memory::talk;

/// The greatest ratio of CPU time to that of the bare curve operations.
const MOST_CPU: f64 = 1.3;

/// Runs `times` handshakes in each round, alternately with as many runs of the bare operations.
pub fn measure(times: usize, rounds: usize) -> Result<Findings> {
    let beside = Beside { times, rounds, bare: "curve operations", most: MOST_CPU }.begin()?;
    let (initiator, responder) = (Side::initiator(), Side::responder());
    let whole = |_| talk(initiator.dials(responder.local.node_id()), responder.is_dialled());
    let bare = |_| compute(&initiator, &responder);
    let mut findings = Findings::default();
    beside.measure("handshake up to Status", whole, bare, &mut findings);
    Ok(findings)
}

/// The work that no implementation can avoid.
fn compute(initiator: &Side, responder: &Side) {
    let [(ours, our_key, our_id), (theirs, their_key, their_id)] =
        [initiator, responder].map(|side| (&side.fresh, side.local.key(), side.local.node_id()));
    // auth is sent
    black_box(our_key.shared_x(&their_id));
    let signature = ours.ephemeral.sign(black_box([7; 32]));
    let sealed_by = ours.sealing.key.public();
    black_box(ours.sealing.key.shared_x(&their_id));
    // and received
    black_box(their_key.shared_x(&sealed_by));
    black_box(their_key.shared_x(&our_id));
    let our_ephemeral = PublicKey::recover(&signature, [7; 32]).expect("it is signed");
    // ack is sent
    let their_ephemeral = theirs.ephemeral.public();
    let sealed_by = theirs.sealing.key.public();
    black_box(theirs.sealing.key.shared_x(&our_id));
    black_box(theirs.ephemeral.shared_x(&our_ephemeral));
    // and received
    black_box(our_key.shared_x(&sealed_by));
    black_box(ours.ephemeral.shared_x(&their_ephemeral));
}
