//! The two packets that exchange keys: auth, and the ack that answers it. (`rlpx.md`, "Initial Handshake"; EIP-8)
//!
//! ```text
//! EIP-8:   size u16 | ECIES of: RLP list | zeros or anything       size is authenticated, and counts what follows it
//! before:             ECIES of: fields of fixed length             307 bytes in all, or 210
//!
//! auth:    signature 65 | initiator's key 64 | nonce 32 | 4        signed by the ephemeral key, which it reveals
//! ack:     ephemeral key 64 | nonce 32 | 4
//! ```
//! Each side reads both forms. A packet of the old form starts with 4, as sealed bytes do; an EIP-8 packet that is
//! shorter than 1024 bytes cannot start with 4.

use alloc::vec::Vec;

use handshake::{Fields, Rx, Unfinished};
use sha3::{Digest, Keccak256};
use zeroize::Zeroizing;

use crate::ecies::{self, Unopened};
use crate::error::{Error, Malformed};
use crate::frame::ReadError;
use crate::key::{PublicKey, SecretKey, UNCOMPRESSED};
use crate::rlp::{Items, write_bytes, write_list, write_uint};

/// The largest size that a packet may announce. (geth, p2p/rlpx/rlpx.go: maxHandshakePacketSize)
pub const MAX_SIZE: u16 = 2048;

/// The version that packets announce. Any version of a peer is accepted. (EIP-8)
const VERSION: u64 = 4;

/// A packet's name.
pub const AUTH: &str = "auth";
/// A packet's name.
pub const ACK: &str = "ack";

/// The form of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The form of EIP-8.
    Eip8,
    /// The form before EIP-8.
    Plain,
}

/// The random values of one sealing. They must never be used again.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The key for this one packet.
    pub key: SecretKey,
    /// The initial counter of the cipher.
    pub iv: [u8; 16],
    /// Bytes after the list in the EIP-8 form, which wants 100 or more and a different number each time. With fewer
    /// than 30, some nodes wait for more: they read 307 bytes, or 210, before they check the size.
    pub padding: u8,
}

/// The initiator's packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// By the initiator's ephemeral key, over the shared secret of both static keys, XORed with the nonce.
    pub signature: [u8; 65],
    /// The initiator's static key: its node id.
    pub key: PublicKey,
    /// The initiator's nonce.
    pub nonce: [u8; 32],
    /// The announced version, usually 4.
    pub version: u64,
}

impl Auth {
    /// A packet of our side.
    #[must_use]
    pub fn new(key: &SecretKey, id: PublicKey, ephemeral: &SecretKey, nonce: [u8; 32], to: &PublicKey) -> Self {
        Self { signature: ephemeral.sign(*signed(key, to, &nonce)), key: id, nonce, version: VERSION }
    }

    /// The ephemeral key that signed the packet.
    ///
    /// # Errors
    /// If the signature is invalid.
    pub fn ephemeral_key(&self, ours: &SecretKey) -> Result<PublicKey, Error> {
        PublicKey::recover(&self.signature, *signed(ours, &self.key, &self.nonce)).ok_or(Error::Signature)
    }

    /// Reads the decrypted contents of a packet in this form.
    ///
    /// # Errors
    /// If a field is missing or has the wrong length, or the key is not on the curve.
    pub fn read(form: Form, inside: &[u8]) -> Result<Self, Error> {
        let read = || match form {
            Form::Eip8 => {
                let mut items = Items::of(inside, "list")?;
                Ok((items.array("signature")?, items.array("key")?, items.array("nonce")?, items.uint("version")?))
            }
            Form::Plain => {
                let mut fields = Fields::new(inside);
                let signature = fields.array("signature")?;
                let _hash_of_ephemeral_key = fields.array::<32>("hash of its key")?;
                Ok((signature, fields.array("key")?, fields.array("nonce")?, VERSION))
            }
        };
        let (signature, key, nonce, version) = read().map_err(|what| Error::Malformed { message: AUTH, what })?;
        let key = PublicKey::from_bytes(&key).map_err(|_| Error::Point("key in its auth"))?;
        Ok(Self { signature, key, nonce, version })
    }

    /// Appends the packet, sealed. `ephemeral` is the key that signed it.
    pub fn write(&self, form: Form, ephemeral: &SecretKey, to: &PublicKey, sealing: &Sealing, tx: &mut Vec<u8>) {
        let mut inside = Vec::with_capacity(256);
        match form {
            Form::Eip8 => write_list(&mut inside, |tx| {
                write_bytes(&self.signature, tx);
                write_bytes(&self.key.to_bytes(), tx);
                write_bytes(&self.nonce, tx);
                write_uint(self.version, tx);
            }),
            Form::Plain => {
                inside.extend_from_slice(&self.signature);
                inside.extend_from_slice(&Keccak256::digest(ephemeral.public().to_bytes()));
                inside.extend_from_slice(&self.key.to_bytes());
                inside.extend_from_slice(&self.nonce);
                inside.push(0);
            }
        }
        seal(form, inside, to, sealing, tx);
    }
}

/// The bytes that an auth signs.
fn signed(ours: &SecretKey, theirs: &PublicKey, nonce: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut signed = ours.shared_x(theirs);
    signed.iter_mut().zip(nonce).for_each(|(byte, nonce)| *byte ^= nonce);
    signed
}

/// The responder's packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The responder's ephemeral key.
    pub ephemeral_key: PublicKey,
    /// The responder's nonce.
    pub nonce: [u8; 32],
    /// The announced version, usually 4.
    pub version: u64,
}

impl Ack {
    /// A packet of our side.
    #[must_use]
    pub fn new(ephemeral: &SecretKey, nonce: [u8; 32]) -> Self {
        Self { ephemeral_key: ephemeral.public(), nonce, version: VERSION }
    }

    /// Reads the decrypted contents of a packet in this form.
    ///
    /// # Errors
    /// If a field is missing or has the wrong length, or the key is not on the curve.
    pub fn read(form: Form, inside: &[u8]) -> Result<Self, Error> {
        let read = || match form {
            Form::Eip8 => {
                let mut items = Items::of(inside, "list")?;
                Ok((items.array("ephemeral key")?, items.array("nonce")?, items.uint("version")?))
            }
            Form::Plain => {
                let mut fields = Fields::new(inside);
                Ok((fields.array("ephemeral key")?, fields.array("nonce")?, VERSION))
            }
        };
        let (key, nonce, version) = read().map_err(|what| Error::Malformed { message: ACK, what })?;
        let ephemeral_key = PublicKey::from_bytes(&key).map_err(|_| Error::Point("ephemeral key in its ack"))?;
        Ok(Self { ephemeral_key, nonce, version })
    }

    /// Appends the packet, sealed.
    pub fn write(&self, form: Form, to: &PublicKey, sealing: &Sealing, tx: &mut Vec<u8>) {
        let mut inside = Vec::with_capacity(256);
        match form {
            Form::Eip8 => write_list(&mut inside, |tx| {
                write_bytes(&self.ephemeral_key.to_bytes(), tx);
                write_bytes(&self.nonce, tx);
                write_uint(self.version, tx);
            }),
            Form::Plain => {
                inside.extend_from_slice(&self.ephemeral_key.to_bytes());
                inside.extend_from_slice(&self.nonce);
                inside.push(0);
            }
        }
        seal(form, inside, to, sealing, tx);
    }
}

fn seal(form: Form, mut inside: Vec<u8>, to: &PublicKey, sealing: &Sealing, tx: &mut Vec<u8>) {
    let Sealing { key, iv, padding } = sealing;
    match form {
        Form::Plain => ecies::seal(to, key, *iv, &[], &inside, tx),
        Form::Eip8 => {
            // The padding is encrypted, so its contents do not matter; only its varying length does.
            inside.resize(inside.len() + usize::from(*padding), 0);
            let size = u16::try_from(inside.len() + ecies::OVERHEAD).expect("some 600 bytes at most");
            tx.extend_from_slice(&size.to_be_bytes());
            ecies::seal(to, key, *iv, &size.to_be_bytes(), &inside, tx);
        }
    }
}

/// Reads the peer's packet as it arrives.
#[derive(Debug)]
pub struct Reader<const PLAIN_LEN: usize> {
    name: &'static str,
    /// Whether the first bytes were tried as the old form without success. A try costs an operation on the curve.
    is_not_plain: bool,
}

/// Reads an auth.
pub type AuthReader = Reader<{ PLAIN_AUTH_LEN + ecies::OVERHEAD }>;

/// Reads an ack.
pub type AckReader = Reader<{ PLAIN_ACK_LEN + ecies::OVERHEAD }>;

/// Signature, hash of the ephemeral key, key, nonce, and a 0.
const PLAIN_AUTH_LEN: usize = 65 + 32 + 64 + 32 + 1;

/// Ephemeral key, nonce, and a 0.
const PLAIN_ACK_LEN: usize = 64 + 32 + 1;

/// A decrypted packet.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened<'b> {
    /// The form of the packet; an answer must have the same.
    pub form: Form,
    /// The packet as it was sent; it initialises the MACs of all later frames.
    pub packet: Vec<u8>,
    /// The contents.
    pub inside: &'b mut [u8],
}

impl AuthReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self { name: AUTH, is_not_plain: false }
    }
}

impl Default for AuthReader {
    fn default() -> Self {
        Self::new()
    }
}

impl AckReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self { name: ACK, is_not_plain: false }
    }
}

impl Default for AckReader {
    fn default() -> Self {
        Self::new()
    }
}

impl<const PLAIN_LEN: usize> Reader<PLAIN_LEN> {
    /// The peer's packet, decrypted in place.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error as soon as four bytes cannot be the start of a packet, so before
    /// waiting for a size that is too large; or if `key` does not decrypt it.
    pub fn read<'b>(&mut self, key: &SecretKey, rx: &mut Rx<'b>) -> Result<Opened<'b>, ReadError> {
        let &[high, low, third, _] = rx.peek::<4>()?;
        let size = u16::from_be_bytes([high, low]);
        let least = u16::try_from(ecies::OVERHEAD).expect("113");
        let is_eip8 = (least..=MAX_SIZE).contains(&size) && third == UNCOMPRESSED;
        if high == UNCOMPRESSED && !self.is_not_plain {
            match self.read_plain(key, rx) {
                Err(ReadError::Error(_)) if is_eip8 => self.is_not_plain = true,
                end => return end,
            }
        }
        if !is_eip8 {
            return Err(Error::NotRlpx(*rx.peek()?).into());
        }
        let bytes = rx.take(2 + usize::from(size))?;
        let packet = bytes.to_vec();
        let (size, sealed) = bytes.split_at_mut(2);
        let inside = ecies::open(key, size, sealed).map_err(|why| self.error(why))?;
        Ok(Opened { form: Form::Eip8, packet, inside })
    }

    /// The unfinished packet, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        if rest.is_empty() {
            return None;
        }
        // Both forms may start like this, so the length of the longer one is not announced.
        let len = match rest.first_chunk() {
            Some(&[high, _]) if high == UNCOMPRESSED && !self.is_not_plain => None,
            Some(&size) => Some(2 + usize::from(u16::from_be_bytes(size))),
            None => None,
        };
        Some(Unfinished::new(self.name, rest.len(), len))
    }

    fn read_plain<'b>(&self, key: &SecretKey, rx: &mut Rx<'b>) -> Result<Opened<'b>, ReadError> {
        let mut trial = *rx.peek::<PLAIN_LEN>()?;
        ecies::open(key, &[], &mut trial).map_err(|why| self.error(why))?;
        let bytes = rx.take(PLAIN_LEN)?;
        let packet = bytes.to_vec();
        bytes.copy_from_slice(&trial);
        let inside = &mut bytes[ecies::inside(PLAIN_LEN)];
        Ok(Opened { form: Form::Plain, packet, inside })
    }

    fn error(&self, why: Unopened) -> Error {
        match why {
            Unopened::Short => Error::Malformed { message: self.name, what: Malformed::EndsIn("envelope") },
            Unopened::Point => Error::Point("key that seals its packet"),
            // The peer sealed its auth for another key than ours.
            Unopened::Mac if self.name == AUTH => Error::WrongKey,
            Unopened::Mac => Error::Mac(ACK),
        }
    }
}
