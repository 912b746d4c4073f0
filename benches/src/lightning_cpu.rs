//! The CPU time of a Lightning handshake, compared with that of the bare curve operations that it needs.
//!
//! Either role makes a key for the connection, decompresses the received points, and computes three shared points. The
//! rest is hashes, ciphers and our code.

use std::hint::black_box;

use lightning::{Hello, Local, NodeId, SecretKey};
use secp256k1::PublicKey;
use secp256k1::ecdh::SharedSecret;

use crate::Result;
use crate::beside::Beside;
use crate::compare::Findings;
use crate::in_memory::turn;

/// The greatest ratio of CPU time to that of the bare curve operations.
const MOST_CPU: f64 = 1.3;

/// Secret keys: the initiator's static and ephemeral key, and the responder's.
const INITIATOR: [[u8; 32]; 2] = [[0x11; 32], [0x12; 32]];
const RESPONDER: [[u8; 32]; 2] = [[0x21; 32], [0x22; 32]];

/// Runs `times` handshakes in each round, alternately with as many runs of the bare operations.
pub fn measure(times: usize, rounds: usize) -> Result<Findings> {
    let beside = Beside { times, rounds, bare: "curve operations", most: MOST_CPU }.begin()?;
    let flights = Flights::new();
    let mut findings = Findings::default();
    let [ours, theirs] = [INITIATOR, RESPONDER].map(|[s, _]| key(s));
    let initiator = |_| {
        let hello = Hello::initiator(local(&ours, INITIATOR[1]), theirs.node_id());
        conclude(hello, flights.to_initiator.clone());
    };
    let bare = Bare::new(INITIATOR, &[RESPONDER[1]], &[RESPONDER[0]]);
    beside.measure("initiator", initiator, |_| bare.compute(), &mut findings);
    let responder = |_| conclude(Hello::responder(local(&theirs, RESPONDER[1])), flights.to_responder.clone());
    let bare = Bare::new(RESPONDER, &[INITIATOR[1], INITIATOR[0]], &[]);
    beside.measure("responder", responder, |_| bare.compute(), &mut findings);
    Ok(findings)
}

/// The bytes that each side receives.
struct Flights {
    to_initiator: Vec<u8>,
    to_responder: Vec<u8>,
}

impl Flights {
    /// Runs both sides in memory.
    fn new() -> Self {
        let [ours, theirs] = [INITIATOR, RESPONDER].map(|[s, _]| key(s));
        let mut initiator = Hello::initiator(local(&ours, INITIATOR[1]), theirs.node_id());
        let mut responder = Hello::responder(local(&theirs, RESPONDER[1]));
        let mut act_one = say(&mut initiator, &mut []);
        let mut act_two = say(&mut responder, &mut act_one.clone());
        let mut rest = say(&mut initiator, &mut act_two.clone());
        let mut init_and_ping = say(&mut responder, &mut rest.clone());
        let mut ping_and_pong = say(&mut initiator, &mut init_and_ping.clone());
        let mut pong = say(&mut responder, &mut ping_and_pong.clone());
        act_two.append(&mut init_and_ping);
        act_two.append(&mut pong);
        act_one.append(&mut rest);
        act_one.append(&mut ping_and_pong);
        Self { to_initiator: act_two, to_responder: act_one }
    }
}

fn local(s: &SecretKey, e: [u8; 32]) -> Local {
    Local::new(s.clone(), key(e), Vec::new())
}

fn key(bytes: [u8; 32]) -> SecretKey {
    SecretKey::new(bytes).expect("it is below the order of the curve")
}

/// The bytes that a side sends after it has received these.
fn say(side: &mut Hello, heard: &mut [u8]) -> Vec<u8> {
    let mut said = Vec::new();
    turn(side, heard, &mut said);
    said
}

fn conclude(mut side: Hello, mut heard: Vec<u8>) {
    let done = turn(&mut side, &mut heard, &mut Vec::with_capacity(512));
    assert!(done, "all of it has arrived");
}

/// One side's curve operations.
struct Bare {
    s: secp256k1::SecretKey,
    e: [u8; 32],
    /// Points that arrive compressed.
    sent: Vec<[u8; NodeId::LEN]>,
    /// Points that are known in advance.
    known: Vec<PublicKey>,
}

impl Bare {
    fn new([s, e]: [[u8; 32]; 2], sent: &[[u8; 32]], known: &[[u8; 32]]) -> Self {
        let secret =
            |bytes| secp256k1::SecretKey::from_secret_bytes(bytes).expect("it is below the order of the curve");
        let public = |bytes: &[u8; 32]| secret(*bytes).public_key();
        Self {
            s: secret(s),
            e,
            sent: sent.iter().map(|bytes| public(bytes).serialize()).collect(),
            known: known.iter().map(public).collect(),
        }
    }

    /// The key for the connection, both points of the peer's, and `es`, `ee`, `se`.
    fn compute(&self) {
        let e = secp256k1::SecretKey::from_secret_bytes(self.e).expect("it is below the order of the curve");
        black_box(e.public_key());
        let sent = self.sent.iter().map(|bytes| PublicKey::from_slice(bytes).expect("a point"));
        let points: Vec<_> = sent.chain(self.known.iter().copied()).collect();
        // The initiator's static key is used with one of them, and so is the responder's; the ephemeral key is used
        // with both.
        for point in &points {
            black_box(SharedSecret::new(black_box(point), &e));
        }
        black_box(SharedSecret::new(black_box(&points[0]), &self.s));
    }
}
