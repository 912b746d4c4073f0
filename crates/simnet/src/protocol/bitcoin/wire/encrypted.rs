//! The data of scripted peers on the encrypted transport: valid data, made with the protocol's own crate, and ways to
//! modify it. (BIP324)

use bitcoin::v2::cipher::OVERHEAD;
use bitcoin::v2::keys::{Session, TERMINATOR_LEN};
use bitcoin::v2::{Encoding, Garbage, KeyPair, Keys, MAX_GARBAGE_LEN, Packet, Start, contents};
use bitcoin::{Command, Magic};
use handshake::{Role, Rx};

use crate::random::Random;

/// Something to send. The keys of a conversation determine its bytes.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// Its key.
    Key,
    /// This many bytes of garbage.
    Garbage(usize),
    /// The garbage terminator without its last byte, this many times. It is garbage, too.
    AlmostTerminator(usize),
    /// The garbage terminator.
    Terminator,
    /// A packet with these contents. The first packet authenticates the garbage.
    Packet(Vec<u8>),
    /// A decoy with this many bytes of contents.
    Decoy(usize),
    /// Another word, modified.
    Bent(Box<Word>, Bend),
}

impl Word {
    /// The version packet, after which messages follow. It is empty in the only version.
    pub(crate) const VERSION_PACKET: Self = Self::Packet(Vec::new());

    pub(crate) fn bent(self, bend: Bend) -> Self {
        Self::Bent(Box::new(self), bend)
    }
}

/// A modification of a word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bend {
    /// Changes its last byte. In a packet that byte belongs to the tag.
    LastByte,
    /// Removes this many bytes from its end.
    Lacks(usize),
    /// A packet that claims this length of its contents.
    Claims(u32),
}

/// A scripted peer's side of an encrypted connection.
#[derive(Debug)]
pub(crate) struct Encrypted {
    role: Role,
    random: Random,
    keys: KeyPair,
    /// Set once the other side's key has come.
    session: Option<Session>,
    /// Authenticated with its next packet.
    aad: Vec<u8>,
    /// Whether the other side's garbage terminator has come.
    hears_packets: bool,
}

impl Encrypted {
    /// Different keys for each conversation.
    pub(crate) fn new(role: Role, turn: usize) -> Self {
        let mut random = Random::new(turn as u64);
        let keys = keys(&mut random).encode();
        Self { role, random, keys, session: None, aad: Vec::new(), hears_packets: false }
    }

    /// Processes the other side's key; both are on this network.
    pub(crate) fn hear_key(&mut self, theirs: &Encoding, magic: Magic) {
        self.session = Some(self.keys.agree(self.role, theirs, magic));
    }

    /// The bytes of a word.
    pub(crate) fn say(&mut self, word: &Word) -> Vec<u8> {
        match word {
            Word::Key => self.keys.encoding().to_vec(),
            Word::Garbage(len) => {
                let garbage = self.random.bytes(*len);
                self.garbage(garbage)
            }
            Word::AlmostTerminator(times) => {
                // Its last byte is changed rather than removed: otherwise the first byte of the next repetition could
                // complete it by chance.
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

    /// Takes the next complete message, without decoys.
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
            // The cipher of the lengths is a stream cipher: known plaintext allows any other length to be encrypted.
            let said = u32::try_from(word.len() - OVERHEAD).expect("scripts say less than 4 GiB");
            for (byte, change) in word.iter_mut().zip((said ^ len).to_le_bytes()).take(3) {
                *byte ^= change;
            }
        }
    }
    word
}

/// The start of a healthy node: keys, garbage of any length and sometimes a decoy, different in each conversation.
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
