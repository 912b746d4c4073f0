//! Two sides of a protocol that shake hands in memory, for tests.

use std::time::Duration;

use handshake::Conversation;
use net::{Limits, Unread, run};
use tokio::io::{DuplexStream, duplex};

/// A side's end of the connection, and what it agreed.
type End<T> = (Unread<DuplexStream>, T);

/// The handshake of two sides.
///
/// # Panics
/// If they do not agree.
pub async fn shaken<A, B>(mut ours: A, mut theirs: B) -> (End<A::Output>, End<B::Output>)
where
    A: Conversation<Output: std::fmt::Debug>,
    B: Conversation<Output: std::fmt::Debug>,
{
    /// Only ends a test that hangs.
    const PATIENCE: Duration = Duration::from_secs(600);
    let (near, far) = duplex(64 * 1024);
    let limits = Limits::within(PATIENCE);
    let (ours, theirs) = tokio::join!(run(&mut ours, near, limits, |_| {}), run(&mut theirs, far, limits, |_| {}));
    (ours.expect("both agree").into_stream(), theirs.expect("both agree").into_stream())
}
