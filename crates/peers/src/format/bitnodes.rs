//! Rows as bitnodes exports them: an array of arrays of 15 values, or of 4 in the files of its crawls; and the answers
//! of its API on all nodes, by address.
//!
//! ```text
//! address, port, protocol version, user agent, connected since, services, height,
//! hostname, city, country code, latitude, longitude, timezone, asn, organization
//! ```
//!
//! The peer's location and the owner of its address are not stored: those values are null, and 0.0.

use std::io::{self, BufRead};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::format::import::{BadLine, Line, Origin, Unread};
use crate::format::rows::{Row, Rows};
use crate::format::{list, rpc};
use crate::peer::{Peer, Time};
use crate::text::EscapedText;
use address::{Endpoint, Network};

/// One row on each line.
pub(super) fn write(out: &mut impl io::Write, peer: &Peer, is_first: bool) -> io::Result<()> {
    let (asn, organization) = match peer.endpoint.network() {
        Network::Onion | Network::OnionV2 => (Some("TOR"), Some("Tor network")),
        _ => (None, None),
    };
    let row = json!([
        peer.endpoint.address.to_string(),
        peer.endpoint.port,
        peer.version.unwrap_or_default(),
        peer.user_agent.as_ref().map_or("", EscapedText::as_str),
        // We do not stay connected: the time of the last answer is the closest value.
        peer.last_good.unwrap_or_default(),
        peer.services,
        peer.height.unwrap_or_default(),
        null_string(),
        null_string(),
        null_string(),
        0.0,
        0.0,
        null_string(),
        asn,
        organization,
    ]);
    write_row(out, &row, is_first)
}

/// Writes a row of an array, on a line of its own.
pub(super) fn write_row(out: &mut impl io::Write, row: &Value, is_first: bool) -> io::Result<()> {
    out.write_all(if is_first { b"[\n" } else { b",\n" })?;
    serde_json::to_writer(out, row)?;
    Ok(())
}

pub(super) fn end(out: &mut impl io::Write, written: u64) -> io::Result<()> {
    out.write_all(if written == 0 { b"[]\n" } else { b"\n]\n" })
}

fn null_string() -> Option<&'static str> {
    None
}

/// Reads a file of JSON rows: arrays are bitnodes' rows, objects are Core's, texts are addresses.
pub(super) fn read(origin: Origin, input: impl BufRead) -> impl Iterator<Item = Result<Peer, Unread>> {
    Rows::new(input).filter_map(move |row| {
        let (line, row) = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(Unread::Io { name: Arc::clone(&origin.name), error })),
        };
        match peer(&origin, row) {
            Ok(peer) => peer.map(Ok),
            Err(expected) => Some(Err(BadLine::new(&origin, line, &expected).into())),
        }
    })
}

fn peer(origin: &Origin, row: Row) -> Line {
    let (name, json) = match row {
        Row::Values { name, json } => (name, json),
        Row::Text(json) => (None, json),
        Row::Bad => return Err("a row of JSON, of at most 64 KiB".to_owned()),
    };
    let value: Value = serde_json::from_slice(&json).map_err(|_| "a row of JSON".to_owned())?;
    match &value {
        Value::String(text) => list::address(origin, text).map(Some),
        Value::Object(object) => rpc::peer(origin, object),
        Value::Array(row) => of_row(origin, name.as_deref(), row),
        _ => Err("a row of 15 values, or of 4".to_owned()),
    }
}

/// Reads a row; a row of the API has the address as its name in place of the first two values.
fn of_row(origin: &Origin, name: Option<&[u8]>, row: &[Value]) -> Line {
    let (endpoint, services, height, rest) = match row {
        [host, port, services, height] => (of_host(host, port)?, services, height, None),
        [host, port, version, user_agent, since, services, height, _, _, _, _, _, _, _, _] => {
            (of_host(host, port)?, services, height, Some((version, user_agent, since)))
        }
        [version, user_agent, since, services, height, _, _, _, _, _, _, _, _] => {
            let name = name.and_then(|name| serde_json::from_slice::<String>(name).ok());
            let endpoint = name.and_then(|name| Endpoint::parse(&name, origin.port).ok());
            let endpoint = endpoint.ok_or("a row of 13 values by its address")?;
            (endpoint, services, height, Some((version, user_agent, since)))
        }
        _ => return Err("a row of 15 values, or of 4, or of 13 by its address".to_owned()),
    };
    let mut peer = Peer::new(origin.chain.clone(), endpoint, origin.now);
    peer.source = Some(origin.source.clone());
    peer.services = services.as_u64().ok_or("services as a number")?;
    peer.height = Some(height.as_i64().ok_or("a height")?).filter(|height| *height != 0);
    let Some((version, user_agent, since)) = rest else { return Ok(Some(peer)) };
    peer.version = Some(version.as_i64().ok_or("a protocol version")?).filter(|version| *version != 0);
    let user_agent = user_agent.as_str().ok_or("a user agent behind the protocol version")?;
    let user_agent = EscapedText::read(user_agent.as_bytes()).ok_or("a user agent of at most 256 bytes")?;
    peer.user_agent = (peer.version.is_some() || !user_agent.as_str().is_empty()).then_some(user_agent);
    let since = since.as_i64().ok_or("Unix seconds behind the user agent")?;
    if since > 0 {
        let since = Time(since).min(origin.now);
        peer.first_seen = since;
        (peer.last_seen, peer.last_good, peer.last_tried) = (Some(since), Some(since), Some(since));
        (peer.tried, peer.good) = (1, 1);
    }
    Ok(Some(peer))
}

/// The address of a host and a port, each a value of its own.
pub(super) fn of_host(host: &Value, port: &Value) -> Result<Endpoint, String> {
    let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or("a port behind the address")?;
    let host = host.as_str().ok_or("an address as text")?;
    let address = host.parse().map_err(|_| "an address, without its port".to_owned())?;
    Ok(Endpoint { address, port })
}
