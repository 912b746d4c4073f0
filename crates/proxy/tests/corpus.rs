//! Replays the fuzzer's corpus with the fuzzer's code: see `fuzz/README.md`.

#[path = "../../../fuzz/src/proxy.rs"]
pub mod fuzz;

use testing::replay;

#[test]
fn the_client_of_socks_survives_what_the_fuzzer_kept() {
    replay("proxy_socks", fuzz::socks);
}

#[test]
fn the_client_of_sam_survives_what_the_fuzzer_kept() {
    replay("proxy_sam", fuzz::sam);
}
