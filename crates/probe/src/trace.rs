//! Messages on the wire, one by one, as an implementer of the protocol wants to read them.

use std::time::Duration;

use handshake::{Hex, Printable};
use serde_json::Value;

use crate::destination::Destination;
use crate::stamp::Stamp;

/// A message, or a part of one, and its connection.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// When the connection opened.
    pub started: Stamp,
    /// The target as the user wrote it.
    pub target: &'a str,
    /// The peer's address.
    pub address: &'a Destination,
    /// The message.
    pub entry: &'a Entry<'a>,
}

/// The contents of a message: names and values, in wire order.
pub type Fields = Vec<(&'static str, Value)>;

/// The sender of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Our side.
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
    /// Time since the connection opened.
    pub at: Duration,
    /// The sender.
    pub direction: Direction,
    /// Its name.
    pub message: String,
    /// Its contents.
    pub fields: Fields,
    /// Its bytes on the wire.
    pub bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Received bytes that belong to no readable message.
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
