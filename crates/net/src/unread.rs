//! A connection with the bytes that arrived after its handshake.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that serves the bytes left over from its handshake before it reads on.
#[derive(Debug)]
pub struct Unread<S> {
    bytes: Vec<u8>,
    served: usize,
    io: S,
}

impl<S> Unread<S> {
    /// Serves `bytes` first, then `io`.
    pub fn new(bytes: Vec<u8>, io: S) -> Self {
        Self { bytes, served: 0, io }
    }

    /// The connection itself, and the bytes that have not been read yet.
    pub fn into_inner(self) -> (S, Vec<u8>) {
        let Self { mut bytes, served, io } = self;
        bytes.drain(..served);
        (io, bytes)
    }
}

impl<S: AsFd> AsFd for Unread<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unread<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.served == this.bytes.len() {
            return Pin::new(&mut this.io).poll_read(cx, buffer);
        }
        let rest = &this.bytes[this.served..];
        let n = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..n]);
        this.served += n;
        if this.served == this.bytes.len() {
            (this.bytes, this.served) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unread<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
