//! How the last flight of a handshake leaves.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Poll, ready};

use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};
use tokio::io::AsyncWrite;

/// Says the last there is to say.
pub(crate) trait Parting<S> {
    /// Sends `bytes`, which may be none, and adds to `sent` what of them the connection took.
    async fn say(self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> io::Result<()>;
}

/// The connection goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay;

impl<S: AsyncWrite + Unpin> Parting<S> for Stay {
    async fn say(self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        write_counted(stream, bytes, sent).await
    }
}

/// Writes all of `bytes`, and adds to `sent` what the connection takes as it takes it: whoever gives up waiting for the
/// rest knows how much has left.
pub(crate) fn write_counted<S: AsyncWrite + Unpin>(
    stream: &mut S,
    mut bytes: &[u8],
    sent: &mut u64,
) -> impl Future<Output = io::Result<()>> {
    poll_fn(move |cx| {
        while !bytes.is_empty() {
            let taken = ready!(Pin::new(&mut *stream).poll_write(cx, bytes))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *sent += taken as u64;
            bytes = &bytes[taken..];
        }
        Pin::new(&mut *stream).poll_flush(cx)
    })
}

/// Our side of the connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave;

impl<S: AsyncWrite + AsFd + Unpin> Parting<S> for Leave {
    /// The kernel holds the bytes back until it is told that no more will come, and then sends both as one segment.
    async fn say(self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> io::Result<()> {
        if !bytes.is_empty() {
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let taken = match rustix::net::send(&*stream, bytes, flags) {
                Err(Errno::AGAIN) => 0,
                taken => taken?,
            };
            *sent += taken as u64;
            write_counted(stream, &bytes[taken..], sent).await?;
        }
        // Not a close: with something unread that would throw away what has not left yet.
        Ok(rustix::net::shutdown(&*stream, Shutdown::Write)?)
    }
}
