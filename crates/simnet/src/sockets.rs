//! Sockets that serve whoever comes or call somebody, and one that never answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Has a conversation with everyone who comes.
pub(crate) async fn serve<C>(socket: TcpListener, converse: impl Fn(TcpStream) -> C)
where
    C: Future<Output = ()> + Send + 'static,
{
    /// Long enough not to spin while there are too many files, short enough that nobody notices.
    const PAUSE: Duration = Duration::from_millis(10);
    let mut conversations = JoinSet::new();
    loop {
        // An error is that of a connection that is gone already, or of too many files, which pass.
        if let Ok((stream, _)) = socket.accept().await {
            conversations.spawn(converse(stream));
        } else {
            sleep(PAUSE).await;
        }
        while conversations.try_join_next().is_some() {}
    }
}

/// A listener that accepts nothing and whose queue is full: a kernel drops what else comes, so callers get no answer.
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

    /// On whatever a socket is bound to.
    pub(crate) async fn of(socket: TcpSocket) -> io::Result<Self> {
        let address = socket.local_addr()?;
        // Linux queues one more than it is told to.
        let listener = socket.listen(0)?;
        Ok(Self { _listener: listener, _queued: TcpStream::connect(address).await? })
    }
}

/// Calls somebody.
///
/// # Errors
/// If nobody accepts the call.
pub(crate) async fn call(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address).await.map_err(|error| cannot("call", address, &error))
}

/// An error that says what cannot be done, and where.
pub(crate) fn cannot(what: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} {address}: {error}"))
}
