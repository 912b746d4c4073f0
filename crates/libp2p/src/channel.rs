//! The channel after Noise's handshake: frames, each encrypted. (`noise/README.md`, "Wire Format")
//!
//! ```text
//! length 2, of all that follows | text | tag 16
//! ```
//! The messages of the handshake have the same length prefix.

use alloc::vec::Vec;

use handshake::Rx;
use noise::{CipherState, TAG_LEN};

use crate::error::{Error, ReadError};

/// Bytes of a length field.
pub(crate) const HEADER_LEN: usize = 2;

/// Bytes of a frame's text, at most: with its tag, the limit of the two-byte length. (`noise/README.md`)
pub const MAX_TEXT_LEN: usize = 0xffff - TAG_LEN;

/// Bytes of a message of Noise's handshake, at most: the longest has a key and a signature of RSA with 4096 bits, and
/// the hashes of some certificates.
pub const MAX_HANDSHAKE_LEN: u16 = 4096;

/// Bytes of the text of an accepted frame, at most. The longest introduction that we keep fits, and other requests at
/// the start of a connection have some hundred bytes. A frame is buffered until it is complete, since its text is used
/// only after its tag was verified. (Noise allows 65519)
pub const MAX_HEARD_LEN: usize = 20 * 1024;

/// Both directions.
#[derive(Debug)]
pub struct Channel {
    /// Encrypts our frames.
    pub seal: Seal,
    /// Decrypts the peer's frames.
    pub open: Open,
}

impl Channel {
    /// At the start of both directions.
    #[must_use]
    pub fn new(seal: CipherState, open: CipherState) -> Self {
        Self { seal: Seal(seal), open: Open(open) }
    }
}

/// Encrypts our frames.
#[derive(Debug)]
pub struct Seal(CipherState);

impl Seal {
    /// Encrypts and appends a frame with the bytes that `write` appends in plain text.
    ///
    /// # Panics
    /// If there are more than [`MAX_TEXT_LEN`].
    pub fn frame(&mut self, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        with_length(tx, |tx| {
            let start = tx.len();
            write(tx);
            let tag = self.0.encrypt_with_ad(&[], &mut tx[start..]);
            tx.extend_from_slice(&tag);
        });
    }
}

/// Decrypts the peer's frames.
#[derive(Debug)]
pub struct Open(CipherState);

impl Open {
    /// The text of the next frame, decrypted in place: at most [`MAX_HEARD_LEN`] bytes.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if its tag is wrong, or as soon as its length is over the limit.
    pub fn frame<'b>(&mut self, rx: &mut Rx<'b>) -> Result<&'b mut [u8], ReadError> {
        let len = u16::from_be_bytes(*rx.peek()?);
        if usize::from(len) < TAG_LEN {
            return Err(Error::Mac(None).into());
        }
        if usize::from(len) > MAX_HEARD_LEN + TAG_LEN {
            let (len, most) = (u64::from(len), MAX_HEARD_LEN + TAG_LEN);
            return Err(Error::Oversized { message: "frame of Noise", len, most }.into());
        }
        let sealed = &mut rx.take(HEADER_LEN + usize::from(len))?[HEADER_LEN..];
        self.0.decrypt_with_ad(&[], sealed).map_err(|_| Error::Mac(None).into())
    }
}

/// Takes a message of Noise's handshake, which has at least `least` bytes.
///
/// # Errors
/// [`ReadError::Short`] if it has not arrived; an error as soon as its length is invalid.
pub fn take_message<'b>(rx: &mut Rx<'b>, number: u8, least: u16) -> Result<&'b mut [u8], ReadError> {
    let len = u16::from_be_bytes(*rx.peek()?);
    if !(least..=MAX_HANDSHAKE_LEN).contains(&len) {
        return Err(Error::NoiseLength { message: number, len, least, most: MAX_HANDSHAKE_LEN }.into());
    }
    Ok(&mut rx.take(HEADER_LEN + usize::from(len))?[HEADER_LEN..])
}

/// Appends the bytes that `write` appends, with their length before them.
///
/// # Panics
/// If the length does not fit into two bytes.
pub fn with_length<T>(tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let start = tx.len();
    tx.extend_from_slice(&[0; HEADER_LEN]);
    let written = write(tx);
    let len = u16::try_from(tx.len() - start - HEADER_LEN).expect("nothing that we say is longer than 65535 bytes");
    tx[start..start + HEADER_LEN].copy_from_slice(&len.to_be_bytes());
    written
}
