//! The first flight of each side: a key, and garbage after it.

use alloc::vec::Vec;
use core::mem;

use handshake::{BANNER_LEN, Banner, Role, Rx, Step};

use super::keys::{Encoding, KEY_LEN, KeyPair};
use super::secured::Secured;
use super::{Error, Phase, Start};
use crate::ReadError;
use crate::chain::{Magic, Params};
use crate::message::Command;

/// We sent our key and wait for the peer's.
#[derive(Debug)]
pub(super) struct KeyExchange {
    start: Start,
    /// Our key pair, once its public key is sent.
    said: Option<KeyPair>,
    /// Whether anything has arrived.
    heard: bool,
}

impl KeyExchange {
    pub(super) fn new(start: Start) -> Self {
        Self { start, said: None, heard: false }
    }

    /// Whether we have sent our key.
    pub(super) fn is_said(&self) -> bool {
        self.said.is_some()
    }

    /// Whether anything has arrived.
    pub(super) fn has_heard(&self) -> bool {
        self.heard
    }

    pub(super) fn step(
        &mut self,
        role: Role,
        params: &Params,
        rx: &mut Rx<'_>,
        tx: &mut Vec<u8>,
    ) -> Result<Step<Phase, Secured>, crate::Error> {
        self.heard |= !rx.is_empty();
        let Some(ours) = &self.said else {
            let keys = self.start.keys.encode();
            let garbage = self.start.garbage.as_bytes();
            tx.extend_from_slice(keys.encoding());
            tx.extend_from_slice(garbage);
            self.said = Some(keys);
            return Ok(Step::Event(Phase::SentKey { garbage: garbage.len() }));
        };
        let theirs = match hear(params, rx) {
            Ok(theirs) => theirs,
            Err(halt) => return halt.into_step(),
        };
        if theirs == *ours.encoding() {
            return Err(Error::Echo.into());
        }
        let shared = ours.share(role, &theirs);
        let (garbage, decoys) = (mem::take(&mut self.start.garbage), mem::take(&mut self.start.decoys));
        Ok(Step::Done(Secured::new(shared, role, params.magic, garbage, decoys)))
    }
}

/// The peer's key; an error if other bytes come in its place.
fn hear(params: &Params, rx: &mut Rx<'_>) -> Result<Encoding, ReadError> {
    is_it_a_key(rx.peek()?, params)?;
    let theirs = rx.take(KEY_LEN)?;
    Ok((&*theirs).try_into().expect("64 bytes"))
}

/// Refuses a start that is a plaintext message's or another protocol's. A key may start like that by chance: one key of
/// 2^35 looks like JSON, one of 2^49 like a message of our network.
fn is_it_a_key(first: &[u8; BANNER_LEN], params: &Params) -> Result<(), crate::Error> {
    let (magic, name) = first.split_first_chunk().expect("4 of 16 bytes");
    let name = Command(name.try_into().expect("12 of 16 bytes"));
    let (found, expected) = (Magic(*magic), params.magic);
    if found == expected && name.is_name() {
        return Err(Error::V1Only.into());
    }
    if name == Command::VERSION {
        return Err(crate::Error::Magic { found, expected });
    }
    Banner::of(first).map_or(Ok(()), |banner| Err(crate::Error::NotBitcoin(banner)))
}

/// What kind of peer sent no whole key.
pub(super) fn what_else(rest: &[u8]) -> Option<crate::Error> {
    Banner::of(rest).map(crate::Error::NotBitcoin)
}
