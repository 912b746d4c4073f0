//! The acts of a libp2p node's own. Its side of Noise is valid except for its payload.

use std::io;

use handshake::Role;
use libp2p::channel::{Channel, with_length};
use libp2p::multistream::{HEADER, NOISE};
use libp2p::xx::{Initiator, Responder};
use libp2p::{Hello, Local};

use super::wire::{local, names};
use crate::line::Line;
use crate::peer::Peer;
use crate::script;
use crate::truth::{Truth, Truths};

/// An act in a script.
pub(super) type Step = script::Step<Act>;

/// A node with a script.
pub(super) fn peer(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    Peer::new(name, Truths::either(truth), acts)
}

/// An act of a libp2p node's own.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Has a healthy handshake.
    Node(Box<Local>),
    /// Runs Noise with this payload.
    Noise(Vec<u8>),
    /// Sends this in a frame of Noise.
    Seal(Vec<u8>),
    /// Sends this in a frame of Noise, again and again.
    SealForever(Vec<u8>),
}

impl script::Act for Act {
    /// The channel of its frames of Noise.
    type Memory = Option<Box<Channel>>;

    fn remember(_: &Line) -> Self::Memory {
        None
    }

    async fn perform(&self, line: &mut Line, channel: &mut Self::Memory) -> io::Result<()> {
        match self {
            Self::Node(local) => {
                let local = Local::clone(local);
                line.shake(match line.role {
                    Role::Initiator => Hello::initiator(local, None),
                    Role::Responder => Hello::responder(local),
                })
                .await?;
            }
            Self::Noise(payload) => *channel = Some(Box::new(shake(line, payload).await?)),
            Self::Seal(text) => {
                let mut frame = Vec::new();
                agreed(channel).seal.frame(&mut frame, |tx| tx.extend_from_slice(text));
                line.say(frame);
            }
            Self::SealForever(text) => {
                let seal = &mut agreed(channel).seal;
                line.flood(|words| seal.frame(words, |tx| tx.extend_from_slice(text))).await?;
            }
        }
        Ok(())
    }
}

fn agreed(channel: &mut Option<Box<Channel>>) -> &mut Channel {
    channel.as_mut().expect("a script agrees on Noise before it says anything in it")
}

/// Runs Noise with this payload.
///
/// # Errors
/// If the other side leaves, or breaks the protocol.
async fn shake(line: &mut Line, payload: &[u8]) -> io::Result<Channel> {
    let names = names(&[HEADER, NOISE]);
    let (s, e) = (local().static_key, local().ephemeral_key);
    let mut said = names.clone();
    let transport = match line.role {
        Role::Initiator => {
            let awaits = with_length(&mut said, |tx| Initiator::new(&[], s, e).one(&[], tx));
            line.say(said);
            hear_names(line, &names).await?;
            let mut two = hear_message(line).await?;
            let (says, _) = awaits.two(&mut two).map_err(io::Error::other)?;
            let mut three = Vec::new();
            let transport = with_length(&mut three, |tx| says.three(payload, tx)).map_err(io::Error::other)?;
            line.say(three);
            transport
        }
        Role::Responder => {
            hear_names(line, &names).await?;
            let mut one = hear_message(line).await?;
            let (says, _) = Responder::new(&[], s, e).one(&mut one).map_err(io::Error::other)?;
            let awaits = with_length(&mut said, |tx| says.two(payload, tx)).map_err(io::Error::other)?;
            line.say(said);
            let mut three = hear_message(line).await?;
            let (transport, _) = awaits.three(&mut three).map_err(io::Error::other)?;
            transport
        }
    };
    Ok(Channel::new(transport.seal, transport.open))
}

async fn hear_names(line: &mut Line, names: &[u8]) -> io::Result<()> {
    let heard = line.take(names.len()).await?;
    if heard == names { Ok(()) } else { Err(io::Error::other("it does not speak Noise")) }
}

async fn hear_message(line: &mut Line) -> io::Result<Vec<u8>> {
    let len = line.take(2).await?;
    line.take(u16::from_be_bytes([len[0], len[1]]).into()).await
}
