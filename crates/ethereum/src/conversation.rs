//! The messages of two nodes until they know each other: Hello, Status, and a request that a node answers only if it
//! accepted our Status.
//!
//! ```text
//! we                                      peer
//!   Hello                      ◀────────▶   Hello
//!   Status, GetBlockHeaders    ◀────────▶   Status
//!                              ◀────────    BlockHeaders, or a Disconnect
//! ```
//! Each side sends Hello without waiting for the other's. The two Hellos give the shared capabilities, and the first
//! message id of each. Then each side sends its Status. The request may be sent once both Statuses are sent, so it
//! leaves with our Status if the peer's came first. It asks for the genesis block, which both Statuses name, which
//! every node has, and whose header is small.

use alloc::format;
use alloc::vec::Vec;

use handshake::{Leave, Remark, Rx, Stage, Unfinished};

use crate::channel::{Channel, Heard};
use crate::disconnect::Reason;
use crate::error::{Error, Malformed};
use crate::eth::{self, Status};
use crate::frame::{MAX_WHOLE_LEN, ReadError};
use crate::hash::Hash;
use crate::headers::{self, RequestId};
use crate::hello::{self, Capability, Hello};
use crate::key::PublicKey;
use crate::local::{Expected, Goal, Local, OurStatus, Protocol, Rules};
use crate::message::{EMPTY, Event, Message, id};
use crate::rlpx::Agreed;
use crate::standing::Standing;

/// One side of the conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    local: Local,
    /// Taken out when all is agreed.
    channel: Option<Channel>,
    /// The key that the peer has proven to hold.
    their_key: PublicKey,
    said_hello: bool,
    hello: Option<Hello>,
    shared: Vec<Shared>,
    /// Our Status, once it is sent.
    said_status: Option<Status>,
    status: Option<Status>,
    proof: Proof,
    /// Whether a Ping of the peer is unanswered.
    ping: bool,
    /// The peer's own request, if it is unanswered.
    question: Option<RequestId>,
    /// Whether our Disconnect is sent.
    left: bool,
    remarks: Vec<Remark>,
}

/// The proof that the peer accepted our Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Our request is not sent yet.
    ToAsk,
    /// We wait for the answer.
    Asked,
    /// The answer came.
    Given,
}

/// A capability that both sides support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its name, and the highest common version.
    pub capability: Capability,
    /// The id of its first message on this connection.
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
            said_status: None,
            status: None,
            proof: Proof::ToAsk,
            ping: false,
            question: None,
            left: false,
            remarks: Vec::new(),
        }
    }

    pub(crate) fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    pub(crate) fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// Our Status, if we have sent it.
    pub(crate) fn said_status(&self) -> Option<&Status> {
        self.said_status.as_ref()
    }

    /// The message that it waits for.
    pub(crate) fn awaiting(&self) -> &'static str {
        match (&self.hello, &self.status) {
            (None, _) => "Hello",
            (Some(_), None) => "Status",
            (Some(_), Some(_)) => "BlockHeaders",
        }
    }

    /// An echoing side stops waiting for the peer's Status.
    pub(crate) fn speak_first(&mut self) {
        self.local.speak_first();
    }

    pub(crate) fn their_key(&self) -> PublicKey {
        self.their_key
    }

    /// The stage of the handshake.
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
            Goal::Status(_) => introduced && self.proof == Proof::Given,
        }
    }

    /// Whether only the peer's answer to our request is missing.
    fn lacks_proof_alone(&self) -> bool {
        self.proof == Proof::Asked && self.hello.is_some()
    }

    /// Appends the message to send now, before more is read. Our own request comes before the answer to the peer's, so
    /// that a peer that leaves after our answer has read our request.
    pub(crate) fn say(&mut self, tx: &mut Vec<u8>) -> Option<Message> {
        let mut payload = Vec::with_capacity(256);
        let (id, message) = if !self.said_hello {
            self.said_hello = true;
            let hello = self.local.hello();
            hello.write(&mut payload);
            (id::HELLO, Message::Hello(hello))
        } else if let Some((first, status)) = self.our_status() {
            status.write(&mut payload);
            self.said_status = Some(status.clone());
            (first + eth::STATUS, Message::Status(status))
        } else if let Some((first, request_id, genesis)) = self.our_question() {
            self.proof = Proof::Asked;
            headers::write_question(request_id, genesis, &mut payload);
            (first + headers::GET_BLOCK_HEADERS, Message::GetBlockHeaders(request_id))
        } else if core::mem::take(&mut self.ping) {
            payload.extend_from_slice(EMPTY);
            (id::PONG, Message::Pong)
        } else if let Some(request_id) = self.question.take() {
            headers::write_empty_answer(request_id, &mut payload);
            (self.eth()?.first + headers::BLOCK_HEADERS, Message::BlockHeaders(request_id))
        } else {
            let reason = self.local.parting.filter(|_| self.is_over() && !self.left)?;
            self.left = true;
            reason.write(&mut payload);
            (id::DISCONNECT, Message::Disconnect(reason))
        };
        self.channel.as_mut()?.say(id, &payload, tx);
        // Our Hello is never compressed; later messages are, once the peer's Hello has come as well.
        self.compress();
        Some(message)
    }

    /// Appends our Disconnect, if one can be sent; returns whether it was.
    pub(crate) fn part(&mut self, reason: Reason, tx: &mut Vec<u8>) -> bool {
        let Some(channel) = self.channel.as_mut().filter(|_| self.said_hello && !self.left) else { return false };
        self.left = true;
        channel.disconnect(reason, tx);
        true
    }

    /// The reason for leaving before the end; `None` if the connection is to be kept although the peer proves nothing.
    pub(crate) fn leaving(&self, why: Leave) -> Option<Reason> {
        match why {
            Leave::Stopped => Some(Reason::Quitting),
            Leave::Deadline if self.lacks_proof_alone() => self.local.parting,
            Leave::Deadline => Some(Reason::PingTimeout),
        }
    }

    /// Our Status and the first id of `eth`, once both are known, unless the Status is sent already.
    fn our_status(&self) -> Option<(u64, Status)> {
        let Goal::Status(ours) = &self.local.goal else {
            return None;
        };
        let eth = self.eth().filter(|_| self.said_status.is_none())?;
        let version = eth.capability.version;
        let status = match ours {
            OurStatus::Of(chain) => chain.status(version),
            OurStatus::Echo => self.status.clone()?,
        };
        Some((eth.first, status))
    }

    /// Our request and the first id of `eth`, once both Statuses are sent.
    fn our_question(&self) -> Option<(u64, RequestId, Hash)> {
        let eth = self.eth().filter(|_| self.proof == Proof::ToAsk && self.said_status.is_some())?;
        let genesis = self.status.as_ref()?.genesis;
        Some((eth.first, headers::our_request_id(eth.capability.version), genesis))
    }

    /// The agreed version of `eth`.
    fn eth(&self) -> Option<&Shared> {
        self.shared.iter().find(|shared| shared.capability.name.as_bytes() == eth::NAME.as_bytes())
    }

    /// The unfinished frame, of which `rest` are the last bytes.
    pub(crate) fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.channel.as_ref()?.open.unfinished(rest)
    }

    /// The peer's next message, or a part of one that is skipped.
    pub(crate) fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
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
        let of_eth = self.eth().and_then(|eth| id.checked_sub(eth.first));
        match (id, &self.hello) {
            (id::DISCONNECT, _) => Err(Error::Disconnected(Reason::read(data))),
            (id::HELLO, None) => self.hear_hello(data),
            (_, None) => Err(Error::Unexpected(id)),
            (id::PING, _) => {
                self.ping = true;
                Ok(Message::Ping)
            }
            (id::PONG, _) => Ok(Message::Pong),
            _ => match of_eth {
                Some(eth::STATUS) if self.status.is_none() => self.hear_status(data),
                Some(headers::GET_BLOCK_HEADERS) => {
                    let request_id = self.request_id("GetBlockHeaders", data)?;
                    self.question = Some(request_id);
                    Ok(Message::GetBlockHeaders(request_id))
                }
                Some(headers::BLOCK_HEADERS) if self.proof == Proof::Asked => {
                    let request_id = self.request_id("BlockHeaders", data)?;
                    let version = self.eth().map_or(0, |eth| eth.capability.version);
                    if request_id == headers::our_request_id(version) {
                        self.proof = Proof::Given;
                    }
                    Ok(Message::BlockHeaders(request_id))
                }
                _ => Ok(Message::Other { id, len: data.len() }),
            },
        }
    }

    /// The id of a request or an answer.
    fn request_id(&self, message: &'static str, data: &[u8]) -> Result<RequestId, Error> {
        let version = self.eth().map_or(0, |eth| eth.capability.version);
        let payload = self.channel.as_ref().expect("it was heard over it").payload(message, data)?;
        headers::read_request_id(version, &payload).map_err(|what| Error::Malformed { message, what })
    }

    fn hear_hello(&mut self, data: &[u8]) -> Result<Message, Error> {
        let malformed = |what: Malformed| Error::Malformed { message: "Hello", what };
        let theirs = Hello::read(data).map_err(malformed)?;
        if theirs.node_id == self.local.node_id().to_bytes() {
            return Err(Error::SelfConnect);
        }
        // Some nodes accept this. Then any node could use the id of another.
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
        // A refused Status is kept, too: it shows the peer's network.
        self.status = Some(status.clone());
        if let Some(Expected { network_id, genesis }) = self.local.expected {
            if status.network_id != network_id {
                return Err(Error::NetworkId { theirs: status.network_id, ours: network_id });
            }
            if status.genesis != genesis {
                return Err(Error::Genesis { theirs: status.genesis, ours: genesis });
            }
        }
        self.judge_fork(&status)?;
        Ok(Message::Status(status))
    }

    /// Whether the peer's chain follows the rules of the network that we use. (EIP-2124)
    fn judge_fork(&mut self, status: &Status) -> Result<(), Error> {
        let Some(Rules { network, head }) = self.local.rules else {
            return Ok(());
        };
        let (theirs, network) = (status.fork_id, network);
        let detail = match network.standing(theirs, head) {
            Standing::Same => return Ok(()),
            Standing::Unfit(why) => return Err(Error::ForkId { theirs, network: network.name, why }),
            Standing::Ahead(at) => {
                format!(
                    "is ahead of us: it follows a fork of {} (at {at}) that this program does not know",
                    network.name
                )
            }
            Standing::Announces(at) => {
                format!(
                    "is ahead of us: it awaits a fork of {} (at {at}) that this program does not know",
                    network.name
                )
            }
        };
        self.remarks.push(Remark { code: "ethereum.fork-ahead", detail });
        Ok(())
    }

    /// What was agreed, once both sides have sent everything. Call it once: it takes the data out.
    pub(crate) fn agreed(&mut self) -> Option<Agreed> {
        let has_parted = self.left || self.local.parting.is_none();
        if !self.is_over() || self.ping || self.question.is_some() || !has_parted {
            return None;
        }
        self.conclude()
    }

    /// What was agreed, if only the peer's answer to our request is missing. Call it once: it takes the data out.
    pub(crate) fn settle(&mut self) -> Option<Agreed> {
        if self.lacks_proof_alone() { self.conclude() } else { None }
    }

    fn conclude(&mut self) -> Option<Agreed> {
        Some(Agreed {
            node_id: self.their_key,
            hello: self.hello.clone()?,
            shared: self.shared.clone(),
            status: self.status.clone(),
            confirmed: self.proof == Proof::Given || self.local.goal == Goal::Hello,
            remarks: core::mem::take(&mut self.remarks),
            channel: self.channel.take()?,
        })
    }
}

/// The highest common version of each capability, in alphabetical order, which is the order of their message ids.
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
