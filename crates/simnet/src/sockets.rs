//! Sockets that accept or open connections, and one that never answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Has a conversation on every accepted connection.
pub(crate) async fn serve<C>(socket: TcpListener, converse: impl Fn(TcpStream) -> C)
where
    C: Future<Output = ()> + Send + 'static,
{
    /// Long enough not to spin while too many files are open, and short enough not to matter.
    const PAUSE: Duration = Duration::from_millis(10);
    let mut conversations = JoinSet::new();
    loop {
        // An error means that a connection is gone already, or that too many files are open for now.
        if let Ok((stream, _)) = socket.accept().await {
            conversations.spawn(converse(stream));
        } else {
            sleep(PAUSE).await;
        }
        while conversations.try_join_next().is_some() {}
    }
}

/// A listener that accepts nothing and whose queue is full: the kernel drops further packets, so callers get no answer.
#[derive(Debug)]
pub(crate) struct FullQueue {
    _listener: TcpListener,
    _queued: TcpStream,
}

impl FullQueue {
    /// On this address.
    pub(crate) async fn at(address: SocketAddr) -> io::Result<Self> {
        let cannot = |error: io::Error| cannot("listen on", address, &error);
        let socket = TcpSocket::new_v4().map_err(cannot)?;
        socket.set_reuseaddr(true).map_err(cannot)?;
        socket.bind(address).map_err(cannot)?;
        Self::of(socket).await.map_err(cannot)
    }

    /// On the address to which a socket is bound.
    pub(crate) async fn of(socket: TcpSocket) -> io::Result<Self> {
        let address = socket.local_addr()?;
        // Linux queues one connection more than the backlog.
        let listener = socket.listen(0)?;
        Ok(Self { _listener: listener, _queued: TcpStream::connect(address).await? })
    }
}

/// Opens a connection.
///
/// # Errors
/// If the connection is not accepted.
pub(crate) async fn call(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address).await.map_err(|error| cannot("call", address, &error))
}

/// An error that names the failed operation and the address.
pub(crate) fn cannot(what: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} {address}: {error}"))
}
