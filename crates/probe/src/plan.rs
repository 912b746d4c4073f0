//! What a run would dial, without dialling.

use serde::Serialize;

use crate::destination::Destination;
use crate::report::Text;
use crate::stamp::Stamp;

/// An address that would be dialled. The JSON form is stable: fields are added, never renamed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "planned")]
pub struct Planned<'a> {
    /// When the address became known.
    pub started: Stamp,
    /// The target as the user wrote it.
    pub target: &'a str,
    /// The address behind it.
    pub address: Text<&'a Destination>,
    /// The network's name.
    pub chain: &'a str,
    /// The protocol's name.
    pub protocol: &'static str,
    /// One connection for each; `auto` may need a second one for the last.
    pub transports: Vec<&'static str>,
}
