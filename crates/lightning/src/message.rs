//! The messages of a handshake and of a kept connection. (BOLT 1)

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use handshake::Fields;

use crate::acts::Act;
use crate::error::{Error, Malformed, Quoted};
use crate::init::Init;
use crate::wire::{read_u16, read_var_bytes};

/// A message's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u16);

macro_rules! kinds {
    ($($name:ident $number:literal $text:literal)*) => {
        impl Kind {
            $(#[doc = concat!("`", $text, "`")] pub const $name: Self = Self($number);)*

            /// Its name: `init`.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    WARNING 1 "warning"
    STFU 2 "stfu"
    PEER_STORAGE 7 "peer_storage"
    PEER_STORAGE_RETRIEVAL 9 "peer_storage_retrieval"
    INIT 16 "init"
    ERROR 17 "error"
    PING 18 "ping"
    PONG 19 "pong"
    OPEN_CHANNEL 32 "open_channel"
    OPEN_CHANNEL2 64 "open_channel2"
    CHANNEL_REESTABLISH 136 "channel_reestablish"
    CHANNEL_ANNOUNCEMENT 256 "channel_announcement"
    NODE_ANNOUNCEMENT 257 "node_announcement"
    CHANNEL_UPDATE 258 "channel_update"
    QUERY_SHORT_CHANNEL_IDS 261 "query_short_channel_ids"
    REPLY_SHORT_CHANNEL_IDS_END 262 "reply_short_channel_ids_end"
    QUERY_CHANNEL_RANGE 263 "query_channel_range"
    REPLY_CHANNEL_RANGE 264 "reply_channel_range"
    GOSSIP_TIMESTAMP_FILTER 265 "gossip_timestamp_filter"
    ONION_MESSAGE 513 "onion_message"
}

/// Its name, or its number.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Introduces the sender.
    Init(Init),
    /// An error; channels fail.
    Error(Notice),
    /// A warning.
    Warning(Notice),
    /// Asks for a pong.
    Ping(Ping),
    /// Answers a ping.
    Pong(Pong),
    /// A message that is not needed here; its payload was not read.
    Other {
        /// Its type.
        kind: Kind,
        /// Bytes of its payload.
        len: usize,
    },
}

impl Message {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Init(_) => Kind::INIT,
            Self::Error(_) => Kind::ERROR,
            Self::Warning(_) => Kind::WARNING,
            Self::Ping(_) => Kind::PING,
            Self::Pong(_) => Kind::PONG,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// Reads a message, its type first. Bytes after the known fields are ignored, except in `init`. (BOLT 1:
    /// extensions)
    ///
    /// # Errors
    /// If it ends too soon, or an `init` is invalid.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::new(bytes);
        let kind = read_u16(&mut fields, "type").map(Kind).map_err(|_| Error::Typeless(bytes.len()))?;
        Self::read_payload(kind, fields.rest()).map_err(|what| Error::Malformed { kind, what })
    }

    fn read_payload(kind: Kind, payload: &[u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            Kind::INIT => Self::Init(Init::read(payload)?),
            Kind::ERROR => Self::Error(Notice::read(payload)?),
            Kind::WARNING => Self::Warning(Notice::read(payload)?),
            Kind::PING => Self::Ping(Ping::read(payload)?),
            Kind::PONG => Self::Pong(Pong::read(payload)?),
            _ => Self::Other { kind, len: payload.len() },
        })
    }

    /// Appends the message, its type first. For [`Message::Other`] it appends only the type.
    pub fn write(&self, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.kind().0.to_be_bytes());
        match self {
            Self::Init(init) => init.write(tx),
            Self::Error(notice) | Self::Warning(notice) => notice.write(tx),
            Self::Ping(ping) => ping.write(tx),
            Self::Pong(pong) => pong.write(tx),
            Self::Other { .. } => {}
        }
    }
}

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We sent this act.
    SaidAct(Act),
    /// The peer sent this act.
    HeardAct(Act),
    /// We sent this.
    Said(Message),
    /// The peer sent this.
    Heard(Message),
}

/// The contents of an `error` or a `warning`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The channel that it concerns; zero for all channels.
    pub channel_id: [u8; 32],
    /// Its text, possibly empty.
    data: Box<[u8]>,
}

impl Notice {
    /// Bytes of its text, at most: the rest of a message.
    pub const MAX_LEN: usize = crate::channel::MAX_MESSAGE_LEN - 2 - 32 - 2;

    /// For all channels; `None` if it is longer than [`Notice::MAX_LEN`].
    #[must_use]
    pub fn on_all_channels(data: &[u8]) -> Option<Self> {
        (data.len() <= Self::MAX_LEN).then(|| Self { channel_id: [0; 32], data: data.into() })
    }

    /// Its text.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        let channel_id = fields.array("channel id")?;
        let data = read_var_bytes(&mut fields, "text")?;
        if data.len() > Self::MAX_LEN {
            return Err(Malformed::TooLong("text"));
        }
        Ok(Self { channel_id, data: data.into() })
    }

    fn write(&self, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.channel_id);
        let len = u16::try_from(self.data.len()).expect("at most MAX_LEN");
        tx.extend_from_slice(&len.to_be_bytes());
        tx.extend_from_slice(&self.data);
    }
}

/// The text in quotation marks, cut if it is long.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&self.data).fmt(f)
    }
}

/// A request that is answered with a [`Pong`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    pong_len: u16,
    /// Bytes of padding.
    padding: u16,
}

impl Ping {
    /// A ping that requests a pong of this many bytes, without padding.
    #[must_use]
    pub fn for_pong_of(pong_len: u16) -> Self {
        Self { pong_len, padding: 0 }
    }

    /// Its answer, if it requests one.
    #[must_use]
    pub fn pong(self) -> Option<Pong> {
        (self.pong_len <= Pong::MAX_LEN).then_some(Pong(self.pong_len))
    }

    /// The number of bytes that the pong must have; over [`Pong::MAX_LEN`], no pong is wanted.
    #[must_use]
    pub fn pong_len(self) -> u16 {
        self.pong_len
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        /// The rest of a message after its type and the two lengths.
        const MAX_PADDING: u16 = 65_535 - 6;
        let mut fields = Fields::new(payload);
        let pong_len = read_u16(&mut fields, "length of the pong")?;
        match u16::try_from(read_var_bytes(&mut fields, "padding")?.len()) {
            Ok(padding) if padding <= MAX_PADDING => Ok(Self { pong_len, padding }),
            _ => Err(Malformed::TooLong("padding")),
        }
    }

    fn write(self, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.pong_len.to_be_bytes());
        write_zeros(self.padding, tx);
    }
}

/// An answer of this many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong(u16);

impl Pong {
    /// Bytes of the longest: the rest of a message. (BOLT 1)
    pub const MAX_LEN: u16 = 65_531;

    /// Its number of bytes.
    #[must_use]
    pub fn len(self) -> u16 {
        self.0
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        match u16::try_from(read_var_bytes(&mut Fields::new(payload), "padding")?.len()) {
            Ok(len) if len <= Self::MAX_LEN => Ok(Self(len)),
            _ => Err(Malformed::TooLong("padding")),
        }
    }

    fn write(self, tx: &mut Vec<u8>) {
        write_zeros(self.0, tx);
    }
}

/// Appends a length, and this many zeros. (BOLT 1: they must not hold private data)
fn write_zeros(len: u16, tx: &mut Vec<u8>) {
    tx.extend_from_slice(&len.to_be_bytes());
    tx.resize(tx.len() + usize::from(len), 0);
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use super::{Kind, Message, Notice, Ping, Pong};
    use crate::error::{Error, Malformed};
    use crate::init::Init;

    fn written(message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        bytes
    }

    #[test]
    fn written_messages_are_read_back() {
        let notice = |data: &[u8]| Notice::on_all_channels(data).unwrap();
        let longest = Ping { pong_len: u16::MAX, padding: 65_529 };
        let messages = [
            Message::Init(Init::default()),
            Message::Error(notice(b"no")),
            Message::Error(notice(&[b'x'; Notice::MAX_LEN])),
            Message::Warning(notice(b"")),
            Message::Ping(Ping::for_pong_of(7)),
            Message::Ping(longest),
            Message::Pong(Pong(0)),
            Message::Pong(Pong(Pong::MAX_LEN)),
            Message::Other { kind: Kind(4242), len: 0 },
        ];
        for message in messages {
            let bytes = written(&message);
            assert!(bytes.len() <= 65_535, "{}", bytes.len());
            assert_eq!(Message::read(&bytes), Ok(message));
        }
    }

    #[test]
    fn a_message_that_ends_too_soon_is_malformed() {
        for message in [Message::Error(Notice::on_all_channels(b"no").unwrap()), Message::Ping(Ping::for_pong_of(0))] {
            let bytes = written(&message);
            for len in 2..bytes.len() {
                let error = Message::read(&bytes[..len]).unwrap_err();
                assert!(matches!(error, Error::Malformed { what: Malformed::EndsIn(_), .. }), "{error}");
            }
        }
        assert_eq!(Message::read(&[]), Err(Error::Typeless(0)));
        assert_eq!(Message::read(&[0]), Err(Error::Typeless(1)));
    }

    #[test]
    fn an_extension_is_ignored() {
        let mut bytes = written(&Message::Ping(Ping::for_pong_of(1)));
        bytes.extend_from_slice(b"\x01\x00");
        assert_eq!(Message::read(&bytes), Ok(Message::Ping(Ping::for_pong_of(1))));
    }

    #[test]
    fn a_ping_that_asks_for_more_than_a_message_holds_wants_no_pong() {
        assert_eq!(Ping::for_pong_of(65_531).pong(), Some(Pong(65_531)));
        assert_eq!(Ping::for_pong_of(65_532).pong(), None);
    }

    #[test]
    fn a_notice_is_quoted_safely_and_not_at_any_length() {
        let shown = |data: &[u8]| Notice::on_all_channels(data).unwrap().to_string();
        assert_eq!(shown(b"bad\x1b[2J"), "\"bad\\x1b[2J\"");
        assert_eq!(shown(&[b'a'; 201]), ["\"", &"a".repeat(200), "\" ..."].concat());
        assert_eq!(Notice::on_all_channels(&[0; Notice::MAX_LEN + 1]), None);
    }
}
