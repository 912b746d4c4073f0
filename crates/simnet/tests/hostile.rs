//! Every scripted peer gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; 100 times if it is not set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use bitcoin::hello::Hello;
use bitcoin::v2::{Garbage, Keys, MAX_GARBAGE_LEN, Start};
use bitcoin::{Accept, Chain, Concluded, Local, Params, V1, V2};
use common::{Meetings, Seen, accept, another, budget, never_met, rounds};
use handshake::{Handshake, Stage};
use net::Limits;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use verack_simnet::{self as simnet, Network, Plan, Transport, Truth, Truths};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_we_call_over_either_transport_gets_the_verdict_it_deserves() {
    call_all(Plan::new(bitcoin()), Transport::Auto, rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_we_call_in_plain_text_gets_the_verdict_it_deserves() {
    call_all(Plan::new(bitcoin()), Transport::V1, rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_we_call_encrypted_gets_the_verdict_it_deserves() {
    call_all(Plan::new(bitcoin()), Transport::V2, rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_a_thousand_keys_is_a_length_that_a_node_waits_for() {
    let mut peers = simnet::catalogue(&bitcoin());
    peers.retain(|peer| peer.name == "length-first");
    assert_eq!(peers.len(), 1);
    call_all(Plan::only(bitcoin(), peers), Transport::Auto, 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_everyone_on_networks_with_other_checksums_versions_and_tails() {
    let mut networks = JoinSet::new();
    for name in ["bitcoin-sv", "dash", "dogecoin", "ecash", "groestlcoin", "litecoin", "zcash"] {
        let params = Chain::named(name).unwrap().params;
        for transport in [Transport::Auto, Transport::V1] {
            networks.spawn(call_all(Plan::new(params), transport, 1));
        }
    }
    networks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_taken_at_the_lengths_that_core_takes_and_no_others() {
    let peers = simnet::versions_of_every_length(&bitcoin());
    assert_eq!(peers.len(), 201);
    call_all(Plan::only(bitcoin(), peers), Transport::V1, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_cut_at_every_byte() {
    call_all(Plan::only(bitcoin(), simnet::cut_at_every_byte(&bitcoin())), Transport::V1, 1).await;
    call_all(Plan::only(bitcoin(), simnet::encrypted_and_cut_at_every_byte(&bitcoin())), Transport::V2, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_us_gets_the_verdict_it_deserves() {
    accept_all(Transport::Auto, rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_whoever_calls_a_side_of_ours_that_takes_one_transport() {
    for transport in [Transport::V1, Transport::V2] {
        accept_all(transport, rounds().div_ceil(10)).await;
    }
}

fn bitcoin() -> Params {
    Chain::named("bitcoin").unwrap().params
}

/// Calls every address of a network, so many times.
async fn call_all(plan: Plan, transport: Transport, rounds: usize) {
    let params = plan.chain;
    // A listener holds a file, and each meeting two.
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let network = Network::start(plan).await.unwrap();
    let mut meetings = Meetings::default();
    for _ in 0..rounds {
        for address in network.addresses() {
            let (name, truths) = network.truth(address).unwrap();
            meetings.hold(name, truths.over(transport), call(params, address, transport, truths));
        }
    }
    meetings.judge().await;
}

/// Lets every caller call us, so many times.
async fn accept_all(transport: Transport, rounds: usize) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in simnet::callers(&bitcoin()) {
        for _ in 0..rounds {
            let caller = caller.clone();
            let (name, truths) = (caller.name, caller.truths);
            let answer = move |stream| answer(bitcoin(), transport, truths, stream);
            let call = |address| async move { caller.call(address).await };
            meetings.hold(name, truths.over(transport), accept(call, answer));
        }
    }
    meetings.judge().await;
}

/// Over either transport: with a key first, and again in plain text if that is what the answer to it means.
async fn call(params: Params, address: SocketAddr, transport: Transport, truths: Truths) -> Seen {
    if transport != Transport::V1 {
        let limits = limits(truths, Transport::V2);
        let stream = match net::dial(address, limits.deadline - Instant::now()).await {
            Ok(stream) => stream,
            Err(error) => return never_met(&error),
        };
        let mut handshake = V2::initiator(local(params), start());
        let seen = shake(&mut handshake, V2::hello, stream, limits).await;
        let falls_back = ["bitcoin.v1-only", "bitcoin.v2.closed"].contains(&seen.verdict.reason);
        if transport == Transport::V2 || !falls_back {
            return seen;
        }
    }
    let limits = limits(truths, Transport::V1);
    match net::dial(address, limits.deadline - Instant::now()).await {
        Ok(stream) => shake(&mut V1::initiator(local(params)), V1::hello, stream, limits).await,
        Err(error) => never_met(&error),
    }
}

/// Our side of a call.
async fn answer(params: Params, transport: Transport, truths: Truths, stream: TcpStream) -> Seen {
    let limits = limits(truths, transport);
    let local = local(params);
    match transport {
        Transport::Auto => shake(&mut Accept::new(local, start()), Accept::hello, stream, limits).await,
        Transport::V1 => shake(&mut V1::responder(local), V1::hello, stream, limits).await,
        Transport::V2 => shake(&mut V2::responder(local, start()), V2::hello, stream, limits).await,
    }
}

async fn shake<H>(handshake: &mut H, hello: fn(&H) -> &Hello, stream: TcpStream, limits: Limits) -> Seen
where
    H: Handshake<Output = Concluded>,
{
    let user_agent = |handshake: &H, _| hello(handshake).version().map(|version| version.user_agent.to_string());
    common::shake(handshake, stream, limits, user_agent).await
}

/// What a peer may take up over this transport.
fn limits(truths: Truths, transport: Transport) -> Limits {
    let truth = truths.over(transport);
    Limits { bytes: budget(truth), ..Limits::within(patience(truth, transport)) }
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth, transport: Transport) -> Duration {
    Duration::from_secs(match (truth.reason, truth.stage, transport) {
        ("timeout" | "connect.timeout", Stage::Connect | Stage::Transport, _)
        | ("timeout", Stage::Hello, Transport::V1) => 1,
        // It has something to say before.
        ("timeout", ..) => 8,
        _ => 120,
    })
}

fn local(params: Params) -> Local {
    Local::new(params, 1_700_000_000, another(), [7; 32])
}

/// Other keys, and garbage of another length, for each connection.
fn start() -> Start {
    let number = another();
    let mut secret = [1; 32];
    secret[..8].copy_from_slice(&number.to_be_bytes());
    let garbage = vec![0x5a; usize::try_from(number).unwrap() % (MAX_GARBAGE_LEN + 1)];
    Start::new(Keys::new(secret, [2; 32]).unwrap(), Garbage::new(garbage).unwrap())
}
