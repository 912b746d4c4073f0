//! The CPU time of a libp2p handshake, compared with that of the curve operations that it needs.
//!
//! Either role makes two Noise keys, which are used once, computes three shared secrets, signs one of its keys with its
//! identity, and verifies the peer's signature. The rest is hashes, ciphers and our code.

use std::hint::black_box;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::in_memory::talk;
use crate::libp2p_sides::{INITIATOR, RESPONDER, Side};

/// The greatest ratio of CPU time to that of the bare curve operations.
const MOST_CPU: f64 = 1.3;

/// Runs `times` handshakes in each round, alternately with as many runs of the bare operations.
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
    /// The values that it sends: its identity, a signature, and both keys.
    sent: ([u8; 32], Signature, [PublicKey; 2]),
}

/// The signed bytes: a prefix and a key.
const SIGNED: [u8; 56] = [7; 56];

impl Bare {
    fn new(side: Side) -> Self {
        let identity = SigningKey::from_bytes(&side.identity);
        let keys = [side.s, side.e].map(|secret| PublicKey::from(&StaticSecret::from(secret)));
        let sent = (identity.verifying_key().to_bytes(), identity.sign(&SIGNED), keys);
        Self { side, identity, sent }
    }

    /// The work that no implementation can avoid.
    fn compute(&self, peer: &Self) {
        let [s, e] = [self.side.s, self.side.e].map(|secret| StaticSecret::from(black_box(secret)));
        black_box([&s, &e].map(PublicKey::from));
        let (identity, signature, [theirs_s, theirs_e]) = &peer.sent;
        // The initiator's static key with the responder's ephemeral one, and the other way round.
        black_box([e.diffie_hellman(theirs_e), e.diffie_hellman(theirs_s), s.diffie_hellman(theirs_e)]);
        black_box(self.identity.sign(black_box(&SIGNED)));
        let identity = VerifyingKey::from_bytes(black_box(identity)).expect("it is a key");
        identity.verify_strict(&SIGNED, signature).expect("it is signed");
    }
}
