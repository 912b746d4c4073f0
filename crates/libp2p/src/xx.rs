//! Noise's XX over X25519: in three messages, two sides agree on keys and learn each other's. (`noise/README.md`)
//!
//! ```text
//! initiator                                     responder
//!   e 32                         ── one ──▶
//!                                ◀── two ──     e 32 | s, sealed 48 | payload, sealed        ee, es
//!   s, sealed 48 | payload, sealed ─ three ▶                                                 se
//! ```
//!
//! Each state is a type; its method produces the next state. Messages here are without their length prefix.

use alloc::vec::Vec;

use noise::{CipherState, SymmetricState, TAG_LEN};

use crate::error::Error;
use crate::key::{PUBLIC_LEN, SecretKey};

const PROTOCOL_NAME: &[u8] = b"Noise_XX_25519_ChaChaPoly_SHA256";

/// Bytes of message one, at least.
pub const LEAST_ONE: u16 = 32;

/// Bytes of message two, at least.
pub const LEAST_TWO: u16 = 96;

/// Bytes of message three, at least.
pub const LEAST_THREE: u16 = 64;

/// The result of the key agreement.
#[derive(Debug)]
pub struct Transport {
    /// The peer's key.
    pub theirs: [u8; PUBLIC_LEN],
    /// The handshake hash.
    pub hash: [u8; 32],
    /// Encrypts our messages.
    pub seal: CipherState,
    /// Decrypts the peer's messages.
    pub open: CipherState,
}

/// State of both roles.
#[derive(Debug)]
struct Party {
    symmetric: SymmetricState,
    s: SecretKey,
    e: SecretKey,
}

impl Party {
    fn new(prologue: &[u8], s: SecretKey, e: SecretKey) -> Self {
        let mut symmetric = SymmetricState::new(PROTOCOL_NAME);
        symmetric.mix_hash(prologue);
        Self { symmetric, s, e }
    }

    fn say_e(&mut self, tx: &mut Vec<u8>) {
        tx.extend_from_slice(self.e.public());
        self.symmetric.mix_hash(self.e.public());
    }

    fn hear_e<'m>(&mut self, message: &'m mut [u8], number: u8) -> Result<([u8; 32], &'m mut [u8]), Error> {
        let (e, rest) = message.split_first_chunk_mut::<PUBLIC_LEN>().ok_or(Error::Mac(Some(number)))?;
        self.symmetric.mix_hash(e);
        Ok((*e, rest))
    }

    fn say_s(&mut self, tx: &mut Vec<u8>) {
        self.symmetric.encrypt_and_hash(self.s.public(), tx);
    }

    fn hear_s<'m>(&mut self, message: &'m mut [u8], number: u8) -> Result<([u8; 32], &'m mut [u8]), Error> {
        let split = message.split_at_mut_checked(PUBLIC_LEN + TAG_LEN);
        let (sealed, rest) = split.ok_or(Error::Mac(Some(number)))?;
        let s = self.hear(sealed, number)?;
        Ok((*s.first_chunk().expect("it is a key without its tag"), rest))
    }

    fn hear<'m>(&mut self, sealed: &'m mut [u8], number: u8) -> Result<&'m [u8], Error> {
        let opened = self.symmetric.decrypt_and_hash(sealed);
        opened.map(|text| &*text).map_err(|_| Error::Mac(Some(number)))
    }

    /// Mixes in the shared secret of a key of ours and one of theirs, which came in message `number`.
    fn mix(&mut self, ours: impl Fn(&Self) -> &SecretKey, theirs: [u8; 32], number: u8) -> Result<(), Error> {
        let shared = ours(self).dh(theirs).ok_or(Error::WeakKey(number))?;
        self.symmetric.mix_key(shared.as_bytes());
        Ok(())
    }

    /// Both directions, that of the initiator first.
    fn split(&self) -> [CipherState; 2] {
        self.symmetric.split()
    }
}

/// An initiator, before message one.
#[derive(Debug)]
pub struct Initiator(Party);

impl Initiator {
    /// With its static and its ephemeral key. libp2p's prologue is empty.
    #[must_use]
    pub fn new(prologue: &[u8], s: SecretKey, e: SecretKey) -> Self {
        Self(Party::new(prologue, s, e))
    }

    /// Appends message one, which has no payload in libp2p.
    #[must_use]
    pub fn one(self, payload: &[u8], tx: &mut Vec<u8>) -> AwaitsTwo {
        let Self(mut party) = self;
        party.say_e(tx);
        party.symmetric.encrypt_and_hash(payload, tx);
        AwaitsTwo(party)
    }
}

/// An initiator that waits for message two.
#[derive(Debug)]
pub struct AwaitsTwo(Party);

impl AwaitsTwo {
    /// Decrypts message two in place; returns its payload.
    ///
    /// # Errors
    /// If a tag is wrong, or a key has a small order.
    pub fn two(self, message: &mut [u8]) -> Result<(SaysThree, &[u8]), Error> {
        let Self(mut party) = self;
        let (theirs_e, rest) = party.hear_e(message, 2)?;
        party.mix(|party| &party.e, theirs_e, 2)?;
        let (theirs, rest) = party.hear_s(rest, 2)?;
        party.mix(|party| &party.e, theirs, 2)?;
        let payload = party.hear(rest, 2)?;
        Ok((SaysThree { party, theirs_e, theirs }, payload))
    }
}

/// An initiator, before message three.
#[derive(Debug)]
pub struct SaysThree {
    party: Party,
    theirs_e: [u8; PUBLIC_LEN],
    theirs: [u8; PUBLIC_LEN],
}

impl SaysThree {
    /// The peer's key.
    #[must_use]
    pub fn theirs(&self) -> &[u8; PUBLIC_LEN] {
        &self.theirs
    }

    /// Appends message three.
    ///
    /// # Errors
    /// If the peer's ephemeral key has a small order; but then message two was refused already.
    pub fn three(self, payload: &[u8], tx: &mut Vec<u8>) -> Result<Transport, Error> {
        let Self { mut party, theirs_e, theirs } = self;
        party.say_s(tx);
        party.mix(|party| &party.s, theirs_e, 2)?;
        party.symmetric.encrypt_and_hash(payload, tx);
        let [seal, open] = party.split();
        Ok(Transport { theirs, hash: party.symmetric.handshake_hash(), seal, open })
    }
}

/// A responder, before message one.
#[derive(Debug)]
pub struct Responder(Party);

impl Responder {
    /// With its static and its ephemeral key. libp2p's prologue is empty.
    #[must_use]
    pub fn new(prologue: &[u8], s: SecretKey, e: SecretKey) -> Self {
        Self(Party::new(prologue, s, e))
    }

    /// Reads message one; returns its payload, which is not encrypted.
    ///
    /// # Errors
    /// If it is too short.
    pub fn one(self, message: &mut [u8]) -> Result<(SaysTwo, &[u8]), Error> {
        let Self(mut party) = self;
        let (theirs_e, rest) = party.hear_e(message, 1)?;
        let payload = party.hear(rest, 1)?;
        Ok((SaysTwo { party, theirs_e }, payload))
    }
}

/// A responder, before message two.
#[derive(Debug)]
pub struct SaysTwo {
    party: Party,
    theirs_e: [u8; PUBLIC_LEN],
}

impl SaysTwo {
    /// Appends message two.
    ///
    /// # Errors
    /// If the peer's ephemeral key has a small order.
    pub fn two(self, payload: &[u8], tx: &mut Vec<u8>) -> Result<AwaitsThree, Error> {
        let Self { mut party, theirs_e } = self;
        party.say_e(tx);
        party.mix(|party| &party.e, theirs_e, 1)?;
        party.say_s(tx);
        party.mix(|party| &party.s, theirs_e, 1)?;
        party.symmetric.encrypt_and_hash(payload, tx);
        Ok(AwaitsThree(party))
    }
}

/// A responder that waits for message three.
#[derive(Debug)]
pub struct AwaitsThree(Party);

impl AwaitsThree {
    /// Decrypts message three in place; returns its payload.
    ///
    /// # Errors
    /// If a tag is wrong, or a key has a small order.
    pub fn three(self, message: &mut [u8]) -> Result<(Transport, &[u8]), Error> {
        let Self(mut party) = self;
        let (theirs, rest) = party.hear_s(message, 3)?;
        party.mix(|party| &party.e, theirs, 3)?;
        let payload = party.hear(rest, 3)?;
        let [open, seal] = party.split();
        Ok((Transport { theirs, hash: party.symmetric.handshake_hash(), seal, open }, payload))
    }
}
