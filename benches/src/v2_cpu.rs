//! The CPU time of a handshake over the encrypted transport (BIP324), compared with that of the bare cryptography.

use std::hint::black_box;

use bitcoin::Chain;
use bitcoin::v2::MAX_GARBAGE_LEN;
use handshake::Role;
use rand::RngExt as _;

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::flights::CHAIN;
use crate::in_memory::turn;
use crate::v2_bare;
use crate::v2_talk::Side;

/// The greatest ratio of CPU time to that of the bare cryptography.
const MOST_CPU: f64 = 1.25;

/// Different lengths of garbage in each direction. All data stays in the CPU's cache, as data that has just arrived
/// does.
const TALKS: usize = 128;

/// Runs `times` handshakes in each round, alternately with as many runs of the bare cryptography.
pub fn measure(times: usize, rounds: usize) -> Result<Findings> {
    let beside = Beside { times, rounds, bare: "cryptography", most: MOST_CPU }.begin()?;
    // Garbage as Core sends it.
    let mut random = rand::rng();
    let mut garbage = || {
        let mut bytes = vec![0; random.random_range(0..=MAX_GARBAGE_LEN)];
        random.fill(&mut bytes[..]);
        bytes
    };
    let talks: Vec<_> = (0..TALKS).map(|_| Side::both([garbage(), garbage()])).collect();
    let mut findings = Findings::default();
    for role in [Role::Initiator, Role::Responder] {
        compare(role, &talks, beside, &mut findings);
    }
    Ok(findings)
}

fn compare(role: Role, talks: &[[Side; 2]], beside: Beside, findings: &mut Findings) {
    let name = match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    };
    let sides = |nth: usize| match (role, &talks[nth % talks.len()]) {
        (Role::Initiator, [ours, theirs]) | (Role::Responder, [theirs, ours]) => (ours, theirs),
    };
    let magic = Chain::named(CHAIN).expect("it is in the table").params.magic.0;
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    let whole = |nth| {
        let (ours, theirs) = sides(nth);
        hear(theirs, &mut heard, &mut said);
        shake(ours, &mut heard, &mut said);
    };
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    let bare = |nth| {
        let (ours, theirs) = sides(nth);
        hear(theirs, &mut heard, &mut said);
        v2_bare::compute(ours, theirs, magic, &mut heard, &mut said);
        black_box(&said);
    };
    beside.measure(name, whole, bare, findings);
}

/// Copies the peer's bytes to where they can be decrypted in place.
fn hear(theirs: &Side, heard: &mut Vec<u8>, said: &mut Vec<u8>) {
    heard.clear();
    heard.extend_from_slice(&theirs.said);
    said.clear();
}

fn shake(ours: &Side, heard: &mut [u8], said: &mut Vec<u8>) {
    let done = turn(&mut ours.handshake(), heard, said);
    assert!(done, "all of it has arrived");
}
