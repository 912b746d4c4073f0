//! One of each kind of Monero node that we call, and the expected verdict. They need no acts of their own.

use std::convert::Infallible;
use std::time::Duration;

use handshake::{Blame, Outcome, Role, Stage};
use monero::levin::HEAD_LEN;
use monero::storage::{self, write_count};
use monero::{Command, Kind, Local, MAX_PEERS, Message, Network, ReturnCode};

use super::wire::{address, introduced, merged, message, said};
use crate::peer::Peer;
use crate::script::Plain::{self, Close, Drip, Echo, Flood, HearAnything, Reset, Say, SayApart, SayCut};
use crate::script::{NOTHING, Step, then};
use crate::strangers::{SSH, http};
use crate::truth::{Truth, Truths};

/// One of each kind of node that answers our call, on this network.
#[must_use]
pub fn peers(network: &'static Network) -> Vec<Peer> {
    Cast::of(Role::Responder, network).all()
}

/// The messages of the nodes of one role.
pub(super) struct Cast {
    role: Role,
    network: &'static Network,
    /// The complete introduction.
    introduction: Vec<u8>,
    /// The same for another network.
    elsewhere: Vec<u8>,
    /// A message that may precede it.
    notification: Vec<u8>,
}

impl Cast {
    pub(super) fn of(role: Role, network: &'static Network) -> Self {
        let other = monero::NETWORKS.iter().find(|other| other.id != network.id).expect("there are several");
        let mut local = Local::new(network, 0x5e1f);
        local.introduction.tip.height = 3_200_000;
        let introduction = introduced(role, &local, 8);
        let elsewhere = introduced(role, &Local::new(other, 0x5e1f), 0);
        let notification = message(Command::TXPOOL_COMPLEMENT, Kind::Notification, &storage::SIGNATURE);
        Self { role, network, introduction, elsewhere, notification }
    }

    /// One of each kind.
    pub(super) fn all(&self) -> Vec<Peer> {
        [self.healthy(), self.leaving(), self.silent(), self.bent(), self.bombs(), self.endless()].concat()
    }

    /// The introduction, with these bytes replaced.
    fn bend(&self, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut bent = self.introduction.clone();
        bent[at..at + bytes.len()].copy_from_slice(bytes);
        bent
    }

    /// A handshake message with this section after the signature of its body.
    fn body(&self, section: &[u8]) -> Vec<u8> {
        let kind = match self.role {
            Role::Initiator => Kind::Request,
            Role::Responder => Kind::Response(ReturnCode::FINE),
        };
        message(Command::HANDSHAKE, kind, &[&storage::SIGNATURE[..], section].concat())
    }

    fn healthy(&self) -> Vec<Peer> {
        let Self { introduction, notification, .. } = self;
        let questions = [said(&Message::SupportFlagsRequest), said(&Message::PingRequest)].concat();
        let noise = message(Command(0), Kind::Fragment, &[0; 1000]);
        let long = message(Command::NEW_BLOCK, Kind::Notification, &[7; 100_000]);
        let ok = |name, words: &[&Vec<u8>]| says(name, Truth::OK, words.iter().copied().flatten().copied().collect());
        let short = introduced(self.role, &Local::new(self.network, 0x5e1f), 0);
        let mut peers = vec![
            ok("like-monerod", &[notification, introduction]),
            ok("at-once", &[introduction]),
            ok("questions-first", &[&questions, introduction]),
            ok("noise-first", &[&noise, &noise, introduction]),
            ok("long-notification-first", &[&long, introduction]),
            ok("small-talk-behind", &[introduction, notification, &questions]),
            on_contact("separate", Truth::OK, [SayApart(vec![notification.clone(), introduction.clone()])]),
            // A short introduction: a long transfer would be late on a busy machine.
            on_contact("byte-by-byte", Truth::OK, [Drip(short, Duration::from_millis(1))]),
            on_contact("cut-anywhere", Truth::OK, [SayCut(introduction.clone())]),
            on_contact("leaves-when-done", Truth::OK, [Say(introduction.clone()), Close]),
        ];
        if self.role == Role::Responder {
            let mut local = Local::new(self.network, 0x5e1f);
            local.introduction.node.support_flags = 0;
            peers.push(ok("most-peers", &[&introduced(self.role, &local, MAX_PEERS)]));
            peers.push(ok("return-code-0", &[&self.bend(21, &[0; 4])]));
        }
        peers
    }

    fn leaving(&self) -> Vec<Peer> {
        let closed = Truth::ends(Stage::Hello, "closed");
        // We have sent nothing that the peer's kernel could have found unread, so the reset is deliberate.
        let reset = if self.role == Role::Responder { closed } else { Truth::ends(Stage::Hello, "reset") };
        let part = |len: usize| Say(self.introduction[..len].to_vec());
        vec![
            peer("close-at-accept", closed, [Close]),
            peer("reset-at-accept", reset, [Reset]),
            on_contact("close-before-a-word", closed, [Close]),
            on_contact("close-inside-head", closed, [part(HEAD_LEN - 1), Close]),
            on_contact("close-inside-body", closed, [part(HEAD_LEN + 50), Close]),
            on_contact("reset-inside-body", reset, [part(HEAD_LEN + 50), Reset]),
            on_contact("close-after-notification", closed, [Say(self.notification.clone()), Close]),
        ]
    }

    fn silent(&self) -> Vec<Peer> {
        let silent = Truth::ends(Stage::Hello, "timeout");
        let part = |len: usize| self.introduction[..len].to_vec();
        vec![
            peer("silent", silent, NOTHING),
            says("silent-inside-head", silent, part(HEAD_LEN - 1)),
            says("silent-inside-body", silent, part(HEAD_LEN + 50)),
            says("silent-after-notification", silent, self.notification.clone()),
            on_contact("drip", silent, [Drip(self.introduction.clone(), Duration::from_secs(2))]),
        ]
    }

    fn bent(&self) -> Vec<Peer> {
        let fault = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
        let stranger = fault("monero.not-levin", Blame::Mismatch);
        let unexpected = fault("monero.unexpected", Blame::Peer);
        let response = Kind::Response(ReturnCode(-7));
        let other_role = if self.role == Role::Initiator { Role::Responder } else { Role::Initiator };
        let swapped = introduced(other_role, &Local::new(self.network, 0x5e1f), 0);
        let mut peers = vec![
            says("http", stranger, http(Role::Responder).to_vec()),
            says("ssh", stranger, SSH.to_vec()),
            says("bitcoin", stranger, b"\xf9\xbe\xb4\xd9version\0\0\0\0\0".to_vec()),
            says("signature-wrong", stranger, self.bend(7, &[2])),
            says("out-of-sync", fault("monero.out-of-sync", Blame::Peer), {
                [&self.notification[..], b"and now to something else"].concat()
            }),
            says("version-2", fault("monero.version", Blame::Mismatch), self.bend(29, &[2])),
            says("flags-3", fault("monero.flags", Blame::Peer), self.bend(25, &[3])),
            says("other-network", fault("monero.network", Blame::Mismatch), self.elsewhere.clone()),
            says("wrong-way-round", unexpected, swapped),
            says("answers-nothing", unexpected, said(&Message::SupportFlagsResponse(1))),
            says("length-of-16-eib", fault("monero.oversized", Blame::Peer), self.bend(8, &[0xff; 8])),
        ];
        if self.role == Role::Responder {
            let refusal = fault("monero.return-code", Blame::Refused);
            peers.push(says("return-code", refusal, message(Command::HANDSHAKE, response, b"")));
            peers.push(peer("echo", unexpected, [Echo]));
        }
        peers
    }

    /// Small bodies that claim to be large, and useless bodies.
    fn bombs(&self) -> Vec<Peer> {
        let limit = Truth::fault(Stage::Hello, "monero.limit", Blame::Peer);
        let malformed = Truth::fault(Stage::Hello, "monero.malformed", Blame::Peer);
        let array = |kind: u8, values: usize| {
            let mut section = vec![4, 1, b'a', kind | 0x80];
            write_count(values as u64, &mut section);
            section
        };
        let sections = [array(12, 20_000), vec![0; 20_000]].concat();
        let strings = [array(10, 20_000), vec![0; 20_000]].concat();
        let mut peers = vec![
            says("nested-sections", limit, self.body(&b"\x04\x01a\x0c".repeat(10_000))),
            says("nested-arrays", limit, self.body(&b"\x04\x01a\x8c\x04".repeat(10_000))),
            says("many-sections", limit, self.body(&sections)),
            says("many-strings", limit, self.body(&strings)),
            says("array-count", malformed, self.body(&array(5, 1 << 60))),
            says("entry-count", malformed, self.body(&[0xff; 8])),
            says("same-key-twice", malformed, self.body(b"\x08\x01a\x08\0\x01a\x08\0")),
            says("empty-body", malformed, self.body(b"\0")),
        ];
        if self.role == Role::Responder {
            let one = |_: &(), section: &mut storage::Writer<'_>| {
                section.section("adr", |section| address(7).write(section));
                section.u64("id", 7);
            };
            let mut list = Vec::new();
            storage::write(&mut list, |message| message.sections("local_peerlist_new", &[(); MAX_PEERS + 1], one));
            // It is checked only together with the rest of an answer.
            let whole = self.introduction[HEAD_LEN..].to_vec();
            let spam = merged(&list, &whole);
            peers.push(says("too-many-peers", limit, self.body(&spam)));
        }
        peers
    }

    fn endless(&self) -> Vec<Peer> {
        let flood = Truth { outcome: Outcome::Failed, stage: Stage::Hello, reason: "flood", blame: Some(Blame::Peer) };
        let pours = |name, message: &[u8]| {
            // A write holds many small messages, or one large one.
            on_contact(name, flood, [Flood(message.repeat((16 * 1024 / message.len()).max(1)))])
        };
        vec![
            pours("endless-notifications", &self.notification),
            pours("endless-blocks", &message(Command::NEW_BLOCK, Kind::Notification, &[7; 100_000])),
            pours("endless-noise", &message(Command(0), Kind::Fragment, &[0; 3000])),
            pours("endless-pings", &said(&Message::PingRequest)),
        ]
    }
}

/// A node that says this.
fn says(name: &'static str, truth: Truth, words: Vec<u8>) -> Peer {
    on_contact(name, truth, [Say(words)])
}

/// A node that waits for a byte, if it was called, and then acts this.
fn on_contact<const N: usize>(name: &'static str, truth: Truth, acts: [Plain; N]) -> Peer {
    peer(name, truth, then(HearAnything, acts))
}

/// A node with a script.
fn peer(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step<Infallible>>>) -> Peer {
    Peer::new(name, Truths::either(truth), acts)
}

#[cfg(test)]
mod tests {
    use monero::NETWORKS;

    use super::peers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_node_has_its_own_name() {
        for network in NETWORKS {
            assert_named_apart(&peers(network));
        }
    }
}
