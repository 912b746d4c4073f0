//! Every scripted libp2p node gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; 100 times if it is not set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{Meetings, Seen, accept, budget, never_met, rounds};
use libp2p::{Hello, Identity, Local, SecretKey};
use net::{Limits, Verdict};
use tokio::net::TcpStream;
use verack_simnet::{self as simnet, Plan, Transport, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn whichever_libp2p_node_we_call_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let any = bitcoin::Chain::named("bitcoin").unwrap().params;
    let simulated = simnet::Network::start(Plan::only(any, simnet::libp2p_peers())).await.unwrap();
    let mut meetings = Meetings::default();
    for _ in 0..rounds() {
        for address in simulated.addresses() {
            let (name, truths) = simulated.truth(address).unwrap();
            let truth = truths.over(Transport::Auto);
            meetings.hold(name, truth, call(address, truth));
        }
    }
    meetings.judge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_libp2p_node_calls_us_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in simnet::libp2p_callers() {
        let truth = caller.truths.over(Transport::Auto);
        for _ in 0..rounds() {
            let caller = caller.clone();
            let shake = move |stream| shake(Hello::responder(local()), stream, truth);
            meetings.hold(caller.name, truth, accept(|address| async move { caller.call(address).await }, shake));
        }
    }
    meetings.judge().await;
}

/// Other keys for each connection.
fn local() -> Local {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let key = |kind: u8| {
        let mut bytes = [kind; 32];
        bytes[..8].copy_from_slice(&NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    };
    Local::new(Identity::new(key(1)), SecretKey::new(key(2)), SecretKey::new(key(3)), "verack")
}

async fn call(address: SocketAddr, truth: Truth) -> Seen {
    match net::dial(address, patience(truth)).await {
        Ok(stream) => shake(Hello::initiator(local(), None), stream, truth).await,
        Err(error) => never_met(&error),
    }
}

async fn shake(mut hello: Hello, stream: TcpStream, truth: Truth) -> Seen {
    let limits = Limits { bytes: budget(truth), ..Limits::within(patience(truth)) };
    let (verdict, received, identify) = match net::run(&mut hello, stream, limits, |_| {}).await {
        Ok(done) => (Verdict::ok(String::new()), done.received, Some(done.output.identify)),
        Err(failure) => (Verdict::of_failure(&hello, &failure), failure.received, None),
    };
    let agent = identify.and_then(|identify| identify.agent);
    Seen { verdict, received, user_agent: agent.map(|agent| agent.to_string()).unwrap_or_default() }
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth) -> Duration {
    Duration::from_secs(if truth.reason == "timeout" { 2 } else { 120 })
}
