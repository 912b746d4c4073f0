//! identify: a node's introduction. (`identify/README.md`)
//!
//! ```text
//! length | 1 public key | 2 listen address, ... | 3 protocol, ... | 4 observed address | 5 protocol version | 6 agent
//! ```

use alloc::vec::Vec;

use handshake::Text;

use crate::error::Malformed;
use crate::multiaddr::Multiaddr;
use crate::protobuf::{Fields, write_bytes};

/// Its protocol name.
pub const NAME: &str = "/ipfs/id/1.0.0";

/// The protocol name for an unrequested introduction, with the same messages.
pub const PUSH_NAME: &str = "/ipfs/id/push/1.0.0";

/// Bytes of an introduction that are kept, of all its messages together: twice the limit of other implementations,
/// since some programs send more. The rest is dropped and counted. (js-libp2p: `MAX_IDENTIFY_MESSAGE_SIZE`, 8192;
/// go-libp2p: `signedIDSize`, 8192; rust-libp2p: `MAX_MESSAGE_SIZE_BYTES`, 4096)
pub const MAX_LEN: usize = 16 * 1024;

/// Bytes that one of its messages may announce: eight times the limit of go-libp2p and js-libp2p.
pub const MAX_ANNOUNCED_LEN: usize = 64 * 1024;

/// Messages that are read, at most. (go-libp2p: `maxMessages`)
pub const MAX_MESSAGES: usize = 10;

/// Protocols that are kept; the others are counted. Nodes have about 20, and the largest known lists about 130.
pub const MAX_PROTOCOLS: usize = 512;

/// Addresses that are kept; the others are counted. (go-libp2p trims its own to about 4 KiB, which are 300)
pub const MAX_LISTEN_ADDRS: usize = 512;

/// A node's introduction: one message, or several that are read as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identify {
    /// Its key, if sent; it must be the proven one.
    pub public_key: Option<Text>,
    /// Its listen addresses: the first [`MAX_LISTEN_ADDRS`].
    pub listen_addrs: Vec<Multiaddr>,
    /// Its protocols: the first [`MAX_PROTOCOLS`].
    pub protocols: Vec<Text>,
    /// Our address as the node sees it.
    pub observed_addr: Option<Multiaddr>,
    /// Its protocol family: `ipfs/0.1.0`.
    pub protocol_version: Option<Text>,
    /// Its program: `kubo/0.29.0/`.
    pub agent: Option<Text>,
    /// Counts of data that was not kept.
    pub omitted: Omitted,
}

/// Counts of data that was not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Listen addresses beyond [`MAX_LISTEN_ADDRS`].
    pub listen_addrs: usize,
    /// Protocols beyond [`MAX_PROTOCOLS`].
    pub protocols: usize,
    /// Bytes beyond [`MAX_LEN`], which were not read.
    pub bytes: usize,
}

impl Identify {
    /// Reads a message. Unknown fields are ignored. For a field that may occur once, the last value counts, as in
    /// protobuf.
    ///
    /// # Errors
    /// If it ends too soon, or is not in its shortest form.
    pub fn read(message: &[u8]) -> Result<Self, Malformed> {
        Self::read_cut(message, 0)
    }

    /// Reads the start of a message, of which `omitted` more bytes were dropped: if there are any, its last field may
    /// be incomplete.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_cut(message: &[u8], omitted: usize) -> Result<Self, Malformed> {
        let mut identify = Self { omitted: Omitted { bytes: omitted, ..Omitted::default() }, ..Self::default() };
        let mut fields = Fields::new(message);
        loop {
            let (field, value) = match fields.field() {
                Ok(Some(field)) => field,
                Ok(None) => return Ok(identify),
                Err(Malformed::EndsIn(_)) if omitted > 0 => return Ok(identify),
                Err(malformed) => return Err(malformed),
            };
            match field {
                1 => identify.public_key = Some(value.bytes("public key")?.into()),
                2 => identify.add_listen_addr(value.bytes("listen address")?),
                3 => identify.add_protocol(value.bytes("protocol")?),
                4 => identify.observed_addr = Some(value.bytes("observed address")?.into()),
                5 => identify.protocol_version = Some(value.bytes("protocol version")?.into()),
                6 => identify.agent = Some(value.bytes("agent")?.into()),
                _ => {}
            }
        }
    }

    fn add_listen_addr(&mut self, address: &[u8]) {
        match self.listen_addrs.len() {
            MAX_LISTEN_ADDRS => self.omitted.listen_addrs += 1,
            _ => self.listen_addrs.push(address.into()),
        }
    }

    fn add_protocol(&mut self, protocol: &[u8]) {
        match self.protocols.len() {
            MAX_PROTOCOLS => self.omitted.protocols += 1,
            _ => self.protocols.push(protocol.into()),
        }
    }

    /// The number of its protocols, including those that are not kept.
    #[must_use]
    pub fn protocols_total(&self) -> usize {
        self.protocols.len() + self.omitted.protocols
    }

    /// The number of its listen addresses, including those that are not kept.
    #[must_use]
    pub fn listen_addrs_total(&self) -> usize {
        self.listen_addrs.len() + self.omitted.listen_addrs
    }

    /// Appends the message.
    pub fn write(&self, tx: &mut Vec<u8>) {
        let texts = |field, texts: &[Text], tx: &mut Vec<u8>| {
            texts.iter().for_each(|text| write_bytes(field, text.as_bytes(), tx));
        };
        texts(1, self.public_key.as_slice(), tx);
        self.listen_addrs.iter().for_each(|address| write_bytes(2, address.as_bytes(), tx));
        texts(3, &self.protocols, tx);
        self.observed_addr.iter().for_each(|address| write_bytes(4, address.as_bytes(), tx));
        texts(5, self.protocol_version.as_slice(), tx);
        texts(6, self.agent.as_slice(), tx);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use handshake::Text;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::{Identify, MAX_LISTEN_ADDRS, MAX_PROTOCOLS, Omitted};
    use crate::error::Malformed;
    use crate::multiaddr::Multiaddr;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        vec(any::<u8>(), 0..40)
    }

    fn text() -> impl Strategy<Value = Text> {
        bytes().prop_map(|bytes| bytes[..].into())
    }

    fn address() -> impl Strategy<Value = Multiaddr> {
        bytes().prop_map(|bytes| bytes[..].into())
    }

    proptest! {
        #[test]
        fn a_written_introduction_is_read_back(
            public_key in option::of(text()),
            listen_addrs in vec(address(), 0..4),
            protocols in vec(text(), 0..4),
            observed_addr in option::of(address()),
            protocol_version in option::of(text()),
            agent in option::of(text()),
        ) {
            let identify = Identify {
                public_key, listen_addrs, protocols, observed_addr, protocol_version, agent, omitted: Omitted::default(),
            };
            let mut message = Vec::new();
            identify.write(&mut message);
            // An unknown field.
            message.extend_from_slice(b"\x4a\x01x");
            prop_assert_eq!(Identify::read(&message), Ok(identify));
        }
    }

    #[test]
    fn of_what_there_is_once_the_last_value_counts() {
        let agent = |message: &[u8]| Identify::read(message).unwrap().agent;
        assert_eq!(agent(b"\x32\x01a\x32\x01b"), Some("b".into()));
        assert_eq!(Identify::read(b"\x30\x01"), Err(Malformed::Type("agent")));
        assert_eq!(Identify::read(b"\x32\x02a"), Err(Malformed::EndsIn("field")));
        assert_eq!(Identify::read(b"\x32\x81\x00a"), Err(Malformed::NotMinimal("length of a field")));
    }

    #[test]
    fn a_message_of_which_the_end_is_missing_has_all_fields_but_the_last() {
        let message = b"\x32\x01a\x1a\x02/x\x1a\x02/y";
        for len in 0..message.len() {
            let identify = Identify::read_cut(&message[..len], message.len() - len).unwrap();
            assert_eq!(identify.omitted.bytes, message.len() - len);
            assert_eq!((identify.agent.is_some(), identify.protocols.len()), (len >= 3, (len.saturating_sub(3)) / 4));
            assert_eq!(Identify::read(&message[..len]).is_ok(), [0, 3, 7].contains(&len));
        }
    }

    #[test]
    fn what_is_beyond_the_lists_is_counted() {
        let message = [b"\x1a\x01p".repeat(MAX_PROTOCOLS + 7), b"\x12\x00".repeat(MAX_LISTEN_ADDRS + 9)].concat();
        let identify = Identify::read(&message).unwrap();
        assert_eq!((identify.protocols.len(), identify.protocols_total()), (MAX_PROTOCOLS, MAX_PROTOCOLS + 7));
        assert_eq!(
            (identify.listen_addrs.len(), identify.listen_addrs_total()),
            (MAX_LISTEN_ADDRS, MAX_LISTEN_ADDRS + 9)
        );
        assert_eq!(identify.omitted.bytes, 0);
    }
}
