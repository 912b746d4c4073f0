//! What scripted peers say and hear on the encrypted transport: right words, made with the protocol's own crate, and
//! the ways to bend them. (BIP324)

use bitcoin::v2::cipher::OVERHEAD;
use bitcoin::v2::keys::{Session, TERMINATOR_LEN};
use bitcoin::v2::{Encoding, Garbage, KeyPair, Keys, MAX_GARBAGE_LEN, Packet, Start, contents};
use bitcoin::{Command, Magic};
use handshake::{Role, Rx};

use crate::random::Random;

/// Something to say. What it is in bytes, the keys of a conversation decide.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// Its key.
    Key,
    /// So many bytes that mean nothing.
    Garbage(usize),
    /// All but the last byte of what ends its garbage, so many times. It is garbage, too.
    AlmostTerminator(usize),
    /// What ends its garbage.
    Terminator,
    /// A packet with these contents. The first of all authenticates the garbage.
    Packet(Vec<u8>),
    /// A packet that is to be ignored, with so many bytes of contents.
    Decoy(usize),
    /// Another word, bent.
    Bent(Box<Word>, Bend),
}

impl Word {
    /// Says that from now on there are messages. It is empty in the only version that there is.
    pub(crate) const VERSION_PACKET: Self = Self::Packet(Vec::new());

    pub(crate) fn bent(self, bend: Bend) -> Self {
        Self::Bent(Box::new(self), bend)
    }
}

/// What may be wrong with a word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bend {
    /// Its last byte is another. That of a packet belongs to its tag.
    LastByte,
    /// It lacks so many bytes at its end.
    Lacks(usize),
    /// It is a packet whose contents are as long as this, if one believes it.
    Claims(u32),
}

/// A scripted peer's side of an encrypted connection.
#[derive(Debug)]
pub(crate) struct Encrypted {
    role: Role,
    random: Random,
    keys: KeyPair,
    /// Once the other side's key is heard.
    session: Option<Session>,
    /// What its next packet authenticates.
    aad: Vec<u8>,
    /// Whether the end of the other side's garbage is heard.
    hears_packets: bool,
}

impl Encrypted {
    /// Keys that are others in each conversation.
    pub(crate) fn new(role: Role, turn: usize) -> Self {
        let mut random = Random::new(turn as u64);
        let keys = keys(&mut random).encode();
        Self { role, random, keys, session: None, aad: Vec::new(), hears_packets: false }
    }

    /// Takes in the other side's key; both are on this network.
    pub(crate) fn hear_key(&mut self, theirs: &Encoding, magic: Magic) {
        self.session = Some(self.keys.agree(self.role, theirs, magic));
    }

    /// What a word is in bytes.
    pub(crate) fn say(&mut self, word: &Word) -> Vec<u8> {
        match word {
            Word::Key => self.keys.encoding().to_vec(),
            Word::Garbage(len) => {
                let garbage = self.random.bytes(*len);
                self.garbage(garbage)
            }
            Word::AlmostTerminator(times) => {
                // Its last byte must be another: else the next repetition's first could be it by chance.
                let mut almost = self.session().our_terminator;
                almost[TERMINATOR_LEN - 1] ^= 0xff;
                let garbage = almost.repeat(*times);
                self.garbage(garbage)
            }
            Word::Terminator => self.session().our_terminator.to_vec(),
            Word::Packet(contents) => self.packet(false, contents),
            Word::Decoy(len) => self.packet(true, &vec![0; *len]),
            Word::Bent(word, bend) => bent(self.say(word), *bend),
        }
    }

    fn garbage(&mut self, garbage: Vec<u8>) -> Vec<u8> {
        self.aad.extend_from_slice(&garbage);
        garbage
    }

    fn packet(&mut self, ignore: bool, contents: &[u8]) -> Vec<u8> {
        let aad = std::mem::take(&mut self.aad);
        let mut packet = Vec::new();
        self.session().seal.seal(&aad, ignore, &mut packet, |packet| packet.extend_from_slice(contents));
        packet
    }

    /// Takes the next whole message that is not ignored.
    pub(crate) fn next_message(&mut self, arrived: &mut Vec<u8>) -> Option<(Command, Vec<u8>)> {
        if !self.hears_packets {
            let session = self.session();
            let garbage = arrived.windows(TERMINATOR_LEN).position(|end| end == session.their_terminator)?;
            session.open.authenticate(&arrived[..garbage]);
            arrived.drain(..garbage + TERMINATOR_LEN);
            self.hears_packets = true;
        }
        loop {
            let mut rx = Rx::new(arrived);
            let Ok(Packet::Whole { ignore, contents }) = self.session().open.read(&mut rx) else {
                return None;
            };
            let message = contents::read(contents).filter(|_| !ignore);
            let message = message.map(|(command, payload)| (command, payload.to_vec()));
            let taken = rx.taken();
            arrived.drain(..taken);
            if message.is_some() {
                return message;
            }
        }
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("scripts hear a key before they need it")
    }
}

fn bent(mut word: Vec<u8>, bend: Bend) -> Vec<u8> {
    match bend {
        Bend::LastByte => *word.last_mut().expect("scripts bend what is not empty") ^= 1,
        Bend::Lacks(bytes) => word.truncate(word.len() - bytes),
        Bend::Claims(len) => {
            // The cipher of the lengths is a stream: who knows what was said can make it say anything else.
            let said = u32::try_from(word.len() - OVERHEAD).expect("scripts say less than 4 GiB");
            for (byte, change) in word.iter_mut().zip((said ^ len).to_le_bytes()).take(3) {
                *byte ^= change;
            }
        }
    }
    word
}

/// What a healthy node starts with: keys, garbage of any length and now and then a decoy, others in each conversation.
pub(crate) fn start(turn: usize) -> Start {
    let mut random = Random::new(turn as u64);
    let keys = keys(&mut random);
    let garbage = up_to(MAX_GARBAGE_LEN, &mut random);
    let decoys = (0..random.choose(&[0, 0, 0, 1, 3])).map(|_| up_to(100, &mut random).into()).collect();
    Start { keys, garbage: Garbage::new(garbage).expect("at most MAX_GARBAGE_LEN bytes"), decoys }
}

fn up_to(most: usize, random: &mut Random) -> Vec<u8> {
    let len = random.next() % (most as u64 + 1);
    random.bytes(usize::try_from(len).expect("at most a usize"))
}

fn keys(random: &mut Random) -> Keys {
    let mut bytes = || *random.bytes(32).first_chunk().expect("32 bytes");
    Keys::new(bytes(), bytes()).expect("one in 2^128 is no secret key")
}
