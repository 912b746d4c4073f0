//! The first flight of each side: a key, and garbage behind it.

use alloc::vec::Vec;
use core::mem;

use handshake::{Role, Rx, Step};

use super::contents::is_name;
use super::keys::{Encoding, KEY_LEN, KeyPair};
use super::secured::Secured;
use super::{Error, Phase, Start};
use crate::Halt;
use crate::chain::{Magic, Params};
use crate::error::Banner;
use crate::message::Command;

/// Our key is said, and theirs awaited.
#[derive(Debug)]
pub(super) struct KeyExchange {
    start: Start,
    /// Ours, once it is said.
    said: Option<KeyPair>,
}

impl KeyExchange {
    pub(super) fn new(start: Start) -> Self {
        Self { start, said: None }
    }

    /// Whether our key is said.
    pub(super) fn is_said(&self) -> bool {
        self.said.is_some()
    }

    pub(super) fn step(
        &mut self,
        role: Role,
        params: &Params,
        rx: &mut Rx<'_>,
        tx: &mut Vec<u8>,
    ) -> Result<Step<Phase, Secured>, crate::Error> {
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

/// Their key, unless something else comes in its place.
fn hear(params: &Params, rx: &mut Rx<'_>) -> Result<Encoding, Halt> {
    is_it_a_key(rx.peek()?, params)?;
    let theirs = rx.take(KEY_LEN)?;
    Ok((&*theirs).try_into().expect("64 bytes"))
}

/// Refuses what starts as a plaintext message does, or in the words of another protocol. None of these are a key's start
/// by chance: that would take 2^80 connections.
fn is_it_a_key(first: &[u8; 16], params: &Params) -> Result<(), crate::Error> {
    let (magic, name) = first.split_first_chunk().expect("4 of 16 bytes");
    let name: &[u8; 12] = name.try_into().expect("12 of 16 bytes");
    let (found, expected) = (Magic(*magic), params.magic);
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    match Banner::of(*magic) {
        _ if found == expected && is_name(name) => Err(Error::V1Only.into()),
        _ if *name == Command::VERSION.0 => Err(crate::Error::Magic { found, expected }),
        Some(banner) if name.iter().all(is_text) => Err(crate::Error::NotBitcoin(banner)),
        _ => Ok(()),
    }
}

/// What it was that sent no whole key.
pub(super) fn what_else(rest: &[u8]) -> Option<crate::Error> {
    rest.first_chunk().and_then(|first| Banner::of(*first)).map(crate::Error::NotBitcoin)
}
