//! Asks a proxy for a connection, over an open connection to the proxy.

use std::io;
use std::pin::pin;

use handshake::{Blame, Conversation, End, Fault, Rx, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::dial::DialError;
use crate::timer::Timer;
use crate::verdict::INTERRUPTED;

/// Bytes that a proxy may send before the connection is there. Its longest answer, a destination of I2P's with its
/// private key, has some 2,000.
const MAX_RECEIVED: usize = 16 * 1024;

/// Runs the client's side of a proxy's protocol. It reads no byte more than the client asks for, so what follows on the
/// stream is the peer's.
///
/// # Errors
/// [`TunnelError`]: what the proxy reports, or what is wrong with the proxy itself.
pub async fn tunnel<C: Conversation>(
    client: &mut C,
    stream: &mut TcpStream,
    deadline: Instant,
    timer: &mut Timer,
) -> Result<C::Output, TunnelError<C::Error>> {
    let exchanged = {
        let exchange = pin!(exchange(client, stream));
        timer.wait(deadline, exchange).await
    };
    match exchanged {
        Some(exchanged) => exchanged,
        None if timer.is_stopped() => Err(TunnelError::Stopped),
        None => Err(match client.ended(End::Silent, &[]) {
            Some(error) => TunnelError::Reported(error),
            None => TunnelError::Late { awaiting: client.awaiting() },
        }),
    }
}

async fn exchange<C: Conversation>(client: &mut C, stream: &mut TcpStream) -> Result<C::Output, TunnelError<C::Error>> {
    let (mut received, mut tx) = (Vec::new(), Vec::new());
    loop {
        let mut rx = Rx::new(&mut received);
        let step = client.step(&mut rx, &mut tx);
        let taken = rx.taken();
        received.drain(..taken);
        let needed = match step {
            Ok(Step::Event(_)) => continue,
            Ok(Step::Done(output)) => return Ok(output),
            Err(error) => return Err(TunnelError::Reported(error)),
            Ok(Step::Need(needed)) => needed,
        };
        if !tx.is_empty() {
            // If the proxy has closed meanwhile, its answer may still be read.
            let _ = stream.write_all(&tx).await;
            tx.clear();
        }
        let had = received.len();
        if had + needed > MAX_RECEIVED {
            return Err(TunnelError::TooLong { awaiting: client.awaiting() });
        }
        received.resize(had + needed, 0);
        if let Err(error) = stream.read_exact(&mut received[had..]).await {
            return Err(match client.ended(End::Closed, &[]) {
                Some(reported) => TunnelError::Reported(reported),
                None => TunnelError::Broken { awaiting: client.awaiting(), error },
            });
        }
    }
}

/// Why there is no connection through a proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError<E> {
    /// The connection to the proxy did not open.
    #[error("our proxy cannot be reached: {0}")]
    Unreachable(DialError),
    /// What the proxy's protocol says.
    #[error(transparent)]
    Reported(E),
    /// The proxy did not answer.
    #[error("our proxy sent no {awaiting} before our deadline")]
    Late {
        /// What we waited for.
        awaiting: &'static str,
    },
    /// The connection to the proxy broke.
    #[error("the connection to our proxy broke before its {awaiting}: {error}")]
    Broken {
        /// What we waited for.
        awaiting: &'static str,
        /// The system's error.
        error: io::Error,
    },
    /// The proxy sends more than any answer has.
    #[error("our proxy sends a {awaiting} of more than {MAX_RECEIVED} bytes")]
    TooLong {
        /// What we waited for.
        awaiting: &'static str,
    },
    /// The name has more bytes than a proxy can be told.
    #[error("its name is too long for a proxy")]
    NoName,
    /// The run was interrupted.
    #[error("our proxy had not answered when the run was interrupted")]
    Stopped,
}

impl<E: Fault> Fault for TunnelError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Reported(error) => error.blame(),
            Self::NoName => Blame::Mismatch,
            _ => Blame::Local,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(DialError::Stopped { .. }) | Self::Stopped => INTERRUPTED,
            Self::Unreachable(_) | Self::Late { .. } | Self::Broken { .. } | Self::TooLong { .. } => "local.proxy",
            Self::NoName => "proxy.failed",
            Self::Reported(error) => error.code(),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Reported(error) => error.number(),
            _ => None,
        }
    }
}
