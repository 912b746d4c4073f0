//! How words become writes.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::wire::Wire;

/// How words become writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rhythm {
    /// All in one.
    AtOnce,
    /// One each, [`BREATH`] apart.
    Apart,
    /// Two, cut one byte further on in each conversation; from the start again where there are not as many.
    Cut,
    /// Two, cut at this byte.
    CutAt(usize),
    /// One for each byte, as fast as they go: there are too many to breathe between them.
    Drip,
    /// One for each byte, so far apart that nobody waits for the last.
    Trickle,
}

/// The pause between two writes that must not travel together.
const BREATH: Duration = Duration::from_millis(1);

/// Longer than whoever expects silence waits.
const LONG: Duration = Duration::from_secs(2);

impl Rhythm {
    /// Sends these words. `turn` is how many conversations the speaker had before.
    ///
    /// # Errors
    /// If the other side has left.
    pub(crate) async fn send(self, words: &[Vec<u8>], turn: usize, to: &mut Wire) -> io::Result<()> {
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

/// In two writes, cut at this byte; counted again from the start if there are not as many.
async fn send_cut(bytes: &[u8], at: usize, to: &mut Wire) -> io::Result<()> {
    let (head, tail) = bytes.split_at(at % (bytes.len() + 1));
    send_apart([head, tail].into_iter(), BREATH, to).await
}

/// Sends each of these in a write of its own, so far apart.
///
/// # Errors
/// If the other side has left.
pub(crate) async fn send_apart<'p>(
    pieces: impl Iterator<Item = &'p [u8]>,
    pause: Duration,
    to: &mut Wire,
) -> io::Result<()> {
    for piece in pieces {
        to.write_all(piece).await?;
        sleep(pause).await;
    }
    Ok(())
}
