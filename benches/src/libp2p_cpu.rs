//! What a handshake of libp2p costs in CPU, against the operations on curves that it cannot do without.
//!
//! Either role makes two keys of Noise, which nobody sees again, computes three shared secrets, signs one of its keys by
//! its identity, and checks the peer's signature. The rest is hashes, ciphers and ours.

use std::hint::black_box;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::in_memory::talk;
use crate::libp2p_sides::{INITIATOR, RESPONDER, Side};

/// CPU time by that of the bare curve operations, at most.
const MOST_CPU: f64 = 1.3;

/// Has so many handshakes in each round, by turns with as many times the bare operations.
pub fn measure(times: usize, rounds: usize) -> Result<Findings> {
    let beside = Beside { times, rounds, bare: "curve operations", most: MOST_CPU }.begin()?;
    let [initiator, responder] = [INITIATOR, RESPONDER].map(Side::identity);
    let [ours, theirs] = [INITIATOR, RESPONDER].map(Bare::new);
    let whole = |_| talk(INITIATOR.dials(&initiator, responder.peer_id()), RESPONDER.is_dialled(&responder));
    let bare = |_| {
        ours.compute(&theirs);
        theirs.compute(&ours);
    };
    let mut findings = Findings::default();
    beside.measure("handshake up to identify", whole, bare, &mut findings);
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
