//! Every kind of Monero node, one of each: its script, and the expected verdict.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use handshake::{Blame, Role, Stage};
use monero::levin::{HEAD_LEN, write_message};
use monero::storage::{self, write_count};
use monero::{Address, Command, Kind, Local, MAX_PEERS, Message, Network, ReturnCode};
use net::Outcome;

use crate::peer::Peer;
use crate::protocol::bitcoin::script::Act::{
    self, Close, Drip, Echo, Flood, HearAnything, Reset, Say, SayApart, SayCut,
};
use crate::truth::{Truth, Truths};

/// One of each kind of Monero node that answers our call, on this network.
#[must_use]
pub fn monero_peers(network: &'static Network) -> Vec<Peer> {
    Cast::of(Role::Responder, network).all()
}

/// One of each kind of Monero node that calls us, on this network; [`Peer::call`] starts the call.
#[must_use]
pub fn monero_callers(network: &'static Network) -> Vec<Peer> {
    Cast::of(Role::Initiator, network).all()
}

/// The messages of the peers of one role.
struct Cast {
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
    fn of(role: Role, network: &'static Network) -> Self {
        let other = monero::NETWORKS.iter().find(|other| other.id != network.id).expect("there are several");
        let mut local = Local::new(network, 0x5e1f);
        local.introduction.tip.height = 3_200_000;
        let introduction = introduced(role, &local, 8);
        let elsewhere = introduced(role, &Local::new(other, 0x5e1f), 0);
        let notification = message(Command::TXPOOL_COMPLEMENT, Kind::Notification, &storage::SIGNATURE);
        Self { role, network, introduction, elsewhere, notification }
    }

    fn all(&self) -> Vec<Peer> {
        [self.healthy(), self.leaving(), self.silent(), self.bent(), self.bombs(), self.endless()].concat()
    }

    /// A peer that acts this; a called one first waits for a byte.
    fn peer<const N: usize>(&self, name: &'static str, truth: Truth, acts: [Act; N]) -> Peer {
        let first = (self.role == Role::Responder).then_some(HearAnything);
        Peer::new(name, Truths::either(truth), first.into_iter().chain(acts).collect::<Vec<_>>())
    }

    fn says(&self, name: &'static str, truth: Truth, words: Vec<u8>) -> Peer {
        self.peer(name, truth, [Say(words)])
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
        let ok =
            |name, words: &[&Vec<u8>]| self.says(name, Truth::OK, words.iter().copied().flatten().copied().collect());
        let short = introduced(self.role, &Local::new(self.network, 0x5e1f), 0);
        let mut peers = vec![
            ok("like-monerod", &[notification, introduction]),
            ok("at-once", &[introduction]),
            ok("questions-first", &[&questions, introduction]),
            ok("noise-first", &[&noise, &noise, introduction]),
            ok("long-notification-first", &[&long, introduction]),
            ok("small-talk-behind", &[introduction, notification, &questions]),
            self.peer("separate", Truth::OK, [SayApart(vec![notification.clone(), introduction.clone()])]),
            // A short introduction: a long transfer would be late on a busy machine.
            self.peer("byte-by-byte", Truth::OK, [Drip(short, Duration::from_millis(1))]),
            self.peer("cut-anywhere", Truth::OK, [SayCut(introduction.clone())]),
            self.peer("leaves-when-done", Truth::OK, [Say(introduction.clone()), Close]),
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
            Peer::new("close-at-accept", Truths::either(closed), [Close]),
            Peer::new("reset-at-accept", Truths::either(reset), [Reset]),
            self.peer("close-before-a-word", closed, [Close]),
            self.peer("close-inside-head", closed, [part(HEAD_LEN - 1), Close]),
            self.peer("close-inside-body", closed, [part(HEAD_LEN + 50), Close]),
            self.peer("reset-inside-body", reset, [part(HEAD_LEN + 50), Reset]),
            self.peer("close-after-notification", closed, [Say(self.notification.clone()), Close]),
        ]
    }

    fn silent(&self) -> Vec<Peer> {
        let silent = Truth::ends(Stage::Hello, "timeout");
        let part = |len: usize| self.introduction[..len].to_vec();
        vec![
            Peer::new("silent", Truths::either(silent), []),
            self.says("silent-inside-head", silent, part(HEAD_LEN - 1)),
            self.says("silent-inside-body", silent, part(HEAD_LEN + 50)),
            self.says("silent-after-notification", silent, self.notification.clone()),
            self.peer("drip", silent, [Drip(self.introduction.clone(), Duration::from_secs(2))]),
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
            self.says("http", stranger, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            self.says("ssh", stranger, b"SSH-2.0-Go\r\n".to_vec()),
            self.says("bitcoin", stranger, b"\xf9\xbe\xb4\xd9version\0\0\0\0\0".to_vec()),
            self.says("signature-wrong", stranger, self.bend(7, &[2])),
            self.says("out-of-sync", fault("monero.out-of-sync", Blame::Peer), {
                [&self.notification[..], b"and now to something else"].concat()
            }),
            self.says("version-2", fault("monero.version", Blame::Mismatch), self.bend(29, &[2])),
            self.says("flags-3", fault("monero.flags", Blame::Peer), self.bend(25, &[3])),
            self.says("other-network", fault("monero.network", Blame::Mismatch), self.elsewhere.clone()),
            self.says("wrong-way-round", unexpected, swapped),
            self.says("answers-nothing", unexpected, said(&Message::SupportFlagsResponse(1))),
            self.says("length-of-16-eib", fault("monero.oversized", Blame::Peer), self.bend(8, &[0xff; 8])),
        ];
        if self.role == Role::Responder {
            let refusal = fault("monero.return-code", Blame::Refused);
            peers.push(self.says("return-code", refusal, message(Command::HANDSHAKE, response, b"")));
            peers.push(Peer::new("echo", Truths::either(unexpected), [Echo]));
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
            self.says("nested-sections", limit, self.body(&b"\x04\x01a\x0c".repeat(10_000))),
            self.says("nested-arrays", limit, self.body(&b"\x04\x01a\x8c\x04".repeat(10_000))),
            self.says("many-sections", limit, self.body(&sections)),
            self.says("many-strings", limit, self.body(&strings)),
            self.says("array-count", malformed, self.body(&array(5, 1 << 60))),
            self.says("entry-count", malformed, self.body(&[0xff; 8])),
            self.says("same-key-twice", malformed, self.body(b"\x08\x01a\x08\0\x01a\x08\0")),
            self.says("empty-body", malformed, self.body(b"\0")),
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
            peers.push(self.says("too-many-peers", limit, self.body(&spam)));
        }
        peers
    }

    fn endless(&self) -> Vec<Peer> {
        let flood = Truth { outcome: Outcome::Failed, stage: Stage::Hello, reason: "flood", blame: Some(Blame::Peer) };
        let pours = |name, message: &[u8]| {
            // A write holds many small messages, or one large one.
            self.peer(name, flood, [Flood(message.repeat((16 * 1024 / message.len()).max(1)))])
        };
        vec![
            pours("endless-notifications", &self.notification),
            pours("endless-blocks", &message(Command::NEW_BLOCK, Kind::Notification, &[7; 100_000])),
            pours("endless-noise", &message(Command(0), Kind::Fragment, &[0; 3000])),
            pours("endless-pings", &said(&Message::PingRequest)),
        ]
    }
}

/// The introduction of a peer in a role, with this many known peers.
fn introduced(role: Role, local: &Local, peers: usize) -> Vec<u8> {
    let introduction = local.introduction.clone();
    let known = (0..peers).map(|n| monero::Peer::new(address(n), n as u64));
    said(&match role {
        Role::Initiator => Message::HandshakeRequest(introduction),
        Role::Responder => Message::HandshakeResponse(introduction, known.collect::<Vec<_>>().into()),
    })
}

/// An example address. (RFC 5737)
fn address(n: usize) -> Address {
    let last = u8::try_from(n % 256).expect("below 256");
    Address::Ip(SocketAddr::from((Ipv4Addr::new(203, 0, 113, last), 18080)))
}

fn said(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

fn message(command: Command, kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message(command, kind, &mut bytes, |tx| tx.extend_from_slice(body));
    bytes
}

/// The section of a body with this first entry, and the entries of another body after its first.
fn merged(first: &[u8], others: &[u8]) -> Vec<u8> {
    let start = storage::SIGNATURE.len();
    let entries = others[start + 1..].to_vec();
    let node_data = b"\x09node_data";
    let at = entries.windows(node_data.len()).position(|bytes| bytes == node_data).expect("it has a node_data");
    [&[3 << 2], &first[start + 1..], &entries[at..]].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use monero::NETWORKS;

    use super::{monero_callers, monero_peers};

    #[test]
    fn every_monero_node_has_its_own_name() {
        for network in NETWORKS {
            for peers in [monero_peers(network), monero_callers(network)] {
                let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
                assert_eq!(names.len(), peers.len(), "{}", network.name);
            }
        }
    }
}
