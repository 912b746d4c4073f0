//! Messages of peers as bytes: valid messages, made with the protocol's own crate, for scripts to modify.

pub(super) mod encrypted;

use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::chain::TailKind;
use bitcoin::frame::{HEADER_LEN, write_message};
use bitcoin::v2::contents;
use bitcoin::version::Tail;
use bitcoin::{Command, Local, Message, NetAddress, Params, Services, UserAgent, Version};

use self::encrypted::Word;

/// A peer's network and introduction.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) params: Params,
    pub(crate) version: Version,
}

impl Voice {
    /// A full node of a network's current version, with a correct clock.
    pub(crate) fn new(params: Params) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        Self {
            params,
            version: Version {
                version: params.announce_version,
                services: Services(0x409),
                time: i64::try_from(now).unwrap_or(i64::MAX),
                // Core does not send a loopback address.
                receiver: NetAddress::unspecified(Services::NONE),
                sender: Some(NetAddress::unspecified(Services(0x409))),
                nonce: Some(0x5e1f_5e1f_5e1f_5e1f),
                user_agent: UserAgent::new(b"/verack-simnet:1.0/").expect("19 bytes"),
                start_height: Some(850_000),
                relay: Some(true),
            },
        }
    }

    /// The same peer, modified.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Version)) -> Self {
        let mut other = self.clone();
        change(&mut other.version);
        other
    }

    /// The same peer with another user agent.
    pub(crate) fn called(&self, user_agent: &[u8]) -> Self {
        let user_agent = UserAgent::new(user_agent).expect("scripts give at most 256 bytes");
        self.with(|version| version.user_agent = user_agent)
    }

    /// A message of the protocol.
    pub(crate) fn say(&self, message: &Message) -> Vec<u8> {
        let mut payload = Vec::new();
        message.write(&self.tail(), &mut payload);
        self.message(message.command(), &payload)
    }

    /// A message of the protocol, encrypted.
    pub(crate) fn encrypt(&self, message: &Message) -> Word {
        let mut bytes = Vec::new();
        contents::write_name(message.command(), &mut bytes);
        message.write(&self.tail(), &mut bytes);
        Word::Packet(bytes)
    }

    /// Messages of the protocol, one after the other.
    pub(crate) fn say_all(&self, messages: &[Message]) -> Vec<u8> {
        messages.iter().flat_map(|message| self.say(message)).collect()
    }

    /// A message with any payload, in a valid frame.
    pub(crate) fn message(&self, command: Command, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_message(&self.params, command, &mut bytes, |bytes| {
            bytes.extend_from_slice(payload);
        });
        bytes
    }

    /// A message by any name.
    pub(crate) fn unknown(&self, name: &str, payload: &[u8]) -> Vec<u8> {
        self.message(Command::new(name.as_bytes()).expect("scripts give at most 12 bytes"), payload)
    }

    pub(crate) fn version(&self) -> Vec<u8> {
        self.say(&Message::Version(self.version.clone()))
    }

    pub(crate) fn verack(&self) -> Vec<u8> {
        self.say(&Message::Verack)
    }

    /// The payload of [`Voice::version`].
    pub(crate) fn version_payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        self.version.write(&self.tail(), &mut payload);
        payload
    }

    /// A node's answer to a `version`, message by message. (Core: net_processing.cpp)
    pub(crate) fn flight(&self) -> Vec<Vec<u8>> {
        self.answer().iter().map(|message| self.say(message)).collect()
    }

    /// The same, encrypted.
    pub(crate) fn encrypted_flight(&self) -> Vec<Word> {
        self.answer().iter().map(|message| self.encrypt(message)).collect()
    }

    fn answer(&self) -> Vec<Message> {
        let knows = |from: Option<i32>| from.is_some_and(|from| self.version.version >= from);
        let mut messages = vec![Message::Version(self.version.clone())];
        if knows(self.params.wtxidrelay_from) {
            messages.push(Message::Wtxidrelay);
        }
        if knows(self.params.sendaddrv2_from) {
            messages.push(Message::Sendaddrv2);
        }
        messages.push(Message::Verack);
        messages
    }

    /// The messages of a node after our `verack`.
    pub(crate) fn small_talk(&self) -> Vec<u8> {
        self.say_all(&[
            Message::Sendcmpct { announce: false, version: 2 },
            Message::Ping(self.version.nonce),
            Message::Feefilter(1000),
        ])
    }

    /// The same peer as a whole node.
    pub(crate) fn local(&self) -> Local {
        let mut local = Local::new(self.params, 0, 0, [0; 32]);
        local.version = self.version.clone();
        local.tail = self.tail();
        local.sendcmpct = Some(2);
        local.feefilter = Some(1000);
        local
    }

    fn tail(&self) -> Tail {
        match self.params.tail {
            TailKind::None => Tail::None,
            kind => Tail::new(kind, [0x5e; 32]),
        }
    }
}

/// Takes the next complete message, of any network.
pub(super) fn next_message(arrived: &mut Vec<u8>) -> Option<(Command, Vec<u8>)> {
    let header = arrived.first_chunk::<HEADER_LEN>()?;
    let command = name(header);
    let end = HEADER_LEN.checked_add(length(header)?)?;
    let payload = arrived.get(HEADER_LEN..end)?.to_vec();
    arrived.drain(..end);
    Some((command, payload))
}

/// The payload's length by a header.
pub(super) fn length(header: &[u8; HEADER_LEN]) -> Option<usize> {
    let len = u32::from_le_bytes(*header[16..].first_chunk().expect("the length has 4 of 24 bytes"));
    usize::try_from(len).ok()
}

/// The command in a header.
pub(super) fn name(header: &[u8; HEADER_LEN]) -> Command {
    Command(*header[4..].first_chunk().expect("the command has 12 of 24 bytes"))
}

#[cfg(test)]
mod tests {
    use bitcoin::{Chain, Command};

    use super::{Voice, next_message};

    #[test]
    fn messages_are_taken_whole_and_in_order() {
        let voice = Voice::new(Chain::named("regtest").unwrap().params);
        let mut arrived = voice.flight().concat();
        arrived.extend_from_slice(&voice.verack()[..23]);
        let heard: Vec<_> = std::iter::from_fn(|| next_message(&mut arrived)).collect();
        assert_eq!(heard.first().unwrap().0, Command::VERSION);
        assert_eq!(heard.first().unwrap().1, voice.version_payload());
        assert_eq!(heard.last().unwrap().0, Command::VERACK);
        assert_eq!(arrived.len(), 23);
    }
}
