//! The channel after the acts: length and body of every message are encrypted separately. (BOLT 8)
//!
//! ```text
//! length 2, tag 16 | message of that length, tag 16
//! ```
//! Each of the two uses one nonce, and after 1000 nonces the key is replaced by one derived from it.

use alloc::vec::Vec;

use handshake::{Rx, Unfinished};
use noise::{CipherState, Key, TAG_LEN, hkdf};

use crate::error::{Error, Part};
use crate::wire::ReadError;

/// Bytes of a message, including its type. (BOLT 8)
pub const MAX_MESSAGE_LEN: usize = 65_535;

/// Uses of one key. (BOLT 8)
const NONCES_OF_A_KEY: u64 = 1000;

/// Bytes of an encrypted length.
const HEADER_LEN: usize = 2 + TAG_LEN;

/// Both directions.
#[derive(Debug)]
pub struct Channel {
    /// Encrypts our messages.
    pub seal: Seal,
    /// Decrypts the peer's messages.
    pub open: Open,
}

impl Channel {
    /// At the start of both directions.
    #[must_use]
    pub fn new(chaining_key: &Key, seal: CipherState, open: CipherState) -> Self {
        let half = |cipher| Half { cipher, chaining_key: chaining_key.clone() };
        Self { seal: Seal(half(seal)), open: Open { half: half(open), len: None } }
    }
}

/// One direction.
#[derive(Debug)]
struct Half {
    cipher: CipherState,
    /// The next key is derived from it and from this one.
    chaining_key: Key,
}

impl Half {
    fn turn_key_when_worn(&mut self) {
        if self.cipher.nonce() == NONCES_OF_A_KEY {
            let [chaining_key, key] = hkdf(&self.chaining_key, self.cipher.key().as_bytes());
            *self = Self { cipher: CipherState::new(key), chaining_key };
        }
    }
}

/// Encrypts our messages.
#[derive(Debug)]
pub struct Seal(Half);

impl Seal {
    /// Encrypts and appends the message that `write` appends in plain text: its type and its payload.
    ///
    /// # Panics
    /// If that is longer than [`MAX_MESSAGE_LEN`].
    pub fn seal(&mut self, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let Self(half) = self;
        let start = tx.len();
        tx.extend_from_slice(&[0; HEADER_LEN]);
        write(tx);
        let (header, body) = tx[start..].split_first_chunk_mut::<HEADER_LEN>().expect("it was made room for");
        let len = u16::try_from(body.len()).expect("no message of ours is longer than 65535 bytes");
        let (len_place, tag_place) = header.split_at_mut(2);
        len_place.copy_from_slice(&len.to_be_bytes());
        tag_place.copy_from_slice(&half.cipher.encrypt_with_ad(&[], len_place));
        let tag = half.cipher.encrypt_with_ad(&[], body);
        tx.extend_from_slice(&tag);
        half.turn_key_when_worn();
    }
}

/// Decrypts the peer's messages.
#[derive(Debug)]
pub struct Open {
    half: Half,
    /// The decrypted length of a message whose body has not arrived.
    len: Option<u16>,
}

impl Open {
    /// The next message: its type and its payload, decrypted in place. It has at most [`MAX_MESSAGE_LEN`] bytes.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if a tag is wrong.
    pub fn open<'b>(&mut self, rx: &mut Rx<'b>) -> Result<&'b mut [u8], ReadError> {
        let len = match self.len {
            Some(len) => len,
            None => self.open_len(*rx.peek::<HEADER_LEN>()?)?,
        };
        let sealed = &mut rx.take(HEADER_LEN + usize::from(len) + TAG_LEN)?[HEADER_LEN..];
        self.len = None;
        let message = self.half.cipher.decrypt_with_ad(&[], sealed).map_err(|_| Error::Mac(Part::Message))?;
        self.half.turn_key_when_worn();
        Ok(message)
    }

    /// The unfinished message, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        let len = self.len.map(|len| HEADER_LEN + usize::from(len) + TAG_LEN);
        (!rest.is_empty()).then(|| match len {
            Some(len) => Unfinished::new("message", rest.len(), len),
            None => Unfinished::new("message's length", rest.len(), HEADER_LEN),
        })
    }

    /// The length is decrypted once, although its bytes stay in the buffer until the body has come.
    fn open_len(&mut self, mut header: [u8; HEADER_LEN]) -> Result<u16, Error> {
        let len = self.half.cipher.decrypt_with_ad(&[], &mut header).map_err(|_| Error::Mac(Part::Length))?;
        let len = u16::from_be_bytes(*len.first_chunk().expect("18 bytes without a tag"));
        self.len = Some(len);
        Ok(len)
    }
}
