//! What a driver needs of a connection besides a stream of bytes: how a TCP connection ended, for example.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Poll, ready};

use rustix::io::Errno;
use rustix::net::sockopt::{set_tcp_quickack, socket_error};
use rustix::net::{SendFlags, Shutdown};
use tokio::io::AsyncWrite;

/// What a driver asks of a connection besides reading and writing.
pub trait Line<S> {
    /// Makes the kernel acknowledge at once what has arrived.
    fn acknowledge(&self, stream: &S);

    /// The least number of our last bytes that cannot have reached the peer before it closed its end. `None` if that is
    /// zero or not certain.
    fn unread(&self, stream: &S) -> Option<u64>;

    /// Sends the last flight, which may be empty, and adds the bytes that the connection took to `sent`.
    fn say_last(&self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> impl Future<Output = io::Result<()>>;
}

/// Any stream of bytes. The connection stays open after the last flight.
#[derive(Clone, Copy, Debug)]
pub struct AnyLine;

impl<S: AsyncWrite + Unpin> Line<S> for AnyLine {
    fn acknowledge(&self, _: &S) {}

    fn unread(&self, _: &S) -> Option<u64> {
        None
    }

    async fn say_last(&self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        write_counted(stream, bytes, sent).await
    }
}

/// A TCP connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp {
    /// Closes our side of the connection with the last flight, in the same segment.
    pub leave: bool,
    /// Reads the kernel's table of connections if the peer closes: too expensive for many connections.
    pub closely: bool,
}

impl<S: AsyncWrite + AsFd + Unpin> Line<S> for Tcp {
    fn acknowledge(&self, stream: &S) {
        // It fails only if the connection is gone; the next read reports that.
        let _ = set_tcp_quickack(stream, true);
    }

    /// A closed peer answers our bytes with an RST after its FIN: Linux reports that as EPIPE, and an RST alone as
    /// ECONNRESET. Before the RST arrives, the FIN is here, and it acknowledged none of the bytes that it crossed.
    fn unread(&self, stream: &S) -> Option<u64> {
        if matches!(socket_error(stream), Ok(Err(Errno::PIPE))) {
            return Some(u64::MAX);
        }
        self.closely.then(|| unacknowledged(stream)).flatten()
    }

    async fn say_last(&self, stream: &mut S, bytes: &[u8], sent: &mut u64) -> io::Result<()> {
        if !self.leave {
            return AnyLine.say_last(stream, bytes, sent).await;
        }
        if !bytes.is_empty() {
            // With `MORE`, the kernel holds the bytes back until the shutdown below, and then sends both as one
            // segment.
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let taken = match rustix::net::send(&*stream, bytes, flags) {
                Err(Errno::AGAIN) => 0,
                taken => taken?,
            };
            *sent += taken as u64;
            write_counted(stream, &bytes[taken..], sent).await?;
        }
        // No close: with unread input, a close would discard the bytes that have not left yet.
        Ok(rustix::net::shutdown(&*stream, Shutdown::Write)?)
    }
}

/// Writes all of `bytes`, and adds to `sent` after each write. So `sent` is right even if the deadline ends the wait
/// for the rest.
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

/// Bytes that the peer's kernel had not acknowledged when it sent its FIN, from the kernel's table of connections
/// (proc(5), /proc/net/tcp); `None` if there are none, or no such table.
fn unacknowledged(stream: impl AsFd) -> Option<u64> {
    let address = |found: rustix::net::SocketAddrAny| SocketAddr::try_from(found).ok();
    let local = address(rustix::net::getsockname(&stream).ok()?)?;
    let remote = address(rustix::net::getpeername(&stream).ok()??)?;
    let table = if local.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    unacknowledged_in(&fs::read_to_string(table).ok()?, local, remote)
}

fn unacknowledged_in(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    /// The peer has sent FIN, and we have not. (include/net/tcp_states.h)
    const CLOSE_WAIT: &str = "08";
    let (local, remote) = (as_in_table(local), as_in_table(remote));
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let is_it = fields.next()? == local && fields.next()? == remote && fields.next()? == CLOSE_WAIT;
        let (unacknowledged, _) = fields.next().filter(|_| is_it)?.split_once(':')?;
        u64::from_str_radix(unacknowledged, 16).ok().filter(|bytes| *bytes > 0)
    })
}

/// Words of 32 bits in the machine's own order, then the port.
fn as_in_table(address: SocketAddr) -> String {
    let words = |octets: &[u8]| -> String {
        octets.as_chunks::<4>().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word))).collect()
    };
    let ip = match address.ip() {
        IpAddr::V4(ip) => words(&ip.octets()),
        IpAddr::V6(ip) => words(&ip.octets()),
    };
    format!("{ip}:{:04X}", address.port())
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::unacknowledged_in;

    #[test]
    fn bytes_that_a_fin_crossed_are_in_the_table() {
        const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:D5A2 0100007F:480C 01 00000010:00000000 01:00000014 00000000     0        0 1 1
   1: 0100007F:D5A3 0100007F:480C 08 00000127:00000000 01:00000014 00000000     0        0 1 1
   2: 0100007F:D5A4 0100007F:480C 08 00000000:00000000 01:00000014 00000000     0        0 1 1
";
        let at = |port| unacknowledged_in(TABLE, ([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 18444).into());
        assert_eq!([0xd5a2, 0xd5a3, 0xd5a4, 0xd5a5].map(at), [None, Some(0x127), None, None]);
    }
}
