//! What would be dialled, without a dial.

use std::net::SocketAddr;

use serde::Serialize;

use crate::report::Text;
use crate::stamp::Stamp;

/// An address that would be dialled. The JSON form is a promise: fields are added, never renamed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "planned")]
pub struct Planned<'a> {
    /// When it was known.
    pub started: Stamp,
    /// What the user named.
    pub target: &'a str,
    /// Where that leads.
    pub address: Text<SocketAddr>,
    /// The network's name.
    pub chain: &'a str,
    /// The protocol's name.
    pub protocol: &'static str,
    /// One connection for each; `auto` may need a second for the last.
    pub transports: Vec<&'static str>,
}
