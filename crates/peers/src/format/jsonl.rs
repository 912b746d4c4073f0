//! JSON Lines: all stored data of a peer as one object. Fields are added, never renamed.

use std::io;

use serde::Serialize;

use crate::format::import::{Line, Origin};
use crate::format::record::{Record, introduction};
use crate::peer::Peer;

/// With its type, as in all JSON that the program prints.
#[derive(Serialize)]
#[serde(tag = "type", rename = "peer")]
struct Object<'p> {
    #[serde(flatten)]
    peer: &'p Peer,
}

pub(super) fn write(out: &mut impl io::Write, peer: &Peer) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Object { peer })?;
    writeln!(out)
}

pub(super) fn read(origin: &Origin, line: &[u8]) -> Line {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let record: Record = serde_json::from_slice(line).map_err(|error| {
        let error = error.to_string();
        // The error counts lines within this line, so that part is removed.
        let what = error.split(" at line ").next().unwrap_or_default();
        format!("a peer as a JSON object: {what}")
    })?;
    let introduction = introduction(line)?;
    let peer = record.into_peer(origin)?;
    Ok(Some(Peer { introduction, ..peer }))
}
