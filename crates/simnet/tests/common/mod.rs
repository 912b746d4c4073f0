//! Meetings with scripted peers, and what is wrong with the verdicts on them.
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

/// How often the peer of this name is met, unless `VERACK_ROUNDS` says how often all are. One that is cut at another byte in
/// each conversation is met once for each of a hundred bytes; for the others, repetition tries what a kernel and a
/// scheduler may do.
pub(crate) fn rounds(name: &str) -> usize {
    let usual = if name.contains("cut") || name.contains("honest") { 100 } else { 25 };
    std::env::var("VERACK_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}

/// What came of one meeting.
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    pub(crate) received: u64,
    pub(crate) user_agent: String,
}

pub(crate) fn never_met(error: &impl Fault) -> Seen {
    Seen { verdict: Verdict::failed(Stage::Connect, error), received: 0, user_agent: String::new() }
}

/// Whether a peer keeps us waiting until our patience ends. Such peers are met in memory, on a paused clock: there the
/// verdict depends neither on how busy the machine is nor on any real time. All others are met over the kernel's sockets.
pub(crate) fn waits(truth: Truth) -> bool {
    truth.reason == "timeout"
}

/// How long we wait for a peer of this truth.
pub(crate) fn patience(truth: Truth) -> Duration {
    match truth.reason {
        // On a paused clock, so that this takes no time.
        "timeout" => Duration::from_secs(8),
        // Nothing answers, however long we wait.
        "connect.timeout" => Duration::from_secs(1),
        // No clock decides; a test that hangs ends.
        _ => Duration::from_secs(600),
    }
}

/// What a peer of this truth may take up.
pub(crate) fn limits(truth: Truth) -> Limits {
    Limits { bytes: budget(truth), ..Limits::within(patience(truth)) }
}

/// The bytes that a peer of this truth may take up.
pub(crate) fn budget(truth: Truth) -> u64 {
    // As true as with more, and sooner.
    if truth.reason == "flood" { 32 * 1024 } else { Limits::DEFAULT_BYTES }
}

/// A number that there was not before.
pub(crate) fn another() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Has the handshake. `name` is what the peer calls itself, if it came to that.
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

/// Lets somebody call us, whom `call` tells our address, and has the handshake with them.
pub(crate) async fn accept<C, S>(call: impl FnOnce(SocketAddr) -> C, shake: impl FnOnce(TcpStream) -> S) -> Seen
where
    C: Future<Output = io::Result<()>> + Send + 'static,
    S: Future<Output = Seen>,
{
    let caps = Caps { total: 1, per_address: 1 };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), caps).await.unwrap();
    let calling = tokio::spawn(call(listener.local_addr().unwrap()));
    let Accepted::In { stream, place, .. } = listener.accept().await.unwrap() else {
        panic!("turned away the first who came");
    };
    let seen = shake(stream).await;
    drop(place);
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

    /// Compares all that was seen with the truth.
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

/// What is wrong with a verdict.
fn faults(truth: Truth, seen: &Seen) -> Vec<String> {
    /// What [`net::run`] asks of a socket at once: it may learn only then that the budget is spent.
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
