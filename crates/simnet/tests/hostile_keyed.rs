//! Every scripted peer that is named by its key gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; if it is not set, 100 times those that we call and 20 times those that call
//! us.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Meetings, Seen, accept, another, budget, never_met, rounds, rounds_or, shake};
use ethereum::local::Expected;
use ethereum::{Fresh, Rlpx};
use handshake::Stage;
use lightning::{Chain, Hello};
use net::Limits;
use tokio::net::TcpStream;
use tokio::time::Instant;
use verack_simnet::{self as simnet, CALLED_KEY, GENESIS, NETWORK_ID, Named, Network, Plan, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_we_call_by_its_key_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let regtest = bitcoin::Chain::named("regtest").unwrap().params;
    let network = Network::start(Plan { keyed: simnet::keyed(), ..Plan::only(regtest, Vec::new()) }).await.unwrap();
    assert!(network.keyed().count() > 60, "{}", network.keyed().count());
    let mut meetings = Meetings::default();
    for _ in 0..rounds() {
        for (address, peer) in network.keyed() {
            meetings.hold(peer.name, peer.truth, call(address, peer.named(), peer.truth));
        }
    }
    meetings.judge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_us_by_our_key_gets_the_verdict_it_deserves() {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let callers = simnet::keyed_callers();
    assert!(callers.len() > 90, "{}", callers.len());
    let mut meetings = Meetings::default();
    for _ in 0..rounds_or(20) {
        for caller in &callers {
            let caller = caller.clone();
            let (name, truth, named) = (caller.name, caller.truth, caller.named());
            let answer = move |stream| answer(named, truth, stream);
            meetings.hold(name, truth, accept(|address| async move { caller.call(address).await }, answer));
        }
    }
    meetings.judge().await;
}

async fn call(address: SocketAddr, named: Named, truth: Truth) -> Seen {
    let limits = limits(truth);
    let stream = match net::dial(address, limits.deadline - Instant::now()).await {
        Ok(stream) => stream,
        Err(error) => return never_met(&error),
    };
    match named {
        Named::Ethereum(id) => shake(&mut Rlpx::initiator(ethereum(), fresh(), id), stream, limits, client_id).await,
        Named::Lightning(id) => shake(&mut Hello::initiator(lightning(), id), stream, limits, |_, _| None).await,
    }
}

/// Our side of a call by somebody who is named so.
async fn answer(named: Named, truth: Truth, stream: TcpStream) -> Seen {
    let limits = limits(truth);
    match named {
        Named::Ethereum(_) => shake(&mut Rlpx::responder(ethereum(), fresh()), stream, limits, client_id).await,
        Named::Lightning(_) => shake(&mut Hello::responder(lightning()), stream, limits, |_, _| None).await,
    }
}

fn ethereum() -> ethereum::Local {
    let mut local = ethereum::Local::new(ethereum::SecretKey::new(CALLED_KEY).unwrap());
    local.expected = Some(Expected { network_id: NETWORK_ID, genesis: GENESIS });
    local
}

fn client_id<T>(side: &Rlpx, _: T) -> Option<String> {
    side.hello().map(|hello| hello.client_id.to_string())
}

fn lightning() -> lightning::Local {
    let key = |bytes| lightning::SecretKey::new(bytes).unwrap();
    let networks = vec![Chain::named("bitcoin-regtest").unwrap().hash];
    lightning::Local::new(key(CALLED_KEY), key(numbered()), networks)
}

/// Other keys for each connection.
fn fresh() -> Fresh {
    Fresh::new(&numbered()).unwrap()
}

fn numbered<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0x33; LEN];
    bytes[..8].copy_from_slice(&another().to_be_bytes());
    bytes
}

fn limits(truth: Truth) -> Limits {
    Limits { bytes: budget(truth), ..Limits::within(patience(truth)) }
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth) -> Duration {
    Duration::from_secs(match (truth.reason, truth.stage) {
        ("timeout", Stage::Transport) => 1,
        // It shows its key before, as do hundreds at the same time.
        ("timeout", _) => 20,
        _ => 120,
    })
}
