//! How data is split into writes.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::connection::Connection;

/// How data is split into writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rhythm {
    /// All in one.
    AtOnce,
    /// One write each, [`BREATH`] apart.
    Apart,
    /// Two writes, split one byte further on in each conversation; from the start again after the last byte.
    Cut,
    /// Two writes, split at this byte.
    CutAt(usize),
    /// One write for each byte, without pauses: there are too many bytes for them.
    Drip,
    /// One write for each byte, too slow for any deadline.
    Trickle,
}

/// The pause between two writes that must not travel together.
const BREATH: Duration = Duration::from_millis(1);

/// Longer than the deadline of any test with silence.
const LONG: Duration = Duration::from_secs(2);

impl Rhythm {
    /// Sends this data. `turn` is the number of earlier conversations of the peer.
    ///
    /// # Errors
    /// If the other side has left.
    pub(crate) async fn send(self, words: &[Vec<u8>], turn: usize, to: &mut Connection) -> io::Result<()> {
        let whole = words.concat();
        match self {
            Self::AtOnce => to.write_all(&whole).await,
            Self::Apart => send_apart(words.iter().map(Vec::as_slice), BREATH, to).await,
            Self::Cut => send_cut(&whole, turn, to).await,
            Self::CutAt(at) => send_cut(&whole, at, to).await,
            Self::Drip => {
                for byte in whole.chunks(1) {
                    to.write_all(byte).await?;
                    yield_now().await;
                }
                Ok(())
            }
            Self::Trickle => send_apart(whole.chunks(1), LONG, to).await,
        }
    }
}

/// Sends in two writes, split at this byte; counted again from the start if there are fewer bytes.
async fn send_cut(bytes: &[u8], at: usize, to: &mut Connection) -> io::Result<()> {
    let (head, tail) = bytes.split_at(at % (bytes.len() + 1));
    send_apart([head, tail].into_iter(), BREATH, to).await
}

/// Sends each piece in its own write, with this pause.
///
/// # Errors
/// If the other side has left.
pub(crate) async fn send_apart<'p>(
    pieces: impl Iterator<Item = &'p [u8]>,
    pause: Duration,
    to: &mut Connection,
) -> io::Result<()> {
    for piece in pieces {
        to.write_all(piece).await?;
        sleep(pause).await;
    }
    Ok(())
}
