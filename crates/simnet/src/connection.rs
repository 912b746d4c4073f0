//! The transport of a conversation: a TCP connection, or a pipe in memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

/// A scripted peer's end of a connection.
#[derive(Debug)]
pub(crate) enum Connection {
    /// With all behaviour of a kernel: resets, segments, full buffers.
    Tcp(TcpStream),
    /// Bytes arrive when they are written, so a paused clock does not advance while either side can continue.
    Memory(DuplexStream),
}

/// Capacity of the pipe: as much as a kernel buffers for a TCP connection.
const PIPE_LEN: usize = 128 * 1024;

impl Connection {
    /// A connection without Nagle's delay.
    ///
    /// # Errors
    /// If it is gone already.
    pub(crate) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    /// A pipe; returns its other end as well.
    pub(crate) fn memory() -> (Self, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(PIPE_LEN);
        (Self::Memory(ours), theirs)
    }

    /// Makes its end an RST, even with unread input. In memory it stays a plain close.
    ///
    /// # Errors
    /// If it is gone already.
    pub(crate) fn reset(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_zero_linger(),
            Self::Memory(_) => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Memory(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Memory(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Memory(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
