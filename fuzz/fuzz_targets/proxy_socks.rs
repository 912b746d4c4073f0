#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| verack_fuzz::proxy::socks(input));
