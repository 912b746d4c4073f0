//! What goes over the wire, message by message, as an implementer of the protocol wants to read it.

use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Hex, Printable};
use serde_json::Value;

use crate::stamp::Stamp;

/// One message, or part of one, and on which connection it passed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// When the connection was open.
    pub started: Stamp,
    /// What the user named.
    pub target: &'a str,
    /// The peer's address.
    pub address: SocketAddr,
    /// The message.
    pub entry: &'a Entry<'a>,
}

/// What a message says: names and values, in the order of the wire.
pub type Fields = Vec<(&'static str, Value)>;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We.
    Sent,
    /// The peer.
    Received,
}

impl Direction {
    /// Its stable name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// A message, or part of one.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Since the connection was open.
    pub at: Duration,
    /// Who sent it.
    pub direction: Direction,
    /// Its name.
    pub message: String,
    /// What it says.
    pub fields: Fields,
    /// The bytes it consists of, as they were on the wire.
    pub bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// What came and belongs to no message that could be read.
    pub fn unread(bytes: &'a [u8], at: Duration) -> Self {
        let shown = &bytes[..bytes.len().min(64)];
        Self {
            at,
            direction: Direction::Received,
            message: "(unread)".to_owned(),
            fields: vec![("starts_with", Printable(shown).to_string().into())],
            bytes,
        }
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}
