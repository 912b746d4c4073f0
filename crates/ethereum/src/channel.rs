//! Messages over frames: an id, then the data, compressed once both sides have sent Hello.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use handshake::Rx;

use crate::disconnect::Reason;
use crate::error::{Error, Malformed};
use crate::frame::{Frame, MAX_WHOLE_LEN, Open, ReadError, Seal};
use crate::message::{EMPTY, id};
use crate::rlp::{Items, write_uint};
use crate::snappy;

/// A connection after auth and ack, in its two halves, which may be separated.
#[derive(Debug)]
pub struct Channel {
    /// Encrypts our messages.
    pub seal: Seal,
    /// Decrypts the peer's messages.
    pub open: Open,
    /// Whether messages are compressed: both sides have sent Hello, of version 5 or more.
    pub compressed: bool,
}

/// What [`Channel::hear`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'b> {
    /// A message.
    Message {
        /// Its id on this connection.
        id: u64,
        /// Its data, still compressed.
        data: &'b [u8],
    },
    /// A message of more than [`MAX_WHOLE_LEN`] bytes, which will be skipped.
    Long(usize),
    /// This many bytes of that message were skipped.
    Skipped(usize),
}

impl Channel {
    /// Appends a message.
    pub fn say(&mut self, id: u64, payload: &[u8], tx: &mut Vec<u8>) {
        let compressed = self.compressed;
        self.seal.frame(tx, |tx| {
            write_uint(id, tx);
            if compressed {
                snappy::encode(payload, tx);
            } else {
                tx.extend_from_slice(payload);
            }
        });
    }

    /// Appends a Ping.
    pub fn ping(&mut self, tx: &mut Vec<u8>) {
        self.say(id::PING, EMPTY, tx);
    }

    /// Appends a Disconnect, before we close the connection.
    pub fn disconnect(&mut self, reason: Reason, tx: &mut Vec<u8>) {
        let mut payload = Vec::with_capacity(2);
        reason.write(&mut payload);
        self.say(id::DISCONNECT, &payload, tx);
    }

    /// The next message, or part of a long one.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if a MAC is wrong, or the message has no id.
    pub fn hear<'b>(&mut self, rx: &mut Rx<'b>) -> Result<Heard<'b>, ReadError> {
        let data: &[u8] = match self.open.read(rx)? {
            Frame::Whole(data) => data,
            Frame::Long(len) => return Ok(Heard::Long(len)),
            Frame::Skipped(bytes) => return Ok(Heard::Skipped(bytes)),
        };
        // Some nodes write 0 as a byte of its own.
        if let [0, data @ ..] = data {
            return Ok(Heard::Message { id: 0, data });
        }
        let mut items = Items::bare(data);
        let number = |what: Malformed| Error::Malformed { message: "message", what };
        let id = items.uint("number").map_err(number)?;
        Ok(Heard::Message { id, data: items.rest() })
    }

    /// The data of a message, decompressed: at most [`MAX_WHOLE_LEN`] bytes.
    ///
    /// # Errors
    /// If it is not valid snappy, or its announced length is over the limit.
    pub fn payload<'b>(&self, message: &'static str, data: &'b [u8]) -> Result<Cow<'b, [u8]>, Error> {
        if self.compressed {
            let decoded = snappy::decode(data, MAX_WHOLE_LEN);
            decoded.map(Cow::Owned).map_err(|why| Error::Snappy { message, why })
        } else {
            Ok(Cow::Borrowed(data))
        }
    }
}
