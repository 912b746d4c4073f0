//! identify: how a node introduces itself. (`identify/README.md`)
//!
//! ```text
//! length | 1 public key | 2 listen address, ... | 3 protocol, ... | 4 observed address | 5 protocol version | 6 agent
//! ```

use alloc::vec::Vec;

use handshake::Text;

use crate::error::Malformed;
use crate::multiaddr::Multiaddr;
use crate::protobuf::{Fields, set, write_bytes};

/// Its name where protocols are agreed on.
pub const NAME: &str = "/ipfs/id/1.0.0";

/// Bytes of it, at most. (js-libp2p: `MAX_IDENTIFY_MESSAGE_SIZE`; go-libp2p: `signedIDSize`)
pub const MAX_LEN: usize = 8192;

/// How a node introduces itself. It came in one message, so it has at most [`MAX_LEN`] bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identify {
    /// Its key, if it says so; it must be the one that it has proved.
    pub public_key: Option<Text>,
    /// Where it listens, it says.
    pub listen_addrs: Vec<Multiaddr>,
    /// What it speaks.
    pub protocols: Vec<Text>,
    /// Where it sees us.
    pub observed_addr: Option<Multiaddr>,
    /// Its family: `ipfs/0.1.0`.
    pub protocol_version: Option<Text>,
    /// Its program: `kubo/0.29.0/`.
    pub agent: Option<Text>,
}

impl Identify {
    /// Reads it. What has another number is ignored.
    ///
    /// # Errors
    /// If it is cut, not in its shortest form, or has twice what there is once.
    pub fn read(message: &[u8]) -> Result<Self, Malformed> {
        let mut identify = Self::default();
        let mut fields = Fields::new(message);
        while let Some((field, value)) = fields.field()? {
            match field {
                1 => set(&mut identify.public_key, value.bytes("public key")?.into(), "public key")?,
                2 => identify.listen_addrs.push(value.bytes("listen address")?.into()),
                3 => identify.protocols.push(value.bytes("protocol")?.into()),
                4 => set(&mut identify.observed_addr, value.bytes("observed address")?.into(), "observed address")?,
                5 => set(&mut identify.protocol_version, value.bytes("protocol version")?.into(), "protocol version")?,
                6 => set(&mut identify.agent, value.bytes("agent")?.into(), "agent")?,
                _ => {}
            }
        }
        Ok(identify)
    }

    /// Appends it.
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

    use super::Identify;
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
            let identify = Identify { public_key, listen_addrs, protocols, observed_addr, protocol_version, agent };
            let mut message = Vec::new();
            identify.write(&mut message);
            // A field of tomorrow.
            message.extend_from_slice(b"\x4a\x01x");
            prop_assert_eq!(Identify::read(&message), Ok(identify));
        }
    }

    #[test]
    fn what_there_is_once_is_not_there_twice() {
        assert_eq!(Identify::read(b"\x32\x01a\x32\x01b"), Err(Malformed::Twice("agent")));
        assert_eq!(Identify::read(b"\x30\x01"), Err(Malformed::Type("agent")));
        assert_eq!(Identify::read(b"\x32\x02a"), Err(Malformed::EndsIn("field")));
        assert_eq!(Identify::read(b"\x32\x81\x00a"), Err(Malformed::NotMinimal("length of a field")));
    }
}
