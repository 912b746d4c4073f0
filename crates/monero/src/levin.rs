//! Levin: the framing of messages. All numbers are little-endian. (contrib/epee/include/net/levin_base.h)
//!
//! ```text
//! signature 8 | body length u64 | expects a response u8 | command u32 | return code i32 | flags u32 | version u32 | body
//! ```

mod command;

use alloc::format;
use alloc::vec::Vec;

use handshake::{Rx, Short, Unfinished};

pub use self::command::{Command, MAX_PING_LEN, MAX_SYNC_LEN, ReturnCode};
use crate::error::Error;

/// Bytes before the body.
pub const HEAD_LEN: usize = 33;

/// The start of every message.
pub const SIGNATURE: [u8; 8] = [0x01, 0x21, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01];

/// The only version.
pub const VERSION: u32 = 1;

/// Body bytes of a skipped message before the handshake is over, at most. (LEVIN_INITIAL_MAX_PACKET_SIZE)
pub const MAX_EARLY_LEN: u64 = 256 * 1024;

/// Body bytes of a skipped message after the handshake, at most. (LEVIN_DEFAULT_MAX_PACKET_SIZE)
pub const MAX_LATE_LEN: u64 = 100_000_000;

const REQUEST: u32 = 1;
const RESPONSE: u32 = 2;
const BEGIN: u32 = 4;
const END: u32 = 8;

/// The kind of a message, from the flags and the field "expects a response".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that expects a response.
    Request,
    /// A message without a response.
    Notification,
    /// A response, with its return code.
    Response(ReturnCode),
    /// A part of a longer message, or padding in the form of one. (levin_base.h: make_fragmented_notify)
    Fragment,
}

impl Kind {
    /// Its name: `response`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Notification => "notification",
            Self::Response(_) => "response",
            Self::Fragment => "fragment",
        }
    }
}

/// Appends a message: its head, and the body that `write` appends.
pub fn write_message(command: Command, kind: Kind, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let (flags, code) = match kind {
        Kind::Request | Kind::Notification => (REQUEST, 0),
        Kind::Response(ReturnCode(code)) => (RESPONSE, code),
        // A complete one: padding.
        Kind::Fragment => (BEGIN | END, 0),
    };
    let start = tx.len();
    tx.extend_from_slice(&SIGNATURE);
    tx.extend_from_slice(&[0; 8]);
    tx.push((kind == Kind::Request).into());
    tx.extend_from_slice(&command.0.to_le_bytes());
    tx.extend_from_slice(&code.to_le_bytes());
    tx.extend_from_slice(&flags.to_le_bytes());
    tx.extend_from_slice(&VERSION.to_le_bytes());
    write(tx);
    let len = (tx.len() - start - HEAD_LEN) as u64;
    tx[start + SIGNATURE.len()..][..8].copy_from_slice(&len.to_le_bytes());
}

/// Splits the stream into messages as they arrive.
#[derive(Debug)]
pub struct FrameReader {
    /// Body bytes of a skipped message, at most.
    max_skipped_len: u64,
    /// Whether a message has been seen on this connection.
    in_sync: bool,
    /// Body bytes that have yet to be skipped.
    to_skip: usize,
    /// The message that is being skipped, and the length of its body in bytes.
    skipped: (Command, Kind, usize),
}

const NOTHING_SKIPPED: (Command, Kind, usize) = (Command::PING, Kind::Notification, 0);

/// What [`FrameReader::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'r> {
    /// A message with its whole body.
    Whole {
        /// Its command.
        command: Command,
        /// Its kind.
        kind: Kind,
        /// Its body.
        body: &'r [u8],
    },
    /// A message that is not needed here; its body will be skipped.
    Other {
        /// Its command.
        command: Command,
        /// Its kind.
        kind: Kind,
        /// Bytes of its body.
        len: u64,
    },
    /// This many bytes of that body were skipped.
    Skipped(usize),
}

/// Why nothing was read.
pub type ReadError = handshake::ReadError<Error>;

impl FrameReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self { max_skipped_len: MAX_EARLY_LEN, in_sync: false, to_skip: 0, skipped: NOTHING_SKIPPED }
    }

    /// A reader for a connection after its handshake.
    #[must_use]
    pub fn after_handshake() -> Self {
        Self { max_skipped_len: MAX_LATE_LEN, in_sync: true, to_skip: 0, skipped: NOTHING_SKIPPED }
    }

    /// Whether the peer has sent a message of this protocol.
    #[must_use]
    pub fn in_sync(&self) -> bool {
        self.in_sync
    }

    /// The next message, or a part of one that is skipped.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error as soon as the head is wrong or announces too long a body,
    /// before waiting for the body.
    pub fn read<'b>(&mut self, rx: &mut Rx<'b>) -> Result<Frame<'b>, ReadError> {
        if self.to_skip > 0 {
            if rx.is_empty() {
                return Err(Short(self.to_skip).into());
            }
            let skipped = rx.take_at_most(self.to_skip).len();
            self.to_skip -= skipped;
            return Ok(Frame::Skipped(skipped));
        }
        self.check_signature(rx.rest())?;
        let Head { len, kind, command } = Head::read(rx.peek()?)?;
        let whole = command.max_whole_len().filter(|_| kind != Kind::Fragment);
        let most = whole.unwrap_or(self.max_skipped_len);
        if len > most {
            return Err(Error::Oversized { command, len, most }.into());
        }
        let body_len = usize::try_from(len).expect("100 000 000 fits");
        if whole.is_none() {
            rx.take(HEAD_LEN)?;
            (self.to_skip, self.skipped) = (body_len, (command, kind, body_len));
            return Ok(Frame::Other { command, kind, len });
        }
        let message = rx.take(HEAD_LEN + body_len)?;
        Ok(Frame::Whole { command, kind, body: &message[HEAD_LEN..] })
    }

    /// The unfinished message, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        let message = |command, kind: Kind, got, len| Unfinished::new(format!("{command} {}", kind.name()), got, len);
        if self.to_skip > 0 {
            let (command, kind, len) = self.skipped;
            return Some(message(command, kind, HEAD_LEN + len - self.to_skip, HEAD_LEN + len));
        }
        if rest.is_empty() {
            return None;
        }
        let head = rest.first_chunk().map(Head::read);
        let Some(Ok(Head { len, command, kind })) = head else {
            return Some(Unfinished::new("Levin header", rest.len(), HEAD_LEN));
        };
        Some(message(command, kind, rest.len(), usize::try_from(len).ok()?.checked_add(HEAD_LEN)?))
    }

    /// The first different byte suffices, and comes sooner than all eight.
    fn check_signature(&mut self, found: &[u8]) -> Result<(), Error> {
        match found.iter().zip(&SIGNATURE).find(|(found, expected)| found != expected) {
            Some((&found, _)) if self.in_sync => Err(Error::OutOfSync { found }),
            Some((&found, _)) => Err(Error::NotLevin { found }),
            None => {
                self.in_sync |= found.len() >= SIGNATURE.len();
                Ok(())
            }
        }
    }
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new()
    }
}

/// The head of a message.
struct Head {
    len: u64,
    command: Command,
    kind: Kind,
}

impl Head {
    fn read(bytes: &[u8; HEAD_LEN]) -> Result<Self, Error> {
        let u32_at = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("each has 4 of 33 bytes"));
        let version = u32_at(29);
        if version != VERSION {
            return Err(Error::Version(version));
        }
        let code = ReturnCode(u32_at(21).cast_signed());
        let (flags, expects) = (u32_at(25), bytes[16]);
        let kind = match (flags, expects) {
            (REQUEST, 1) => Kind::Request,
            (REQUEST, 0) => Kind::Notification,
            (RESPONSE, 0 | 1) => Kind::Response(code),
            (0 | BEGIN | END | 0xc, 0 | 1) => Kind::Fragment,
            _ => return Err(Error::Flags { flags, expects }),
        };
        let len = u64::from_le_bytes(*bytes[8..].first_chunk().expect("it has 8 of 33 bytes"));
        Ok(Self { len, command: Command(u32_at(17)), kind })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use handshake::{Rx, Short};
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

    use super::{
        Command, Frame, FrameReader, HEAD_LEN, Kind, MAX_LATE_LEN, ReadError, ReturnCode, SIGNATURE, write_message,
    };
    use crate::error::Error;

    fn message(command: Command, kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_message(command, kind, &mut bytes, |tx| tx.extend_from_slice(body));
        bytes
    }

    proptest! {
        #[test]
        fn a_written_message_is_read_back(kind in any_kind(), body in vec(any::<u8>(), 0..300)) {
            let mut bytes = message(Command::PING, kind, &body);
            let mut rx = Rx::new(&mut bytes);
            let mut reader = FrameReader::new();
            let (command, len) = (Command::PING, body.len() as u64);
            match kind {
                Kind::Fragment => {
                    assert_eq!(reader.read(&mut rx), Ok(Frame::Other { command, kind, len }));
                    assert!(len == 0 || reader.read(&mut rx) == Ok(Frame::Skipped(body.len())));
                }
                _ => assert_eq!(reader.read(&mut rx), Ok(Frame::Whole { command, kind, body: &body })),
            }
            assert!(rx.is_empty());
        }
    }

    #[test]
    fn what_does_not_matter_is_skipped_as_it_arrives() {
        let mut reader = FrameReader::new();
        let mut bytes = message(Command::TXPOOL_COMPLEMENT, Kind::Notification, &[7; 3000]);
        let (head, body) = bytes.split_at_mut(HEAD_LEN);
        let (command, kind) = (Command::TXPOOL_COMPLEMENT, Kind::Notification);
        assert_eq!(reader.read(&mut Rx::new(head)), Ok(Frame::Other { command, kind, len: 3000 }));
        assert_eq!(reader.read(&mut Rx::new(&mut body[..2000])), Ok(Frame::Skipped(2000)));
        assert_eq!(reader.read(&mut Rx::new(&mut [])), Err(ReadError::Short(Short(1000))));
        let mut rest = [&body[2000..], &SIGNATURE].concat();
        let mut rx = Rx::new(&mut rest);
        assert_eq!(reader.read(&mut rx), Ok(Frame::Skipped(1000)));
        assert_eq!(rx.rest(), SIGNATURE);
    }

    #[test]
    fn a_head_is_refused_before_its_body_is_waited_for() {
        let head = |at: usize, bytes: &[u8]| {
            let mut head = message(Command::HANDSHAKE, Kind::Request, b"");
            head[at..at + bytes.len()].copy_from_slice(bytes);
            FrameReader::new().read(&mut Rx::new(&mut head)).map(|_| ())
        };
        let refused = |error: Error| Err(ReadError::Error(error));
        let oversized = |command, len, most| refused(Error::Oversized { command, len, most });
        assert_eq!(head(8, &[0; 8]), Ok(()));
        assert_eq!(head(8, &65_537u64.to_le_bytes()), oversized(Command::HANDSHAKE, 65_537, 65_536));
        assert_eq!(head(8, &[0xff; 8]), oversized(Command::HANDSHAKE, u64::MAX, 65_536));
        assert_eq!(head(29, &[0]), refused(Error::Version(0)));
        for flags in [3, 5, 16] {
            assert_eq!(head(25, &[flags]), refused(Error::Flags { flags: flags.into(), expects: 1 }));
        }
        assert_eq!(head(16, &[2]), refused(Error::Flags { flags: 1, expects: 2 }));

        let mut long = message(Command::NEW_BLOCK, Kind::Notification, b"");
        long[8..16].copy_from_slice(&MAX_LATE_LEN.to_le_bytes());
        assert!(FrameReader::new().read(&mut Rx::new(&mut long)).is_err());
        assert!(FrameReader::after_handshake().read(&mut Rx::new(&mut long)).is_ok());
        long[8] += 1;
        assert!(FrameReader::after_handshake().read(&mut Rx::new(&mut long)).is_err());
    }

    #[test]
    fn a_signature_is_compared_byte_by_byte() {
        let read = |bytes: &[u8]| FrameReader::new().read(&mut Rx::new(&mut bytes.to_vec())).map(|_| ());
        assert_eq!(read(b"HTTP"), Err(ReadError::Error(Error::NotLevin { found: b'H' })));
        assert_eq!(read(b"\x01\x21\x01\x01\x01\x01\x01\x02"), Err(ReadError::Error(Error::NotLevin { found: 2 })));
        assert_eq!(read(&SIGNATURE), Err(ReadError::Short(Short(25))));
        let mut two = [message(Command::PING, Kind::Request, b""), b"x".to_vec()].concat();
        let (mut rx, mut reader) = (Rx::new(&mut two), FrameReader::new());
        assert!(reader.read(&mut rx).is_ok());
        assert_eq!(reader.read(&mut rx), Err(ReadError::Error(Error::OutOfSync { found: b'x' })));
    }

    fn any_kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Request),
            Just(Kind::Notification),
            Just(Kind::Fragment),
            any::<i32>().prop_map(|code| Kind::Response(ReturnCode(code))),
        ]
    }
}
