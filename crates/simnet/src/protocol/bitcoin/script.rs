//! The acts of scripted peers, and the interpreter.

use std::io;
use std::slice;
use std::time::Duration;

use bitcoin::frame::HEADER_LEN;
use bitcoin::v2::keys::KEY_LEN;
use bitcoin::{Accept, Command, Local, Magic, V2, Version};
use handshake::{Handshake, Role};
use net::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::connection::Wire;
use crate::protocol::bitcoin::wire::encrypted::{Encrypted, Word, start};
use crate::protocol::bitcoin::wire::{self, Voice};
use crate::protocol::libp2p::script;
use crate::rhythm::{Rhythm, send_apart};

/// One act of a peer. After its last act, a peer reads until the other side leaves.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Waits for a message of this name, whatever comes before it. Closes if the first message is not `version`, as a
    /// v1 node does when it gets a key.
    Hear(Command),
    /// Waits for a header and the whole payload that it announces, and closes if that is over 32 MiB: as a node that
    /// checks the length before the magic.
    HearLengthFirst,
    /// Waits for 64 bytes, and uses them as a key of this network.
    HearKey(Magic),
    /// Waits for a byte.
    HearAnything,
    /// Sends this in one write.
    Say(Vec<u8>),
    /// Sends each of these in its own write, with a pause after it.
    SayApart(Vec<Vec<u8>>),
    /// Sends this in two writes, split one byte further on in each conversation.
    SayCut(Vec<u8>),
    /// Sends this byte by byte, with this pause.
    Drip(Vec<u8>, Duration),
    /// Sends this encrypted, in this rhythm.
    Speak(Vec<Word>, Rhythm),
    /// Has a healthy handshake over the transport that its caller chooses.
    Accept(Box<Local>),
    /// Has a healthy handshake over the encrypted transport.
    V2(Box<Local>),
    /// Has a healthy handshake of libp2p.
    Libp2p(Box<libp2p::Local>),
    /// Runs Noise with this payload.
    Noise(Vec<u8>),
    /// Sends this in a frame of Noise.
    Seal(Vec<u8>),
    /// Sends this in a frame of Noise, again and again.
    SealForever(Vec<u8>),
    /// Sends its `version` with the nonce that it received.
    SayNonceBack(Box<Voice>),
    /// Sends all received bytes back.
    Echo,
    /// Sends this again and again.
    Flood(Vec<u8>),
    /// Does nothing for this long.
    Wait(Duration),
    /// Closes.
    Close,
    /// Closes with an RST, even with unread input.
    Reset,
}

/// The state of a script that runs over a connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    role: Role,
    stream: Wire,
    /// The number of earlier conversations of this peer.
    turn: usize,
    /// Bytes that have arrived and are not parsed yet.
    arrived: Vec<u8>,
    /// Whether a `version` has come in plain text.
    introduced: bool,
    /// The encrypted connection, once keys are in use.
    encrypted: Option<Box<Encrypted>>,
    /// The channel of its frames of Noise.
    noise: Option<Box<libp2p::Channel>>,
    /// The nonce of the last received `version`.
    nonce: Option<u64>,
}

impl Conversation {
    pub(crate) fn new(role: Role, stream: Wire, turn: usize) -> Self {
        Self { role, stream, turn, arrived: Vec::new(), introduced: false, encrypted: None, noise: None, nonce: None }
    }

    /// Acts until the script is over and the other side has left.
    ///
    /// # Errors
    /// If the other side leaves first, or sends data that ends the script.
    pub(crate) async fn play(mut self, script: &[Act]) -> io::Result<()> {
        for act in script {
            match act {
                Act::Hear(command) => self.hear(*command).await?,
                Act::HearLengthFirst => self.hear_length_first().await?,
                Act::HearKey(magic) => self.hear_key(*magic).await?,
                Act::HearAnything => self.read().await?,
                Act::Say(bytes) => self.stream.write_all(bytes).await?,
                Act::SayApart(pieces) => Rhythm::Apart.send(pieces, self.turn, &mut self.stream).await?,
                Act::SayCut(bytes) => Rhythm::Cut.send(slice::from_ref(bytes), self.turn, &mut self.stream).await?,
                Act::Drip(bytes, pause) => send_apart(bytes.chunks(1), *pause, &mut self.stream).await?,
                Act::Speak(words, rhythm) => self.speak(words, *rhythm).await?,
                Act::Accept(local) => {
                    let local = Local::clone(local);
                    self.shake(Accept::new(local, start(self.turn))).await?;
                }
                Act::V2(local) => {
                    let local = Local::clone(local);
                    self.shake(V2::new(self.role, local, start(self.turn))).await?;
                }
                Act::Libp2p(local) => {
                    let local = libp2p::Local::clone(local);
                    self.shake(match self.role {
                        Role::Initiator => libp2p::Hello::initiator(local, None),
                        Role::Responder => libp2p::Hello::responder(local),
                    })
                    .await?;
                }
                Act::Noise(payload) => {
                    self.noise = Some(Box::new(script::shake(&mut self.stream, self.role, payload).await?));
                }
                Act::Seal(text) => self.seal(text).await?,
                Act::SealForever(text) => return self.seal_forever(text).await,
                Act::SayNonceBack(voice) => {
                    let nonce = self.nonce;
                    let echo = voice.with(|version| version.nonce = nonce).version();
                    self.stream.write_all(&echo).await?;
                }
                Act::Echo => return self.echo().await,
                Act::Flood(bytes) => return self.flood(bytes).await,
                Act::Wait(time) => sleep(*time).await,
                Act::Close => return Ok(()),
                Act::Reset => return self.stream.reset(),
            }
        }
        drain(&mut self.stream).await
    }

    async fn hear(&mut self, awaited: Command) -> io::Result<()> {
        loop {
            while let Some((command, payload)) = self.next_message()? {
                if command == Command::VERSION {
                    self.nonce = Version::read(&payload).ok().and_then(|version| version.nonce);
                }
                if command == awaited {
                    return Ok(());
                }
            }
            self.read().await?;
        }
    }

    fn next_message(&mut self) -> io::Result<Option<(Command, Vec<u8>)>> {
        if let Some(encrypted) = &mut self.encrypted {
            return Ok(encrypted.next_message(&mut self.arrived));
        }
        if let Some(header) = self.arrived.first_chunk().filter(|_| !self.introduced) {
            // A node checks the magic. The name also shows a key, and this peer need not know its network.
            if wire::name(header) != Command::VERSION {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a key, and this peer speaks only plain text"));
            }
            self.introduced = true;
        }
        Ok(wire::next_message(&mut self.arrived))
    }

    async fn hear_length_first(&mut self) -> io::Result<()> {
        /// btcd's limit; those of Core's descendants are lower.
        const LONGEST: usize = 32 * 1024 * 1024;
        let announced = loop {
            if let Some(header) = self.arrived.first_chunk() {
                break wire::length(header).filter(|len| *len <= LONGEST);
            }
            self.read().await?;
        };
        let Some(len) = announced else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any message"));
        };
        while self.arrived.len() < HEADER_LEN + len {
            self.read().await?;
        }
        Ok(())
    }

    async fn hear_key(&mut self, magic: Magic) -> io::Result<()> {
        while self.arrived.len() < KEY_LEN {
            self.read().await?;
        }
        let theirs = *self.arrived.first_chunk().expect("there are 64 bytes");
        self.arrived.drain(..KEY_LEN);
        self.encrypted().hear_key(&theirs, magic);
        Ok(())
    }

    fn encrypted(&mut self) -> &mut Encrypted {
        self.encrypted.get_or_insert_with(|| Box::new(Encrypted::new(self.role, self.turn)))
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.arrived).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn speak(&mut self, words: &[Word], rhythm: Rhythm) -> io::Result<()> {
        let encrypted = self.encrypted();
        let words: Vec<_> = words.iter().map(|word| encrypted.say(word)).collect();
        rhythm.send(&words, self.turn, &mut self.stream).await
    }

    async fn seal(&mut self, text: &[u8]) -> io::Result<()> {
        let channel = self.noise.as_mut().expect("a script agrees on Noise before it says anything in it");
        let mut frame = Vec::new();
        channel.seal.frame(&mut frame, |tx| tx.extend_from_slice(text));
        self.stream.write_all(&frame).await
    }

    /// Reads meanwhile, as [`Self::flood`] does.
    async fn seal_forever(mut self, text: &[u8]) -> io::Result<()> {
        let mut channel = self.noise.take().expect("a script agrees on Noise before it says anything in it");
        let (mut from, mut to) = tokio::io::split(&mut self.stream);
        let pour = async {
            let mut frame = Vec::new();
            loop {
                frame.clear();
                channel.seal.frame(&mut frame, |tx| tx.extend_from_slice(text));
                to.write_all(&frame).await?;
            }
        };
        tokio::select! {
            end = pour => end,
            end = drain(&mut from) => end,
        }
    }

    async fn shake<H: Handshake>(&mut self, mut handshake: H) -> io::Result<()> {
        /// Only ends a test that hangs.
        const PATIENCE: Duration = Duration::from_secs(600);
        match net::run(&mut handshake, &mut self.stream, Limits::within(PATIENCE), |_| {}).await {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the other side does not do as a node does")),
        }
    }

    async fn echo(mut self) -> io::Result<()> {
        let (mut from, mut to) = tokio::io::split(&mut self.stream);
        tokio::io::copy(&mut from, &mut to).await.map(drop)
    }

    /// Reads meanwhile: otherwise a side that waits until its own data is read would never read ours.
    async fn flood(mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut from, mut to) = tokio::io::split(&mut self.stream);
        let pour = async {
            loop {
                to.write_all(bytes).await?;
            }
        };
        tokio::select! {
            end = pour => end,
            end = drain(&mut from) => end,
        }
    }
}

/// Reads until the other side has left.
async fn drain(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await? > 0 {}
    Ok(())
}
