//! All keys are known: each side ends its garbage, and proves with a packet that it has the keys too.

use alloc::boxed::Box;
use alloc::vec::{self, Vec};
use core::mem;

use handshake::{End, Role, Rx, Short, Step, Unfinished};

use super::cipher::{Open, Packet, Seal};
use super::keys::{Session, SessionId, Shared, TERMINATOR_LEN};
use super::{Error, Garbage, MAX_GARBAGE_LEN, Phase};
use crate::ReadError;
use crate::chain::{CHAINS, Magic};
use crate::channel::{Channel, Reader, Writer, seal_message};
use crate::hello::Hello;
use crate::message::Event;

/// Both keys are known; we wait for the peer's proof.
#[derive(Debug)]
pub(super) struct Secured {
    role: Role,
    magic: Magic,
    shared: Shared,
    session_id: SessionId,
    /// Our half of the future channel.
    seal: Box<Seal>,
    /// The peer's half.
    open: Box<Open>,
    saying: Saying,
    our_terminator: [u8; TERMINATOR_LEN],
    /// Authenticated with our first packet.
    garbage: Garbage,
    /// Sent before our version packet.
    decoys: vec::IntoIter<Box<[u8]>>,
    hearing: Hearing,
    their_terminator: [u8; TERMINATOR_LEN],
}

/// What we send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saying {
    Terminator,
    /// Decoys, then the version packet.
    Packets,
    Messages,
}

/// What the peer sends next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// Garbage. No terminator starts in its first bytes, this many.
    Garbage(usize),
    /// Decoys, then the version packet. `Some` if a long packet of this length has begun.
    Packets(Option<usize>),
}

impl Secured {
    pub(super) fn new(shared: Shared, role: Role, magic: Magic, garbage: Garbage, decoys: Vec<Box<[u8]>>) -> Self {
        let Session { id, our_terminator, their_terminator, seal, open } = shared.derive(role, magic);
        Self {
            role,
            magic,
            shared,
            session_id: id,
            seal: Box::new(seal),
            open: Box::new(open),
            saying: Saying::Terminator,
            our_terminator,
            garbage,
            decoys: decoys.into_iter(),
            hearing: Hearing::Garbage(0),
            their_terminator,
        }
    }

    /// The session id.
    pub(super) fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// The channel for messages, once the peer has proven that it has the keys.
    #[expect(clippy::boxed_local, reason = "what both share is overwritten where it lies, not in a copy")]
    pub(super) fn into_channel(self: Box<Self>) -> Channel {
        let Self { seal, open, session_id, .. } = *self;
        Channel { writer: Writer::V2(seal), reader: Reader::V2(open), session_id: Some(session_id) }
    }

    /// What it waits for, in the terms of BIP324.
    pub(super) fn awaiting(&self) -> &'static str {
        match self.hearing {
            Hearing::Garbage(_) => "garbage terminator",
            Hearing::Packets(_) => "version packet",
        }
    }

    /// One step; it is done with the peer's version packet.
    pub(super) fn step(
        &mut self,
        hello: &mut Hello,
        rx: &mut Rx<'_>,
        tx: &mut Vec<u8>,
    ) -> Result<Step<Event, Phase>, crate::Error> {
        if let Some(phase) = self.say(tx) {
            return Ok(Step::Event(Event::Transport(phase)));
        }
        // The initiator sends `version` with its version packet: to wait for the peer's would cost a round trip.
        if let Some(message) = hello.say() {
            seal_message(&mut self.seal, &message, &hello.local().tail, tx);
            return Ok(Step::Event(Event::Said(message)));
        }
        self.hear(rx).or_else(ReadError::into_step)
    }

    /// What we send before messages.
    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Phase> {
        match self.saying {
            Saying::Terminator => {
                tx.extend_from_slice(&self.our_terminator);
                self.saying = Saying::Packets;
                Some(Phase::SentTerminator)
            }
            Saying::Packets => {
                // BIP324: the garbage is authenticated by the first packet, decoy or not.
                let garbage = mem::take(&mut self.garbage);
                if let Some(decoy) = self.decoys.next() {
                    self.seal.seal(garbage.as_bytes(), true, tx, |tx| tx.extend_from_slice(&decoy));
                    return Some(Phase::SentDecoy { contents: decoy.len() });
                }
                self.seal.seal(garbage.as_bytes(), false, tx, |_| {});
                self.saying = Saying::Messages;
                Some(Phase::SentVersionPacket)
            }
            Saying::Messages => None,
        }
    }

    /// What the peer sends before messages.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Step<Event, Phase>, ReadError> {
        match self.hearing {
            Hearing::Garbage(looked) => Ok(Step::Event(Event::Transport(self.hear_garbage(looked, rx)?))),
            Hearing::Packets(begun) => self.hear_packet(begun, rx),
        }
    }

    fn hear_garbage(&mut self, looked: usize, rx: &mut Rx<'_>) -> Result<Phase, ReadError> {
        const MOST: usize = MAX_GARBAGE_LEN + TERMINATOR_LEN;
        let arrived = &rx.rest()[..rx.len().min(MOST)];
        let Some(after) = position(&self.their_terminator, &arrived[looked..]) else {
            if arrived.len() == MOST {
                let error = self.other_network(arrived).unwrap_or(Error::NoTerminator.into());
                return Err(error.into());
            }
            let looked = looked.max((arrived.len() + 1).saturating_sub(TERMINATOR_LEN));
            self.hearing = Hearing::Garbage(looked);
            return Err(Short(looked + TERMINATOR_LEN - arrived.len()).into());
        };
        let garbage = looked + after;
        let taken = rx.take(garbage + TERMINATOR_LEN)?;
        self.open.authenticate(&taken[..garbage]);
        self.hearing = Hearing::Packets(None);
        Ok(Phase::ReceivedGarbage { garbage })
    }

    /// A packet before messages. The contents of the version packet are reserved for future versions and ignored.
    fn hear_packet(&mut self, begun: Option<usize>, rx: &mut Rx<'_>) -> Result<Step<Event, Phase>, ReadError> {
        let before = rx.taken();
        let event = match (self.open.read(rx)?, begun) {
            (Packet::Whole { ignore: false, contents }, _) => {
                return Ok(Step::Done(Phase::ReceivedVersionPacket { contents: contents.len() }));
            }
            (Packet::Skipped { over: true, .. }, Some(contents)) => {
                return Ok(Step::Done(Phase::ReceivedVersionPacket { contents }));
            }
            (Packet::Whole { ignore: true, contents }, _) => {
                Event::Transport(Phase::ReceivedDecoy { contents: contents.len() })
            }
            (Packet::Long { ignore, len, .. }, _) => {
                let contents = usize::try_from(len).expect("24 bits");
                if ignore {
                    Event::Transport(Phase::ReceivedDecoy { contents })
                } else {
                    self.hearing = Hearing::Packets(Some(contents));
                    Event::Skipped(rx.taken() - before)
                }
            }
            (Packet::Skipped { bytes, .. }, _) => Event::Skipped(bytes),
        };
        Ok(Step::Event(event))
    }

    /// The unfinished packet. Garbage has no known length, so it is never unfinished.
    pub(super) fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match self.hearing {
            Hearing::Garbage(_) => None,
            Hearing::Packets(_) => self.open.unfinished("version packet", rest),
        }
    }

    /// The most likely reason that the connection ended here. A peer whose garbage ended as expected has the keys.
    pub(super) fn suspicion(&self, end: End) -> &'static str {
        match (self.hearing, end) {
            (Hearing::Garbage(_), End::Closed) => "most likely our keys do not fit, as those of two networks would",
            (Hearing::Garbage(_), End::Silent) => {
                "a node of another network is silent like this, since its keys do not fit ours"
            }
            (Hearing::Packets(_), _) => "its keys fit ours, so it may be a half-open proxy, or a broken node",
        }
    }

    /// The network whose terminator is among these bytes, if they lack the one of our network. Tries one network after
    /// the other, since only a failure needs this.
    pub(super) fn other_network(&self, rest: &[u8]) -> Option<crate::Error> {
        if !matches!(self.hearing, Hearing::Garbage(_)) {
            return None;
        }
        let ends = |magic: &Magic| position(&self.shared.their_terminator(self.role, *magic), rest).is_some();
        let found = CHAINS.iter().map(|chain| chain.params.magic).find(ends)?;
        Some(crate::Error::KeysOf { found, expected: self.magic })
    }
}

/// The position of the terminator in `bytes`.
fn position(terminator: &[u8; TERMINATOR_LEN], bytes: &[u8]) -> Option<usize> {
    bytes.windows(TERMINATOR_LEN).position(|window| window == terminator)
}
