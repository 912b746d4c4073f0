//! Opens a connection, or says precisely why it did not open.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use handshake::{Blame, Fault};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::timer::Timer;
use crate::verdict::INTERRUPTED;

/// Opens one connection, and turns off Nagle's delay: a handshake's messages must not wait for one another.
#[derive(Debug)]
#[must_use]
pub struct Dial<'t> {
    started: Instant,
    within: Duration,
    from: Option<IpAddr>,
    timer: Option<&'t mut Timer>,
}

impl Dial<'_> {
    /// Gives up after this much time from now.
    pub fn within(within: Duration) -> Self {
        Self { started: Instant::now(), within, from: None, timer: None }
    }
}

impl<'t> Dial<'t> {
    /// Counts the time from `started`.
    pub fn since(self, started: Instant) -> Self {
        Self { started, ..self }
    }

    /// Dials from this address of ours, which must be of the same family as the peer's. The system then chooses a port
    /// that no other connection uses, so about 28 000 connections can be open at once. With `None` the system chooses
    /// the address, too.
    pub fn from(self, from: Option<IpAddr>) -> Self {
        Self { from, ..self }
    }

    /// Waits with a timer that the caller reuses; what interrupts the timer also interrupts the dial.
    pub fn timed<'u>(self, timer: &'u mut Timer) -> Dial<'u> {
        let Self { started, within, from, .. } = self;
        Dial { started, within, from, timer: Some(timer) }
    }

    /// Connects to this address.
    ///
    /// # Errors
    /// [`DialError`], which separates faults of the peer, of the path and of our own side.
    pub async fn to(self, address: SocketAddr) -> Result<TcpStream, DialError> {
        let Self { started, within, from, timer } = self;
        let mut own_timer = Timer::new();
        let timer = timer.unwrap_or(&mut own_timer);
        let connected = timer.wait(started + within, pin!(connect(from, address))).await;
        let connected = match connected {
            None if timer.is_stopped() => return Err(DialError::Stopped { address, after: started.elapsed() }),
            connected => connected.unwrap_or_else(|| Err(Broken::Later(io::ErrorKind::TimedOut.into()))),
        };
        connected.map_err(|broken| DialError::of(address, broken, started.elapsed()))
    }
}

/// As [`Dial::to`], with a time limit and no other option.
///
/// # Errors
/// As [`Dial::to`].
pub async fn dial(address: SocketAddr, within: Duration) -> Result<TcpStream, DialError> {
    Dial::within(within).to(address).await
}

/// Why a connection did not open.
enum Broken {
    /// Our own system reported the error before anything was sent.
    AtOnce(Errno),
    /// The error came after that.
    Later(io::Error),
}

impl From<Errno> for Broken {
    fn from(error: Errno) -> Self {
        Self::Later(error.into())
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Later(error)
    }
}

/// Connects as [`TcpStream::connect`] does, but counts a peer that accepted and reset at once as one that accepted.
///
/// When we check, such an RST may have arrived or not. So the handshake reports it, and the same peer gets the same
/// verdict. The kernel's errno separates an RST from a refusal.
async fn connect(from: Option<IpAddr>, address: SocketAddr) -> Result<TcpStream, Broken> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    set_tcp_nodelay(&socket, true)?;
    if let Some(from) = from {
        rustix::net::bind(&socket, &SocketAddr::new(from, 0)).map_err(Broken::AtOnce)?;
    }
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(Broken::AtOnce(error)),
    }
    let stream = TcpStream::from_std(socket.into())?;
    // Reads no error from a socket that has none: that would be a system call for each connection.
    if !stream.ready(Interest::WRITABLE | Interest::ERROR).await?.is_error() {
        return Ok(stream);
    }
    match stream.take_error()? {
        Some(error) if !matches!(Errno::from_io_error(&error), Some(Errno::CONNRESET | Errno::PIPE)) => {
            Err(error.into())
        }
        Some(_) | None => Ok(stream),
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The host answered that nothing listens there.
    #[error("nothing is listening on {0}")]
    Refused(SocketAddr),
    /// No answer at all.
    #[error("no answer from {address} within {:.1} s: the host is down or a firewall drops our packets", after.as_secs_f64())]
    Timeout {
        /// The address that was dialled.
        address: SocketAddr,
        /// How long we waited.
        after: Duration,
    },
    /// The run was interrupted before there was an answer.
    #[error("no answer from {address} within {:.1} s, when the run was interrupted", after.as_secs_f64())]
    Stopped {
        /// The address that was dialled.
        address: SocketAddr,
        /// How long we waited.
        after: Duration,
    },
    /// A router or the host reported that the address cannot be reached.
    #[error("{0} cannot be reached: it does not answer on its own network, or a router on the way says so")]
    Unreachable(SocketAddr),
    /// Our own side has no route there.
    #[error("no route from here to {0}")]
    NoRoute(SocketAddr),
    /// Our own side has no more open files.
    #[error("too many open files for another connection, to {0}")]
    TooManyFiles(SocketAddr),
    /// Our own side has no free port for a connection to that address.
    #[error("no local port is free for a connection to {0}")]
    NoPort(SocketAddr),
    /// Our own system forbids it.
    #[error("this machine does not allow a connection to {0}")]
    Forbidden(SocketAddr),
    /// Anything else.
    #[error("cannot connect to {address}: {error}")]
    Other {
        /// The address that was dialled.
        address: SocketAddr,
        /// The system's error.
        #[source]
        error: io::Error,
    },
}

impl DialError {
    fn of(address: SocketAddr, broken: Broken, after: Duration) -> Self {
        let error = match broken {
            // A local route of type `unreachable`, `prohibit` or `blackhole` gives these errors (ip-route(8)). `EINVAL`
            // also comes for a link-local address without a scope.
            Broken::AtOnce(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::ACCESS | Errno::INVAL) => {
                return Self::NoRoute(address);
            }
            Broken::AtOnce(error) => error.into(),
            Broken::Later(error) => error,
        };
        if error.kind() == io::ErrorKind::TimedOut {
            // From our own deadline, or from the kernel, which gives up after about two minutes.
            return Self::Timeout { address, after };
        }
        match Errno::from_io_error(&error) {
            Some(Errno::CONNREFUSED) => Self::Refused(address),
            Some(Errno::HOSTUNREACH | Errno::HOSTDOWN) => Self::Unreachable(address),
            Some(Errno::NETUNREACH | Errno::AFNOSUPPORT) => Self::NoRoute(address),
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Self::TooManyFiles(address),
            Some(Errno::ADDRNOTAVAIL | Errno::ADDRINUSE) => Self::NoPort(address),
            Some(Errno::ACCESS | Errno::PERM) => Self::Forbidden(address),
            _ => Self::Other { address, error },
        }
    }
}

impl Fault for DialError {
    fn blame(&self) -> Blame {
        match self {
            Self::Refused(_) | Self::Timeout { .. } | Self::Unreachable(_) | Self::Other { .. } => Blame::Network,
            Self::NoRoute(_) | Self::TooManyFiles(_) | Self::NoPort(_) | Self::Forbidden(_) | Self::Stopped { .. } => {
                Blame::Local
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "connect.refused",
            Self::Timeout { .. } => "connect.timeout",
            Self::Unreachable(_) => "connect.unreachable",
            Self::Other { .. } => "connect.failed",
            Self::NoRoute(_) => "local.no-route",
            Self::TooManyFiles(_) => "local.too-many-files",
            Self::NoPort(_) => "local.no-port",
            Self::Forbidden(_) => "local.forbidden",
            Self::Stopped { .. } => INTERRUPTED,
        }
    }
}
