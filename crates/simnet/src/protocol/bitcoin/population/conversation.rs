//! A conversation of one caller with the node that it called.

use std::io;

use bitcoin::frame::HEADER_LEN;
use bitcoin::{Command, Magic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::lines::Lines;
use crate::protocol::bitcoin::wire;

/// Bytes of a caller's message, at most: several times those of a `version`. Callers send only short messages.
const MOST_HEARD: usize = 2048;

/// Answers until the caller leaves.
///
/// # Errors
/// When it has left, or says what a node closes on.
pub(super) async fn answer(lines: &Lines, node: u32, stream: &mut TcpStream) -> io::Result<()> {
    let mut ear = Ear::new(lines.magic);
    let mut may_ask = false;
    loop {
        match ear.hear(stream).await? {
            Command::VERSION => stream.write_all(lines.flight(node)).await?,
            Command::VERACK => may_ask = true,
            // Each caller gets one answer. (Core: net_processing.cpp, m_getaddr_recvd)
            Command::GETADDR if may_ask => {
                may_ask = false;
                for message in lines.told(node) {
                    stream.write_all(message).await?;
                }
            }
            _ => {}
        }
    }
}

/// Reads messages by their names.
struct Ear {
    magic: Magic,
    bytes: [u8; MOST_HEARD],
    /// The number of bytes that have arrived and are not parsed yet.
    arrived: usize,
    introduced: bool,
}

impl Ear {
    fn new(magic: Magic) -> Self {
        Self { magic, bytes: [0; MOST_HEARD], arrived: 0, introduced: false }
    }

    /// The next message's name. Fails where a node closes: on another magic, a first message that is not `version`,
    /// such as a key, or a message that is too long.
    async fn hear(&mut self, stream: &mut TcpStream) -> io::Result<Command> {
        loop {
            if let Some((command, len)) = self.first()? {
                self.bytes.copy_within(len..self.arrived, 0);
                self.arrived -= len;
                return Ok(command);
            }
            match stream.read(&mut self.bytes[self.arrived..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => self.arrived += len,
            }
        }
    }

    /// The first message, once it is complete, and its length.
    fn first(&mut self) -> io::Result<Option<(Command, usize)>> {
        let Some(header) = self.bytes[..self.arrived].first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let command = wire::name(header);
        self.introduced |= command == Command::VERSION;
        let len = wire::length(header).and_then(|len| len.checked_add(HEADER_LEN));
        match len.filter(|len| *len <= MOST_HEARD && self.introduced && header.starts_with(&self.magic.0)) {
            Some(len) => Ok((len <= self.arrived).then_some((command, len))),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
