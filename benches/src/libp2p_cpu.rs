//! What a handshake of libp2p costs in CPU, against the operations on curves that it cannot do without.
//!
//! Either role makes two keys of Noise, which nobody sees again, computes three shared secrets, signs one of its keys by
//! its identity, and checks the peer's signature. The rest is hashes, ciphers and ours.

use std::hint::black_box;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use handshake::{Handshake, Rx, Step};
use libp2p::{Hello, Identity};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::cpu_of;
use crate::libp2p_sides::{INITIATOR, RESPONDER, Side};
use crate::program::print_machine;

/// CPU time by that of the bare curve operations, at most.
const MOST_CPU: f64 = 1.3;

/// Has so many handshakes in each round, by turns with as many times the bare operations.
pub fn measure(handshakes: usize, rounds: usize) -> Result<Findings> {
    print_machine()?;
    println!("{handshakes} handshakes up to identify, {rounds} rounds, both roles together");
    let identities = [INITIATOR, RESPONDER].map(Side::identity);
    let [ours, theirs] = [INITIATOR, RESPONDER].map(Bare::new);
    let (mut whole, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // The first round finds cold caches.
    for _ in 0..=rounds {
        let our = cpu_of(handshakes, |_| shake(&identities));
        let floor = cpu_of(handshakes, |_| {
            ours.compute(&theirs);
            theirs.compute(&ours);
        });
        whole.push(our);
        bare.push(floor);
        ratios.push(our / floor);
    }
    let [whole, bare, ratios] = [whole, bare, ratios].map(|runs| runs.into_iter().skip(1).collect::<Runs>());
    println!("{whole:.1} µs of CPU each; bare curve operations: {bare:.1} µs");
    let mut findings = Findings::default();
    findings.at_most(MOST_CPU, "CPU time of both by that of the bare curve operations", &ratios);
    Ok(findings)
}

/// One side's curve operations.
struct Bare {
    side: Side,
    identity: SigningKey,
    /// What it sends: its identity, a signature, and both keys.
    sent: ([u8; 32], Signature, [PublicKey; 2]),
}

/// What is signed: a prefix and a key.
const SIGNED: [u8; 56] = [7; 56];

impl Bare {
    fn new(side: Side) -> Self {
        let identity = SigningKey::from_bytes(&side.identity);
        let keys = [side.s, side.e].map(|secret| PublicKey::from(&StaticSecret::from(secret)));
        let sent = (identity.verifying_key().to_bytes(), identity.sign(&SIGNED), keys);
        Self { side, identity, sent }
    }

    /// What no implementation can leave out.
    fn compute(&self, peer: &Self) {
        let [s, e] = [self.side.s, self.side.e].map(|secret| StaticSecret::from(black_box(secret)));
        black_box([&s, &e].map(PublicKey::from));
        let (identity, signature, [theirs_s, theirs_e]) = &peer.sent;
        // The initiator's own key meets the responder's ephemeral one, and the other way round.
        black_box([e.diffie_hellman(theirs_e), e.diffie_hellman(theirs_s), s.diffie_hellman(theirs_e)]);
        black_box(self.identity.sign(black_box(&SIGNED)));
        let identity = VerifyingKey::from_bytes(black_box(identity)).expect("it is a key");
        identity.verify_strict(&SIGNED, signature).expect("it is signed");
    }
}

/// A whole handshake in memory.
fn shake([initiator, responder]: &[Identity; 2]) {
    let mut ours = INITIATOR.dials(initiator, responder.peer_id());
    let mut theirs = RESPONDER.is_dialled(responder);
    let (mut to_them, mut to_us) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
    let (mut ours_done, mut theirs_done) = (false, false);
    while !(ours_done && theirs_done) {
        ours_done |= turn(&mut ours, &mut to_us, &mut to_them);
        theirs_done |= turn(&mut theirs, &mut to_them, &mut to_us);
    }
}

/// Lets a side go on with what it heard. Whether it has concluded.
fn turn(side: &mut Hello, heard: &mut Vec<u8>, said: &mut Vec<u8>) -> bool {
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
