//! What scripted peers can do, and the one interpreter that makes them do it.

use std::io;
use std::time::Duration;

use bitcoin::wire::HEADER_LEN;
use bitcoin::{Command, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::voice::Voice;

/// One thing that a peer does. After its last, a peer listens until the other side leaves.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Waits for a message of this name, whatever else comes before it.
    Hear(Command),
    /// Sends this in one write.
    Say(Vec<u8>),
    /// Sends each of these in a write of its own, [`BREATH`] apart.
    SayApart(Vec<Vec<u8>>),
    /// Sends this in two writes, cut one byte further on in each conversation.
    SayCut(Vec<u8>),
    /// Sends this byte by byte, so far apart.
    Drip(Vec<u8>, Duration),
    /// Introduces itself with the nonce it was told.
    SayNonceBack(Box<Voice>),
    /// Sends back whatever comes.
    Echo,
    /// Sends this again and again.
    Flood(Vec<u8>),
    /// Does nothing at all for so long.
    Wait(Duration),
    /// Closes.
    Close,
    /// Closes with an RST, whatever there is to read.
    Reset,
}

/// The pause between two writes that must not travel together.
const BREATH: Duration = Duration::from_millis(1);

/// A script being acted over a connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    stream: TcpStream,
    /// How many conversations this peer had before.
    turn: usize,
    /// What has arrived and is not understood yet.
    arrived: Vec<u8>,
    /// The nonce of the last `version` heard.
    nonce: Option<u64>,
}

impl Conversation {
    pub(crate) fn new(stream: TcpStream, turn: usize) -> Self {
        Self { stream, turn, arrived: Vec::new(), nonce: None }
    }

    /// Acts until the script is over and the other side has left.
    ///
    /// # Errors
    /// If the other side leaves first.
    pub(crate) async fn play(mut self, script: &[Act]) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        for act in script {
            match act {
                Act::Hear(command) => self.hear(*command).await?,
                Act::Say(bytes) => self.stream.write_all(bytes).await?,
                Act::SayApart(pieces) => self.say_apart(pieces.iter().map(Vec::as_slice), BREATH).await?,
                Act::SayCut(bytes) => {
                    let (head, tail) = bytes.split_at(self.turn % (bytes.len() + 1));
                    self.say_apart([head, tail].into_iter(), BREATH).await?;
                }
                Act::Drip(bytes, pause) => self.say_apart(bytes.chunks(1), *pause).await?,
                Act::SayNonceBack(voice) => {
                    let nonce = self.nonce;
                    let echo = voice.with(|version| version.nonce = nonce).version();
                    self.stream.write_all(&echo).await?;
                }
                Act::Echo => return self.echo().await,
                Act::Flood(bytes) => return self.flood(bytes).await,
                Act::Wait(time) => sleep(*time).await,
                Act::Close => return Ok(()),
                Act::Reset => return self.stream.set_zero_linger(),
            }
        }
        drain(&mut self.stream).await
    }

    async fn hear(&mut self, awaited: Command) -> io::Result<()> {
        loop {
            while let Some((command, payload)) = next_message(&mut self.arrived) {
                if command == Command::VERSION {
                    self.nonce = Version::read(&payload).ok().and_then(|version| version.nonce);
                }
                if command == awaited {
                    return Ok(());
                }
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn say_apart<'p>(&mut self, pieces: impl Iterator<Item = &'p [u8]>, pause: Duration) -> io::Result<()> {
        for piece in pieces {
            self.stream.write_all(piece).await?;
            sleep(pause).await;
        }
        Ok(())
    }

    async fn echo(mut self) -> io::Result<()> {
        let (mut from, mut to) = self.stream.split();
        tokio::io::copy(&mut from, &mut to).await.map(drop)
    }

    /// Keeps reading meanwhile: a side that waits for its own words to be taken would never come to ours.
    async fn flood(mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut from, mut to) = self.stream.split();
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

/// Takes the next whole message. Of any network: peers believe what they hear.
fn next_message(arrived: &mut Vec<u8>) -> Option<(Command, Vec<u8>)> {
    let header = arrived.first_chunk::<HEADER_LEN>()?;
    let command = Command(*header[4..].first_chunk().expect("the command has 12 of 24 bytes"));
    let len = u32::from_le_bytes(*header[16..].first_chunk().expect("the length has 4 of 24 bytes"));
    let end = HEADER_LEN.checked_add(usize::try_from(len).ok()?)?;
    let payload = arrived.get(HEADER_LEN..end)?.to_vec();
    arrived.drain(..end);
    Some((command, payload))
}

#[cfg(test)]
mod tests {
    use bitcoin::{Chain, Command};

    use super::next_message;
    use crate::voice::Voice;

    #[test]
    fn messages_are_taken_whole_and_in_order() {
        let voice = Voice::new(Chain::named("regtest").unwrap().params);
        let mut arrived = voice.flight().concat();
        arrived.extend_from_slice(&voice.verack()[..23]);
        let heard: Vec<_> = std::iter::from_fn(|| next_message(&mut arrived)).collect();
        assert_eq!(heard.first().unwrap().0, Command::VERSION);
        assert_eq!(heard.first().unwrap().1, voice.version_payload());
        assert_eq!(heard.last().unwrap().0, Command::VERACK);
        assert_eq!(arrived.len(), 23);
    }
}
