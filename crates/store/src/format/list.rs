//! Plain lists: an address on each line, then whatever else; `#` begins a comment. (Core: contrib/seeds/nodes_main.txt)

use std::io;

use crate::address::Address;
use crate::format::import::{Line, Origin};
use crate::peer::Peer;

pub(super) fn write(out: &mut impl io::Write, peer: &Peer) -> io::Result<()> {
    writeln!(out, "{}", peer.address)
}

pub(super) fn read(origin: &Origin, line: &[u8]) -> Line {
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let Some(address) = line.split_whitespace().next() else { return Ok(None) };
    let address = Address::parse(address, origin.port)
        .map_err(|_| "an address: ip, ip:port, [ipv6]:port, or the .onion or .b32.i2p form of a key".to_owned())?;
    Ok(Some(Peer { source: Some(origin.source.clone()), ..Peer::new(origin.chain.clone(), address, origin.now) }))
}
