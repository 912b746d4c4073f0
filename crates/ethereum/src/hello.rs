//! Hello: how nodes introduce themselves to each other. (`rlpx.md`, "Hello (0x00)")
//!
//! ```text
//! [version, client id, [[name, version], ...], listen port, node id 64, ...]
//! ```

use alloc::vec::Vec;
use core::fmt;

use handshake::Text;

use crate::error::Malformed;
use crate::rlp::{Items, write_bytes, write_list, write_uint};

/// The version of the base protocol that compresses what follows Hello. (EIP-706)
pub const VERSION: u64 = 5;

/// A node's introduction. It came in one message, so it has at most [`MAX_WHOLE_LEN`](crate::frame::MAX_WHOLE_LEN)
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The version of the base protocol; usually 5.
    pub version: u64,
    /// The node's program: `Geth/v1.13.0-stable/linux-amd64/go1.21.0`.
    pub client_id: Text,
    /// Its capabilities, in the order of the message.
    pub capabilities: Vec<Capability>,
    /// A port on which it claims to listen. Nodes send 0 or any number, and ignore it.
    pub listen_port: u64,
    /// The node's id. It must be the key that its auth or ack proved.
    pub node_id: [u8; 64],
}

/// A protocol that a node supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Its name: `eth`.
    pub name: Text,
    /// Its version.
    pub version: u64,
}

impl Capability {
    /// A capability.
    #[must_use]
    pub fn new(name: &str, version: u64) -> Self {
        Self { name: name.into(), version }
    }
}

/// `eth/68`.
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

impl Hello {
    /// Reads the message. Bytes after its items are ignored. (EIP-8)
    ///
    /// # Errors
    /// If an item is missing or has the wrong length.
    pub fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut items = Items::of(payload, "list")?;
        let version = items.uint("version")?;
        let client_id = items.bytes("client id")?.into();
        let mut listed = items.items("capabilities")?;
        let mut capabilities = Vec::new();
        while !listed.is_empty() {
            let mut capability = listed.items("capability")?;
            let name = capability.bytes("capability's name")?.into();
            capabilities.push(Capability { name, version: capability.uint("capability's version")? });
        }
        Ok(Self {
            version,
            client_id,
            capabilities,
            listen_port: items.uint("listen port")?,
            node_id: items.array("node id")?,
        })
    }

    /// Appends the message.
    pub fn write(&self, tx: &mut Vec<u8>) {
        write_list(tx, |tx| {
            write_uint(self.version, tx);
            write_bytes(self.client_id.as_bytes(), tx);
            write_list(tx, |tx| {
                for Capability { name, version } in &self.capabilities {
                    write_list(tx, |tx| {
                        write_bytes(name.as_bytes(), tx);
                        write_uint(*version, tx);
                    });
                }
            });
            write_uint(self.listen_port, tx);
            write_bytes(&self.node_id, tx);
        });
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

    use super::{Capability, Hello};

    fn capability() -> impl Strategy<Value = Capability> {
        (vec(any::<u8>(), 0..12), any::<u64>())
            .prop_map(|(name, version)| Capability { name: name[..].into(), version })
    }

    proptest! {
        #[test]
        fn a_written_hello_is_read_back_and_a_cut_one_is_not(
            version in any::<u64>(),
            client_id in vec(any::<u8>(), 0..100),
            capabilities in vec(capability(), 0..8),
            listen_port in any::<u64>(),
            id in any::<[u8; 32]>(),
        ) {
            let mut node_id = [7; 64];
            node_id[..32].copy_from_slice(&id);
            let hello = Hello { version, client_id: client_id[..].into(), capabilities, listen_port, node_id };
            let mut bytes = Vec::new();
            hello.write(&mut bytes);
            for len in 0..bytes.len() {
                prop_assert!(Hello::read(&bytes[..len]).is_err());
            }
            bytes.extend_from_slice(b"what follows");
            prop_assert_eq!(Hello::read(&bytes), Ok(hello));
        }
    }
}
