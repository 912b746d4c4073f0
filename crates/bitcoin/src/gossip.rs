//! After the handshake: asks a node once for addresses of other nodes.
//!
//! ```text
//! we                       peer
//!   getaddr ─────────────▶
//!           ◀───────────── ping, sendcmpct, ...
//!   pong    ─────────────▶
//!           ◀───────────── addrv2, 1 entry: itself
//!           ◀───────────── addrv2, at most 1000 entries: the answer
//! ```
//! Core answers each peer that dialled it once, with at most 1000 addresses and at most 23 % of those that it knows; a
//! node that knows no address does not answer. Before the answer, the node may announce its own address, alone in a
//! message. (Core: net_processing.cpp MaybeSendAddr, ProcessMessage GETADDR; net.cpp GetAddresses)

mod addrv2;
mod entry;
pub mod seeds;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::IpAddr;

pub use address::{Address, Endpoint};
pub use addrv2::{MAX_ADDRESS_LEN, Unusable, read_address, write_address};
pub(crate) use entry::Form;
pub use entry::{Entries, Entry, MAX_ENTRIES};
use handshake::{Conversation, End, Evidence, Rx, Step, Unfinished};

use crate::channel::Channel;
use crate::error::{Error, ReadError};
use crate::message::{Command, Event, MAX_ADDRESSES_LEN, Message};
use crate::services::Services;
use crate::version::{Tail, Version};

/// A connection on which we ask for addresses, over either transport. It is a [`Conversation`] so that the same driver,
/// with its deadline and byte budget, runs it. It is done with the first answer, and never waits for more.
#[derive(Debug)]
pub struct Gossip {
    channel: Channel,
    peer: Peer,
    own: Option<Entry>,
    state: State,
    ping: Option<u64>,
}

/// What we know of the asked node, to tell an announcement of itself from an answer.
#[derive(Clone, Copy, Debug)]
struct Peer {
    /// The IP address at which we reached it.
    ip: Option<IpAddr>,
    /// The services that it offers.
    services: Services,
    /// Its clock during the handshake, in seconds since 1970.
    time: i64,
}

#[derive(Debug)]
enum State {
    /// We have yet to send `getaddr`.
    Ask,
    /// We wait for the answer.
    Answer,
    /// The answer has come.
    Told(Entries),
}

/// A node announces itself with the time of its clock; the time of the handshake may differ by this many seconds.
/// (Core: addresses of the last ten minutes are news.)
const FRESH: u64 = 10 * 60;

/// A node's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The addresses that it sent, at most [`MAX_ENTRIES`] including the unusable ones.
    pub entries: Entries,
    /// Its announcement of itself, if that came before the answer.
    pub own: Option<Entry>,
}

impl Gossip {
    /// Asks over the channel of a concluded handshake, in which the node sent `version`. `ip` is the address at which
    /// we reached it, if that is known.
    #[must_use]
    pub fn new(mut channel: Channel, ip: Option<IpAddr>, version: &Version) -> Self {
        channel.await_addresses();
        let ip = ip.map(|ip| ip.to_canonical());
        let peer = Peer { ip, services: version.services, time: version.time };
        Self { channel, peer, own: None, state: State::Ask, ping: None }
    }

    /// The node's announcement of itself, if it sent one; also there if the node never answers.
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

    /// Whether an entry that came alone is the node's announcement of itself. Its address may differ from the one that
    /// we reached. Then we recognise it, once, by the time of the node's clock and by the node's services.
    fn is_own(&self, entry: &Entry) -> bool {
        let Peer { ip, services, time } = self.peer;
        let is_fresh = time.abs_diff(entry.time.into()) <= FRESH;
        (ip.is_some() && entry.endpoint.address.ip() == ip)
            || (self.own.is_none() && is_fresh && entry.services == services)
    }

    /// The peer's next event.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
        match self.channel.read(rx)? {
            Event::Heard(Message::Other { command: command @ (Command::ADDR | Command::ADDRV2), len }) => {
                Err(Error::Oversized { command, len, max: MAX_ADDRESSES_LEN }.into())
            }
            // Core ignores a malformed message or drops the peer. We asked for this one, and it is why there is no
            // answer.
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
            End::Silent => "it knows no address, or keeps them to itself, or has answered our address before",
        };
        sentence.into()
    }
}
