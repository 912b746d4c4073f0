//! The state machine alone, without a socket: our part of a handshake's time.

use std::hint::black_box;

use bitcoin::{Chain, Command, Local, Message, V1};
use criterion::{Criterion, criterion_group, criterion_main};
use handshake::{Conversation, Rx, Step};

fn local(nonce: u64) -> Local {
    let chain = Chain::named("bitcoin").expect("it is in the table");
    Local::new(chain.params, 1_700_000_000, nonce, [0; 32])
}

/// Gives received bytes to a side, which appends its own to `tx`. Returns whether it has concluded.
fn turn(side: &mut V1, heard: &mut [u8], tx: &mut Vec<u8>) -> bool {
    tx.clear();
    let mut rx = Rx::new(heard);
    loop {
        match side.step(&mut rx, tx).expect("both sides keep to the protocol") {
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

fn handshake(c: &mut Criterion) {
    let (ours, theirs) = (local(1), local(2));
    let (mut to_them, mut to_us) = (Vec::with_capacity(512), Vec::with_capacity(512));
    c.bench_function("v1 handshake, both roles", |b| {
        b.iter(|| {
            let (mut initiator, mut responder) = (V1::initiator(ours.clone()), V1::responder(theirs.clone()));
            turn(&mut initiator, &mut [], &mut to_them);
            turn(&mut responder, &mut to_them, &mut to_us);
            assert!(turn(&mut initiator, &mut to_us, &mut to_them));
            assert!(turn(&mut responder, &mut to_them, &mut to_us));
        });
    });
}

fn parts(c: &mut Criterion) {
    let local = local(1);
    let mut payload = Vec::new();
    local.version.write(&local.tail, &mut payload);
    c.bench_function("version, read", |b| {
        b.iter(|| Message::read(black_box(Command::VERSION), black_box(&payload)));
    });
    let checksum = local.params.checksum;
    c.bench_function("version, checksum", |b| b.iter(|| checksum.of(black_box(&payload))));
    c.bench_function("verack, checksum", |b| b.iter(|| checksum.of(black_box(&[]))));
}

criterion_group!(benches, handshake, parts);
criterion_main!(benches);
