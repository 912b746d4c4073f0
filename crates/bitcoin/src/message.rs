//! The messages of a handshake, independent of the transport that carries them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use handshake::{Fields, Hex, Printable};

use crate::compact_size::{read_var_bytes, write_var_bytes};
use crate::error::Malformed;
use crate::gossip::{Entries, Form};
use crate::services::Services;
use crate::v2::Phase;
use crate::version::{Tail, Version};

/// A message's name: twelve bytes, ASCII padded with NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Command(pub [u8; 12]);

macro_rules! commands {
    ($($name:ident $text:literal $doc:literal)*) => {
        impl Command {
            $(#[doc = $doc] pub const $name: Self = Self::padded($text);)*
        }
    };
}

commands! {
    ADDR b"addr" "Tells addresses of other nodes."
    ADDRV2 b"addrv2" "BIP155"
    FEATURE b"feature" "BIP434"
    FEEFILTER b"feefilter" "BIP133"
    GETADDR b"getaddr" "Asks for addresses of other nodes."
    PING b"ping" "BIP31"
    PONG b"pong" "BIP31"
    REJECT b"reject" "BIP61"
    SENDADDRV2 b"sendaddrv2" "BIP155"
    SENDCMPCT b"sendcmpct" "BIP152"
    SENDHEADERS b"sendheaders" "BIP130"
    SENDTXRCNCL b"sendtxrcncl" "BIP330"
    VERACK b"verack" "Acknowledges `version`."
    VERSION b"version" "Introduces a node."
    WTXIDRELAY b"wtxidrelay" "BIP339"
}

impl Command {
    const fn padded(text: &[u8]) -> Self {
        let mut bytes = [0; 12];
        let mut i = 0;
        while i < text.len() {
            bytes[i] = text[i];
            i += 1;
        }
        Self(bytes)
    }

    /// The command of this name; `None` if it has more than 12 bytes.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        (name.len() <= 12).then(|| Self::padded(name))
    }

    /// Whether the name is ASCII from the space on, including 0x7f, and then only NUL. Core's plaintext transport does
    /// not accept 0x7f. (Core: protocol.cpp IsMessageTypeValid, net.cpp V2Transport::GetMessageType)
    #[must_use]
    pub fn is_name(&self) -> bool {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (name, padding) = self.0.split_at(end);
        name.iter().all(|byte| (b' '..=0x7f).contains(byte)) && padding.iter().all(|byte| *byte == 0)
    }
}

/// Its name without the padding, safe to print.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        f.pad(&alloc::format!("{}", Printable(&self.0[..end])))
    }
}

/// A command, safe to print, that shows unusual names: letters and digits padded with NUL are shown as they are; any
/// other name is quoted, with all of its 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct AsSent(pub Command);

impl fmt::Display for AsSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(command) = self;
        let end = command.0.iter().position(|byte| *byte == 0).unwrap_or(command.0.len());
        let (name, padding) = command.0.split_at(end);
        let is_usual =
            !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric) && padding.iter().all(|b| *b == 0);
        if is_usual { command.fmt(f) } else { write!(f, "\"{command}\" ({})", Hex(&command.0)) }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}

/// Payload bytes that a message may announce. (Core: MAX_PROTOCOL_MESSAGE_LENGTH)
pub const MAX_PAYLOAD_LEN: u32 = 4_000_000;

/// A payload up to this length is waited for and read whole; a longer one is skipped as it arrives.
///
/// The longest message needed here is `feature`, with at most 596 bytes; a `version` with the longest known tail,
/// Bitcoin SV's, has at most 474. The rest is space for future fields.
pub const MAX_WHOLE_LEN: u32 = 2048;

/// The same limit for an address message, after we asked for addresses.
///
/// 1000 entries of the networks in BIP155 have at most 49 003 bytes. With unknown networks they could have 531 003, but
/// no node sends such entries; a peer that did could use that much memory on each of thousands of connections.
pub const MAX_ADDRESSES_LEN: u32 = 64 * 1024;

/// A message that may pass during the handshake.
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each handshake")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Introduces the sender.
    Version(Version),
    /// Acknowledges the receiver's version.
    Verack,
    /// Asks the receiver to announce transactions by wtxid. (BIP339)
    Wtxidrelay,
    /// Asks the receiver to send addresses as `addrv2`. (BIP155)
    Sendaddrv2,
    /// The sender can reconcile transactions. (BIP330)
    Sendtxrcncl {
        /// Version of the reconciliation protocol, at least 1.
        version: u32,
        /// The sender's half of the salt.
        salt: u64,
    },
    /// The sender speaks this optional protocol. (BIP434)
    Feature(Feature),
    /// Asks the receiver to announce blocks by their headers. (BIP130)
    Sendheaders,
    /// The sender accepts compact blocks. (BIP152)
    Sendcmpct {
        /// Whether to send them unasked.
        announce: bool,
        /// Version of the encoding.
        version: u64,
    },
    /// Asks the receiver to announce no transactions below this fee, in satoshi per 1000 vbytes. (BIP133)
    Feefilter(i64),
    /// Asks for a `pong`. Up to protocol version 60000 it has no nonce and gets no answer.
    Ping(Option<u64>),
    /// Answers a `ping` with its nonce. (BIP31)
    Pong(u64),
    /// Asks for addresses.
    Getaddr,
    /// Addresses of other nodes: at most 1000.
    Addr(Entries),
    /// The same, for all networks. (BIP155)
    Addrv2(Entries),
    /// Rejects a message of the receiver. (BIP61)
    Reject(Reject),
    /// A message that is not needed here; its payload was not read.
    Other {
        /// Its name.
        command: Command,
        /// Its payload's length in bytes.
        len: u32,
    },
}

impl Message {
    /// Its name.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::Version(_) => Command::VERSION,
            Self::Verack => Command::VERACK,
            Self::Wtxidrelay => Command::WTXIDRELAY,
            Self::Sendaddrv2 => Command::SENDADDRV2,
            Self::Sendtxrcncl { .. } => Command::SENDTXRCNCL,
            Self::Feature(_) => Command::FEATURE,
            Self::Sendheaders => Command::SENDHEADERS,
            Self::Sendcmpct { .. } => Command::SENDCMPCT,
            Self::Feefilter(_) => Command::FEEFILTER,
            Self::Ping(_) => Command::PING,
            Self::Pong(_) => Command::PONG,
            Self::Getaddr => Command::GETADDR,
            Self::Addr(_) => Command::ADDR,
            Self::Addrv2(_) => Command::ADDRV2,
            Self::Reject(_) => Command::REJECT,
            Self::Other { command, .. } => *command,
        }
    }

    /// Whether a message of this name is parsed, rather than kept as [`Message::Other`].
    #[must_use]
    pub fn knows(command: Command) -> bool {
        !matches!(Self::read(command, &[]), Ok(Self::Other { .. }))
    }

    /// Reads a payload. Bytes after the last field are ignored, as in Core, except in `feature`.
    ///
    /// # Errors
    /// If the payload ends too soon or has a value that is not allowed.
    pub fn read(command: Command, payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        Ok(match command {
            Command::VERSION => Self::Version(Version::read(payload)?),
            Command::VERACK => Self::Verack,
            Command::WTXIDRELAY => Self::Wtxidrelay,
            Command::SENDADDRV2 => Self::Sendaddrv2,
            Command::SENDTXRCNCL => Self::Sendtxrcncl {
                version: u32::from_le_bytes(fields.array("version")?),
                salt: u64::from_le_bytes(fields.array("salt")?),
            },
            Command::FEATURE => Self::Feature(Feature::read(payload)?),
            Command::SENDHEADERS => Self::Sendheaders,
            Command::SENDCMPCT => Self::Sendcmpct {
                announce: match fields.array("announce")? {
                    [0] => false,
                    [1] => true,
                    _ => return Err(Malformed::Value("announce")),
                },
                version: u64::from_le_bytes(fields.array("version")?),
            },
            Command::FEEFILTER => Self::Feefilter(i64::from_le_bytes(fields.array("fee rate")?)),
            Command::PING if payload.is_empty() => Self::Ping(None),
            Command::PING => Self::Ping(Some(u64::from_le_bytes(fields.array("nonce")?))),
            Command::PONG => Self::Pong(u64::from_le_bytes(fields.array("nonce")?)),
            Command::GETADDR => Self::Getaddr,
            Command::ADDR => Self::Addr(Entries::read(Form::Addr, payload)?),
            Command::ADDRV2 => Self::Addrv2(Entries::read(Form::Addrv2, payload)?),
            Command::REJECT => Self::Reject(Reject::read(payload)?),
            _ => Self::Other { command, len: u32::try_from(payload.len()).unwrap_or(u32::MAX) },
        })
    }

    /// Appends the payload; `tail` are the fields of our own `version` after the relay byte. For [`Message::Other`] it
    /// appends nothing.
    pub fn write(&self, tail: &Tail, tx: &mut Vec<u8>) {
        match self {
            Self::Version(version) => version.write(tail, tx),
            Self::Verack | Self::Wtxidrelay | Self::Sendaddrv2 | Self::Sendheaders | Self::Getaddr => {}
            Self::Sendtxrcncl { version, salt } => {
                tx.extend_from_slice(&version.to_le_bytes());
                tx.extend_from_slice(&salt.to_le_bytes());
            }
            Self::Feature(feature) => feature.write(tx),
            Self::Sendcmpct { announce, version } => {
                tx.push((*announce).into());
                tx.extend_from_slice(&version.to_le_bytes());
            }
            Self::Feefilter(rate) => tx.extend_from_slice(&rate.to_le_bytes()),
            Self::Ping(nonce) => tx.extend(nonce.map(u64::to_le_bytes).into_iter().flatten()),
            Self::Pong(nonce) => tx.extend_from_slice(&nonce.to_le_bytes()),
            Self::Addr(entries) => entries.write(Form::Addr, tx),
            Self::Addrv2(entries) => entries.write(Form::Addrv2, tx),
            Self::Reject(reject) => reject.write(tx),
            Self::Other { .. } => {}
        }
    }
}

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We sent this.
    Said(Message),
    /// The peer sent this.
    Heard(Message),
    /// The peer sent a malformed message of this name. Core logs and ignores it, except for `feature`.
    Malformed {
        /// Its name.
        command: Command,
        /// Its payload's length in bytes.
        len: u32,
        /// What is wrong with it.
        what: Malformed,
    },
    /// This many bytes of the message before were skipped.
    Skipped(usize),
    /// An event of the encrypted transport that is not a message.
    Transport(Phase),
}

/// An optional protocol that a peer speaks: its name and its data. (BIP434)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    id: Box<[u8]>,
    data: Box<[u8]>,
}

/// A feature's name has 4 to 80 bytes. (BIP434)
pub const FEATURE_ID_LEN: core::ops::RangeInclusive<usize> = 4..=80;

/// A feature's data has at most 512 bytes. (BIP434)
pub const MAX_FEATURE_DATA_LEN: usize = 512;

impl Feature {
    /// A feature of this name.
    ///
    /// # Errors
    /// If the name's length is not in [`FEATURE_ID_LEN`] or the data is longer than [`MAX_FEATURE_DATA_LEN`].
    pub fn new(id: &[u8], data: &[u8]) -> Result<Self, Malformed> {
        match id.len() {
            len if len < *FEATURE_ID_LEN.start() => Err(Malformed::TooShort("feature's name")),
            len if len > *FEATURE_ID_LEN.end() => Err(Malformed::TooLong("feature's name")),
            _ if data.len() > MAX_FEATURE_DATA_LEN => Err(Malformed::TooLong("feature's data")),
            _ => Ok(Self { id: id.into(), data: data.into() }),
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Its data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        let id = read_var_bytes(&mut fields, *FEATURE_ID_LEN.end(), "feature's name")?;
        let data = read_var_bytes(&mut fields, MAX_FEATURE_DATA_LEN, "feature's data")?;
        if !fields.is_empty() {
            return Err(Malformed::Trailing("feature's data"));
        }
        Self::new(id, data)
    }

    fn write(&self, tx: &mut Vec<u8>) {
        write_var_bytes(&self.id, tx);
        write_var_bytes(&self.data, tx);
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.id).fmt(f)
    }
}

/// Why a message was rejected. Recent releases of Core do not send it any more; Zcash, Firo and others do. (BIP61)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The name of the rejected message, at most 12 bytes.
    pub message: Box<[u8]>,
    /// The reason as a number: 0x01 malformed, 0x10 invalid, 0x11 obsolete, 0x12 duplicate, 0x40 nonstandard, 0x41
    /// dust, 0x42 insufficient fee, 0x43 checkpoint.
    pub code: u8,
    /// The reason as text; at most 111 bytes.
    pub reason: Box<[u8]>,
}

impl Reject {
    /// The services that the sender requires of us, if it names them. btcd requires services of the nodes that it
    /// dials, and writes `required services 0x1 not offered`. (btcd 0.26.2, server.go OnVersion)
    #[must_use]
    pub fn required_services(&self) -> Option<Services> {
        let rest = self.reason.strip_prefix(b"required services 0x")?;
        let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit())?;
        let digits = str::from_utf8(&rest[..end]).ok()?;
        u64::from_str_radix(digits, 16).ok().map(Services)
    }

    /// (Core before 0.20: validation.h MAX_REJECT_MESSAGE_LENGTH)
    const MAX_REASON_LEN: usize = 111;

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        let message = read_var_bytes(&mut fields, 12, "rejected message")?.into();
        let [code] = fields.array("code")?;
        let reason = read_var_bytes(&mut fields, Self::MAX_REASON_LEN, "reason")?.into();
        Ok(Self { message, code, reason })
    }

    fn write(&self, tx: &mut Vec<u8>) {
        write_var_bytes(&self.message, tx);
        tx.push(self.code);
        write_var_bytes(&self.reason, tx);
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.code {
            0x01 => "malformed",
            0x10 => "invalid",
            0x11 => "obsolete",
            0x12 => "duplicate",
            0x40 => "nonstandard",
            0x41 => "dust",
            0x42 => "insufficient fee",
            0x43 => "checkpoint",
            _ => "code",
        };
        write!(f, "{meaning} ({:#04x}), \"{}\"", self.code, Printable(&self.reason))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::{Command, Feature, MAX_FEATURE_DATA_LEN, Message, Reject};
    use crate::error::Malformed;
    use crate::services::Services;
    use crate::version::{MAX_USER_AGENT_LEN, NetAddress, Tail, UserAgent, Version};

    #[test]
    fn written_messages_are_read_back() {
        let messages = [
            Message::Verack,
            Message::Wtxidrelay,
            Message::Sendaddrv2,
            Message::Sendtxrcncl { version: 1, salt: u64::MAX },
            Message::Feature(Feature::new(b"example.org/x", b"data").unwrap()),
            Message::Sendheaders,
            Message::Sendcmpct { announce: true, version: 2 },
            Message::Feefilter(-1),
            Message::Ping(None),
            Message::Ping(Some(7)),
            Message::Pong(7),
            Message::Getaddr,
            Message::Reject(Reject { message: (*b"version").into(), code: 0x11, reason: (*b"too old").into() }),
        ];
        for message in messages {
            let mut payload = Vec::new();
            message.write(&Tail::None, &mut payload);
            assert_eq!(Message::read(message.command(), &payload), Ok(message));
        }
    }

    #[test]
    fn the_longest_messages_that_matter_are_read_whole() {
        let feature = Feature::new(&[b'a'; 80], &[0; MAX_FEATURE_DATA_LEN]).unwrap();
        let nowhere = NetAddress::unspecified(Services::NONE);
        let version = Version {
            version: 1,
            services: Services::NONE,
            time: 1,
            receiver: nowhere,
            sender: Some(nowhere),
            nonce: Some(1),
            user_agent: UserAgent::new(&[b'a'; MAX_USER_AGENT_LEN]).unwrap(),
            start_height: Some(1),
            relay: Some(true),
        };
        // A Bitcoin SV association id has at most 129 bytes.
        for (message, tail, longest) in [(Message::Feature(feature), 0, 596), (Message::Version(version), 1 + 129, 474)]
        {
            let mut payload = Vec::new();
            message.write(&Tail::None, &mut payload);
            assert_eq!(payload.len() + tail, longest);
        }
    }

    #[test]
    fn what_core_ignores_behind_a_message_is_ignored() {
        assert_eq!(Message::read(Command::VERACK, b"abc"), Ok(Message::Verack));
        assert_eq!(Message::read(Command::PING, b"12345678abcd"), Message::read(Command::PING, b"12345678"));
    }

    #[test]
    fn a_feature_is_as_long_as_it_may_be_and_nothing_follows() {
        let read = |payload: &[u8]| Message::read(Command::FEATURE, payload);
        assert_eq!(read(b""), Err(Malformed::EndsIn("feature's name")));
        assert_eq!(read(b"\x03abc\x00"), Err(Malformed::TooShort("feature's name")));
        assert!(read(b"\x04abcd\x00").is_ok());
        assert_eq!(read(b"\x04abcd\x00!"), Err(Malformed::Trailing("feature's data")));
        assert!(Feature::new(&[b'a'; 80], &[0; 512]).is_ok());
        assert!(Feature::new(&[b'a'; 81], &[]).is_err());
        assert!(Feature::new(&[b'a'; 80], &[0; 513]).is_err());
    }

    #[test]
    fn a_command_prints_without_its_padding_and_without_surprises() {
        assert_eq!(Command::VERACK.to_string(), "verack");
        assert_eq!(Command(*b"a\x1b[2J\0x\0\0\0\0\0").to_string(), "a\\x1b[2J\\x00x");
        assert_eq!(Command([0; 12]).to_string(), "");
        assert!(Message::knows(Command::VERSION) && !Message::knows(Command::new(b"inv").unwrap()));
    }
}
