//! Packets: encrypted for the peer, and decrypted from it. (BIP324: FSChaCha20Poly1305 and FSChaCha20)
//!
//! ```text
//! contents' length 3, LE, encrypted | header 1, contents: encrypted | tag 16
//! ```
//! The keys change after every 224 packets, so that a leaked key does not reveal earlier packets.

use alloc::vec::Vec;
use core::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use handshake::{Rx, Short, Unfinished};
use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use zeroize::Zeroizing;

use super::contents::LONG_NAME_LEN;
use super::error::Error;
use crate::ReadError;
use crate::message::{MAX_PAYLOAD_LEN, MAX_WHOLE_LEN};

/// Contents bytes of an accepted packet, at most: a message's name in its long form and the longest payload. The length
/// field could hold 2^24 - 1. (Core: net.cpp V2Transport, MAX_CONTENTS_LEN)
pub const MAX_CONTENTS_LEN: u32 = LONG_NAME_LEN + MAX_PAYLOAD_LEN;

/// Bytes of a packet besides its contents.
pub const OVERHEAD: usize = LENGTH_LEN + HEADER_LEN + TAG_LEN;

const LENGTH_LEN: usize = 3;
const HEADER_LEN: usize = 1;
const TAG_LEN: usize = 16;

/// Bytes that Poly1305 processes at once.
const BLOCK_LEN: usize = 16;

/// The header bit that marks a decoy. All others are ignored. (BIP324)
const IGNORE: u8 = 0x80;

/// Packets after which a key is changed. (BIP324: REKEY_INTERVAL)
const REKEY_INTERVAL: u32 = 224;

/// Our half of a channel: makes packets.
pub struct Seal {
    lengths: Lengths,
    bodies: Bodies,
}

impl Seal {
    pub(super) fn new(length_key: &[u8; 32], body_key: &[u8; 32]) -> Self {
        Self { lengths: Lengths::new(length_key, 0), bodies: Bodies::new(body_key) }
    }

    /// Appends a packet with the contents that `write` appends. `ignore` makes it a decoy. `aad` is authenticated with
    /// it but not sent: our garbage with the first packet, nothing later.
    ///
    /// # Panics
    /// If the contents are longer than the length field can hold, 2^24 - 1 bytes. No node accepts more than
    /// [`MAX_CONTENTS_LEN`].
    pub fn seal(&mut self, aad: &[u8], ignore: bool, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = tx.len();
        tx.extend_from_slice(&[0, 0, 0, if ignore { IGNORE } else { 0 }]);
        write(tx);
        let (length, body) = tx[start..].split_first_chunk_mut::<LENGTH_LEN>().expect("just written");
        let len = u32::try_from(body.len() - HEADER_LEN).ok().filter(|len| *len < 1 << 24);
        [length[0], length[1], length[2], _] = len.expect("contents are shorter than 2^24 bytes").to_le_bytes();
        self.lengths.apply(length);
        let tag = self.bodies.next(aad).seal(body);
        tx.extend_from_slice(&tag);
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// The peer's half of a channel: decrypts packets as they arrive.
pub struct Open {
    lengths: Lengths,
    bodies: Bodies,
    /// Contents up to this length are read whole.
    whole: u32,
    place: Place,
}

/// The position of the next byte in the stream of packets.
enum Place {
    /// Before a packet's length. `Body` is there if its AAD has been authenticated already.
    Length(Option<Body>),
    /// Before a packet's body; the length is decrypted.
    Body(u32, Option<Body>),
    /// In a long packet: this many bytes before its tag, with contents of this length in all.
    Long(Body, usize, u32),
}

/// What [`Open::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'r> {
    /// A packet, which is authentic.
    Whole {
        /// Whether it is a decoy.
        ignore: bool,
        /// Its contents.
        contents: &'r [u8],
    },
    /// The start of a packet that is too long to be read whole and will be skipped. It is authenticated only at its
    /// end.
    Long {
        /// Whether it is a decoy.
        ignore: bool,
        /// The first 15 bytes of its contents.
        head: &'r [u8],
        /// The length of its contents.
        len: u32,
    },
    /// This many bytes of that packet were skipped.
    Skipped {
        /// Bytes taken.
        bytes: usize,
        /// Whether they were the last, and the packet is authentic.
        over: bool,
    },
}

impl Open {
    pub(super) fn new(length_key: &[u8; 32], body_key: &[u8; 32]) -> Self {
        Self {
            lengths: Lengths::new(length_key, 0),
            bodies: Bodies::new(body_key),
            whole: LONG_NAME_LEN + MAX_WHOLE_LEN,
            place: Place::Length(None),
        }
    }

    /// From now on, contents up to this length are waited for and read whole, and longer ones skipped as they arrive.
    /// The initial limit is 2061, the most that a handshake needs. It is never lower, and never over
    /// [`MAX_CONTENTS_LEN`].
    pub fn wait_for(&mut self, contents: u32) {
        self.whole = contents.clamp(LONG_NAME_LEN + MAX_WHOLE_LEN, MAX_CONTENTS_LEN);
    }

    /// Authenticates `aad` with the next packet: the peer's garbage with its first.
    pub fn authenticate(&mut self, aad: &[u8]) {
        self.place = Place::Length(Some(self.bodies.next(aad)));
    }

    /// The unfinished packet, of which `rest` are the last bytes.
    #[must_use]
    pub fn unfinished(&self, what: &'static str, rest: &[u8]) -> Option<Unfinished> {
        match &self.place {
            Place::Long(_, left, len) => {
                let len = OVERHEAD + usize::try_from(*len).ok()?;
                Some(Unfinished::new(what, len - (*left + TAG_LEN) + rest.len(), len))
            }
            _ if rest.is_empty() => None,
            Place::Length(_) => Some(Unfinished::new(what, rest.len(), None)),
            Place::Body(len, _) => Some(Unfinished::new(what, rest.len(), OVERHEAD + usize::try_from(*len).ok()?)),
        }
    }

    /// The next packet, decrypted in place, or a part of a long one.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if its length is over [`MAX_CONTENTS_LEN`], before waiting for
    /// its body, or if it is not authentic. After an error nothing more can be read.
    pub fn read<'b>(&mut self, rx: &mut Rx<'b>) -> Result<Packet<'b>, ReadError> {
        loop {
            match &mut self.place {
                Place::Length(body) => {
                    let mut length = *rx.peek::<LENGTH_LEN>()?;
                    self.lengths.apply(&mut length);
                    let [a, b, c] = length;
                    let len = u32::from_le_bytes([a, b, c, 0]);
                    if len > MAX_CONTENTS_LEN {
                        return Err(Error::TooLong { len }.into());
                    }
                    self.place = Place::Body(len, body.take());
                }
                Place::Body(len, body) if *len <= self.whole => {
                    let packet = rx.take(OVERHEAD + usize::try_from(*len).expect("24 bits"))?;
                    let body = body.take().unwrap_or_else(|| self.bodies.next(&[]));
                    self.place = Place::Length(None);
                    let opened = body.open(&mut packet[LENGTH_LEN..]).ok_or(Error::Tag)?;
                    let (header, contents) = opened.split_first().expect("a body has a header");
                    return Ok(Packet::Whole { ignore: header & IGNORE != 0, contents });
                }
                Place::Body(len, body) => {
                    let len = *len;
                    let start = rx.take(LENGTH_LEN + BLOCK_LEN)?;
                    let mut body = body.take().unwrap_or_else(|| self.bodies.next(&[]));
                    let block = &mut start[LENGTH_LEN..];
                    body.skip(block);
                    body.apply(block);
                    let left = HEADER_LEN + usize::try_from(len).expect("24 bits") - BLOCK_LEN;
                    self.place = Place::Long(body, left, len);
                    let (header, head) = block.split_first().expect("16 bytes");
                    return Ok(Packet::Long { ignore: header & IGNORE != 0, head, len });
                }
                Place::Long(body, left, _) if rx.len() >= *left + TAG_LEN => {
                    let rest = rx.take(*left + TAG_LEN)?;
                    let (text, tag) = rest.split_last_chunk::<TAG_LEN>().expect("at least the tag");
                    body.skip(text);
                    if !body.is_authentic(tag) {
                        return Err(Error::Tag.into());
                    }
                    self.place = Place::Length(None);
                    return Ok(Packet::Skipped { bytes: rest.len(), over: true });
                }
                Place::Long(body, left, _) => {
                    let blocks = rx.len().min(*left) / BLOCK_LEN * BLOCK_LEN;
                    if blocks == 0 {
                        let need = if *left >= BLOCK_LEN { BLOCK_LEN } else { *left + TAG_LEN };
                        return Err(Short(need - rx.len()).into());
                    }
                    body.skip(rx.take(blocks)?);
                    *left -= blocks;
                    return Ok(Packet::Skipped { bytes: blocks, over: false });
                }
            }
        }
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}

/// The cipher of the lengths: one stream for all packets of an epoch. (BIP324: FSChaCha20)
struct Lengths {
    stream: ChaCha20,
    /// Packets of this epoch.
    packets: u32,
    epoch: u64,
}

impl Lengths {
    fn new(key: &[u8; 32], epoch: u64) -> Self {
        Self { stream: ChaCha20::new(key.into(), &nonce(0, epoch).into()), packets: 0, epoch }
    }

    fn apply(&mut self, length: &mut [u8; LENGTH_LEN]) {
        self.stream.apply_keystream(length);
        self.packets += 1;
        if self.packets == REKEY_INTERVAL {
            let mut key = Zeroizing::new([0; 32]);
            self.stream.apply_keystream(&mut *key);
            *self = Self::new(&key, self.epoch + 1);
        }
    }
}

/// The cipher of headers and contents: one stream for each packet. (BIP324: FSChaCha20Poly1305)
struct Bodies {
    key: Zeroizing<[u8; 32]>,
    /// Packets of this epoch.
    packets: u32,
    epoch: u64,
}

impl Bodies {
    fn new(key: &[u8; 32]) -> Self {
        Self { key: Zeroizing::new(*key), packets: 0, epoch: 0 }
    }

    /// The cipher of the next packet.
    fn next(&mut self, aad: &[u8]) -> Body {
        let body = Body::new(self.stream(self.packets), aad);
        self.packets += 1;
        if self.packets == REKEY_INTERVAL {
            let mut body = Body::new(self.stream(u32::MAX), &[]);
            self.key.fill(0);
            body.apply(&mut *self.key);
            self.packets = 0;
            self.epoch += 1;
        }
        body
    }

    fn stream(&self, packet: u32) -> ChaCha20 {
        ChaCha20::new((&*self.key).into(), &nonce(packet, self.epoch).into())
    }
}

fn nonce(packet: u32, epoch: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&packet.to_le_bytes());
    nonce[4..].copy_from_slice(&epoch.to_le_bytes());
    nonce
}

/// The cipher state of one packet's header and contents. (RFC 8439, 2.8)
struct Body {
    /// Positioned after the first [`AHEAD_BLOCKS`] blocks. The first of them was the key of `mac`.
    stream: ChaCha20,
    /// The keystream of the other blocks,
    ahead: [u8; AHEAD_LEN],
    /// and the number of its bytes that were used.
    used: usize,
    mac: Poly1305,
    aad_len: u64,
    len: u64,
}

/// A CPU with vector instructions makes four blocks of keystream in little more time than one, and most packets of a
/// handshake need no more: one block for the tag's key, the others for the contents.
const AHEAD_BLOCKS: usize = 4;

const STREAM_BLOCK_LEN: usize = 64;

const AHEAD_LEN: usize = (AHEAD_BLOCKS - 1) * STREAM_BLOCK_LEN;

impl Body {
    fn new(mut stream: ChaCha20, aad: &[u8]) -> Self {
        let mut blocks = [0; AHEAD_BLOCKS * STREAM_BLOCK_LEN];
        stream.apply_keystream(&mut blocks);
        let mut mac = Poly1305::new(blocks[..32].try_into().expect("32 of 256 bytes"));
        mac.update_padded(aad);
        let ahead = *blocks.last_chunk().expect("192 of 256 bytes");
        Self { stream, ahead, used: 0, mac, aad_len: aad.len() as u64, len: 0 }
    }

    /// Encrypts or decrypts the next bytes.
    fn apply(&mut self, text: &mut [u8]) {
        let ahead = &self.ahead[self.used..];
        let (start, rest) = text.split_at_mut(text.len().min(ahead.len()));
        for (byte, key) in start.iter_mut().zip(ahead) {
            *byte ^= key;
        }
        self.used += start.len();
        self.stream.apply_keystream(rest);
    }

    /// Encrypts `text`; returns the tag.
    fn seal(mut self, text: &mut [u8]) -> [u8; TAG_LEN] {
        self.apply(text);
        self.skip(text);
        self.lengths();
        self.mac.finalize().into()
    }

    /// Decrypts the packet, if its tag is right.
    fn open(mut self, packet: &mut [u8]) -> Option<&[u8]> {
        let (text, tag) = packet.split_last_chunk_mut::<TAG_LEN>()?;
        self.skip(text);
        if !self.is_authentic(tag) {
            return None;
        }
        self.apply(text);
        Some(text)
    }

    /// Authenticates ciphertext, in whole blocks except for the last.
    fn skip(&mut self, text: &[u8]) {
        self.mac.update_padded(text);
        self.len += text.len() as u64;
    }

    /// Whether this is the tag of the ciphertext so far. In constant time.
    fn is_authentic(&mut self, tag: &[u8; TAG_LEN]) -> bool {
        self.lengths();
        self.mac.clone().verify(tag.into()).is_ok()
    }

    fn lengths(&mut self) {
        let mut block = [0; BLOCK_LEN];
        block[..8].copy_from_slice(&self.aad_len.to_le_bytes());
        block[8..].copy_from_slice(&self.len.to_le_bytes());
        self.mac.update(&[block.into()]);
    }
}
