//! Frames: carry everything after auth and ack, encrypted and authenticated. (`rlpx.md`, "Framing")
//!
//! ```text
//! header 16: length u24 | c2 80 80 | zeros     MAC 16
//! data, padded with zeros to a multiple of 16  MAC 16
//! ```
//! Each direction is one AES-256-CTR stream from start to end. MACs cover the ciphertext, and are compared before
//! decryption.

use alloc::vec::Vec;
use core::fmt;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use handshake::{Rx, Short, Unfinished};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::mac::Mac;

/// Bytes before a frame's data: the header and its MAC.
pub const HEAD_LEN: usize = HEADER_LEN + MAC_LEN;

/// Bytes of a MAC.
pub const MAC_LEN: usize = 16;

const HEADER_LEN: usize = 16;

/// The bytes after the length in a header: the list of capability id and context id, both 0 and ignored by all nodes.
const HEADER_DATA: [u8; 3] = [0xc2, 0x80, 0x80];

/// A frame with data up to this length is waited for and read whole; a longer one is skipped as it arrives.
///
/// The limit is that of Hello in geth (p2p/peer.go: baseProtocolMaxMsgSize). A Status has less than 200 bytes.
pub const MAX_WHOLE_LEN: usize = 2048;

/// The sending half of a channel.
pub struct Seal {
    cipher: Ctr128BE<Aes256>,
    mac: Mac,
}

impl Seal {
    pub(crate) fn new(aes_secret: &[u8; 32], mac: Mac) -> Self {
        Self { cipher: cipher(aes_secret), mac }
    }

    /// Appends a frame with the data that `write` appends: less than 16 MiB.
    pub fn frame(&mut self, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = tx.len();
        tx.extend_from_slice(&[0; HEAD_LEN]);
        write(tx);
        let len = tx.len() - start - HEAD_LEN;
        tx.resize(tx.len() + padding(len), 0);
        let (head, data) = tx[start..].split_first_chunk_mut::<HEAD_LEN>().expect("it was appended");
        let (header, header_mac) = head.split_first_chunk_mut::<HEADER_LEN>().expect("16 of 32 bytes");
        let len = u32::try_from(len).expect("we write no frame of 4 GiB").to_be_bytes();
        header[..3].copy_from_slice(&len[1..]);
        header[3..6].copy_from_slice(&HEADER_DATA);
        self.cipher.apply_keystream(header);
        header_mac.copy_from_slice(&self.mac.header(header));
        self.cipher.apply_keystream(data);
        self.mac.update(data);
        tx.extend_from_slice(&self.mac.frame());
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

/// The receiving half of a channel.
pub struct Open {
    cipher: Ctr128BE<Aes256>,
    mac: Mac,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a frame.
    Header,
    /// The header is authenticated and decrypted; its bytes stay in the buffer until the data has come.
    Data([u8; HEADER_LEN]),
    /// In a long frame with data of `len`: this many bytes have yet to be skipped, before its MAC.
    Skipping { left: usize, len: usize },
}

/// What [`Open::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'r> {
    /// The data of a frame.
    Whole(&'r mut [u8]),
    /// A frame with more data than [`MAX_WHOLE_LEN`], which will be skipped.
    Long(usize),
    /// This many bytes of that frame were skipped.
    Skipped(usize),
}

/// Why nothing could be read.
pub type ReadError = handshake::ReadError<Error>;

impl Open {
    pub(crate) fn new(aes_secret: &[u8; 32], mac: Mac) -> Self {
        Self { cipher: cipher(aes_secret), mac, state: State::Header }
    }

    /// The next frame, decrypted in place, or part of a long one.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if one of its MACs is wrong.
    pub fn read<'b>(&mut self, rx: &mut Rx<'b>) -> Result<Frame<'b>, ReadError> {
        let header = match self.state {
            State::Header => self.header(rx.peek()?)?,
            State::Data(header) => header,
            State::Skipping { left, len } => return self.skip(left, len, rx),
        };
        let [a, b, c, ..] = header;
        let len = usize::try_from(u32::from_be_bytes([0, a, b, c])).expect("24 bits");
        let padded = len + padding(len);
        if len > MAX_WHOLE_LEN {
            rx.take(HEAD_LEN)?[..HEADER_LEN].copy_from_slice(&header);
            self.state = State::Skipping { left: padded, len };
            return Ok(Frame::Long(len));
        }
        let frame = rx.take(HEAD_LEN + padded + MAC_LEN)?;
        let (head, rest) = frame.split_at_mut(HEAD_LEN);
        let (data, mac) = rest.split_at_mut(padded);
        self.mac.update(data);
        compare(self.mac.frame(), mac, "frame")?;
        head[..HEADER_LEN].copy_from_slice(&header);
        self.cipher.apply_keystream(data);
        self.state = State::Header;
        Ok(Frame::Whole(&mut data[..len]))
    }

    /// The unfinished frame, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        let total = |[a, b, c, ..]: [u8; HEADER_LEN]| {
            let len = usize::try_from(u32::from_be_bytes([0, a, b, c])).expect("24 bits");
            HEAD_LEN + len + padding(len) + MAC_LEN
        };
        match self.state {
            State::Skipping { left, len } => {
                let len = HEAD_LEN + len + padding(len) + MAC_LEN;
                Some(Unfinished::new("frame", len - left - MAC_LEN + rest.len(), len))
            }
            _ if rest.is_empty() => None,
            State::Header => Some(Unfinished::new("frame header", rest.len(), HEAD_LEN)),
            State::Data(header) => Some(Unfinished::new("frame", rest.len(), total(header))),
        }
    }

    /// Compares a header's MAC and decrypts the header. Done once for each header, however often more bytes arrive.
    fn header(&mut self, head: &[u8; HEAD_LEN]) -> Result<[u8; HEADER_LEN], Error> {
        let (header, mac) = head.split_first_chunk().expect("16 of 32 bytes");
        compare(self.mac.header(header), mac, "frame's header")?;
        let mut header = *header;
        self.cipher.apply_keystream(&mut header);
        self.state = State::Data(header);
        Ok(header)
    }

    fn skip<'b>(&mut self, left: usize, len: usize, rx: &mut Rx<'b>) -> Result<Frame<'b>, ReadError> {
        if left == 0 {
            let mac = rx.take(MAC_LEN)?;
            compare(self.mac.frame(), mac, "frame")?;
            self.state = State::Header;
            return Ok(Frame::Skipped(MAC_LEN));
        }
        if rx.is_empty() {
            return Err(Short(left).into());
        }
        let data = rx.take_at_most(left);
        self.mac.update(data);
        // The bytes are not used, but the cipher must advance past them.
        self.cipher.apply_keystream(data);
        self.state = State::Skipping { left: left - data.len(), len };
        Ok(Frame::Skipped(data.len()))
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open(..)")
    }
}

/// A key is used for one connection, so the stream of each direction starts at zero.
fn cipher(aes_secret: &[u8; 32]) -> Ctr128BE<Aes256> {
    Ctr128BE::new(aes_secret.into(), &[0; 16].into())
}

/// The number of zero bytes after data of this length.
fn padding(len: usize) -> usize {
    len.next_multiple_of(16) - len
}

fn compare(ours: [u8; MAC_LEN], theirs: &[u8], what: &'static str) -> Result<(), Error> {
    if bool::from(ours.ct_eq(theirs)) { Ok(()) } else { Err(Error::Mac(what)) }
}
