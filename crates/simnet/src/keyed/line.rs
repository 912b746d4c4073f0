//! A connection, as scripts use it.

use std::io;
use std::time::Duration;

use handshake::{Handshake, Rx};
use net::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;

/// A connection, and what has arrived over it and is not understood yet.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    arrived: Vec<u8>,
}

impl Line {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, arrived: Vec::new() }
    }

    /// Waits for a byte.
    pub(super) async fn hear_anything(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.arrived).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Waits until `read` finds what it looks for.
    pub(super) async fn hear<T>(&mut self, mut read: impl FnMut(&mut Rx<'_>) -> Option<T>) -> io::Result<T> {
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

    /// Says this in one write.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Says this byte by byte, as fast as they go.
    pub(super) async fn drip(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes.chunks(1) {
            self.stream.write_all(byte).await?;
            yield_now().await;
        }
        Ok(())
    }

    /// Has a healthy handshake.
    pub(super) async fn shake(&mut self, mut handshake: impl Handshake) -> io::Result<()> {
        /// Longer than any test waits.
        const PATIENCE: Duration = Duration::from_secs(60);
        match net::run(&mut handshake, &mut self.stream, Limits::within(PATIENCE), |_| {}).await {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the other side does not do as a node does")),
        }
    }

    /// Says what `words` make, again and again, and reads meanwhile: a side that waits for its own words to be taken
    /// would never come to ours.
    pub(super) async fn flood(self, mut words: impl FnMut() -> Vec<u8>) -> io::Result<()> {
        let mut stream = self.stream;
        let (mut from, mut to) = stream.split();
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
    pub(super) async fn listen(mut self) -> io::Result<()> {
        drain(&mut self.stream).await
    }
}

async fn drain(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await? > 0 {}
    Ok(())
}
