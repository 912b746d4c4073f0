//! The CPU time of a handshake over the encrypted transport (BIP324), beside that of the bare cryptography that it needs.

use std::hint::black_box;

use bitcoin::Chain;
use bitcoin::v2::MAX_GARBAGE_LEN;
use handshake::{Handshake, Role, Rx, Step};
use rand::RngExt as _;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::cpu_of;
use crate::flights::CHAIN;
use crate::program::print_machine;
use crate::v2_bare;
use crate::v2_talk::Side;

/// CPU time by that of the bare cryptography, at most.
const MOST_CPU: f64 = 1.25;

/// So many different lengths of garbage, in each direction. All of it stays in the CPU's cache, as what has just arrived
/// does.
const TALKS: usize = 128;

/// Has so many handshakes in each round, by turns with as many times the bare cryptography.
pub fn measure(handshakes: usize, rounds: usize) -> Result<Findings> {
    print_machine()?;
    println!("{handshakes} handshakes, {rounds} rounds");
    // As Core sends it.
    let mut random = rand::rng();
    let mut garbage = || {
        let mut bytes = vec![0; random.random_range(0..=MAX_GARBAGE_LEN)];
        random.fill(&mut bytes[..]);
        bytes
    };
    let talks: Vec<_> = (0..TALKS).map(|_| Side::both([garbage(), garbage()])).collect();
    let mut findings = Findings::default();
    for role in [Role::Initiator, Role::Responder] {
        compare(role, &talks, handshakes, rounds, &mut findings);
    }
    Ok(findings)
}

fn compare(role: Role, talks: &[[Side; 2]], times: usize, rounds: usize, findings: &mut Findings) {
    let name = match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    };
    let sides = |nth: usize| match (role, &talks[nth % talks.len()]) {
        (Role::Initiator, [ours, theirs]) | (Role::Responder, [theirs, ours]) => (ours, theirs),
    };
    let magic = Chain::named(CHAIN).expect("it is in the table").params.magic.0;
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    let mut whole = |nth| {
        let (ours, theirs) = sides(nth);
        hear(theirs, &mut heard, &mut said);
        shake(ours, &mut heard, &mut said);
    };
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    let mut bare = |nth| {
        let (ours, theirs) = sides(nth);
        hear(theirs, &mut heard, &mut said);
        v2_bare::compute(ours, theirs, magic, &mut heard, &mut said);
        black_box(&said);
    };
    // The first round finds cold caches.
    cpu_of(talks.len(), &mut whole);
    cpu_of(talks.len(), &mut bare);
    let costs: Vec<_> = (0..rounds).map(|_| (cpu_of(times, &mut whole), cpu_of(times, &mut bare))).collect();
    let ours: Runs = costs.iter().map(|(whole, _)| *whole).collect();
    let floor: Runs = costs.iter().map(|(_, bare)| *bare).collect();
    println!("{name}: {ours:.1} µs of CPU each; bare cryptography: {floor:.1} µs");
    let ratios = costs.iter().map(|(whole, bare)| whole / bare).collect();
    findings.at_most(MOST_CPU, &format!("CPU time of the {name} by that of its bare cryptography"), &ratios);
}

/// The peer's bytes arrive, where they can be opened in place.
fn hear(theirs: &Side, heard: &mut Vec<u8>, said: &mut Vec<u8>) {
    heard.clear();
    heard.extend_from_slice(&theirs.said);
    said.clear();
}

fn shake(ours: &Side, heard: &mut [u8], said: &mut Vec<u8>) {
    let mut handshake = ours.handshake();
    let mut rx = Rx::new(heard);
    loop {
        match handshake.step(&mut rx, said).expect("both sides keep to the protocol") {
            Step::Event(event) => {
                black_box(event);
            }
            Step::Done(concluded) => {
                black_box(concluded);
                return;
            }
            Step::Need(_) => unreachable!("all of it has arrived"),
        }
    }
}
