//! The bare cryptography of a handshake over the encrypted transport: the work that no implementation can avoid, in the
//! cheapest order, with the crates that our code uses but without our code.
//!
//! One key is encoded and one secret shared (ElligatorSwift); six keys are derived from it (HKDF); each packet has its
//! length and its body encrypted (`ChaCha20`) and a tag (`Poly1305`), the first of each side with the garbage in it.

use bitcoin::v2::cipher::OVERHEAD;
use bitcoin::v2::keys::{Encoding, TERMINATOR_LEN};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use handshake::Role;
use hkdf::Hkdf;
use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use secp256k1::SecretKey;
use secp256k1::ellswift::{ElligatorSwift, Party};
use sha2::Sha256;

use crate::v2_talk::Side;

const LENGTH_LEN: usize = 3;
const TAG_LEN: usize = 16;

/// Decrypts the other side's bytes in place, and appends the bytes of this side.
pub fn compute(ours: &Side, theirs: &Side, magic: [u8; 4], heard: &mut [u8], said: &mut Vec<u8>) {
    let secret = SecretKey::from_secret_bytes(ours.secret).expect("it is below the order of the curve");
    let our_key = ElligatorSwift::from_seckey(secret, Some(ours.auxiliary));
    let (their_key, rest) = heard.split_first_chunk_mut().expect("a key");
    let keys = Keys::derive(ours.role, secret, our_key, their_key, magic);
    said.extend_from_slice(&our_key.to_array());
    said.extend_from_slice(&ours.garbage);
    said.extend_from_slice(&keys.our_terminator);
    let mut seal = Packets::new(&keys.ours);
    let mut aad = &*ours.garbage;
    for contents in &ours.contents {
        seal.seal(aad, contents, said);
        aad = &[];
    }
    let (garbage, mut rest) = rest.split_at_mut(theirs.garbage.len());
    assert_eq!(rest[..TERMINATOR_LEN], keys.their_terminator, "the keys are right");
    rest = &mut rest[TERMINATOR_LEN..];
    let mut open = Packets::new(&keys.theirs);
    let mut aad = &*garbage;
    for contents in &theirs.contents {
        let (packet, next) = rest.split_at_mut(OVERHEAD + contents.len());
        open.open(aad, packet);
        (aad, rest) = (&[], next);
    }
}

struct Keys {
    /// The keys of lengths and bodies.
    ours: [[u8; 32]; 2],
    theirs: [[u8; 32]; 2],
    our_terminator: [u8; TERMINATOR_LEN],
    their_terminator: [u8; TERMINATOR_LEN],
}

impl Keys {
    fn derive(role: Role, secret: SecretKey, ours: ElligatorSwift, theirs: &Encoding, magic: [u8; 4]) -> Self {
        let theirs = ElligatorSwift::from_array(*theirs);
        let shared = match role {
            Role::Initiator => ElligatorSwift::shared_secret(ours, theirs, secret, Party::Initiator),
            Role::Responder => ElligatorSwift::shared_secret(theirs, ours, secret, Party::Responder),
        };
        let salt = [&b"bitcoin_v2_shared_secret"[..], &magic].concat();
        let keys = Hkdf::<Sha256>::new(Some(&salt), shared.as_secret_bytes());
        let array = |info: &str| {
            let mut key = [0; 32];
            keys.expand(info.as_bytes(), &mut key).expect("HKDF gives up to 8160 bytes");
            key
        };
        let initiator = [array("initiator_L"), array("initiator_P")];
        let responder = [array("responder_L"), array("responder_P")];
        let terminators = array("garbage_terminators");
        let [first, second] =
            [terminators.first_chunk(), terminators.last_chunk()].map(|half| *half.expect("16 of 32"));
        std::hint::black_box(array("session_id"));
        match role {
            Role::Initiator => {
                Self { ours: initiator, theirs: responder, our_terminator: first, their_terminator: second }
            }
            Role::Responder => {
                Self { ours: responder, theirs: initiator, our_terminator: second, their_terminator: first }
            }
        }
    }
}

/// The packets of one direction: far fewer than the 224 of one key.
struct Packets<'k> {
    lengths: ChaCha20,
    key: &'k [u8; 32],
    count: u8,
}

impl<'k> Packets<'k> {
    fn new([lengths, key]: &'k [[u8; 32]; 2]) -> Self {
        Self { lengths: ChaCha20::new(lengths.into(), &[0; 12].into()), key, count: 0 }
    }

    fn seal(&mut self, aad: &[u8], contents: &[u8], said: &mut Vec<u8>) {
        let start = said.len();
        let [a, b, c, ..] = contents.len().to_le_bytes();
        said.extend_from_slice(&[a, b, c, 0]);
        said.extend_from_slice(contents);
        let (length, body) = said[start..].split_at_mut(LENGTH_LEN);
        self.lengths.apply_keystream(length);
        let (mac, stream) = self.next(aad);
        apply(body, &stream);
        said.extend_from_slice(&tag(mac, aad, &said[start + LENGTH_LEN..]));
    }

    fn open(&mut self, aad: &[u8], packet: &mut [u8]) {
        let (length, rest) = packet.split_at_mut(LENGTH_LEN);
        self.lengths.apply_keystream(length);
        let (body, theirs) = rest.split_at_mut(rest.len() - TAG_LEN);
        let (mac, stream) = self.next(aad);
        assert_eq!(tag(mac, aad, body), *theirs, "it is authentic");
        apply(body, &stream);
    }

    /// The MAC and the keystream of the next packet, made at once, as no packet of a handshake is longer.
    fn next(&mut self, aad: &[u8]) -> (Poly1305, [u8; 256]) {
        let nonce = [self.count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        self.count += 1;
        let mut stream = [0; 256];
        ChaCha20::new(self.key.into(), &nonce.into()).apply_keystream(&mut stream);
        let mut mac = Poly1305::new(stream[..32].try_into().expect("32 of 256 bytes"));
        mac.update_padded(aad);
        (mac, stream)
    }
}

/// Encrypts or decrypts a body: the first block of the keystream is the tag's.
fn apply(body: &mut [u8], stream: &[u8; 256]) {
    let stream = &stream[64..];
    assert!(body.len() <= stream.len(), "it is a packet of a handshake");
    for (byte, key) in body.iter_mut().zip(stream) {
        *byte ^= key;
    }
}

fn tag(mut mac: Poly1305, aad: &[u8], body: &[u8]) -> [u8; TAG_LEN] {
    mac.update_padded(body);
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&(aad.len() as u64).to_le_bytes());
    lengths[8..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    mac.update(&[lengths.into()]);
    mac.finalize().into()
}

#[cfg(test)]
mod tests {
    use bitcoin::Chain;
    use bitcoin::v2::MAX_GARBAGE_LEN;

    use super::compute;
    use crate::flights::CHAIN;
    use crate::v2_talk::Side;

    #[test]
    fn the_bare_cryptography_says_what_the_handshake_says() {
        let magic = Chain::named(CHAIN).unwrap().params.magic.0;
        for lengths in [[0, 0], [17, 100], [MAX_GARBAGE_LEN, MAX_GARBAGE_LEN]] {
            let [initiator, responder] = Side::both(lengths.map(|len| vec![0xa5; len]));
            assert_eq!([initiator.contents.len(), responder.contents.len()], [5, 5]);
            for (ours, theirs) in [(&initiator, &responder), (&responder, &initiator)] {
                let mut said = Vec::new();
                compute(ours, theirs, magic, &mut theirs.said.clone(), &mut said);
                assert_eq!(said, ours.said);
            }
        }
    }
}
