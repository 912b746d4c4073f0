//! How the last flight of a handshake leaves.

use std::io;

use rustix::net::{SendFlags, Shutdown};
use tokio::io::{AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// Says the last there is to say.
pub(crate) trait Parting<S> {
    /// Sends `bytes`, which may be none.
    async fn say(self, stream: &mut S, bytes: &[u8]) -> io::Result<()>;
}

/// The connection goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay;

impl<S: AsyncWrite + Unpin> Parting<S> for Stay {
    async fn say(self, stream: &mut S, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        stream.write_all(bytes).await?;
        stream.flush().await
    }
}

/// Our side of the connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave;

impl Parting<TcpStream> for Leave {
    /// The kernel holds the bytes back until it is told that no more will come, and then sends both as one segment.
    async fn say(self, stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        let sent = stream.try_io(Interest::WRITABLE, || Ok(rustix::net::send(&*stream, bytes, flags)?));
        let sent = match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            sent => sent?,
        };
        stream.write_all(&bytes[sent..]).await?;
        // Not a close: with something unread that would throw away what has not left yet.
        Ok(rustix::net::shutdown(&*stream, Shutdown::Write)?)
    }
}
