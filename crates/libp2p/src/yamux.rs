//! yamux: many streams in one connection. (hashicorp/yamux, `spec.md`)
//!
//! ```text
//! version 1 | kind 1 | flags 2 | stream 4 | length 4 | that many bytes, if it is data
//! ```
//! The initiator's streams have odd numbers, the responder's even ones; 0 is the connection itself.

use alloc::vec::Vec;
use core::fmt;

use crate::error::Error;

/// Its protocol name.
pub const NAME: &str = "/yamux/1.0.0";

/// Bytes of a frame's header.
pub const HEADER_LEN: usize = 12;

/// Bytes that may be sent on a stream before its window is enlarged. No window is larger here, so no frame has more.
pub const WINDOW: u32 = 256 * 1024;

/// Bytes that may still be sent on a stream, in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(u32);

impl Window {
    /// At the start of a stream.
    pub(crate) const fn new() -> Self {
        Self(WINDOW)
    }

    /// Counts bytes as sent. Returns whether the window allowed them; if not, nothing changes.
    #[must_use]
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = u32::try_from(bytes).ok().and_then(|bytes| self.0.checked_sub(bytes));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Enlarges the window by this many bytes.
    pub(crate) fn widen(&mut self, by: u32) {
        self.0 = self.0.saturating_add(by);
    }
}

/// Opens a stream, or asks for an answer to a ping.
pub const SYN: u16 = 1;
/// Accepts a stream, or answers a ping.
pub const ACK: u16 = 2;
/// The sender sends no more on the stream.
pub const FIN: u16 = 4;
/// The stream is reset.
pub const RST: u16 = 8;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes of a stream.
    Data,
    /// Enlarges the window of a stream by this many bytes.
    Window,
    /// A ping; with [`ACK`], its answer.
    Ping,
    /// The connection ends.
    GoAway,
}

impl Kind {
    /// Its name: `data`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Window => "window",
            Self::Ping => "ping",
            Self::GoAway => "go away",
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The kind.
    pub kind: Kind,
    /// [`SYN`], [`ACK`], [`FIN`], [`RST`] combined.
    pub flags: u16,
    /// The stream's number.
    pub stream: u32,
    /// The length of the data or the growth of the window, in bytes; a ping's value, or the reason of a go away.
    pub length: u32,
}

impl Frame {
    /// Reads a header.
    ///
    /// # Errors
    /// If its version is not 0, its kind is unknown, or it announces more data than a window has.
    pub fn read(bytes: &[u8; HEADER_LEN]) -> Result<Self, Error> {
        let [version, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3] = *bytes;
        let kind = match (version, kind) {
            (0, 0) => Kind::Data,
            (0, 1) => Kind::Window,
            (0, 2) => Kind::Ping,
            (0, 3) => Kind::GoAway,
            (0, _) => return Err(Error::Yamux("a frame is of no kind that there is")),
            _ => return Err(Error::Yamux("a frame is not of version 0")),
        };
        let frame = Self {
            kind,
            flags: u16::from_be_bytes([f0, f1]),
            stream: u32::from_be_bytes([s0, s1, s2, s3]),
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        };
        match kind {
            Kind::Data if frame.length > WINDOW => Err(Error::Yamux("a frame is longer than the window of its stream")),
            _ => Ok(frame),
        }
    }

    /// Appends the header.
    pub fn write(&self, tx: &mut Vec<u8>) {
        let kind = match self.kind {
            Kind::Data => 0,
            Kind::Window => 1,
            Kind::Ping => 2,
            Kind::GoAway => 3,
        };
        tx.extend_from_slice(&[0, kind]);
        tx.extend_from_slice(&self.flags.to_be_bytes());
        tx.extend_from_slice(&self.stream.to_be_bytes());
        tx.extend_from_slice(&self.length.to_be_bytes());
    }

    /// Its bytes on the wire, including its data.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let data = if self.kind == Kind::Data { self.length } else { 0 };
        HEADER_LEN + usize::try_from(data).expect("it is no longer than a window")
    }

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// `data SYN of stream 1, 36 bytes`
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        for (flag, name) in [(SYN, "SYN"), (ACK, "ACK"), (FIN, "FIN"), (RST, "RST")] {
            if self.has(flag) {
                write!(f, " {name}")?;
            }
        }
        match self.kind {
            Kind::Data => write!(f, " of stream {}, {} bytes", self.stream, self.length),
            Kind::Window => write!(f, " of stream {} by {}", self.stream, self.length),
            Kind::Ping => write!(f, " {:08x}", self.length),
            Kind::GoAway => write!(f, " {}", Reason(self.length)),
        }
    }
}

/// The reason of a go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(pub u32);

/// The numbers from 0x1000 on are libp2p's. (`error-codes/README.md`; go-libp2p: `ConnErrorCode`)
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("it has no more to say"),
            1 => f.write_str("it takes what we said for an error of the protocol"),
            2 => f.write_str("it has an internal error"),
            0x1000 => f.write_str("no protocol was agreed on (0x1000)"),
            0x1001 => f.write_str("its limit of resources is reached (0x1001)"),
            0x1002 => f.write_str("it limits the rate of connections (0x1002)"),
            0x1003 => f.write_str("it takes what we said for a violation of the protocol (0x1003)"),
            0x1004 => f.write_str("it has a better connection to us (0x1004)"),
            0x1005 => f.write_str("it has too many connections and closes some (0x1005)"),
            0x1006 => f.write_str("it shuts down (0x1006)"),
            0x1007 => f.write_str("its rules do not let us in (0x1007)"),
            other => write!(f, "for reason {other:#x}"),
        }
    }
}

/// The reason of a stream's reset: the length field of the window frame with the flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamError(pub u32);

impl StreamError {
    /// The reason in a frame that resets a stream, if it has one.
    #[must_use]
    pub fn of_reset(frame: Frame) -> Option<Self> {
        (frame.kind == Kind::Window && frame.has(RST) && frame.length != 0).then_some(Self(frame.length))
    }
}

/// (`error-codes/README.md`; go-libp2p: `StreamErrorCode`)
impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x1001 => f.write_str("no protocol was agreed on (0x1001)"),
            0x1002 => f.write_str("its limit of resources is reached (0x1002)"),
            0x1003 => f.write_str("it limits the rate of streams (0x1003)"),
            0x1004 => f.write_str("it takes what we said for a violation of the protocol (0x1004)"),
            0x1005 => f.write_str("it has a better stream (0x1005)"),
            0x1006 => f.write_str("it closes what is not used (0x1006)"),
            0x1007 => f.write_str("it shuts down (0x1007)"),
            0x1008 => f.write_str("its rules do not let us in (0x1008)"),
            other => write!(f, "error {other:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{ACK, Frame, HEADER_LEN, Kind, SYN, WINDOW};

    #[test]
    fn a_frame_shows_what_it_is() {
        let frame = Frame::read(b"\0\0\0\x01\0\0\0\x03\0\0\0\x24").unwrap();
        assert_eq!(frame.to_string(), "data SYN of stream 3, 36 bytes");
        let frame = Frame::read(b"\0\x02\0\x02\0\0\0\0\0\0\0\x07").unwrap();
        assert_eq!(frame.to_string(), "ping ACK 00000007");
        assert_eq!((frame.has(ACK), frame.has(SYN)), (true, false));
    }

    #[test]
    fn a_frame_of_no_kind_or_of_more_than_a_window_is_refused() {
        assert!(Frame::read(b"\x01\0\0\0\0\0\0\0\0\0\0\0").is_err());
        assert!(Frame::read(b"\0\x04\0\0\0\0\0\0\0\0\0\0").is_err());
        assert!(Frame::read(b"\0\0\0\0\0\0\0\x01\0\x04\0\x01").is_err());
        assert_eq!(Frame::read(b"\0\0\0\0\0\0\0\x01\0\x04\0\0").unwrap().length, WINDOW);
        assert!(Frame::read(b"\0\x01\0\0\0\0\0\x01\xff\xff\xff\xff").is_ok());
    }

    proptest! {
        #[test]
        fn a_written_frame_is_read_back(
            kind in proptest::sample::select(&[Kind::Data, Kind::Window, Kind::Ping, Kind::GoAway][..]),
            flags in any::<u16>(),
            stream in any::<u32>(),
            length in 0..=WINDOW,
        ) {
            let frame = Frame { kind, flags, stream, length };
            let mut bytes = Vec::new();
            frame.write(&mut bytes);
            prop_assert_eq!(bytes.len(), HEADER_LEN);
            prop_assert_eq!(Frame::read(bytes.first_chunk().unwrap()), Ok(frame));
        }
    }
}
