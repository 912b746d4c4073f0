//! After the handshake: asks a node once which others it knows.
//!
//! ```text
//! we                       peer
//!   getaddr ─────────────▶
//!           ◀───────────── ping, sendcmpct, ...
//!   pong    ─────────────▶
//!           ◀───────────── addrv2, 1 entry: itself
//!           ◀───────────── addrv2, at most 1000 entries: the answer
//! ```
//! Core answers each peer that dialled it once, with at most 1000 and at most 23 % of what it knows; a node that knows
//! nobody says nothing at all. What comes first may be an announcement of its own address, alone in a message, which is
//! no answer. (Core: net_processing.cpp MaybeSendAddr, ProcessMessage GETADDR; net.cpp GetAddresses)

mod address;
mod base32;
mod entry;
pub mod seeds;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::IpAddr;

pub use address::{Address, BadAddress, MAX_ADDRESS_LEN, Network, Unusable};
pub(crate) use entry::Form;
pub use entry::{Entries, Entry, MAX_ENTRIES};
use handshake::{Conversation, End, Evidence, Rx, Step, Unfinished};

use crate::channel::Channel;
use crate::error::{Error, Halt};
use crate::message::{Command, Event, MAX_ADDRESSES_LEN, Message};
use crate::services::Services;
use crate::version::{Tail, Version};

/// A connection on which addresses are asked for, over either transport. It has the form of a handshake so that the same
/// driver, with its deadline and byte budget, runs it; it is done with the first answer, and never waits for more.
#[derive(Debug)]
pub struct Gossip {
    channel: Channel,
    peer: Peer,
    own: Option<Entry>,
    state: State,
    ping: Option<u64>,
}

/// Who is asked, as far as it tells an announcement of itself from an answer.
#[derive(Clone, Copy, Debug)]
struct Peer {
    /// Where we reached it.
    ip: Option<IpAddr>,
    /// What it offers.
    services: Services,
    /// Its clock during the handshake, in seconds since 1970.
    time: i64,
}

#[derive(Debug)]
enum State {
    /// `getaddr` is to be said.
    Ask,
    /// The answer is awaited.
    Answer,
    /// It is there.
    Told(Entries),
}

/// A node announces itself with its clock's time; so many seconds may lie between that and the handshake. (Core: addresses
/// of the last ten minutes are news.)
const FRESH: u64 = 10 * 60;

/// What a node told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whom it knows, at most [`MAX_ENTRIES`] with those that are of no use.
    pub entries: Entries,
    /// How it announced itself, if it did so before it answered.
    pub own: Option<Entry>,
}

impl Gossip {
    /// Over the channel of the handshake before it, in which the node introduced itself with `version`. `ip` is where we
    /// reached it, if that is known.
    #[must_use]
    pub fn new(mut channel: Channel, ip: Option<IpAddr>, version: &Version) -> Self {
        channel.await_addresses();
        let ip = ip.map(|ip| ip.to_canonical());
        let peer = Peer { ip, services: version.services, time: version.time };
        Self { channel, peer, own: None, state: State::Ask, ping: None }
    }

    /// How the node announced itself, if it did: known even if it never answers.
    #[must_use]
    pub fn own(&self) -> Option<&Entry> {
        self.own.as_ref()
    }

    fn say(&mut self) -> Option<Message> {
        if let State::Ask = self.state {
            self.state = State::Answer;
            return Some(Message::Getaddr);
        }
        self.ping.take().map(Message::Pong)
    }

    fn take_in(&mut self, message: &Message) {
        match message {
            Message::Ping(nonce) => self.ping = *nonce,
            Message::Addr(entries) | Message::Addrv2(entries) => match entries[..] {
                [alone] if entries.told() == 1 && self.is_own(&alone) => self.own = Some(alone),
                _ => self.state = State::Told(entries.clone()),
            },
            _ => {}
        }
    }

    /// Whether an address that came alone is the node's announcement of itself. Its address may be another than the one
    /// we reached; then it is known by being as fresh as the node's clock and offering what the node does, once.
    fn is_own(&self, entry: &Entry) -> bool {
        let Peer { ip, services, time } = self.peer;
        let is_fresh = time.abs_diff(entry.time.into()) <= FRESH;
        (ip.is_some() && entry.address.ip() == ip) || (self.own.is_none() && is_fresh && entry.services == services)
    }

    /// What comes next of the peer's.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, Halt> {
        match self.channel.read(rx)? {
            Event::Heard(Message::Other { command: command @ (Command::ADDR | Command::ADDRV2), len }) => {
                Err(Error::Oversized { command, len, max: MAX_ADDRESSES_LEN }.into())
            }
            // Core ignores what it cannot read, or drops the peer. We asked for this, and it is why there is no answer.
            Event::Malformed { command: command @ (Command::ADDR | Command::ADDRV2), what, .. } => {
                Err(Error::Malformed { command, what }.into())
            }
            event => Ok(event),
        }
    }
}

impl Conversation for Gossip {
    type Output = Told;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Told>, Error> {
        if let Some(message) = self.say() {
            self.channel.write(&message, &Tail::None, tx);
            return Ok(Step::Event(Event::Said(message)));
        }
        if let State::Told(entries) = &self.state {
            return Ok(Step::Done(Told { entries: entries.clone(), own: self.own }));
        }
        match self.hear(rx) {
            Ok(event) => {
                if let Event::Heard(message) = &event {
                    self.take_in(message);
                }
                Ok(Step::Event(event))
            }
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        "addr"
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.channel.unfinished(rest)
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let sentence = match evidence.end {
            End::Closed => "it may take us for a crawler, or need the slot",
            End::Silent => "it knows nobody, or keeps it to itself, or has answered our address before",
        };
        sentence.into()
    }
}
