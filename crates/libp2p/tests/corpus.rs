//! Replays the fuzzer's corpus with the fuzzer's code: see `fuzz/README.md`.

#[path = "../../../fuzz/src/libp2p.rs"]
pub mod fuzz;

use testing::replay;

#[test]
fn the_initiator_survives_what_the_fuzzer_kept() {
    replay("libp2p_initiator", fuzz::initiator);
}

#[test]
fn the_responder_survives_what_the_fuzzer_kept() {
    replay("libp2p_responder", fuzz::responder);
}

#[test]
fn messages_and_texts_survive_what_the_fuzzer_kept() {
    replay("libp2p_wire", fuzz::wire);
}
