//! Lightning nodes: the acts of their scripts, and the interpreter.

use std::io;

use handshake::Rx;
use lightning::acts::{Initiator, Responder, SaysActThree, SaysActTwo};
use lightning::{Channel, Hello, Init, Local, Message, NodeId, SecretKey};

use crate::connection::Wire;
use crate::keyed::CALLED_KEY;
use crate::line::Line;
use crate::random::Random;
use crate::rhythm::Rhythm;

/// One act of a peer. Its data is sent before the peer waits for anything. After its last act the peer reads until the
/// other side leaves.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends in this rhythm from here on.
    Speak(Rhythm),
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
    /// Waits for a byte. A caller does not wait: the other side sends nothing before it does.
    HearAnything,
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Sends this message, encrypted.
    Seal(Vec<u8>),
    /// Receives a ping, and answers it.
    Pong,
    /// Sends this message with one byte of its ciphertext changed.
    Bend(Vec<u8>, usize),
    /// Sends these bytes again and again.
    Flood(Vec<u8>),
    /// Sends this message, encrypted, again and again.
    FloodOf(Vec<u8>),
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
pub(crate) async fn play(acts: &[Act], whom: Option<NodeId>, stream: Wire, turn: usize) -> io::Result<()> {
    let mut play = Play { line: Line::new(stream, turn), whom, turn, channel: None };
    for act in acts {
        match act {
            Act::Speak(rhythm) => play.line.rhythm = *rhythm,
            Act::Node(init) => match whom {
                Some(whom) => play.line.shake(Hello::initiator(node(init, turn), whom)).await?,
                None => play.line.shake(Hello::responder(node(init, turn))).await?,
            },
            Act::Keys => play.exchange_keys(|_| {}).await?,
            Act::BentActThree(at) => play.exchange_keys(|act_three| act_three[*at] ^= 1).await?,
            Act::Knock => drop(play.knock().await?),
            Act::BentKeys(at) => play.bent_keys(*at).await?,
            Act::HearAnything if whom.is_some() => {}
            Act::HearAnything => play.line.hear_anything().await?,
            Act::Say(bytes) => play.line.say(bytes.clone()),
            Act::Seal(message) => play.seal(message, |_| {}),
            Act::Pong => play.pong().await?,
            Act::Bend(message, at) => play.seal(message, |sealed| sealed[*at] ^= 1),
            Act::Flood(bytes) => return play.line.flood(|| bytes.clone()).await,
            Act::FloodOf(message) => {
                let mut channel = play.channel.expect("scripts exchange keys before they seal");
                return play.line.flood(|| sealed(&mut channel, message)).await;
            }
            Act::Close => return play.line.send().await,
        }
    }
    play.line.listen().await
}

/// The state of a running script.
struct Play {
    line: Line,
    /// The key of the called side, if this peer is the caller.
    whom: Option<NodeId>,
    /// The number of earlier conversations of this peer.
    turn: usize,
    channel: Option<Channel>,
}

impl Play {
    /// Exchanges the acts. A caller modifies its act three with `change`.
    async fn exchange_keys(&mut self, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let transport = if self.whom.is_some() {
            let initiator = self.knock().await?;
            let mut act_three = Vec::new();
            let transport = initiator.act_three(&mut act_three);
            change(&mut act_three);
            self.line.say(act_three);
            transport
        } else {
            let mut act_two = Vec::new();
            let responder = self.hear_act_one().await?.act_two(&mut act_two);
            self.line.say(act_two);
            let mut act_three = self.hear_act().await?;
            responder.act_three(&mut act_three).map_err(io::Error::other)?
        };
        self.channel = Some(transport.channel);
        Ok(())
    }

    /// Sends act one, and receives act two.
    async fn knock(&mut self) -> io::Result<SaysActThree> {
        let mut act_one = Vec::new();
        let initiator = self.initiator().act_one(&mut act_one);
        self.line.say(act_one);
        let mut act_two = self.hear_act().await?;
        initiator.act_two(&mut act_two).map_err(io::Error::other)
    }

    /// Sends its first act with this byte changed.
    async fn bent_keys(&mut self, at: usize) -> io::Result<()> {
        let mut act = Vec::new();
        if self.whom.is_some() {
            drop(self.initiator().act_one(&mut act));
        } else {
            drop(self.hear_act_one().await?.act_two(&mut act));
        }
        act[at] ^= 1;
        self.line.say(act);
        Ok(())
    }

    fn initiator(&self) -> Initiator {
        Initiator::new(key(true), ephemeral(self.turn), self.whom.expect("only those knock that called"))
    }

    async fn hear_act_one(&mut self) -> io::Result<SaysActTwo> {
        let mut act_one = self.hear_act().await?;
        Responder::new(key(true), ephemeral(self.turn)).act_one(&mut act_one).map_err(io::Error::other)
    }

    async fn hear_act<const LEN: usize>(&mut self) -> io::Result<[u8; LEN]> {
        self.line.hear(|rx: &mut Rx<'_>| rx.take(LEN).ok().and_then(|act| act.first_chunk().copied())).await
    }

    /// Waits for a ping, and answers it.
    async fn pong(&mut self) -> io::Result<()> {
        let channel = self.channel.as_mut().expect("scripts exchange keys before they hear");
        let pong = loop {
            let heard = self.line.hear(|rx| Some(channel.open.open(rx).ok()?.to_vec()));
            if let Ok(Message::Ping(ping)) = Message::read(&heard.await?) {
                break ping.pong().ok_or_else(|| io::Error::other("a ping that wants no pong"))?;
            }
        };
        let mut bytes = Vec::new();
        Message::Pong(pong).write(&mut bytes);
        self.seal(&bytes, |_| {});
        Ok(())
    }

    /// Sends a message, whose ciphertext `change` modifies.
    fn seal(&mut self, message: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
        let channel = self.channel.as_mut().expect("scripts exchange keys before they seal");
        let mut bytes = sealed(channel, message);
        change(&mut bytes);
        self.line.say(bytes);
    }
}

fn sealed(channel: &mut Channel, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.seal.seal(&mut bytes, |tx| tx.extend_from_slice(message));
    bytes
}

/// A whole node, with this introduction.
pub(crate) fn node(init: &Init, turn: usize) -> Local {
    Local { static_key: key(true), ephemeral_key: ephemeral(turn), init: init.clone() }
}

/// The fresh key of each conversation.
fn ephemeral(turn: usize) -> SecretKey {
    let bytes = Random::new(turn as u64).bytes(32);
    SecretKey::new(*bytes.first_chunk().expect("32 bytes")).expect("one in 2^128 is no secret key")
}
