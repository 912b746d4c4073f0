//! A second connection on which we send nothing: it shows why a node closes.
//!
//! Bitcoin and Monero nodes that are full, or that have banned our address, close before they read anything. Others
//! stay silent for at least a second, and close only after they have read something that they do not accept.

use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Printable, Remark};
use net::{Dial, DialError, Timer, Verdict};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long we watch a connection. Full litecoind and monerod close within a millisecond of accepting.
const WATCHED: Duration = Duration::from_millis(300);

/// What a peer did on a silent connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It closed the connection.
    Closed,
    /// It stayed silent for the whole time.
    Kept,
    /// It spoke first; these are its first bytes.
    Spoke(Vec<u8>),
    /// The connection did not open, or there was no time for it.
    Unknown,
}

/// Opens a connection and sends nothing.
pub async fn try_silence(address: SocketAddr, deadline: Instant, timer: &mut Timer) -> Silence {
    let left = deadline.saturating_duration_since(Instant::now());
    if left <= WATCHED {
        return Silence::Unknown;
    }
    watch_silently(address, left - WATCHED, WATCHED, timer).await.unwrap_or(Silence::Unknown)
}

/// As [`try_silence`], with a time limit for the connection to open, and a time to watch it afterwards.
///
/// # Errors
/// If the connection does not open.
pub async fn watch_silently(
    address: SocketAddr,
    connect: Duration,
    watched: Duration,
    timer: &mut Timer,
) -> Result<Silence, DialError> {
    let stream = Dial::within(connect).timed(timer).to(address).await?;
    Ok(watch(stream, Instant::now() + watched, timer).await)
}

async fn watch(mut stream: TcpStream, until: Instant, timer: &mut Timer) -> Silence {
    /// As many bytes as fit in a sentence.
    const SHOWN: usize = 32;
    let mut bytes = [0; SHOWN];
    let read = std::pin::pin!(stream.read(&mut bytes));
    match timer.wait(until, read).await {
        None => Silence::Kept,
        Some(Ok(0) | Err(_)) => Silence::Closed,
        Some(Ok(len)) => Silence::Spoke(bytes[..len].to_vec()),
    }
}

/// Replaces the guess in a verdict with the result of the silent connection. `certain` is the sentence without the
/// guess.
pub fn settle(verdict: &mut Verdict, certain: &str, silence: Silence) {
    let (code, evidence, meaning) = match silence {
        Silence::Unknown => return,
        Silence::Closed => (
            "closed.in-silence",
            "closed a second connection, on which we said nothing, as well".to_owned(),
            "most likely all its inbound slots are taken, or it refuses our address".to_owned(),
        ),
        Silence::Kept => (
            "closed.on-hello",
            format!("kept a second connection, on which we said nothing, for {} ms", WATCHED.as_millis()),
            "it closes on what we say, so most likely it is on another network".to_owned(),
        ),
        Silence::Spoke(bytes) => (
            "closed.spoke-first",
            format!("said \"{}\" on a second connection before we said anything", Printable(&bytes)),
            "it is no node of this network".to_owned(),
        ),
    };
    if let Some(detail) = verdict.detail_mut() {
        *detail = format!("{certain}: {meaning}");
    }
    verdict.remarks.push(Remark { code, detail: evidence });
}
