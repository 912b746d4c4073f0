//! The acts of an Ethereum node's own.

use std::io;
use std::net::SocketAddr;

use ethereum::auth::{Ack, AckReader, Auth, AuthReader, Form};
use ethereum::channel::Heard;
use ethereum::headers;
use ethereum::message::id;
use ethereum::secrets::Part;
use ethereum::{Channel, Fresh, Hello, PublicKey, Rlpx};
use handshake::Role;

use super::wire::{called_key, channel, fresh, key, node, sealed};
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

/// An act of an Ethereum node's own.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Has a healthy handshake with these versions of `eth`. A caller uses an auth of the old form every other time.
    Node(&'static [u64]),
    /// Receives auth and sends ack; a caller sends auth and receives ack.
    Keys,
    /// For a caller: the same, with an auth that this function modifies before encryption.
    KeysWith(fn(&mut Auth)),
    /// Sends its ack or auth with one byte changed.
    BentKeys(usize),
    /// Sends this many bytes of its ack or auth.
    CutKeys(usize),
    /// Sends Hello, and compresses from then on if its version does.
    Introduce(Hello),
    /// Sends a message with this id and payload.
    Tell(u64, Vec<u8>),
    /// Receives GetBlockHeaders, and answers it without a header.
    Answer,
    /// Sends a message with one byte of its ciphertext changed.
    Bend(u64, Vec<u8>, usize),
    /// Sends a frame with exactly this data.
    Frame(Vec<u8>),
    /// Sends this message again and again.
    FloodOf(u64, Vec<u8>),
}

impl script::Act for Act {
    type Memory = Memory;

    fn remember(line: &Line) -> Memory {
        let calls = line.role == Role::Initiator;
        Memory { called: calls.then(|| called_key(line.rightly_named).public()), channel: None }
    }

    async fn perform(&self, line: &mut Line, memory: &mut Memory) -> io::Result<()> {
        match self {
            Self::Node(versions) => {
                let fresh = fresh(line.turn);
                match memory.called {
                    Some(called) => {
                        let form = if line.turn.is_multiple_of(2) { Form::Eip8 } else { Form::Plain };
                        line.shake(Rlpx::initiator(node(versions), Fresh { form, ..fresh }, called)).await?;
                    }
                    None => line.shake(Rlpx::responder(node(versions), fresh)).await?,
                }
            }
            Self::Keys => memory.exchange_keys(line, |_| {}).await?,
            Self::KeysWith(change) => memory.exchange_keys(line, change).await?,
            Self::BentKeys(at) => {
                let mut packet = memory.packet(line, |_| {}).await?;
                packet[*at] ^= 1;
                line.say(packet);
            }
            Self::CutKeys(len) => {
                let mut packet = memory.packet(line, |_| {}).await?;
                packet.truncate(*len);
                line.say(packet);
            }
            Self::Introduce(hello) => {
                let mut payload = Vec::new();
                hello.write(&mut payload);
                memory.tell(line, id::HELLO, &payload, |_| {});
                memory.channel().compressed = hello.version >= 5;
            }
            Self::Tell(id, payload) => memory.tell(line, *id, payload, |_| {}),
            Self::Answer => memory.answer(line).await?,
            Self::Bend(id, payload, at) => memory.tell(line, *id, payload, |sealed| sealed[*at] ^= 1),
            Self::Frame(data) => {
                let mut bytes = Vec::new();
                memory.channel().seal.frame(&mut bytes, |tx| tx.extend_from_slice(data));
                line.say(bytes);
            }
            Self::FloodOf(id, payload) => {
                let channel = memory.channel();
                line.flood(|words| channel.say(*id, payload, words)).await?;
            }
        }
        Ok(())
    }

    fn target(address: SocketAddr, rightly_named: bool) -> String {
        format!("enode://{}@{address}", key(rightly_named).public())
    }
}

/// What a node remembers in a conversation.
pub(super) struct Memory {
    /// The key of the called side, if this node is the caller.
    called: Option<PublicKey>,
    channel: Option<Channel>,
}

impl Memory {
    /// Sends its packet, receives the other side's, first if it was called, and makes the channel.
    async fn exchange_keys(&mut self, line: &mut Line, change: impl FnOnce(&mut Auth)) -> io::Result<()> {
        let packet = self.packet(line, change).await?;
        line.say(packet.clone());
        if self.called.is_some() { self.hear_ack(line, &packet).await } else { Ok(()) }
    }

    /// Its auth, modified; or its ack, after it has received an auth.
    async fn packet(&mut self, line: &mut Line, change: impl FnOnce(&mut Auth)) -> io::Result<Vec<u8>> {
        let Some(called) = self.called else {
            return self.hear_auth(line).await;
        };
        let (ours, fresh) = (key(true), fresh(line.turn));
        let mut auth = Auth::new(&ours, ours.public(), &fresh.ephemeral, fresh.nonce, &called);
        change(&mut auth);
        let mut packet = Vec::new();
        auth.write(fresh.form, &fresh.ephemeral, &called, &fresh.sealing, &mut packet);
        Ok(packet)
    }

    /// Receives the ack to our auth.
    async fn hear_ack(&mut self, line: &mut Line, auth: &[u8]) -> io::Result<()> {
        let (ours, fresh) = (key(true), fresh(line.turn));
        let mut reader = AckReader::new();
        let heard = line.hear(|rx| {
            let opened = reader.read(&ours, rx).ok()?;
            let ack = Ack::read(opened.form, opened.inside).ok()?;
            Some((opened.packet, ack))
        });
        let (packet, ack) = heard.await?;
        let initiator = Part { nonce: &fresh.nonce, packet: auth };
        let responder = Part { nonce: &ack.nonce, packet: &packet };
        self.channel = Some(channel(Role::Initiator, &fresh, &ack.ephemeral_key, initiator, responder));
        Ok(())
    }

    /// Receives an auth, and returns the ack for the other side.
    async fn hear_auth(&mut self, line: &mut Line) -> io::Result<Vec<u8>> {
        let (ours, fresh) = (key(true), fresh(line.turn));
        let mut reader = AuthReader::new();
        let heard = line.hear(|rx| {
            let opened = reader.read(&ours, rx).ok()?;
            let auth = Auth::read(opened.form, opened.inside).ok()?;
            Some((opened.form, opened.packet, auth))
        });
        let (form, packet, auth) = heard.await?;
        let their_ephemeral = auth.ephemeral_key(&ours).map_err(io::Error::other)?;
        let mut ack = Vec::new();
        Ack::new(&fresh.ephemeral, fresh.nonce).write(form, &auth.key, &fresh.sealing, &mut ack);
        let initiator = Part { nonce: &auth.nonce, packet: &packet };
        let responder = Part { nonce: &fresh.nonce, packet: &ack };
        self.channel = Some(channel(Role::Responder, &fresh, &their_ephemeral, initiator, responder));
        Ok(ack)
    }

    /// Waits for GetBlockHeaders, and answers it without a header.
    async fn answer(&mut self, line: &mut Line) -> io::Result<()> {
        const GET_BLOCK_HEADERS: u64 = id::FIRST_OF_CAPABILITIES + headers::GET_BLOCK_HEADERS;
        let channel = self.channel.as_mut().expect("scripts exchange keys before they hear");
        let request_id = loop {
            let heard = line.hear(|rx| match channel.hear(rx) {
                Ok(Heard::Message { id: GET_BLOCK_HEADERS, data }) => Some(Some(data.to_vec())),
                Ok(_) => Some(None),
                Err(_) => None,
            });
            if let Some(data) = heard.await? {
                let payload = channel.payload("GetBlockHeaders", &data).map_err(io::Error::other)?;
                break headers::read_request_id(headers::FIRST_WITH_REQUEST_ID, &payload).map_err(io::Error::other)?;
            }
        };
        let mut payload = Vec::new();
        headers::write_empty_answer(request_id, &mut payload);
        self.tell(line, id::FIRST_OF_CAPABILITIES + headers::BLOCK_HEADERS, &payload, |_| {});
        Ok(())
    }

    fn channel(&mut self) -> &mut Channel {
        self.channel.as_mut().expect("scripts exchange keys before they speak")
    }

    /// Sends a message, whose ciphertext `change` modifies.
    fn tell(&mut self, line: &mut Line, id: u64, payload: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = sealed(self.channel(), id, payload);
        change(&mut bytes);
        line.say(bytes);
    }
}
