//! Replays the fuzzer's corpus with the fuzzer's code: see `fuzz/README.md`.

#[path = "../../../fuzz/src/ethereum.rs"]
pub mod fuzz;

use testing::replay;

#[test]
fn the_initiator_survives_what_the_fuzzer_kept() {
    replay("ethereum_initiator", fuzz::initiator);
}

#[test]
fn the_responder_survives_what_the_fuzzer_kept() {
    replay("ethereum_responder", fuzz::responder);
}

#[test]
fn the_wire_survives_what_the_fuzzer_kept() {
    replay("ethereum_wire", fuzz::wire);
}
