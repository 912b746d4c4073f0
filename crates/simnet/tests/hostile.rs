//! Every scripted peer gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; 100 times if it is not set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bitcoin::{Chain, Local, Params, V1};
use handshake::Stage;
use net::{Accepted, Caps, Limits, Listener, Verdict};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use verack_simnet::{self as simnet, Network, Peer, Plan, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_we_call_gets_the_verdict_it_deserves() {
    call_all(Plan::new(bitcoin()), rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_everyone_on_networks_with_other_checksums_versions_and_tails() {
    let mut networks = JoinSet::new();
    for name in ["bitcoin-sv", "dash", "dogecoin", "ecash", "groestlcoin", "litecoin", "zcash"] {
        let params = Chain::named(name).unwrap().params;
        networks.spawn(call_all(Plan::new(params), 1));
    }
    networks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_taken_at_the_lengths_that_core_takes_and_no_others() {
    let peers = simnet::versions_of_every_length(&bitcoin());
    assert_eq!(peers.len(), 201);
    call_all(Plan::only(bitcoin(), peers), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_cut_at_every_byte() {
    call_all(Plan::only(bitcoin(), simnet::cut_at_every_byte(&bitcoin())), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_us_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in simnet::callers(&bitcoin()) {
        for _ in 0..rounds() {
            let caller = caller.clone();
            meetings.hold(caller.name, caller.truth, async move { accept(bitcoin(), &caller).await });
        }
    }
    meetings.judge().await;
}

fn bitcoin() -> Params {
    Chain::named("bitcoin").unwrap().params
}

fn rounds() -> usize {
    std::env::var("VERACK_ROUNDS").map_or(100, |rounds| rounds.parse().unwrap())
}

/// Calls every address of a network, so many times.
async fn call_all(plan: Plan, rounds: usize) {
    let params = plan.chain;
    // A listener holds a file, and each meeting two.
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let network = Network::start(plan).await.unwrap();
    let mut meetings = Meetings::default();
    for _ in 0..rounds {
        for address in network.addresses() {
            let (name, truth) = network.truth(address).unwrap();
            meetings.hold(name, truth, call(params, address, truth));
        }
    }
    meetings.judge().await;
}

/// What came of one meeting.
struct Seen {
    verdict: Verdict,
    received: u64,
    user_agent: String,
}

async fn call(params: Params, address: SocketAddr, truth: Truth) -> Seen {
    match net::dial(address, patience(truth)).await {
        Ok(stream) => shake(V1::initiator(local(params)), stream, truth).await,
        Err(error) => Seen { verdict: Verdict::failed(Stage::Connect, &error), received: 0, user_agent: String::new() },
    }
}

async fn accept(params: Params, caller: &Peer) -> Seen {
    let caps = Caps { total: 1, per_address: 1 };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), caps).await.unwrap();
    let address = listener.local_addr().unwrap();
    let called = tokio::spawn({
        let caller = caller.clone();
        async move { caller.call(address).await }
    });
    let Accepted::In { stream, place, .. } = listener.accept().await.unwrap() else {
        panic!("turned away the first who came");
    };
    let seen = shake(V1::responder(local(params)), stream, caller.truth).await;
    drop(place);
    called.abort();
    seen
}

async fn shake(mut handshake: V1, stream: TcpStream, truth: Truth) -> Seen {
    let limits = limits(truth);
    let (verdict, received) = match net::run(&mut handshake, stream, limits, |_| {}).await {
        Ok(done) => (Verdict::ok(done.output.agreed.version.user_agent.to_string()), done.received),
        Err(failure) => (Verdict::of_failure(&handshake, &failure), failure.received),
    };
    let version = handshake.hello().version();
    Seen { verdict, received, user_agent: version.map_or_else(String::new, |version| version.user_agent.to_string()) }
}

/// What a peer of this truth may take up.
fn limits(truth: Truth) -> Limits {
    let mut limits = Limits::within(patience(truth));
    if truth.reason == "flood" {
        // As true as with more, and sooner.
        limits.bytes = 32 * 1024;
    }
    limits
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth) -> Duration {
    Duration::from_secs(match (truth.reason, truth.stage) {
        ("timeout" | "connect.timeout", Stage::Ack) => 8,
        ("timeout" | "connect.timeout", _) => 1,
        _ => 120,
    })
}

fn local(params: Params) -> Local {
    static NONCE: AtomicU64 = AtomicU64::new(1);
    Local::new(params, 1_700_000_000, NONCE.fetch_add(1, Ordering::Relaxed), [7; 32])
}

/// Meetings that go on at the same time.
struct Meetings {
    running: JoinSet<(&'static str, Truth, Seen)>,
    /// Those that wait in vain take no processor, so there may be many of them.
    patient: Arc<Semaphore>,
    brisk: Arc<Semaphore>,
}

impl Default for Meetings {
    fn default() -> Self {
        Self { running: JoinSet::new(), patient: Arc::new(Semaphore::new(600)), brisk: Arc::new(Semaphore::new(64)) }
    }
}

impl Meetings {
    fn hold(&mut self, name: &'static str, truth: Truth, meeting: impl Future<Output = Seen> + Send + 'static) {
        let waits = matches!(truth.reason, "timeout" | "connect.timeout");
        let places = if waits { &self.patient } else { &self.brisk }.clone();
        self.running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            (name, truth, meeting.await)
        });
    }

    /// Compares all that was seen with the truth.
    async fn judge(mut self) {
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
    let found = Truth { outcome: verdict.outcome, stage: verdict.stage, reason: verdict.reason, blame: verdict.blame };
    let mut faults = Vec::new();
    if found != truth {
        faults.push(format!("deserves {truth:?}, got {verdict:?}"));
    }
    for text in [&verdict.detail, &seen.user_agent] {
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            faults.push(format!("not fit to print: {text:?}"));
        }
    }
    if seen.received > limits(truth).bytes + ONE_READ {
        faults.push(format!("took in {} bytes", seen.received));
    }
    faults
}
