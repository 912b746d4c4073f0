//! Ethereum nodes: the acts of their scripts, and the interpreter.

use std::io;

use ethereum::auth::{Ack, AckReader, Auth, AuthReader, Form};
use ethereum::channel::Heard;
use ethereum::eth::OurChain;
use ethereum::headers;
use ethereum::message::id;
use ethereum::secrets::{Part, Secrets};
use ethereum::{Channel, ForkId, Fresh, Goal, Hash, Hello, Local, OurStatus, Protocol, PublicKey, Rlpx, SecretKey};
use handshake::Role;

use crate::connection::Wire;
use crate::keyed::CALLED_KEY;
use crate::line::Line;
use crate::random::Random;
use crate::rhythm::Rhythm;

/// The id of the simulated network.
pub const NETWORK_ID: u64 = 424_242;

/// The hash of its first block.
pub const GENESIS: Hash = Hash([0x5e; 32]);

/// One act of a peer. Its data is sent before the peer waits for anything. After its last act the peer reads until the
/// other side leaves.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends in this rhythm from here on.
    Speak(Rhythm),
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
    /// Waits for a byte. A caller does not wait: the other side sends nothing before it does.
    HearAnything,
    /// Sends these bytes.
    Say(Vec<u8>),
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
    /// Sends these bytes again and again.
    Flood(Vec<u8>),
    /// Closes.
    Close,
}

/// The key of a peer, or another one.
pub(crate) fn key(its_own: bool) -> SecretKey {
    SecretKey::new([if its_own { 0x42 } else { 0x24 }; 32]).expect("less than the order of the curve")
}

/// The key of the called side, or another one.
pub(crate) fn called_key(its_own: bool) -> SecretKey {
    if its_own { SecretKey::new(CALLED_KEY).expect("less than the order of the curve") } else { key(false) }
}

/// Acts a script, as a peer that called the side with this key, or as one that was called.
///
/// # Errors
/// If the other side leaves first, or does not act as a node.
pub(crate) async fn play(acts: &[Act], whom: Option<PublicKey>, stream: Wire, turn: usize) -> io::Result<()> {
    let mut play = Play { line: Line::new(stream, turn), whom, turn, channel: None };
    for act in acts {
        match act {
            Act::Speak(rhythm) => play.line.rhythm = *rhythm,
            Act::Node(versions) => match whom {
                Some(whom) => {
                    let form = if turn.is_multiple_of(2) { Form::Eip8 } else { Form::Plain };
                    play.line.shake(Rlpx::initiator(node(versions), Fresh { form, ..fresh(turn) }, whom)).await?;
                }
                None => play.line.shake(Rlpx::responder(node(versions), fresh(turn))).await?,
            },
            Act::Keys => play.exchange_keys(|_| {}).await?,
            Act::KeysWith(change) => play.exchange_keys(change).await?,
            Act::BentKeys(at) => {
                let mut packet = play.packet(|_| {}).await?;
                packet[*at] ^= 1;
                play.line.say(packet);
            }
            Act::CutKeys(len) => {
                let mut packet = play.packet(|_| {}).await?;
                packet.truncate(*len);
                play.line.say(packet);
            }
            Act::HearAnything if whom.is_some() => {}
            Act::HearAnything => play.line.hear_anything().await?,
            Act::Say(bytes) => play.line.say(bytes.clone()),
            Act::Introduce(hello) => {
                let mut payload = Vec::new();
                hello.write(&mut payload);
                play.tell(id::HELLO, &payload, |_| {});
                play.channel().compressed = hello.version >= 5;
            }
            Act::Tell(id, payload) => play.tell(*id, payload, |_| {}),
            Act::Answer => play.answer().await?,
            Act::Bend(id, payload, at) => play.tell(*id, payload, |sealed| sealed[*at] ^= 1),
            Act::Frame(data) => {
                let mut bytes = Vec::new();
                play.channel().seal.frame(&mut bytes, |tx| tx.extend_from_slice(data));
                play.line.say(bytes);
            }
            Act::FloodOf(id, payload) => {
                let mut channel = play.channel.expect("scripts exchange keys before they speak");
                return play.line.flood(|| sealed(&mut channel, *id, payload)).await;
            }
            Act::Flood(bytes) => return play.line.flood(|| bytes.clone()).await,
            Act::Close => return play.line.send().await,
        }
    }
    play.line.listen().await
}

/// The state of a running script.
struct Play {
    line: Line,
    /// The key of the called side, if this peer is the caller.
    whom: Option<PublicKey>,
    /// The number of earlier conversations of this peer.
    turn: usize,
    channel: Option<Channel>,
}

impl Play {
    /// Sends its packet and makes the channel; a caller first receives the other side's packet.
    async fn exchange_keys(&mut self, change: impl FnOnce(&mut Auth)) -> io::Result<()> {
        let packet = self.packet(change).await?;
        self.line.say(packet.clone());
        if self.whom.is_some() { self.hear_ack(&packet).await } else { Ok(()) }
    }

    /// Its auth, modified; or its ack, after it has received an auth.
    async fn packet(&mut self, change: impl FnOnce(&mut Auth)) -> io::Result<Vec<u8>> {
        let Some(whom) = self.whom else {
            return self.hear_auth().await;
        };
        let (ours, fresh) = (key(true), fresh(self.turn));
        let mut auth = Auth::new(&ours, ours.public(), &fresh.ephemeral, fresh.nonce, &whom);
        change(&mut auth);
        let mut packet = Vec::new();
        auth.write(fresh.form, &fresh.ephemeral, &whom, &fresh.sealing, &mut packet);
        Ok(packet)
    }

    /// Receives the ack to our auth.
    async fn hear_ack(&mut self, auth: &[u8]) -> io::Result<()> {
        let (ours, fresh) = (key(true), fresh(self.turn));
        let mut reader = AckReader::new();
        let heard = self.line.hear(|rx| {
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
    async fn hear_auth(&mut self) -> io::Result<Vec<u8>> {
        let (ours, fresh) = (key(true), fresh(self.turn));
        let mut reader = AuthReader::new();
        let heard = self.line.hear(|rx| {
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
    async fn answer(&mut self) -> io::Result<()> {
        const GET_BLOCK_HEADERS: u64 = id::FIRST_OF_CAPABILITIES + headers::GET_BLOCK_HEADERS;
        let channel = self.channel.as_mut().expect("scripts exchange keys before they hear");
        let request_id = loop {
            let heard = self.line.hear(|rx| match channel.hear(rx) {
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
        self.tell(id::FIRST_OF_CAPABILITIES + headers::BLOCK_HEADERS, &payload, |_| {});
        Ok(())
    }

    fn channel(&mut self) -> &mut Channel {
        self.channel.as_mut().expect("scripts exchange keys before they speak")
    }

    /// Sends a message, whose ciphertext `change` modifies.
    fn tell(&mut self, id: u64, payload: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = sealed(self.channel(), id, payload);
        change(&mut bytes);
        self.line.say(bytes);
    }
}

fn channel(role: Role, ours: &Fresh, theirs: &PublicKey, initiator: Part<'_>, responder: Part<'_>) -> Channel {
    let secrets = Secrets::derive(&ours.ephemeral, theirs, initiator.nonce, responder.nonce);
    let (seal, open) = secrets.halves(role, initiator, responder);
    Channel { seal, open, compressed: false }
}

fn sealed(channel: &mut Channel, id: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.say(id, payload, &mut bytes);
    bytes
}

/// The fresh values of each conversation.
pub(crate) fn fresh(turn: usize) -> Fresh {
    let bytes = Random::new(turn as u64).bytes(Fresh::RANDOM_LEN);
    Fresh::new(bytes.first_chunk().expect("as many as were asked for")).expect("4 in 2^128 are no keys")
}

/// The simulated network's chain.
pub(crate) fn chain() -> OurChain {
    OurChain {
        network_id: NETWORK_ID,
        genesis: GENESIS,
        fork_id: ForkId::at(GENESIS, [], ethereum::network::END),
        total_difficulty: 0x2_0000.into(),
        earliest: 0,
        latest: 850_000,
        latest_hash: Hash([0xb1; 32]),
    }
}

/// A whole node, with these versions of `eth`.
pub(crate) fn node(versions: &[u64]) -> Local {
    let mut local = Local::new(key(true));
    local.client_id = CLIENT_ID.into();
    local.protocols = versions.iter().copied().map(Protocol::eth).collect();
    local.goal = Goal::Status(OurStatus::Of(chain()));
    local
}

const CLIENT_ID: &str = "verack-simnet/v1.0";
