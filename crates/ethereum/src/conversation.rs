//! What two nodes say over their channel until they know each other: Hello, and then Status.
//!
//! Each side says Hello without waiting for the other's. Both know from the two which capabilities they share, and
//! where the messages of each begin. Then each says its Status.

use alloc::vec::Vec;

use handshake::{Rx, Stage, Unfinished};

use crate::channel::{Channel, Heard};
use crate::disconnect::Reason;
use crate::error::{Error, Malformed};
use crate::eth::{self, Status};
use crate::frame::{Halt, MAX_WHOLE_LEN};
use crate::hello::{self, Capability, Hello};
use crate::key::PublicKey;
use crate::local::{Expected, Goal, Local, OurStatus, Protocol};
use crate::message::{EMPTY, Event, Message, id};
use crate::rlpx::Agreed;

/// One side of the conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    local: Local,
    /// Taken when all is agreed.
    channel: Option<Channel>,
    /// The key that the peer has proven to hold.
    their_key: PublicKey,
    said_hello: bool,
    hello: Option<Hello>,
    shared: Vec<Shared>,
    said_status: bool,
    status: Option<Status>,
    /// Whether a Ping is not answered yet.
    ping: bool,
}

/// A capability that both sides speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its name, and the highest version that both speak.
    pub capability: Capability,
    /// The number of its first message on this connection.
    pub first: u64,
}

impl Conversation {
    pub(crate) fn new(local: Local, channel: Channel, their_key: PublicKey) -> Self {
        Self {
            local,
            channel: Some(channel),
            their_key,
            said_hello: false,
            hello: None,
            shared: Vec::new(),
            said_status: false,
            status: None,
            ping: false,
        }
    }

    pub(crate) fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    pub(crate) fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    pub(crate) fn has_said_status(&self) -> bool {
        self.said_status
    }

    pub(crate) fn their_key(&self) -> PublicKey {
        self.their_key
    }

    /// How far it has come.
    pub(crate) fn stage(&self) -> Stage {
        match self.hello {
            None => Stage::Hello,
            Some(_) if self.is_over() => Stage::Done,
            Some(_) => Stage::Ack,
        }
    }

    fn is_over(&self) -> bool {
        let introduced = self.said_hello && self.hello.is_some();
        match self.local.goal {
            Goal::Hello => introduced,
            Goal::Status(_) => introduced && self.said_status && self.status.is_some(),
        }
    }

    /// What to say now, before anything more is heard. It is appended.
    pub(crate) fn say(&mut self, tx: &mut Vec<u8>) -> Option<Message> {
        let mut payload = Vec::with_capacity(256);
        let (id, message) = if !self.said_hello {
            self.said_hello = true;
            let hello = self.local.hello();
            hello.write(&mut payload);
            (id::HELLO, Message::Hello(hello))
        } else if self.ping {
            self.ping = false;
            payload.extend_from_slice(EMPTY);
            (id::PONG, Message::Pong)
        } else {
            let (id, status) = self.our_status()?;
            self.said_status = true;
            status.write(&mut payload);
            (id, Message::Status(status))
        };
        self.channel.as_mut()?.say(id, &payload, tx);
        // Ours is never compressed; what follows is, once theirs has come as well.
        self.compress();
        Some(message)
    }

    /// Our Status and the number of its message, once both can be known, unless it is said already.
    fn our_status(&self) -> Option<(u64, Status)> {
        let Goal::Status(ours) = &self.local.goal else {
            return None;
        };
        let eth = self.eth().filter(|_| !self.said_status)?;
        let status = match ours {
            OurStatus::Of(chain) => chain.status(eth.capability.version),
            OurStatus::Echo => self.status.clone()?,
        };
        Some((eth.first + eth::STATUS, status))
    }

    /// The version of `eth` that was agreed.
    fn eth(&self) -> Option<&Shared> {
        self.shared.iter().find(|shared| shared.capability.name.as_bytes() == eth::NAME.as_bytes())
    }

    /// The frame that has begun, of which this came last.
    pub(crate) fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.channel.as_ref()?.open.unfinished(rest)
    }

    /// The next message of the peer's, or part of one that is too long to matter.
    pub(crate) fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, Halt> {
        let channel = self.channel.as_mut().expect("nothing is heard once all is agreed");
        let (id, data) = match channel.hear(rx)? {
            Heard::Message { id, data } => (id, data),
            Heard::Long(len) if self.hello.is_none() => {
                return Err(Error::Oversized { message: "Hello", len, max: MAX_WHOLE_LEN }.into());
            }
            Heard::Long(len) => return Ok(Event::Long(len)),
            Heard::Skipped(bytes) => return Ok(Event::Skipped(bytes)),
        };
        Ok(Event::Heard(self.hear_message(id, data)?))
    }

    fn hear_message(&mut self, id: u64, data: &[u8]) -> Result<Message, Error> {
        let status = self.eth().map(|eth| eth.first + eth::STATUS);
        match (id, &self.hello) {
            (id::DISCONNECT, _) => Err(Error::Disconnected(Reason::read(data))),
            (id::HELLO, None) => self.hear_hello(data),
            (_, None) => Err(Error::Unexpected(id)),
            (id::PING, _) => {
                self.ping = true;
                Ok(Message::Ping)
            }
            (id::PONG, _) => Ok(Message::Pong),
            _ if Some(id) == status && self.status.is_none() => self.hear_status(data),
            _ => Ok(Message::Other { id, len: data.len() }),
        }
    }

    fn hear_hello(&mut self, data: &[u8]) -> Result<Message, Error> {
        let malformed = |what: Malformed| Error::Malformed { message: "Hello", what };
        let theirs = Hello::read(data).map_err(malformed)?;
        if theirs.node_id == self.local.node_id().to_bytes() {
            return Err(Error::SelfConnect);
        }
        // Some nodes let this pass. Then anyone could speak in anyone's name.
        if theirs.node_id != self.their_key.to_bytes() {
            return Err(Error::Identity);
        }
        self.shared = shared(&self.local.protocols, &theirs.capabilities);
        self.hello = Some(theirs.clone());
        self.compress();
        match self.local.goal {
            Goal::Status(_) if self.eth().is_none() => Err(Error::NoSharedEth { theirs: theirs.capabilities }),
            _ => Ok(Message::Hello(theirs)),
        }
    }

    fn compress(&mut self) {
        let theirs = self.hello.as_ref().map_or(0, |hello| hello.version);
        if let Some(channel) = &mut self.channel {
            channel.compressed = self.said_hello && theirs.min(hello::VERSION) >= hello::VERSION;
        }
    }

    fn hear_status(&mut self, data: &[u8]) -> Result<Message, Error> {
        const STATUS: &str = "Status";
        let agreed = self.eth().expect("its number is known only with it").capability.version;
        let payload = self.channel.as_ref().expect("it was heard over it").payload(STATUS, data)?;
        let status = Status::read(agreed, &payload).map_err(|what| Error::Malformed { message: STATUS, what })?;
        if status.version != agreed {
            return Err(Error::EthVersion { said: status.version, agreed });
        }
        // What was heard is kept even if it is refused: it tells where the peer is.
        self.status = Some(status.clone());
        if let Some(Expected { network_id, genesis }) = self.local.expected {
            if status.network_id != network_id {
                return Err(Error::NetworkId { theirs: status.network_id, ours: network_id });
            }
            if status.genesis != genesis {
                return Err(Error::Genesis { theirs: status.genesis, ours: genesis });
            }
        }
        Ok(Message::Status(status))
    }

    /// What was agreed, once both sides have said everything. It can be had once.
    pub(crate) fn agreed(&mut self) -> Option<Agreed> {
        if !self.is_over() || self.ping {
            return None;
        }
        Some(Agreed {
            node_id: self.their_key,
            hello: self.hello.clone()?,
            shared: self.shared.clone(),
            status: self.status.clone(),
            channel: self.channel.take()?,
        })
    }
}

/// The highest version of each capability that both speak, in the order of their names, which is that of their
/// messages' numbers.
fn shared(ours: &[Protocol], theirs: &[Capability]) -> Vec<Shared> {
    let mut common: Vec<&Protocol> = ours.iter().filter(|protocol| theirs.contains(&protocol.capability)).collect();
    common.sort_by(|a, b| {
        let (a, b) = (&a.capability, &b.capability);
        a.name.cmp(&b.name).then(b.version.cmp(&a.version))
    });
    common.dedup_by(|later, kept| later.capability.name == kept.capability.name);
    let mut first = id::FIRST_OF_CAPABILITIES;
    let place = |protocol: &Protocol| {
        let shared = Shared { capability: protocol.capability.clone(), first };
        first = first.saturating_add(protocol.messages);
        shared
    };
    common.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::shared;
    use crate::hello::Capability;
    use crate::local::Protocol;

    #[test]
    fn the_highest_common_version_of_each_counts_and_names_order_their_numbers() {
        let protocol = |name, version, messages| Protocol { capability: Capability::new(name, version), messages };
        let ours = [
            protocol("snap", 1, 8),
            protocol("eth", 68, 17),
            protocol("eth", 69, 18),
            protocol("bzz", 1, 5),
            protocol("les", 4, 9),
        ];
        let theirs = [
            Capability::new("eth", 70),
            Capability::new("eth", 69),
            Capability::new("eth", 68),
            Capability::new("snap", 1),
            Capability::new("bzz", 1),
            Capability::new("les", 3),
        ];
        let common: Vec<(String, u64)> =
            shared(&ours, &theirs).iter().map(|shared| (shared.capability.to_string(), shared.first)).collect();
        assert_eq!(common, [("bzz/1".into(), 0x10), ("eth/69".into(), 0x15), ("snap/1".into(), 0x27)]);
        assert_eq!(shared(&ours, &[]), []);
    }
}
