//! The addresses of simulated peers: each on its own loopback address, and all on one port.

use std::net::Ipv4Addr;

/// The address of the `nth` peer, spread over 64 networks of 65 536 addresses, as real peers are spread over many.
pub fn place(nth: usize) -> Ipv4Addr {
    let [.., high, low] = (nth / 64).to_be_bytes();
    let network = u8::try_from(16 + nth % 64).expect("at most 79");
    Ipv4Addr::new(127, network, high, low)
}
