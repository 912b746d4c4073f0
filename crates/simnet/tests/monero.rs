//! Every scripted Monero node gets the expected verdict, each time.
//!
//! `VERACK_ROUNDS` sets how often each is met; the default is in `common::rounds`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use common::budget;
use common::nodes::{Ours, answer_each, call_each, wait_for_each};
use handshake::Role;
use monero::{Agreed, Hello, Local, Network};
use verack_simnet::{self as simnet, Truth};

#[tokio::test(flavor = "multi_thread")]
async fn whichever_monero_node_we_call_gets_the_verdict_it_deserves() {
    call_each::<Monero>(simnet::monero::peers(network())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_monero_node_calls_us_gets_the_verdict_it_deserves() {
    answer_each::<Monero>(simnet::monero::callers(network())).await;
}

#[tokio::test(start_paused = true)]
async fn whichever_monero_node_is_silent_is_waited_for_until_the_deadline() {
    wait_for_each::<Monero>(Role::Initiator, simnet::monero::peers(network())).await;
    wait_for_each::<Monero>(Role::Responder, simnet::monero::callers(network())).await;
}

fn network() -> &'static Network {
    Network::named("monero").unwrap()
}

struct Monero;

impl Ours for Monero {
    type Hello = Hello;

    fn hello(role: Role) -> Hello {
        let local = Local::new(network(), 7);
        match role {
            Role::Initiator => Hello::initiator(local),
            Role::Responder => Hello::responder(local),
        }
    }

    fn said(agreed: Agreed) -> String {
        agreed.peers.iter().map(|peer| peer.address.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// For a peer that does not flood: the byte budget of a handshake.
    fn budget(truth: Truth) -> u64 {
        if truth.reason == "flood" { budget(truth) } else { monero::hello::MAX_BYTES }
    }
}
