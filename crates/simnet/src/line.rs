//! A conversation's connection, as scripts use it.

use std::io;
use std::mem;
use std::time::Duration;

use handshake::{Handshake, Role, Rx};
use net::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::connection::Connection;
use crate::rhythm::{Rhythm, send_apart};

/// A connection, with data that is not sent yet, and data that has arrived and is not parsed yet.
#[derive(Debug)]
pub(crate) struct Line {
    /// The peer's role.
    pub(crate) role: Role,
    /// The number of earlier conversations of this peer.
    pub(crate) turn: usize,
    /// Whether the key in use is right, for the call to this peer or from it.
    pub(crate) rightly_named: bool,
    /// The rhythm of the data from here on.
    pub(crate) rhythm: Rhythm,
    /// Bytes that have arrived and are not parsed yet.
    pub(crate) arrived: Vec<u8>,
    said: Vec<Vec<u8>>,
    connection: Connection,
}

impl Line {
    pub(crate) fn new(connection: Connection, role: Role, turn: usize, rightly_named: bool) -> Self {
        let (arrived, said) = (Vec::new(), Vec::new());
        Self { role, turn, rightly_named, rhythm: Rhythm::AtOnce, arrived, said, connection }
    }

    /// Queues data. It is sent before the next wait, together with all other queued data.
    pub(crate) fn say(&mut self, words: Vec<u8>) {
        self.said.push(words);
    }

    /// Sends the queued data.
    pub(crate) async fn send(&mut self) -> io::Result<()> {
        match &*mem::take(&mut self.said) {
            [] => Ok(()),
            words => self.rhythm.send(words, self.turn, &mut self.connection).await,
        }
    }

    /// Sends this after the queued data, in a rhythm of its own.
    pub(crate) async fn say_in(&mut self, rhythm: Rhythm, words: &[Vec<u8>]) -> io::Result<()> {
        self.send().await?;
        rhythm.send(words, self.turn, &mut self.connection).await
    }

    /// Sends this byte by byte, with this pause.
    pub(crate) async fn drip(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        self.send().await?;
        send_apart(bytes.chunks(1), pause, &mut self.connection).await
    }

    /// Does nothing for this long.
    pub(crate) async fn wait(&mut self, time: Duration) -> io::Result<()> {
        self.send().await?;
        sleep(time).await;
        Ok(())
    }

    /// Waits for a byte.
    pub(crate) async fn read(&mut self) -> io::Result<()> {
        self.send().await?;
        match self.connection.read_buf(&mut self.arrived).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Waits until `read` returns a result.
    pub(crate) async fn hear<T>(&mut self, mut read: impl FnMut(&mut Rx<'_>) -> Option<T>) -> io::Result<T> {
        loop {
            let mut rx = Rx::new(&mut self.arrived);
            if let Some(heard) = read(&mut rx) {
                let taken = rx.taken();
                self.arrived.drain(..taken);
                return Ok(heard);
            }
            self.read().await?;
        }
    }

    /// Waits for this many bytes.
    pub(crate) async fn take(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.arrived.len() < len {
            self.read().await?;
        }
        Ok(self.arrived.drain(..len).collect())
    }

    /// Has a healthy handshake.
    pub(crate) async fn shake(&mut self, mut handshake: impl Handshake) -> io::Result<()> {
        /// Only ends a test that hangs.
        const PATIENCE: Duration = Duration::from_secs(600);
        self.send().await?;
        match net::run(&mut handshake, &mut self.connection, Limits::within(PATIENCE), |_| {}).await {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the other side does not do as a node does")),
        }
    }

    /// Sends all received bytes back, until the other side has left.
    pub(crate) async fn echo(&mut self) -> io::Result<()> {
        self.send().await?;
        let (mut from, mut to) = tokio::io::split(&mut self.connection);
        tokio::io::copy(&mut from, &mut to).await.map(drop)
    }

    /// Sends what `next` appends, again and again, until the other side has left. Reads meanwhile: otherwise a side that
    /// waits until its own data is read would never read ours.
    pub(crate) async fn flood(&mut self, mut next: impl FnMut(&mut Vec<u8>)) -> io::Result<()> {
        self.send().await?;
        let (mut from, mut to) = tokio::io::split(&mut self.connection);
        let pour = async {
            let mut words = Vec::new();
            loop {
                words.clear();
                next(&mut words);
                to.write_all(&words).await?;
            }
        };
        tokio::select! {
            end = pour => end,
            end = drain(&mut from) => end,
        }
    }

    /// Reads until the other side has left.
    pub(crate) async fn listen(&mut self) -> io::Result<()> {
        self.send().await?;
        drain(&mut self.connection).await
    }

    /// Makes the connection's end an RST, even with unread input.
    pub(crate) async fn reset(&mut self) -> io::Result<()> {
        self.send().await?;
        self.connection.reset()
    }
}

async fn drain(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await? > 0 {}
    Ok(())
}
