//! One of each kind of libp2p node that we call, and the expected verdict.

use std::time::Duration;

use handshake::{Blame, Outcome, Role, Stage};
use libp2p::multistream::{HEADER, NOISE};
use libp2p::protobuf::write_bytes;
use libp2p::yamux::{self, ACK, FIN, Kind, RST, SYN, WINDOW};
use libp2p::{Identify, Identity, Local, varint};

use super::script::Act::{Node, Noise, Seal, SealForever};
use super::script::{Step, peer};
use super::wire::{data, frame, frame_of, local, names, payload, written};
use crate::peer::Peer;
use crate::script::Plain::{Close, Drip, Echo, Flood, HearAnything, Reset, Say, SayApart};
use crate::script::{NOTHING, acts, then};
use crate::strangers::{SSH, http};
use crate::truth::Truth;

/// One of each kind of node that answers our call.
#[must_use]
pub fn peers() -> Vec<Peer> {
    let cast = Cast { role: Role::Responder };
    [cast.in_both_roles(), only_called()].concat()
}

/// The nodes of one role.
pub(super) struct Cast {
    pub(super) role: Role,
}

impl Cast {
    /// Nodes that exist in either role.
    pub(super) fn in_both_roles(&self) -> Vec<Peer> {
        [self.healthy(), self.leaving(), self.silent(), self.strangers(), self.bent(), self.endless()].concat()
    }

    /// The stream on which we request identify from it, and its own first stream.
    fn streams(&self) -> [u32; 2] {
        match self.role {
            Role::Initiator => [2, 1],
            Role::Responder => [1, 2],
        }
    }

    /// The answer to identify: these messages, and the end of the stream.
    fn answer(&self, messages: &[&[u8]]) -> Vec<u8> {
        let [asked, _] = self.streams();
        let mut text = names(&[HEADER, "/ipfs/id/1.0.0"]);
        for message in messages {
            varint::write(message.len() as u64, &mut text);
            text.extend_from_slice(message);
        }
        [data(ACK, asked, &text), frame(Kind::Window, FIN, asked, 0)].concat()
    }

    fn introduction(&self) -> Vec<u8> {
        self.answer(&[&written(&local().identify())])
    }

    fn healthy(&self) -> Vec<Peer> {
        let plain = Local { inlines_muxer: false, ..local() };
        let [asked, own] = self.streams();
        let introduction = self.introduction();
        let asks = data(SYN, own, &names(&[HEADER, "/ipfs/id/1.0.0"]));
        let pings = data(SYN, own + 2, &[names(&[HEADER, "/ipfs/ping/1.0.0"]), vec![7; 32]].concat());
        let wants = data(SYN, own + 4, &names(&[HEADER, "/kad/1", "/meshsub/1.1.0", "/floodsub/1.0.0"]));
        let ok = |name, frames: Vec<Vec<u8>>| known(name, Truth::OK, frames.into_iter().map(Seal));
        let apart = introduction.chunks(7).map(<[u8]>::to_vec).collect();
        // A request that does not wait for our answer: as rust-libp2p sends it with lazy negotiation.
        let at_once = data(SYN, own, &[names(&[HEADER, "/kad/1"]), b"\x26\x08\x04\x12\x22\xff".repeat(40)].concat());
        let identify = local().identify();
        let (first, second) =
            (Identify { agent: None, ..identify.clone() }, Identify { agent: identify.agent, ..Identify::default() });
        let in_two = self.answer(&[&written(&first), &written(&second)]);
        let protocols = (0..300).map(|nth| (&*format!("/lab/protocol/{nth:032}/1.0.0")).into());
        let long = self.answer(&[&written(&Identify { protocols: protocols.collect(), ..local().identify() })]);
        let long = long.chunks(10_000).map(<[u8]>::to_vec).collect();
        vec![
            peer("like-js", Truth::OK, [Node(Box::new(local()))]),
            peer("like-rust", Truth::OK, [Node(Box::new(plain))]),
            ok("introduces-itself", vec![introduction.clone()]),
            ok("in-one-frame", vec![[asks.clone(), pings.clone(), introduction.clone()].concat()]),
            ok("in-many-frames", apart),
            ok("asks-a-lot", vec![asks, pings, wants, introduction.clone()]),
            ok(
                "window-and-ping-first",
                vec![
                    frame(Kind::Window, ACK, asked, 0),
                    frame(Kind::Ping, SYN, 0, 7),
                    frame(Kind::Window, 0, 4242, 9),
                    introduction.clone(),
                ],
            ),
            ok("says-nothing-of-itself", vec![self.answer(&[&[]])]),
            ok("request-without-waiting", vec![at_once, introduction.clone()]),
            ok("introduction-in-two-messages", vec![in_two]),
            ok("introduction-of-17-kilobytes", long),
            ok("names-that-are-none-on-a-stream", vec![data(SYN, own, &[0xff; 10]), introduction.clone()]),
            ok(
                "two-streams-too-many",
                vec![
                    (0..34).flat_map(|nth| frame(Kind::Window, SYN, own + 2 * nth, 0)).collect(),
                    introduction.clone(),
                ],
            ),
        ]
    }

    fn leaving(&self) -> Vec<Peer> {
        let closed = |stage| Truth::ends(stage, "closed");
        // We have sent nothing that the peer's kernel could have found unread, so the reset is deliberate.
        let reset = match self.role {
            Role::Responder => closed(Stage::Transport),
            Role::Initiator => Truth::ends(Stage::Transport, "reset"),
        };
        let both = names(&[HEADER, NOISE]);
        vec![
            peer("close-at-accept", closed(Stage::Transport), [Close]),
            peer("reset-at-accept", reset, [Reset]),
            on_contact("close-inside-name", closed(Stage::Transport), [Say(both[..9].to_vec()), Close]),
            on_contact("close-after-names", closed(Stage::Transport), [Say(both), Close]),
            known("close-before-identify", closed(Stage::Hello), [Close]),
            known(
                "close-inside-identify",
                closed(Stage::Hello),
                acts![Seal(self.introduction()[..30].to_vec()), Close],
            ),
        ]
    }

    fn silent(&self) -> Vec<Peer> {
        let silent = |stage| Truth::ends(stage, "timeout");
        let both = names(&[HEADER, NOISE]);
        vec![
            peer("silent", silent(Stage::Transport), NOTHING),
            on_contact("silent-after-names", silent(Stage::Transport), [Say(both.clone())]),
            on_contact("drip", silent(Stage::Transport), [Drip(both, Duration::from_secs(2))]),
            known("silent-before-identify", silent(Stage::Hello), NOTHING),
            known("silent-inside-identify", silent(Stage::Hello), [Seal(self.introduction()[..30].to_vec())]),
        ]
    }

    /// Peers that do not speak libp2p, or only protocols that we do not support.
    fn strangers(&self) -> Vec<Peer> {
        let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
        let stranger = fault("libp2p.not-libp2p", Blame::Mismatch);
        let says = |name, truth, words: &[u8]| on_contact(name, truth, [Say(words.to_vec())]);
        vec![
            says("http", stranger, http(Role::Responder)),
            says("ssh", stranger, SSH),
            says("multistream-2", stranger, b"\x13/multistream/2.0.0\n"),
            says("huge-name", fault("libp2p.malformed", Blame::Peer), &[&names(&[HEADER])[..], &[0xff; 10]].concat()),
            says(
                "long-length",
                fault("libp2p.malformed", Blame::Peer),
                &[&names(&[HEADER])[..], b"\x87\0/noise\n"].concat(),
            ),
        ]
    }

    fn bent(&self) -> Vec<Peer> {
        let transport = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
        let hello = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
        let proves = |name, truth, payload: Vec<u8>| peer(name, truth, [Noise(payload)]);
        let sound = payload(&local(), &[yamux::NAME]);
        let mut stolen = Vec::new();
        write_bytes(1, Identity::new([9; 32]).public().encoded(), &mut stolen);
        let stolen = [&stolen, &sound[38..]].concat();
        let [asked, own] = self.streams();
        let no_muxer = hello("libp2p.no-muxer", Blame::Mismatch);
        let says = |name, truth, text: Vec<u8>| known(name, truth, [Seal(text)]);
        let yamux = hello("libp2p.yamux", Blame::Peer);
        let another =
            Identify { public_key: Some(Identity::new([9; 32]).public().encoded().into()), ..local().identify() };
        let many: Vec<_> = (0..200).flat_map(|nth| frame(Kind::Window, SYN, own + 2 * nth, 0)).collect();
        let asked_for = |more: &[u8]| data(ACK, asked, &[&names(&[HEADER, "/ipfs/id/1.0.0"])[..], more].concat());
        vec![
            proves("stolen-identity", transport("libp2p.signature", Blame::Peer), stolen),
            proves("no-signature", transport("libp2p.malformed", Blame::Peer), sound[..38].to_vec()),
            proves("long-number", transport("libp2p.malformed", Blame::Peer), [&[10, 0xa4, 0], &sound[2..]].concat()),
            proves("no-payload", transport("libp2p.malformed", Blame::Peer), Vec::new()),
            proves("no-common-muxer", no_muxer, payload(&local(), &["/mplex/6.7.0"])),
            known("forged-frame", hello("libp2p.mac", Blame::Peer), [Say(vec![0, 20]), Say(vec![7; 20])]),
            says("frame-of-no-kind", yamux, frame_of(9)),
            says("frame-beyond-window", yamux, frame(Kind::Data, SYN, own, WINDOW + 1)),
            says("stream-of-ours", yamux, frame(Kind::Window, SYN, asked + 2, 0)),
            says("many-streams", hello("libp2p.stream-flood", Blame::Peer), many),
            says("goodbye", hello("libp2p.go-away", Blame::Refused), frame(Kind::GoAway, 0, 0, 0)),
            says(
                "no-identify",
                hello("libp2p.no-identify", Blame::Mismatch),
                data(ACK, asked, &names(&[HEADER, "na"])),
            ),
            says("identify-reset", hello("libp2p.no-identify", Blame::Refused), frame(Kind::Window, RST, asked, 0)),
            says("identify-finished", hello("libp2p.no-identify", Blame::Refused), frame(Kind::Window, FIN, asked, 0)),
            says("identify-cut", hello("libp2p.malformed", Blame::Peer), asked_for(b"\x02\x0a\x05")),
            says("identify-of-another", hello("libp2p.identity", Blame::Peer), self.answer(&[&written(&another)])),
        ]
    }

    fn endless(&self) -> Vec<Peer> {
        let flood = |stage| Truth { outcome: Outcome::Failed, stage, reason: "flood", blame: Some(Blame::Peer) };
        let [asked, _] = self.streams();
        let pours = |name, text: Vec<u8>| {
            // A frame of Noise holds many small frames of the muxer.
            known(name, flood(Stage::Hello), [SealForever(text.repeat((16 * 1024 / text.len()).max(1)))])
        };
        let stranger = Truth::fault(Stage::Transport, "libp2p.not-libp2p", Blame::Mismatch);
        vec![
            on_contact("noise-without-end", stranger, [Flood(vec![0xaa; 16 * 1024])]),
            pours("endless-windows", frame(Kind::Window, 0, asked, u32::MAX)),
            pours("endless-pongs", frame(Kind::Ping, ACK, 0, 7)),
            pours("endless-data", data(0, 4242, &[7; 1000])),
        ]
    }
}

/// Nodes that only exist as called ones.
fn only_called() -> Vec<Peer> {
    let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
    let no_noise = fault("libp2p.no-noise", Blame::Mismatch);
    let says = |name, truth, words: &[u8]| on_contact(name, truth, [Say(words.to_vec())]);
    vec![
        on_contact("na", no_noise, [SayApart(vec![names(&[HEADER, "na"]), names(&["na"])])]),
        on_contact("tls-only", no_noise, [SayApart(vec![names(&[HEADER, "na"]), names(&["/tls/1.0.0"])])]),
        says("na-without-end", no_noise, &names(&[&[HEADER][..], &["na"; 2000]].concat())),
        says("another-answer", fault("libp2p.unexpected", Blame::Peer), &names(&[HEADER, "/plaintext/2.0.0"])),
        // It reads from the start: bytes that it had read before would not be echoed.
        peer("echo", fault("libp2p.oversized", Blame::Peer), [Echo]),
    ]
}

/// A node that waits for a byte, if it was called, and then acts this.
pub(super) fn on_contact(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    peer(name, truth, then(HearAnything, acts))
}

/// A node that proves its identity, and then acts this.
fn known(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    peer(name, truth, then(Noise(payload(&local(), &[yamux::NAME])), acts))
}

#[cfg(test)]
mod tests {
    use super::peers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_node_has_its_own_name() {
        assert_named_apart(&peers());
    }
}
