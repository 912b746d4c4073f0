//! A connection, as scripts use it.

use std::io;
use std::mem;
use std::time::Duration;

use handshake::{Handshake, Rx};
use net::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connection::Wire;
use crate::rhythm::Rhythm;

/// A connection, with data that is not sent yet, and data that has arrived and is not parsed yet.
#[derive(Debug)]
pub(crate) struct Line {
    stream: Wire,
    said: Vec<Vec<u8>>,
    arrived: Vec<u8>,
    /// The rhythm of the data from here on.
    pub(crate) rhythm: Rhythm,
    /// The number of earlier conversations of this peer.
    turn: usize,
}

impl Line {
    pub(crate) fn new(stream: Wire, turn: usize) -> Self {
        Self { stream, said: Vec::new(), arrived: Vec::new(), rhythm: Rhythm::AtOnce, turn }
    }

    /// Queues data. It is sent before the next wait, together with all other queued data.
    pub(crate) fn say(&mut self, words: Vec<u8>) {
        self.said.push(words);
    }

    /// Sends the queued data.
    pub(crate) async fn send(&mut self) -> io::Result<()> {
        match &*mem::take(&mut self.said) {
            [] => Ok(()),
            words => self.rhythm.send(words, self.turn, &mut self.stream).await,
        }
    }

    /// Waits for a byte.
    pub(crate) async fn hear_anything(&mut self) -> io::Result<()> {
        self.send().await?;
        match self.stream.read_buf(&mut self.arrived).await? {
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
            self.hear_anything().await?;
        }
    }

    /// Has a healthy handshake.
    pub(crate) async fn shake(&mut self, mut handshake: impl Handshake) -> io::Result<()> {
        /// Only ends a test that hangs.
        const PATIENCE: Duration = Duration::from_secs(600);
        match net::run(&mut handshake, &mut self.stream, Limits::within(PATIENCE), |_| {}).await {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the other side does not do as a node does")),
        }
    }

    /// Sends the output of `words` again and again, and reads meanwhile: otherwise a side that waits until its own data
    /// is read would never read ours.
    pub(crate) async fn flood(mut self, mut words: impl FnMut() -> Vec<u8>) -> io::Result<()> {
        self.send().await?;
        let (mut from, mut to) = tokio::io::split(&mut self.stream);
        let pour = async {
            loop {
                to.write_all(&words()).await?;
            }
        };
        tokio::select! {
            end = pour => end,
            end = drain(&mut from) => end,
        }
    }

    /// Reads until the other side has left.
    pub(crate) async fn listen(mut self) -> io::Result<()> {
        self.send().await?;
        drain(&mut self.stream).await
    }
}

async fn drain(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await? > 0 {}
    Ok(())
}
