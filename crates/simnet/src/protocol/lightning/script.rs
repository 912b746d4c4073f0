//! The acts of a Lightning node's own.

use std::io;
use std::net::SocketAddr;

use handshake::{Role, Rx};
use lightning::acts::{Initiator, Responder, SaysActThree, SaysActTwo};
use lightning::{Channel, Hello, Init, Message, NodeId};

use super::wire::{called_key, ephemeral, key, node, sealed};
use crate::line::Line;
use crate::peer::Peer;
use crate::script;
use crate::truth::{Truth, Truths};

/// An act in a script.
type Step = script::Step<Act>;

/// A node with a script.
pub(super) fn peer(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    Peer::new(name, Truths::either(truth), acts)
}

/// An act of a Lightning node's own.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Has a healthy handshake, with this introduction.
    Node(Init),
    /// Receives act one, sends act two, receives act three; a caller sends the first, receives the second and sends the
    /// third.
    Keys,
    /// Sends its first act with this byte changed: act two after it has received act one, or act one if it is the
    /// caller.
    BentKeys(usize),
    /// For a caller: sends act one and receives act two.
    Knock,
    /// The same, and then sends act three with this byte changed.
    BentActThree(usize),
    /// Sends this message, encrypted.
    Seal(Vec<u8>),
    /// Receives a ping, and answers it.
    Pong,
    /// Sends this message with one byte of its ciphertext changed.
    Bend(Vec<u8>, usize),
    /// Sends this message, encrypted, again and again.
    FloodOf(Vec<u8>),
}

impl script::Act for Act {
    type Memory = Memory;

    fn remember(line: &Line) -> Memory {
        let calls = line.role == Role::Initiator;
        Memory { called: calls.then(|| called_key(line.rightly_named).node_id()), channel: None }
    }

    async fn perform(&self, line: &mut Line, memory: &mut Memory) -> io::Result<()> {
        match self {
            Self::Node(init) => {
                let node = node(init, line.turn);
                match memory.called {
                    Some(called) => line.shake(Hello::initiator(node, called)).await?,
                    None => line.shake(Hello::responder(node)).await?,
                }
            }
            Self::Keys => memory.exchange_keys(line, |_| {}).await?,
            Self::BentActThree(at) => memory.exchange_keys(line, |act_three| act_three[*at] ^= 1).await?,
            Self::Knock => drop(memory.knock(line).await?),
            Self::BentKeys(at) => memory.bent_keys(line, *at).await?,
            Self::Seal(message) => memory.seal(line, message, |_| {}),
            Self::Pong => memory.pong(line).await?,
            Self::Bend(message, at) => memory.seal(line, message, |sealed| sealed[*at] ^= 1),
            Self::FloodOf(message) => {
                let channel = memory.channel();
                line.flood(|words| channel.seal.seal(words, |tx| tx.extend_from_slice(message))).await?;
            }
        }
        Ok(())
    }

    fn target(address: SocketAddr, rightly_named: bool) -> String {
        format!("{}@{address}", key(rightly_named).node_id())
    }
}

/// What a node remembers in a conversation.
pub(super) struct Memory {
    /// The key of the called side, if this node is the caller.
    called: Option<NodeId>,
    channel: Option<Channel>,
}

impl Memory {
    /// Exchanges the acts. A caller modifies its act three with `change`.
    async fn exchange_keys(&mut self, line: &mut Line, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let transport = if self.called.is_some() {
            let initiator = self.knock(line).await?;
            let mut act_three = Vec::new();
            let transport = initiator.act_three(&mut act_three);
            change(&mut act_three);
            line.say(act_three);
            transport
        } else {
            let mut act_two = Vec::new();
            let responder = self.hear_act_one(line).await?.act_two(&mut act_two);
            line.say(act_two);
            let mut act_three = hear_act(line).await?;
            responder.act_three(&mut act_three).map_err(io::Error::other)?
        };
        self.channel = Some(transport.channel);
        Ok(())
    }

    /// Sends act one, and receives act two.
    async fn knock(&mut self, line: &mut Line) -> io::Result<SaysActThree> {
        let mut act_one = Vec::new();
        let initiator = self.initiator(line).act_one(&mut act_one);
        line.say(act_one);
        let mut act_two = hear_act(line).await?;
        initiator.act_two(&mut act_two).map_err(io::Error::other)
    }

    /// Sends its first act with this byte changed.
    async fn bent_keys(&mut self, line: &mut Line, at: usize) -> io::Result<()> {
        let mut act = Vec::new();
        if self.called.is_some() {
            drop(self.initiator(line).act_one(&mut act));
        } else {
            drop(self.hear_act_one(line).await?.act_two(&mut act));
        }
        act[at] ^= 1;
        line.say(act);
        Ok(())
    }

    fn initiator(&self, line: &Line) -> Initiator {
        Initiator::new(key(true), ephemeral(line.turn), self.called.expect("only those knock that called"))
    }

    async fn hear_act_one(&mut self, line: &mut Line) -> io::Result<SaysActTwo> {
        let mut act_one = hear_act(line).await?;
        Responder::new(key(true), ephemeral(line.turn)).act_one(&mut act_one).map_err(io::Error::other)
    }

    /// Waits for a ping, and answers it.
    async fn pong(&mut self, line: &mut Line) -> io::Result<()> {
        let channel = self.channel();
        let pong = loop {
            let heard = line.hear(|rx| Some(channel.open.open(rx).ok()?.to_vec()));
            if let Ok(Message::Ping(ping)) = Message::read(&heard.await?) {
                break ping.pong().ok_or_else(|| io::Error::other("a ping that wants no pong"))?;
            }
        };
        let mut bytes = Vec::new();
        Message::Pong(pong).write(&mut bytes);
        self.seal(line, &bytes, |_| {});
        Ok(())
    }

    /// Sends a message, whose ciphertext `change` modifies.
    fn seal(&mut self, line: &mut Line, message: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = sealed(self.channel(), message);
        change(&mut bytes);
        line.say(bytes);
    }

    fn channel(&mut self) -> &mut Channel {
        self.channel.as_mut().expect("scripts exchange keys before they seal")
    }
}

async fn hear_act<const LEN: usize>(line: &mut Line) -> io::Result<[u8; LEN]> {
    line.hear(|rx: &mut Rx<'_>| rx.take(LEN).ok().and_then(|act| act.first_chunk().copied())).await
}
