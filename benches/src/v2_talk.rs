//! A handshake over the encrypted transport, run once in memory: the start of each side, and all its bytes.

use bitcoin::v2::{Garbage, Keys, Phase, Start, contents};
use bitcoin::{Event, Local, V2};
use handshake::{Conversation, Role, Rx, Step};

use crate::flights;

/// One side of it.
pub struct Side {
    pub role: Role,
    pub secret: [u8; 32],
    pub auxiliary: [u8; 32],
    pub garbage: Vec<u8>,
    /// The contents of each of its packets.
    pub contents: Vec<Vec<u8>>,
    /// All of its bytes.
    pub said: Vec<u8>,
    local: Local,
}

impl Side {
    /// The initiator and the responder, with this garbage. Their keys are fixed, as no secret is needed.
    pub fn both([ours, theirs]: [Vec<u8>; 2]) -> [Self; 2] {
        let mut initiator = Self::new(Role::Initiator, 1, ours, flights::ours());
        let mut responder = Self::new(Role::Responder, 3, theirs, flights::theirs());
        let [mut dialling, mut dialled] = [initiator.handshake(), responder.handshake()];
        let [mut to_us, mut to_them] = [Vec::new(), Vec::new()];
        // Key; terminator, version packet and `version`; the rest.
        for _ in 0..3 {
            initiator.turn(&mut dialling, &mut to_us, &mut to_them);
            responder.turn(&mut dialled, &mut to_them, &mut to_us);
        }
        [initiator, responder]
    }

    fn new(role: Role, byte: u8, garbage: Vec<u8>, local: Local) -> Self {
        let [secret, auxiliary] = [[byte; 32], [byte + 1; 32]];
        Self { role, secret, auxiliary, garbage, contents: Vec::new(), said: Vec::new(), local }
    }

    /// The handshake from its beginning.
    pub fn handshake(&self) -> V2 {
        let keys = Keys::new(self.secret, self.auxiliary).expect("it is below the order of the curve");
        let garbage = Garbage::new(&*self.garbage).expect("at most 4095 bytes");
        V2::new(self.role, self.local.clone(), Start::new(keys, garbage))
    }

    /// Continues with the received bytes.
    fn turn(&mut self, handshake: &mut V2, heard: &mut Vec<u8>, to_peer: &mut Vec<u8>) {
        let before = to_peer.len();
        let mut rx = Rx::new(heard);
        while let Step::Event(event) = handshake.step(&mut rx, to_peer).expect("both sides keep to the protocol") {
            match event {
                Event::Transport(Phase::SentVersionPacket) => self.contents.push(Vec::new()),
                Event::Said(message) => {
                    let mut packet = Vec::new();
                    contents::write_name(message.command(), &mut packet);
                    message.write(&self.local.tail, &mut packet);
                    self.contents.push(packet);
                }
                _ => {}
            }
        }
        let taken = rx.taken();
        heard.drain(..taken);
        self.said.extend_from_slice(&to_peer[before..]);
    }
}
