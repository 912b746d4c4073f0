//! Replays the fuzzer's corpus with the fuzzer's code: see `fuzz/README.md`.

#[path = "../../../fuzz/src/bitcoin.rs"]
pub mod fuzz;

#[path = "../../../fuzz/src/bitcoin_v2.rs"]
pub mod fuzz_v2;

use testing::replay;

#[test]
fn the_initiator_survives_what_the_fuzzer_kept() {
    replay("bitcoin_initiator", fuzz::initiator);
}

#[test]
fn the_responder_survives_what_the_fuzzer_kept() {
    replay("bitcoin_responder", fuzz::responder);
}

#[test]
fn asking_for_addresses_survives_what_the_fuzzer_kept() {
    replay("bitcoin_gossip", fuzz::gossip);
}

#[test]
fn the_wire_survives_what_the_fuzzer_kept() {
    replay("bitcoin_wire", fuzz::wire);
}

#[test]
fn the_encrypted_initiator_survives_what_the_fuzzer_kept() {
    replay("bitcoin_v2_initiator", fuzz_v2::initiator);
}

#[test]
fn the_responder_to_either_transport_survives_what_the_fuzzer_kept() {
    replay("bitcoin_v2_responder", fuzz_v2::responder);
}

#[test]
fn the_encrypted_channel_survives_what_the_fuzzer_kept() {
    replay("bitcoin_v2_open", fuzz_v2::open);
}
