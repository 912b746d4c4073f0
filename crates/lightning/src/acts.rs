//! BOLT 8: in three acts, two nodes agree on keys and prove their identities.
//!
//! ```text
//! initiator                                                  responder
//!   version 1 | e 33 | tag 16               ── act one ──▶              es
//!                                           ◀── act two ──              ee   version 1 | e 33 | tag 16
//!   version 1 | s 33, sealed 16 | tag 16    ── act three ▶              se
//! ```
//!
//! This is Noise's XK over secp256k1. The initiator must know the responder's key, and the responder does not answer an
//! act one for another key: so a wrong key looks like a silent node.
//!
//! Each state is a type; its method produces the next state.

use alloc::vec::Vec;
use core::fmt;

use noise::SymmetricState;

use crate::channel::Channel;
use crate::error::{Error, Part};
use crate::key::{NodeId, SecretKey};

/// Bytes of act one, and of act two.
pub const SHORT_ACT_LEN: usize = 50;

/// Bytes of act three.
pub const ACT_THREE_LEN: usize = 66;

/// The only version.
pub const VERSION: u8 = 0;

const PROTOCOL_NAME: &[u8] = b"Noise_XK_secp256k1_ChaChaPoly_SHA256";
const PROLOGUE: &[u8] = b"lightning";

/// One of the three acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The initiator's key for this connection.
    One,
    /// The responder's key for this connection.
    Two,
    /// The initiator's identity.
    Three,
}

impl Act {
    /// Its name: `act one`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "act one",
            Self::Two => "act two",
            Self::Three => "act three",
        }
    }

    /// Its length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no act is empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::One | Self::Two => SHORT_ACT_LEN,
            Self::Three => ACT_THREE_LEN,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// State of both roles.
#[derive(Debug)]
struct Party {
    symmetric: SymmetricState,
    /// Our own key.
    s: SecretKey,
    /// Our key for this connection.
    e: SecretKey,
}

impl Party {
    fn new(s: SecretKey, e: SecretKey, responder: NodeId) -> Self {
        let mut symmetric = SymmetricState::new(PROTOCOL_NAME);
        symmetric.mix_hash(PROLOGUE);
        symmetric.mix_hash(&responder.to_bytes());
        Self { symmetric, s, e }
    }

    /// Appends our key for this connection; `secret` is the shared secret for its tag.
    fn say_e(&mut self, secret: impl FnOnce(&Self) -> noise::Key, tx: &mut Vec<u8>) {
        let e = self.e.node_id().to_bytes();
        tx.push(VERSION);
        tx.extend_from_slice(&e);
        self.symmetric.mix_hash(&e);
        self.symmetric.mix_key(secret(self).as_bytes());
        self.symmetric.encrypt_and_hash(&[], tx);
    }

    fn hear_e(
        &mut self,
        act: Act,
        bytes: &mut [u8; SHORT_ACT_LEN],
        secret: impl FnOnce(&Self, NodeId) -> noise::Key,
    ) -> Result<NodeId, Error> {
        let ([version, e @ ..], tag) = bytes.split_first_chunk_mut::<34>().expect("34 of 50 bytes");
        check_version(act, *version)?;
        let re = NodeId::from_bytes(e).map_err(|_| Error::Point(act))?;
        self.symmetric.mix_hash(e);
        self.symmetric.mix_key(secret(self, re).as_bytes());
        self.symmetric.decrypt_and_hash(tag).map_err(|_| Error::Mac(Part::Act(act)))?;
        Ok(re)
    }
}

/// Whether an act starts as it must.
///
/// # Errors
/// If it has another version.
pub fn check_version(act: Act, found: u8) -> Result<(), Error> {
    if found == VERSION { Ok(()) } else { Err(Error::Version { act, found }) }
}

/// The initiator, before act one.
#[derive(Debug)]
pub struct Initiator {
    party: Party,
    rs: NodeId,
}

impl Initiator {
    /// Dials the node `rs`; `s` is our own key, `e` a fresh one for this connection.
    #[must_use]
    pub fn new(s: SecretKey, e: SecretKey, rs: NodeId) -> Self {
        Self { party: Party::new(s, e, rs), rs }
    }

    /// The dialled node.
    #[must_use]
    pub fn responder(&self) -> NodeId {
        self.rs
    }

    /// Appends act one.
    pub fn act_one(mut self, tx: &mut Vec<u8>) -> AwaitsActTwo {
        self.party.say_e(|party| party.e.ecdh(self.rs), tx);
        AwaitsActTwo(self)
    }
}

/// The initiator, after act one.
#[derive(Debug)]
pub struct AwaitsActTwo(Initiator);

impl AwaitsActTwo {
    /// Processes act two.
    ///
    /// # Errors
    /// If its version, its point or its tag is wrong.
    pub fn act_two(self, bytes: &mut [u8; SHORT_ACT_LEN]) -> Result<SaysActThree, Error> {
        let Self(Initiator { mut party, rs }) = self;
        let re = party.hear_e(Act::Two, bytes, |party, re| party.e.ecdh(re))?;
        Ok(SaysActThree { party, rs, re })
    }
}

/// The initiator, before act three.
#[derive(Debug)]
pub struct SaysActThree {
    party: Party,
    rs: NodeId,
    re: NodeId,
}

impl SaysActThree {
    /// Appends act three.
    pub fn act_three(self, tx: &mut Vec<u8>) -> Transport {
        let Self { party: Party { mut symmetric, s, .. }, rs, re } = self;
        tx.push(VERSION);
        symmetric.encrypt_and_hash(&s.node_id().to_bytes(), tx);
        symmetric.mix_key(s.ecdh(re).as_bytes());
        symmetric.encrypt_and_hash(&[], tx);
        let [seal, open] = symmetric.split();
        Transport { node_id: rs, channel: Channel::new(symmetric.chaining_key(), seal, open) }
    }
}

/// The responder, before act one.
#[derive(Debug)]
pub struct Responder(Party);

impl Responder {
    /// Accepts any initiator; `s` is our own key, `e` a fresh one for this connection.
    #[must_use]
    pub fn new(s: SecretKey, e: SecretKey) -> Self {
        let node_id = s.node_id();
        Self(Party::new(s, e, node_id))
    }

    /// Processes act one.
    ///
    /// # Errors
    /// If its version, its point or its tag is wrong.
    pub fn act_one(self, bytes: &mut [u8; SHORT_ACT_LEN]) -> Result<SaysActTwo, Error> {
        let Self(mut party) = self;
        let re = party.hear_e(Act::One, bytes, |party, re| party.s.ecdh(re))?;
        Ok(SaysActTwo { party, re })
    }
}

/// The responder, before act two.
#[derive(Debug)]
pub struct SaysActTwo {
    party: Party,
    re: NodeId,
}

impl SaysActTwo {
    /// Appends act two.
    pub fn act_two(mut self, tx: &mut Vec<u8>) -> AwaitsActThree {
        self.party.say_e(|party| party.e.ecdh(self.re), tx);
        AwaitsActThree(self.party)
    }
}

/// The responder, after act two.
#[derive(Debug)]
pub struct AwaitsActThree(Party);

impl AwaitsActThree {
    /// Processes act three.
    ///
    /// # Errors
    /// If its version, its point or one of its tags is wrong.
    pub fn act_three(self, bytes: &mut [u8; ACT_THREE_LEN]) -> Result<Transport, Error> {
        /// A point and its tag.
        const SEALED_LEN: usize = NodeId::LEN + noise::TAG_LEN;
        let Self(Party { mut symmetric, e, .. }) = self;
        let (&mut version, sealed) = bytes.split_first_mut().expect("one of 66 bytes");
        check_version(Act::Three, version)?;
        let mac = |_| Error::Mac(Part::Act(Act::Three));
        let (sealed, tag) = sealed.split_first_chunk_mut::<SEALED_LEN>().expect("49 of 65 bytes");
        let rs = symmetric.decrypt_and_hash(sealed).map_err(mac)?;
        let rs = rs.first_chunk().expect("49 bytes without a tag");
        let rs = NodeId::from_bytes(rs).map_err(|_| Error::Point(Act::Three))?;
        symmetric.mix_key(e.ecdh(rs).as_bytes());
        symmetric.decrypt_and_hash(tag).map_err(mac)?;
        let [open, seal] = symmetric.split();
        Ok(Transport { node_id: rs, channel: Channel::new(symmetric.chaining_key(), seal, open) })
    }
}

/// The result of the acts.
#[derive(Debug)]
pub struct Transport {
    /// The peer's id, which the acts proved.
    pub node_id: NodeId,
    /// The channel for all later messages.
    pub channel: Channel,
}
