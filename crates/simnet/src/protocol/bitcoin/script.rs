//! The acts of a Bitcoin peer's own.

use std::io;

use bitcoin::frame::HEADER_LEN;
use bitcoin::v2::keys::KEY_LEN;
use bitcoin::{Accept, Command, Local, Magic, V2, Version};

use super::wire::encrypted::{Encrypted, Word, start};
use super::wire::{self, Voice};
use crate::line::Line;
use crate::peer::Peer;
use crate::rhythm::Rhythm;
use crate::script;
use crate::truth::Truths;

/// An act in a script.
pub(super) type Step = script::Step<Act>;

/// A peer with a script.
pub(super) fn peer(name: &'static str, truths: Truths, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    Peer::new(name, truths, acts)
}

/// An act of a Bitcoin peer's own.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Waits for a message of this name, whatever comes before it. Closes if the first message is not `version`, as a
    /// v1 node does when it gets a key.
    Hear(Command),
    /// Waits for a header and the whole payload that it announces, and closes if that is over 32 MiB: as a node that
    /// checks the length before the magic.
    HearLengthFirst,
    /// Waits for 64 bytes, and uses them as a key of this network.
    HearKey(Magic),
    /// Sends this encrypted, in this rhythm.
    Speak(Vec<Word>, Rhythm),
    /// Has a healthy handshake over the transport that its caller chooses.
    Accept(Box<Local>),
    /// Has a healthy handshake over the encrypted transport.
    V2(Box<Local>),
    /// Sends its `version` with the nonce that it received.
    SayNonceBack(Box<Voice>),
}

/// What a peer remembers in a conversation.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Whether a `version` has come in plain text.
    introduced: bool,
    /// The encrypted connection, once keys are in use.
    encrypted: Option<Box<Encrypted>>,
    /// The nonce of the last received `version`.
    nonce: Option<u64>,
}

impl script::Act for Act {
    type Memory = Memory;

    fn remember(_: &Line) -> Memory {
        Memory::default()
    }

    async fn perform(&self, line: &mut Line, memory: &mut Memory) -> io::Result<()> {
        match self {
            Self::Hear(command) => memory.hear(line, *command).await,
            Self::HearLengthFirst => hear_length_first(line).await,
            Self::HearKey(magic) => {
                let theirs = line.take(KEY_LEN).await?;
                memory.encrypted(line).hear_key(theirs.first_chunk().expect("there are 64 bytes"), *magic);
                Ok(())
            }
            Self::Speak(words, rhythm) => {
                let encrypted = memory.encrypted(line);
                let words: Vec<_> = words.iter().map(|word| encrypted.say(word)).collect();
                line.say_in(*rhythm, &words).await
            }
            Self::Accept(local) => line.shake(Accept::new(Local::clone(local), start(line.turn))).await,
            Self::V2(local) => line.shake(V2::new(line.role, Local::clone(local), start(line.turn))).await,
            Self::SayNonceBack(voice) => {
                line.say(voice.with(|version| version.nonce = memory.nonce).version());
                Ok(())
            }
        }
    }
}

impl Memory {
    async fn hear(&mut self, line: &mut Line, awaited: Command) -> io::Result<()> {
        line.send().await?;
        loop {
            while let Some((command, payload)) = self.next_message(line)? {
                if command == Command::VERSION {
                    self.nonce = Version::read(&payload).ok().and_then(|version| version.nonce);
                }
                if command == awaited {
                    return Ok(());
                }
            }
            line.read().await?;
        }
    }

    fn next_message(&mut self, line: &mut Line) -> io::Result<Option<(Command, Vec<u8>)>> {
        if let Some(encrypted) = &mut self.encrypted {
            return Ok(encrypted.next_message(&mut line.arrived));
        }
        if let Some(header) = line.arrived.first_chunk().filter(|_| !self.introduced) {
            // A node checks the magic. The name also shows a key, and this peer need not know its network.
            if wire::name(header) != Command::VERSION {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a key, and this peer speaks only plain text"));
            }
            self.introduced = true;
        }
        Ok(wire::next_message(&mut line.arrived))
    }

    fn encrypted(&mut self, line: &Line) -> &mut Encrypted {
        self.encrypted.get_or_insert_with(|| Box::new(Encrypted::new(line.role, line.turn)))
    }
}

async fn hear_length_first(line: &mut Line) -> io::Result<()> {
    /// btcd's limit; those of Core's descendants are lower.
    const LONGEST: usize = 32 * 1024 * 1024;
    let announced = loop {
        if let Some(header) = line.arrived.first_chunk() {
            break wire::length(header).filter(|len| *len <= LONGEST);
        }
        line.read().await?;
    };
    let Some(len) = announced else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any message"));
    };
    while line.arrived.len() < HEADER_LEN + len {
        line.read().await?;
    }
    Ok(())
}
