#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| verack_fuzz::bitcoin_v2::responder(input));
