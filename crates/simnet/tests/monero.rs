//! Every scripted Monero node gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; 100 times if it is not set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Meetings, Seen, accept, budget, never_met, rounds};
use monero::{Hello, Local, Network};
use net::{Limits, Verdict};
use tokio::net::TcpStream;
use verack_simnet::{self as simnet, Plan, Transport, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn whichever_monero_node_we_call_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let any = bitcoin::Chain::named("bitcoin").unwrap().params;
    let simulated = simnet::Network::start(Plan::only(any, simnet::monero_peers(network()))).await.unwrap();
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
async fn whichever_monero_node_calls_us_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in simnet::monero_callers(network()) {
        let truth = caller.truths.over(Transport::Auto);
        for _ in 0..rounds() {
            let caller = caller.clone();
            let shake = move |stream| shake(Hello::responder(Local::new(network(), 7)), stream, truth);
            meetings.hold(caller.name, truth, accept(|address| async move { caller.call(address).await }, shake));
        }
    }
    meetings.judge().await;
}

fn network() -> &'static Network {
    Network::named("monero").unwrap()
}

async fn call(address: SocketAddr, truth: Truth) -> Seen {
    match net::dial(address, patience(truth)).await {
        Ok(stream) => shake(Hello::initiator(Local::new(network(), 7)), stream, truth).await,
        Err(error) => never_met(&error),
    }
}

async fn shake(mut hello: Hello, stream: TcpStream, truth: Truth) -> Seen {
    let limits = Limits { bytes: longest(truth), ..Limits::within(patience(truth)) };
    let (verdict, received, peers) = match net::run(&mut hello, stream, limits, |_| {}).await {
        Ok(done) => (Verdict::ok(String::new()), done.received, Some(done.output.peers)),
        Err(failure) => (Verdict::of_failure(&hello, &failure), failure.received, None),
    };
    let peers = peers.iter().flat_map(|peers| peers.iter());
    Seen { verdict, received, user_agent: peers.map(|peer| peer.address.to_string()).collect::<Vec<_>>().join(" ") }
}

/// What a handshake may take, of whoever does not flood.
fn longest(truth: Truth) -> u64 {
    if truth.reason == "flood" { budget(truth) } else { monero::hello::MAX_BYTES }
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth) -> Duration {
    Duration::from_secs(if truth.reason == "timeout" { 2 } else { 120 })
}
