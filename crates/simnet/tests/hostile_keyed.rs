//! Every scripted peer that is named by its key gets the verdict that it deserves, each and every time.
//!
//! `VERACK_ROUNDS` sets how often each is met; 100 times if it is not set.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Meetings, Seen, another, budget, never_met, rounds, shake};
use ethereum::local::Expected;
use ethereum::{Fresh, Rlpx};
use handshake::Stage;
use lightning::{Chain, Hello};
use net::Limits;
use tokio::time::Instant;
use verack_simnet::{self as simnet, GENESIS, NETWORK_ID, Named, Network, Plan, Truth};

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

async fn call(address: SocketAddr, named: Named, truth: Truth) -> Seen {
    let limits = Limits { bytes: budget(truth), ..Limits::within(patience(truth)) };
    let stream = match net::dial(address, limits.deadline - Instant::now()).await {
        Ok(stream) => stream,
        Err(error) => return never_met(&error),
    };
    match named {
        Named::Ethereum(id) => {
            let mut local = ethereum::Local::new(ethereum::SecretKey::from_bytes([0x11; 32]).unwrap());
            local.expected = Some(Expected { network_id: NETWORK_ID, genesis: GENESIS });
            let mut random = [0x33; Fresh::RANDOM_LEN];
            random[..8].copy_from_slice(&another().to_be_bytes());
            let mut side = Rlpx::initiator(local, Fresh::new(&random).unwrap(), id);
            let name = |side: &Rlpx, _| side.hello().map(|hello| hello.client_id.to_string());
            shake(&mut side, stream, limits, name).await
        }
        Named::Lightning(id) => {
            let mut ephemeral = [0x33; 32];
            ephemeral[..8].copy_from_slice(&another().to_be_bytes());
            let key = |bytes| lightning::SecretKey::new(bytes).unwrap();
            let networks = vec![Chain::named("bitcoin-regtest").unwrap().hash];
            let local = lightning::Local::new(key([0x11; 32]), key(ephemeral), networks);
            shake(&mut Hello::initiator(local, id), stream, limits, |_, _| None).await
        }
    }
}

/// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
fn patience(truth: Truth) -> Duration {
    Duration::from_secs(match (truth.reason, truth.stage) {
        ("timeout", Stage::Transport) => 1,
        // It has something to say before.
        ("timeout", _) => 8,
        _ => 120,
    })
}
