#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| verack_fuzz::libp2p::responder(input));
