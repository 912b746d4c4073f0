//! Replays the fuzzer's corpus with the fuzzer's code: see `fuzz/README.md`.

#[path = "../../../fuzz/src/monero.rs"]
pub mod fuzz;

use testing::replay;

#[test]
fn the_initiator_survives_what_the_fuzzer_kept() {
    replay("monero_initiator", fuzz::initiator);
}

#[test]
fn the_responder_survives_what_the_fuzzer_kept() {
    replay("monero_responder", fuzz::responder);
}

#[test]
fn the_session_survives_what_the_fuzzer_kept() {
    replay("monero_session", fuzz::session);
}

#[test]
fn the_wire_format_survives_what_the_fuzzer_kept() {
    replay("monero_wire", fuzz::wire);
}
