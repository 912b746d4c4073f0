//! Plain lists: an address on each line, then any text; `#` begins a comment. (Core: contrib/seeds/nodes_main.txt) A
//! YAML list item (`- 1.2.3.4:8333`) or a quoted address is also accepted.

use std::io;

use crate::format::import::{Line, Origin};
use crate::peer::Peer;
use address::Endpoint;

pub(super) fn write(out: &mut impl io::Write, peer: &Peer) -> io::Result<()> {
    writeln!(out, "{}", peer.endpoint)
}

pub(super) fn read(origin: &Origin, line: &[u8]) -> Line {
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let entry = line.trim_start().strip_prefix("- ").unwrap_or(&line);
    let Some(text) = entry.split_whitespace().next() else { return Ok(None) };
    address(origin, text.trim_matches(['"', '\'', ','])).map(Some)
}

/// A peer of which a file gives only the address.
pub(super) fn address(origin: &Origin, address: &str) -> Result<Peer, String> {
    if ["enode://", "enr:", "enrtree://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err("an address; this is a node of Ethereum, which the database does not keep".to_owned());
    }
    let endpoint = Endpoint::parse(address, origin.port)
        .map_err(|_| "an address: ip, ip:port, [ipv6]:port, or the .onion or .b32.i2p form of a key".to_owned())?;
    Ok(Peer { source: Some(origin.source.clone()), ..Peer::new(origin.chain.clone(), endpoint, origin.now) })
}
