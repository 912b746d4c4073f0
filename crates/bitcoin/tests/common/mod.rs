//! A peer's bytes, message by message, and our side that reads them.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod recorded;
pub(crate) mod v2;

use handshake::Role;
use testing::{End, feed};
use verack_bitcoin::frame::{HEADER_LEN, write_message};
use verack_bitcoin::message::{Command, Feature, Message};
use verack_bitcoin::version::{NetAddress, Tail, UserAgent, Version};
use verack_bitcoin::{Chain, Local, Params, Services, V1};

pub(crate) const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// Our nonce.
pub(crate) const NONCE: u64 = 0x1122_3344_5566_7788;

/// One network for each kind of checksum, of `version` and of messages after it.
pub(crate) const KINDS: [&str; 9] =
    ["bitcoin", "litecoin", "groestlcoin", "ecash", "dash", "firo", "namecoin", "bitcoin-sv", "zcash"];

pub(crate) fn params(chain: &str) -> Params {
    Chain::named(chain).expect("a network of the table").params
}

/// Our plain introduction on a network.
pub(crate) fn local(chain: &str) -> Local {
    Local::new(params(chain), 1_700_000_000, NONCE, [7; 32])
}

/// How a peer of a network introduces itself.
pub(crate) fn version(chain: &str) -> Version {
    Version {
        version: params(chain).announce_version,
        services: Services(0xc09),
        time: 1_700_000_001,
        receiver: NetAddress::unspecified(Services::NONE),
        sender: Some(NetAddress::unspecified(Services(0xc09))),
        nonce: Some(5),
        user_agent: UserAgent::new(b"/Peer:1.0/").expect("short"),
        start_height: Some(800_000),
        relay: Some(true),
    }
}

/// What a peer sends, message by message.
#[derive(Clone)]
pub(crate) struct Flight {
    params: Params,
    pub(crate) bytes: Vec<u8>,
    /// The offset of each message.
    pub(crate) starts: Vec<usize>,
}

impl Flight {
    pub(crate) fn on(chain: &str) -> Self {
        Self { params: params(chain), bytes: Vec::new(), starts: Vec::new() }
    }

    /// All messages that peers are known to send during the handshake, with pings in between and an unknown message.
    pub(crate) fn talkative(chain: &str) -> Self {
        Self::on(chain)
            .say(&Message::Version(version(chain)))
            .say(&Message::Ping(Some(1)))
            .say(&Message::Wtxidrelay)
            .say(&Message::Sendaddrv2)
            .say(&Message::Sendtxrcncl { version: 1, salt: 2 })
            .say(&Message::Feature(Feature::new(b"example.org/x", b"data").expect("short")))
            .say(&Message::Sendheaders)
            .say(&Message::Sendcmpct { announce: false, version: 2 })
            .say(&Message::Feefilter(1000))
            .say(&Message::Ping(Some(3)))
            .payload("inv", &[0; 37])
            .say(&Message::Verack)
    }

    #[must_use]
    pub(crate) fn say(mut self, message: &Message) -> Self {
        self.starts.push(self.bytes.len());
        write_message(&self.params, message.command(), &mut self.bytes, |tx| {
            message.write(&Tail::None, tx);
        });
        self
    }

    /// A message of this name with any payload.
    #[must_use]
    pub(crate) fn payload(mut self, command: &str, payload: &[u8]) -> Self {
        let command = Command::new(command.as_bytes()).expect("at most 12 bytes");
        self.starts.push(self.bytes.len());
        write_message(&self.params, command, &mut self.bytes, |tx| {
            tx.extend_from_slice(payload);
        });
        self
    }

    #[must_use]
    pub(crate) fn version(self, version: &Version) -> Self {
        self.say(&Message::Version(version.clone()))
    }

    #[must_use]
    pub(crate) fn verack(self) -> Self {
        self.say(&Message::Verack)
    }

    /// Any bytes at all.
    #[must_use]
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        self
    }
}

/// The names of the plaintext messages that our side sent.
pub(crate) fn said(mut sent: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((header, rest)) = sent.split_first_chunk::<HEADER_LEN>() {
        names.push(Command(*header[4..].first_chunk().expect("12 of 24 bytes")).to_string());
        let len = u32::from_le_bytes(*header[16..].first_chunk().expect("4 of 24 bytes"));
        sent = &rest[usize::try_from(len).expect("we say little")..];
    }
    names
}

/// The end of our plain handshake on a network, the same in both roles, with a peer that sends these bytes.
#[track_caller]
pub(crate) fn end_on(chain: &str, bytes: &[u8]) -> End {
    let [a, b] = ROLES.map(|role| End::of(&feed(&mut V1::new(role, local(chain)), [bytes])));
    assert_eq!(a, b, "the roles differ");
    a
}
