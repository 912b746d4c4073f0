//! Every scripted peer gets the expected verdict, each time.
//!
//! `VERACK_ROUNDS` sets how often each is met; the default is in `common::rounds`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use std::future::ready;

use bitcoin::hello::Hello;
use bitcoin::v2::{Garbage, Keys, MAX_GARBAGE_LEN, Start};
use bitcoin::{Accept, Chain, Concluded, Local, Params, V1, V2};
use common::{Meetings, Seen, accept, another, dial, limits, patience, rounds, waits};
use handshake::{Handshake, Role};
use net::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use verack_simnet::{self as simnet, Network, Peer, Plan, Transport, Truths};

#[tokio::test(flavor = "multi_thread")]
async fn each_called_peer_gets_the_verdict_it_deserves_over_either_transport() {
    call_all(bitcoin(), plan(), Transport::Auto, rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_called_peer_gets_the_verdict_it_deserves_in_plain_text() {
    call_all(bitcoin(), plan(), Transport::V1, rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_called_peer_gets_the_verdict_it_deserves_encrypted() {
    call_all(bitcoin(), plan(), Transport::V2, rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_a_thousand_keys_is_a_length_that_a_node_waits_for() {
    let mut peers = simnet::bitcoin::peers(&bitcoin());
    peers.retain(|peer| peer.name == "length-first");
    assert_eq!(peers.len(), 1);
    call_all(bitcoin(), Plan::only(peers), Transport::Auto, |_| 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_everyone_on_networks_with_other_checksums_versions_and_tails() {
    let mut networks = JoinSet::new();
    for name in ["bitcoin-sv", "dash", "dogecoin", "ecash", "groestlcoin", "litecoin", "zcash"] {
        let params = Chain::named(name).unwrap().params;
        for transport in [Transport::Auto, Transport::V1] {
            networks.spawn(call_all(params, simnet::bitcoin::plan(&params), transport, |_| 1));
        }
    }
    networks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_taken_at_the_lengths_that_core_takes_and_no_others() {
    let peers = simnet::bitcoin::versions_of_every_length(&bitcoin());
    assert_eq!(peers.len(), 201);
    call_all(bitcoin(), Plan::only(peers), Transport::V1, |_| 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_cut_at_every_byte() {
    let plain = simnet::bitcoin::cut_at_every_byte(&bitcoin());
    call_all(bitcoin(), Plan::only(plain), Transport::V1, |_| 1).await;
    let encrypted = simnet::bitcoin::encrypted_and_cut_at_every_byte(&bitcoin());
    call_all(bitcoin(), Plan::only(encrypted), Transport::V2, |_| 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_gets_the_verdict_it_deserves() {
    accept_all(Transport::Auto, rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_caller_of_a_side_of_ours_that_takes_one_transport() {
    for transport in [Transport::V1, Transport::V2] {
        accept_all(transport, |name| rounds(name).div_ceil(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_waited_for_until_the_deadline() {
    for transport in [Transport::Auto, Transport::V1, Transport::V2] {
        wait_for_all(Role::Initiator, simnet::bitcoin::peers(&bitcoin()), transport).await;
        wait_for_all(Role::Responder, simnet::bitcoin::callers(&bitcoin()), transport).await;
    }
}

fn bitcoin() -> Params {
    Chain::named("bitcoin").unwrap().params
}

fn plan() -> Plan {
    simnet::bitcoin::plan(&bitcoin())
}

/// Calls every address of a network, this many times.
async fn call_all(params: Params, mut plan: Plan, transport: Transport, rounds: fn(&str) -> usize) {
    // A listener holds a file, and each meeting two.
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    plan.peers.retain(|peer| !waits(peer.truths.over(transport)));
    let network = Network::start(plan).await.unwrap();
    let mut meetings = Meetings::default();
    for address in network.addresses() {
        let (name, truths) = network.truth(address).unwrap();
        for _ in 0..rounds(name) {
            let dial = move || dial(address, patience(truths.over(transport)));
            meetings.hold(name, truths.over(transport), call(params, transport, truths, dial));
        }
    }
    meetings.judge().await;
}

/// Lets every caller call us, this many times.
async fn accept_all(transport: Transport, rounds: fn(&str) -> usize) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in simnet::bitcoin::callers(&bitcoin()) {
        let (name, truths) = (caller.name, caller.truths);
        if waits(truths.over(transport)) {
            continue;
        }
        for _ in 0..rounds(name) {
            let caller = caller.clone();
            let answer = move |stream| answer(bitcoin(), transport, truths, stream);
            let call = |address| async move { caller.call(address).await };
            meetings.hold(name, truths.over(transport), accept(call, answer));
        }
    }
    meetings.judge().await;
}

/// Waits for those of these peers that let us wait until the deadline, in this role of ours. The clock is paused.
async fn wait_for_all(role: Role, mut peers: Vec<Peer>, transport: Transport) {
    peers.retain(|peer| waits(peer.truths.over(transport)));
    assert!(!peers.is_empty());
    let mut meetings = Meetings::default();
    for peer in &peers {
        for _ in 0..rounds(peer.name) {
            let (peer, name, truths) = (peer.clone(), peer.name, peer.truths);
            meetings.hold(name, truths.over(transport), async move {
                match role {
                    Role::Initiator => {
                        call(bitcoin(), transport, truths, || ready(Ok(peer.meet(Role::Responder)))).await
                    }
                    Role::Responder => answer(bitcoin(), transport, truths, peer.meet(Role::Initiator)).await,
                }
            });
        }
    }
    meetings.judge().await;
}

/// Over either transport: with a key first, and again in plain text if the answer requires it.
async fn call<S, D>(params: Params, transport: Transport, truths: Truths, dial: impl Fn() -> D) -> Seen
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: Future<Output = Result<S, Seen>>,
{
    if transport != Transport::V1 {
        let stream = match dial().await {
            Ok(stream) => stream,
            Err(seen) => return seen,
        };
        let mut handshake = V2::initiator(local(params), start());
        let seen = shake(&mut handshake, V2::hello, stream, limits(truths.over(Transport::V2))).await;
        let falls_back = ["bitcoin.v1-only", "bitcoin.v2.closed"].contains(&seen.verdict.reason());
        if transport == Transport::V2 || !falls_back {
            return seen;
        }
    }
    match dial().await {
        Ok(stream) => {
            let mut handshake = V1::initiator(local(params));
            shake(&mut handshake, V1::hello, stream, limits(truths.over(Transport::V1))).await
        }
        Err(seen) => seen,
    }
}

/// Our side of a call.
async fn answer<S>(params: Params, transport: Transport, truths: Truths, stream: S) -> Seen
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = limits(truths.over(transport));
    let local = local(params);
    match transport {
        Transport::Auto => shake(&mut Accept::new(local, start()), Accept::hello, stream, limits).await,
        Transport::V1 => shake(&mut V1::responder(local), V1::hello, stream, limits).await,
        Transport::V2 => shake(&mut V2::responder(local, start()), V2::hello, stream, limits).await,
    }
}

async fn shake<H, S>(handshake: &mut H, hello: fn(&H) -> &Hello, stream: S, limits: Limits) -> Seen
where
    H: Handshake<Output = Concluded>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let user_agent = |handshake: &H, _| hello(handshake).version().map(|version| version.user_agent.to_string());
    common::shake(handshake, stream, limits, user_agent).await
}

fn local(params: Params) -> Local {
    Local::new(params, 1_700_000_000, another(), [7; 32])
}

/// New keys, and garbage of another length, for each connection.
fn start() -> Start {
    let number = another();
    let mut secret = [1; 32];
    secret[..8].copy_from_slice(&number.to_be_bytes());
    let garbage = vec![0x5a; usize::try_from(number).unwrap() % (MAX_GARBAGE_LEN + 1)];
    Start::new(Keys::new(secret, [2; 32]).unwrap(), Garbage::new(garbage).unwrap())
}
