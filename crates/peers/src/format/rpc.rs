//! What Core's RPC `getnodeaddresses` prints: an array of objects. (Core: rpc/net.cpp; also getrawaddrman's entries)
//!
//! ```text
//! [ { "time": 1700000000, "services": 1033, "address": "1.2.3.4", "port": 8333, "network": "ipv4" }, … ]
//! ```

use std::io;

use serde_json::{Map, Value, json};

use crate::format::bitnodes::{of_host, write_row};
use crate::format::import::{Line, Origin};
use crate::peer::{Peer, Time};

pub(super) fn write(out: &mut impl io::Write, peer: &Peer, is_first: bool) -> io::Result<()> {
    let row = json!({
        // Core gives a time for each peer. Our importer and Core read 0 as unknown (net_processing.cpp, ProcessMessage
        // of ADDR).
        "time": peer.last_seen.unwrap_or_default(),
        "services": peer.services,
        "address": peer.endpoint.address.to_string(),
        "port": peer.endpoint.port,
        "network": peer.endpoint.network().name(),
    });
    write_row(out, &row, is_first)
}

pub(super) fn peer(origin: &Origin, object: &Map<String, Value>) -> Line {
    let value = |name| object.get(name).unwrap_or(&Value::Null);
    let address = of_host(value("address"), value("port"))?;
    let mut peer = Peer::new(origin.chain.clone(), address, origin.now);
    peer.source = Some(origin.source.clone());
    peer.services = value("services").as_u64().unwrap_or_default();
    if let Some(time) = value("time").as_i64().filter(|time| *time > 0) {
        let seen = Time(time).min(origin.now);
        (peer.first_seen, peer.last_seen) = (seen, Some(seen));
    }
    Ok(Some(peer))
}
