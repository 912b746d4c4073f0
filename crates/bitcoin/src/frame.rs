//! The plaintext (v1) framing: a 24-byte header, then the payload. (Core: protocol.h, net.cpp V1Transport)
//!
//! ```text
//! magic 4 | command 12, NUL-padded | payload length u32 LE | checksum 4 | payload
//! ```

use alloc::format;
use alloc::vec::Vec;

use handshake::{BANNER_LEN, Banner, Rx, Short, Unfinished};

use crate::chain::{Chain, Magic, Params};
use crate::error::{Error, ReadError};
use crate::message::{AsSent, Command, MAX_ADDRESSES_LEN, MAX_PAYLOAD_LEN, MAX_WHOLE_LEN};

/// Bytes before the payload.
pub const HEADER_LEN: usize = 24;

/// Appends a message: its header, and the payload that `write` appends.
pub fn write_message(params: &Params, command: Command, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = tx.len();
    tx.extend_from_slice(&params.magic.0);
    tx.extend_from_slice(&command.0);
    tx.extend_from_slice(&[0; 8]);
    write(tx);
    let payload = &tx[start + HEADER_LEN..];
    let len = u32::try_from(payload.len()).expect("we write no message of 4 GiB");
    let checksum = params.checksum.of(payload);
    tx[start + 16..start + 20].copy_from_slice(&len.to_le_bytes());
    tx[start + 20..start + 24].copy_from_slice(&checksum);
}

/// Splits the stream into messages as they arrive.
#[derive(Debug)]
pub struct FrameReader {
    params: Params,
    /// The length up to which an address message is read whole.
    max_addresses_len: u32,
    /// Whether a header of this network has been seen on this connection.
    in_sync: bool,
    /// Payload bytes of a long message that have yet to be skipped.
    to_skip: usize,
    /// The command of that message, and its payload's length in bytes.
    skipped: (Command, u32),
}

/// What [`FrameReader::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'r> {
    /// A message with its whole payload. The caller compares the checksum with [`Params::checksum`].
    Whole {
        /// The command.
        command: Command,
        /// The payload.
        payload: &'r [u8],
        /// The checksum in its header.
        checksum: [u8; 4],
    },
    /// A message that is too long to be read whole; its payload will be skipped.
    Long {
        /// The command.
        command: Command,
        /// Payload bytes.
        len: u32,
    },
    /// This many bytes of that payload were skipped.
    Skipped(usize),
}

impl FrameReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, max_addresses_len: MAX_WHOLE_LEN, in_sync: false, to_skip: 0, skipped: (Command::VERSION, 0) }
    }

    /// From now on, address messages are read whole up to [`MAX_ADDRESSES_LEN`].
    pub fn await_addresses(&mut self) {
        self.max_addresses_len = MAX_ADDRESSES_LEN;
    }

    /// The network.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The next message, or part of a long one.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error as soon as the magic is wrong or the announced length is over
    /// [`MAX_PAYLOAD_LEN`], before waiting for the payload.
    pub fn read<'b>(&mut self, rx: &mut Rx<'b>) -> Result<Frame<'b>, ReadError> {
        if self.to_skip > 0 {
            if rx.is_empty() {
                return Err(Short(self.to_skip).into());
            }
            let skipped = rx.take_at_most(self.to_skip).len();
            self.to_skip -= skipped;
            return Ok(Frame::Skipped(skipped));
        }
        self.check_magic(rx)?;
        let header = rx.peek::<HEADER_LEN>()?;
        let (command, len, checksum) = parts(header);
        if len > MAX_PAYLOAD_LEN {
            return Err(Error::Oversized { command, len, max: MAX_PAYLOAD_LEN }.into());
        }
        let payload_len = usize::try_from(len).expect("4 000 000 fits");
        let max_whole_len = match command {
            Command::ADDR | Command::ADDRV2 => self.max_addresses_len,
            _ => MAX_WHOLE_LEN,
        };
        if len > max_whole_len {
            rx.take(HEADER_LEN)?;
            (self.to_skip, self.skipped) = (payload_len, (command, len));
            return Ok(Frame::Long { command, len });
        }
        let message = rx.take(HEADER_LEN + payload_len)?;
        Ok(Frame::Whole { command, payload: &message[HEADER_LEN..], checksum })
    }

    /// Core compares the magic once the header is whole. Four bytes suffice, and come sooner, if they are the magic of
    /// a known network. Any other four bytes might also start a key (BIP324); the next twelve decide.
    fn check_magic(&mut self, rx: &Rx<'_>) -> Result<(), ReadError> {
        let found = *rx.peek::<4>()?;
        if found == self.params.magic.0 {
            self.in_sync = true;
            return Ok(());
        }
        if self.in_sync {
            return Err(Error::OutOfSync { found }.into());
        }
        let other = Error::Magic { found: Magic(found), expected: self.params.magic };
        if Chain::with_magic(Magic(found)).next().is_some() {
            return Err(other.into());
        }
        let first = rx.peek::<BANNER_LEN>()?;
        let command = Command(*first[4..].first_chunk().expect("12 of 16 bytes"));
        let error = match Banner::of(first) {
            Some(banner) => Error::NotBitcoin(banner),
            None if command.is_name() => other,
            None => Error::NoMessage,
        };
        Err(error.into())
    }

    /// The unfinished message, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        let message =
            |command, got, len| Unfinished::new(format!("{} message", AsSent(command)), got, HEADER_LEN + len);
        if self.to_skip > 0 {
            let (command, len) = self.skipped;
            let len = usize::try_from(len).expect("4 000 000 fits");
            return Some(message(command, HEADER_LEN + len - self.to_skip, len));
        }
        let magic = &self.params.magic.0;
        if rest.is_empty() || !(rest.starts_with(magic) || magic.starts_with(rest)) {
            return None;
        }
        let Some(header) = rest.first_chunk::<HEADER_LEN>() else {
            return Some(Unfinished::new("message header", rest.len(), HEADER_LEN));
        };
        let (command, len, _) = parts(header);
        Some(message(command, rest.len(), usize::try_from(len).ok()?))
    }

    /// What kind of peer sent only `rest`, if that is not the start of a message.
    #[must_use]
    pub fn what_else(&self, rest: &[u8]) -> Option<Error> {
        let magic = &self.params.magic.0;
        if self.in_sync || rest.starts_with(magic) || magic.starts_with(rest) {
            return None;
        }
        Some(Banner::of(rest).map_or(Error::NoMessage, Error::NotBitcoin))
    }
}

/// The command, the payload's length in bytes and its checksum.
fn parts(header: &[u8; HEADER_LEN]) -> (Command, u32, [u8; 4]) {
    let command = Command(*header[4..].first_chunk().expect("the command has 12 of 24 bytes"));
    let len = u32::from_le_bytes(*header[16..].first_chunk().expect("the length has 4 of 24 bytes"));
    let checksum = *header[20..].first_chunk().expect("the checksum has 4 of 24 bytes");
    (command, len, checksum)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use handshake::{Rx, Short};

    use super::{Frame, FrameReader, write_message};
    use crate::chain::{Chain, Magic};
    use crate::error::{Banner, Error, ReadError};
    use crate::message::Command;

    fn reader() -> FrameReader {
        FrameReader::new(Chain::named("bitcoin").unwrap().params)
    }

    #[test]
    fn a_written_message_is_read_back() {
        let params = Chain::named("groestlcoin").unwrap().params;
        let mut bytes = Vec::new();
        write_message(&params, Command::PING, &mut bytes, |tx| {
            tx.extend_from_slice(b"12345678");
        });
        let frame = FrameReader::new(params).read(&mut Rx::new(&mut bytes)).unwrap();
        let checksum = params.checksum.of(b"12345678");
        assert_eq!(frame, Frame::Whole { command: Command::PING, payload: b"12345678", checksum });
    }

    #[test]
    fn a_length_over_the_cap_fails_on_its_header_alone() {
        let mut bytes = *b"\xf9\xbe\xb4\xd9inv\0\0\0\0\0\0\0\0\0\x01\x09\x3d\x00....";
        let command = Command::new(b"inv").unwrap();
        let error = Error::Oversized { command, len: 4_000_001, max: 4_000_000 };
        assert_eq!(reader().read(&mut Rx::new(&mut bytes)), Err(ReadError::Error(error)));
    }

    #[test]
    fn a_long_payload_is_skipped_as_it_arrives() {
        let mut reader = reader();
        let mut header = *b"\xf9\xbe\xb4\xd9inv\0\0\0\0\0\0\0\0\0\x01\x08\0\0....";
        let command = Command::new(b"inv").unwrap();
        assert_eq!(reader.read(&mut Rx::new(&mut header)), Ok(Frame::Long { command, len: 2049 }));
        assert_eq!(reader.read(&mut Rx::new(&mut [])), Err(ReadError::Short(Short(2049))));
        assert_eq!(reader.read(&mut Rx::new(&mut [0; 2000])), Ok(Frame::Skipped(2000)));
        let mut more = [0; 50];
        let mut rx = Rx::new(&mut more);
        assert_eq!(reader.read(&mut rx), Ok(Frame::Skipped(49)));
        assert_eq!(rx.len(), 1);
    }

    #[test]
    fn what_it_is_not_is_told_as_soon_as_it_is_certain() {
        let read = |bytes: &[u8]| match reader().read(&mut Rx::new(&mut Vec::from(bytes))) {
            Err(ReadError::Error(error)) => Some(error),
            _ => None,
        };
        let expected = Chain::named("bitcoin").unwrap().params.magic;
        let found = Chain::named("litecoin").unwrap().params.magic;
        assert_eq!(read(&found.0), Some(Error::Magic { found, expected }));
        let found = Magic([0xaa; 4]);
        for (first, error) in [
            (b"HTTP/1.1 400 Bad", Error::NotBitcoin(Banner::Http)),
            (b"\xaa\xaa\xaa\xaaversion\0\0\0\0\0", Error::Magic { found, expected }),
            (b"\xaa\xaa\xaa\xaaversion\0\0\x01\0\0", Error::NoMessage),
            // One key of 65 536 starts like this.
            (b"{\"id\":12}\x9c\x01\xb2\x63\xf0\x55\x11", Error::NoMessage),
        ] {
            assert_eq!((read(&first[..15]), read(first)), (None, Some(error)), "{first:02x?}");
        }
    }

    #[test]
    fn what_ends_before_that_is_told_by_what_came() {
        let what_else = |bytes: &[u8]| reader().what_else(bytes);
        for ours in [&b""[..], b"\xf9\xbe\xb4", b"\xf9\xbe\xb4\xd9vers"] {
            assert_eq!(what_else(ours), None);
        }
        assert_eq!(what_else(b"SSH-2.0-Go\r\n"), Some(Error::NotBitcoin(Banner::Ssh)));
        assert_eq!(what_else(b"\xf9\xbe\xb5"), Some(Error::NoMessage));
        assert_eq!(what_else(b"{\"\x80\x81"), Some(Error::NoMessage));
    }
}
