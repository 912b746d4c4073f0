//! Meetings with scripted peers, and the comparison of the verdicts.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod nodes;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use handshake::{Fault, Handshake, Stage};
use net::{Accepted, Caps, Limits, Listener, Verdict};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use verack_simnet::Truth;

/// How often the peer of this name is met, unless `VERACK_ROUNDS` sets a number for all. A peer that splits its data at
/// another byte in each conversation is met a hundred times; for the others, repetition varies the behaviour of kernel
/// and scheduler.
pub(crate) fn rounds(name: &str) -> usize {
    let usual = if name.contains("cut") || name.contains("honest") { 100 } else { 25 };
    std::env::var("VERACK_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}

/// The result of one meeting.
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    pub(crate) received: u64,
    pub(crate) user_agent: String,
}

pub(crate) fn never_met(error: &impl Fault) -> Seen {
    Seen { verdict: Verdict::failed(Stage::Connect, error), received: 0, user_agent: String::new() }
}

/// Whether a peer makes us wait until the deadline. Such peers are met in memory, on a paused clock: there the verdict
/// depends neither on the load of the machine nor on real time. All others are met over the kernel's sockets.
pub(crate) fn waits(truth: Truth) -> bool {
    truth.reason == "timeout"
}

/// The deadline for a peer with this verdict.
pub(crate) fn patience(truth: Truth) -> Duration {
    match truth.reason {
        // On a paused clock, so this takes no time.
        "timeout" => Duration::from_secs(8),
        // Nothing answers, however long we wait.
        "connect.timeout" => Duration::from_secs(1),
        // The deadline does not matter; it only ends a test that hangs.
        _ => Duration::from_secs(600),
    }
}

/// The limits for a peer with this verdict.
pub(crate) fn limits(truth: Truth) -> Limits {
    Limits { bytes: budget(truth), ..Limits::within(patience(truth)) }
}

/// The byte budget for a peer with this verdict.
pub(crate) fn budget(truth: Truth) -> u64 {
    // The same verdict as with more, but sooner.
    if truth.reason == "flood" { 32 * 1024 } else { Limits::DEFAULT_BYTES }
}

/// A number that is new each time.
pub(crate) fn another() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Has the handshake. `name` is the peer's own name, if the peer sent it.
pub(crate) async fn shake<H, S>(
    handshake: &mut H,
    stream: S,
    limits: Limits,
    name: impl FnOnce(&H, Option<H::Output>) -> Option<String>,
) -> Seen
where
    H: Handshake,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (verdict, received, output) = match net::run(handshake, stream, limits, |_| {}).await {
        Ok(done) => (Verdict::ok(Vec::new()), done.received, Some(done.output)),
        Err(failure) => (Verdict::of_failure(handshake, &failure), failure.received, None),
    };
    Seen { verdict, received, user_agent: name(handshake, output).unwrap_or_default() }
}

/// Passes our address to `call`, accepts the connection, and has the handshake.
pub(crate) async fn accept<C, S>(call: impl FnOnce(SocketAddr) -> C, shake: impl FnOnce(TcpStream) -> S) -> Seen
where
    C: Future<Output = io::Result<()>> + Send + 'static,
    S: Future<Output = Seen>,
{
    let caps = Caps { total: 1, per_address: 1 };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), caps).await.unwrap();
    let calling = tokio::spawn(call(listener.local_addr().unwrap()));
    let Accepted::In { stream, permit, .. } = listener.accept().await.unwrap() else {
        panic!("turned away the first who came");
    };
    let seen = shake(stream).await;
    drop(permit);
    calling.abort();
    seen
}

/// Dials a peer over a socket.
pub(crate) async fn dial(address: SocketAddr, patience: Duration) -> Result<TcpStream, Seen> {
    net::dial(address, patience).await.map_err(|error| never_met(&error))
}

/// Meetings that go on at the same time.
pub(crate) struct Meetings {
    running: JoinSet<(&'static str, Truth, Seen)>,
    places: Arc<Semaphore>,
}

impl Default for Meetings {
    fn default() -> Self {
        Self { running: JoinSet::new(), places: Arc::new(Semaphore::new(64)) }
    }
}

impl Meetings {
    pub(crate) fn hold(
        &mut self,
        name: &'static str,
        truth: Truth,
        meeting: impl Future<Output = Seen> + Send + 'static,
    ) {
        let places = self.places.clone();
        self.running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            (name, truth, meeting.await)
        });
    }

    /// Compares all results with the expected ones.
    pub(crate) async fn judge(mut self) {
        let mut wrong = BTreeMap::<_, usize>::new();
        while let Some(met) = self.running.join_next().await {
            let (name, truth, seen) = met.unwrap();
            for what in faults(truth, &seen) {
                *wrong.entry((name, what)).or_default() += 1;
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// The differences to an expected verdict.
fn faults(truth: Truth, seen: &Seen) -> Vec<String> {
    /// Bytes that [`net::run`] reads at once: it may detect only then that the budget is spent.
    const ONE_READ: u64 = 16 * 1024;
    let verdict = &seen.verdict;
    let found =
        Truth { outcome: verdict.outcome(), stage: verdict.stage(), reason: verdict.reason(), blame: verdict.blame() };
    let mut faults = Vec::new();
    if found != truth {
        faults.push(format!("deserves {truth:?}, got {verdict:?}"));
    }
    for text in [verdict.detail(), &seen.user_agent] {
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            faults.push(format!("not fit to print: {text:?}"));
        }
    }
    if seen.received > budget(truth) + ONE_READ {
        faults.push(format!("took in {} bytes", seen.received));
    }
    faults
}
