//! A side's payload within Noise: its identity, and its muxers. (`noise/README.md`, "The Libp2p Handshake Payload")
//!
//! ```text
//! 1 identity key | 2 signature | 4 extensions: { 2 muxer, ... }
//! ```
//! The signature covers the side's Noise key, so it proves that the holder of the identity uses that key.

use alloc::boxed::Box;
use alloc::vec::Vec;

use handshake::Text;

use crate::error::{Error, Malformed};
use crate::identity::{Identity, PublicKey};
use crate::key::PUBLIC_LEN;
use crate::protobuf::{Fields, set, write_bytes};

/// The prefix of the key in the signed bytes.
const SIGNED_PREFIX: &[u8] = b"noise-libp2p-static-key:";

/// Its name in errors.
const MESSAGE: &str = "Noise payload";

/// A side's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its identity.
    pub identity: PublicKey,
    /// By the identity, over its Noise key.
    pub signature: Box<[u8]>,
    /// The muxers that it supports, its preferred one first; empty if it does not choose a muxer here.
    pub muxers: Vec<Text>,
}

impl Payload {
    /// The payload of the holder of this identity.
    #[must_use]
    pub fn new(identity: &Identity, noise_key: &[u8; PUBLIC_LEN], muxers: Vec<Text>) -> Self {
        let signature = identity.sign(&signed(noise_key)).into();
        Self { identity: identity.public().clone(), signature, muxers }
    }

    /// Reads the payload, and checks that the identity belongs to its Noise key.
    ///
    /// # Errors
    /// If it is malformed, has no known key, or the signature is wrong.
    pub fn read(bytes: &[u8], noise_key: &[u8; PUBLIC_LEN]) -> Result<Self, Error> {
        let malformed = |what| Error::Malformed { message: MESSAGE, what };
        let Parts { identity, signature, muxers } = Parts::read(bytes).map_err(malformed)?;
        let identity = PublicKey::read(identity.ok_or_else(|| malformed(Malformed::Missing("identity")))?)?;
        let signature = signature.ok_or_else(|| malformed(Malformed::Missing("signature")))?;
        identity.verify(&signed(noise_key), signature)?;
        Ok(Self { identity, signature: signature.into(), muxers })
    }

    /// Appends the payload.
    pub fn write(&self, tx: &mut Vec<u8>) {
        write_bytes(1, self.identity.encoded(), tx);
        write_bytes(2, &self.signature, tx);
        if !self.muxers.is_empty() {
            let mut extensions = Vec::new();
            for muxer in &self.muxers {
                write_bytes(2, muxer.as_bytes(), &mut extensions);
            }
            write_bytes(4, &extensions, tx);
        }
    }
}

fn signed(noise_key: &[u8; PUBLIC_LEN]) -> Vec<u8> {
    [SIGNED_PREFIX, noise_key].concat()
}

#[derive(Default)]
struct Parts<'m> {
    identity: Option<&'m [u8]>,
    signature: Option<&'m [u8]>,
    muxers: Vec<Text>,
}

impl<'m> Parts<'m> {
    fn read(bytes: &'m [u8]) -> Result<Self, Malformed> {
        let (mut parts, mut extensions) = (Self::default(), None);
        let mut fields = Fields::new(bytes);
        while let Some((field, value)) = fields.field()? {
            match field {
                1 => set(&mut parts.identity, value.bytes("identity")?, "identity")?,
                2 => set(&mut parts.signature, value.bytes("signature")?, "signature")?,
                4 => set(&mut extensions, value.bytes("extensions")?, "list of extensions")?,
                _ => {}
            }
        }
        let mut fields = Fields::new(extensions.unwrap_or_default());
        while let Some((field, value)) = fields.field()? {
            if field == 2 {
                parts.muxers.push(value.bytes("muxer")?.into());
            }
        }
        Ok(parts)
    }
}
