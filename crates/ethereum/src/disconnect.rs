//! Disconnect: ends a connection and gives the reason. (`rlpx.md`, "Disconnect (0x01)")

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use handshake::Blame;

use crate::frame::MAX_WHOLE_LEN;
use crate::rlp::{Item, Items, write_list, write_uint};
use crate::snappy;

/// The reason of a Disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A user or program requested it; also the meaning of a Disconnect without a reason.
    Requested,
    /// The connection broke.
    TcpError,
    /// We broke the protocol.
    BreachOfProtocol,
    /// The node has no use for us.
    UselessPeer,
    /// All peer slots are taken.
    TooManyPeers,
    /// The same two nodes have a connection already.
    AlreadyConnected,
    /// It does not support our version of the base protocol.
    IncompatibleVersion,
    /// We sent no node id.
    NullIdentity,
    /// It is shutting down.
    Quitting,
    /// We have another node id than it expected.
    UnexpectedIdentity,
    /// It connected to itself.
    ToItself,
    /// We did not answer its ping.
    PingTimeout,
    /// An error in a capability's own messages; usually the networks differ.
    Subprotocol,
    /// A reason without a name, or one that cannot be read.
    Other(Option<u64>),
}

struct Row {
    reason: Reason,
    number: u64,
    code: &'static str,
    blame: Blame,
    sentence: &'static str,
}

const fn row(number: u64, reason: Reason, code: &'static str, blame: Blame, sentence: &'static str) -> Row {
    Row { reason, number, code, blame, sentence }
}

/// Every named reason.
const ROWS: [Row; 13] = {
    use Blame::{Local, Mismatch, Network, Refused};
    use Reason::*;
    [
        row(0x00, Requested, "ethereum.disconnect.requested", Refused, "it was asked to"),
        row(0x01, TcpError, "ethereum.disconnect.tcp-error", Network, "the connection broke, it says"),
        row(
            0x02,
            BreachOfProtocol,
            "ethereum.disconnect.breach-of-protocol",
            Refused,
            "we broke the protocol, it says",
        ),
        row(0x03, UselessPeer, "ethereum.disconnect.useless-peer", Mismatch, "we are of no use to it"),
        row(0x04, TooManyPeers, "ethereum.disconnect.too-many-peers", Refused, "it is up, but full: too many peers"),
        row(
            0x05,
            AlreadyConnected,
            "ethereum.disconnect.already-connected",
            Refused,
            "our node id is connected to it already",
        ),
        row(
            0x06,
            IncompatibleVersion,
            "ethereum.disconnect.incompatible-version",
            Mismatch,
            "it does not speak our version of the base protocol",
        ),
        row(0x07, NullIdentity, "ethereum.disconnect.null-identity", Refused, "our node id is no key, it says"),
        row(0x08, Quitting, "ethereum.disconnect.quitting", Refused, "it is about to stop"),
        row(
            0x09,
            UnexpectedIdentity,
            "ethereum.disconnect.unexpected-identity",
            Mismatch,
            "it looked for another node than us",
        ),
        row(0x0a, ToItself, "ethereum.disconnect.self", Local, "our node id is its own"),
        row(0x0b, PingTimeout, "ethereum.disconnect.ping-timeout", Network, "we did not answer its ping, it says"),
        row(
            0x10,
            Subprotocol,
            "ethereum.disconnect.subprotocol",
            Mismatch,
            "our Status does not suit it: most likely it is on another network or fork",
        ),
    ]
};

impl Reason {
    /// The reason in the data of a Disconnect. Nodes send all these forms: a list, a bare number or nothing, compressed
    /// or not. Each is accepted.
    #[must_use]
    pub fn read(data: &[u8]) -> Self {
        // Uncompressed data is not valid snappy: the number would be a length with nothing after it.
        let decoded = snappy::decode(data, MAX_WHOLE_LEN);
        let data = decoded.as_deref().unwrap_or(data);
        Self::numbered(number(data))
    }

    /// Appends the data of a Disconnect, before compression.
    pub fn write(self, tx: &mut Vec<u8>) {
        write_list(tx, |tx| write_uint(self.number().unwrap_or_default(), tx));
    }

    fn numbered(number: Option<u64>) -> Self {
        let row = ROWS.iter().find(|row| Some(row.number) == number);
        row.map_or(Self::Other(number), |row| row.reason)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.reason == self)
    }

    /// The number of the reason.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Other(number) => number,
            _ => self.row().map(|row| row.number),
        }
    }

    /// The stable reason code: `ethereum.disconnect.too-many-peers`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().map_or("ethereum.disconnect.other", |row| row.code)
    }

    /// The side to blame.
    #[must_use]
    pub fn blame(self) -> Blame {
        self.row().map_or(Blame::Refused, |row| row.blame)
    }

    /// The rest of a sentence about the peer.
    #[must_use]
    pub fn sentence(self) -> Cow<'static, str> {
        match (self.row(), self.number()) {
            (Some(row), _) => row.sentence.into(),
            (None, Some(number)) => format!("for reason {number:#04x}, which has no name").into(),
            (None, None) => "for a reason that cannot be read".into(),
        }
    }

    /// All named reasons, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.reason)
    }
}

/// A number, alone or as the first item of a list, also if that list is wrapped in bytes once more; 0 if there is none;
/// `None` if there is anything else.
fn number(data: &[u8]) -> Option<u64> {
    const WHAT: &str = "reason";
    let list = |data| match Items::bare(data).item(WHAT) {
        Ok(Item::List(inner)) => Some(inner),
        _ => None,
    };
    let mut items = list(data).unwrap_or(Items::bare(data));
    if items.is_empty() {
        return Some(0);
    }
    let bytes = items.bytes(WHAT).ok()?;
    // bor sends the whole list as bytes: 82 c1 04.
    let bytes = match list(bytes) {
        Some(mut inner) => inner.bytes(WHAT).ok()?,
        None => bytes,
    };
    // Also accepts 0 written as a byte of its own.
    let mut number = [0; 8];
    number.get_mut(8_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(u64::from_be_bytes(number))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Reason;
    use crate::snappy;

    #[test]
    fn every_form_that_is_sent_is_understood() {
        let rows = [
            (&b"\x03"[..], Reason::UselessPeer),
            (b"\xc1\x04", Reason::TooManyPeers),
            (b"\x02\x04\xc1\x04", Reason::TooManyPeers),
            (b"\x01\x00\x10", Reason::Subprotocol),
            (b"\x80", Reason::Requested),
            (b"\x00", Reason::Requested),
            (b"\xc0", Reason::Requested),
            (b"\xc1\x80", Reason::Requested),
            (b"", Reason::Requested),
            // bor, with and without compression.
            (b"\x82\xc1\x04", Reason::TooManyPeers),
            (b"\x03\x08\x82\xc1\x04", Reason::TooManyPeers),
            (b"\x7f", Reason::Other(Some(0x7f))),
            (b"\x82\x04\x57", Reason::Other(Some(0x457))),
            (b"\x89abcdefghi", Reason::Other(None)),
            (b"\xc1\xc0", Reason::Other(None)),
            (b"\xff", Reason::Other(None)),
        ];
        for (data, reason) in rows {
            assert_eq!(Reason::read(data), reason, "{data:x?}");
        }
    }

    #[test]
    fn a_reason_without_a_name_is_told_by_its_number() {
        assert_eq!(Reason::Other(Some(0x55)).sentence(), "for reason 0x55, which has no name");
        assert_eq!(Reason::Other(None).sentence(), "for a reason that cannot be read");
    }

    #[test]
    fn what_is_written_is_read_back_compressed_or_not() {
        for reason in Reason::all().chain([Reason::Other(Some(0x55))]) {
            let (mut plain, mut compressed) = (Vec::new(), Vec::new());
            reason.write(&mut plain);
            snappy::encode(&plain, &mut compressed);
            assert_eq!((Reason::read(&plain), Reason::read(&compressed)), (reason, reason));
        }
    }
}
