//! Every scripted libp2p node gets the expected verdict, each time.
//!
//! `VERACK_ROUNDS` sets how often each is met; the default is in `common::rounds`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;

use common::another;
use common::nodes::{Ours, answer_each, call_each, wait_for_each};
use handshake::Role;
use libp2p::{Agreed, Hello, Identity, Local, SecretKey};
use verack_simnet as simnet;

#[tokio::test(flavor = "multi_thread")]
async fn whichever_libp2p_node_we_call_gets_the_verdict_it_deserves() {
    call_each::<Libp2p>(simnet::libp2p::peers()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_libp2p_node_calls_us_gets_the_verdict_it_deserves() {
    answer_each::<Libp2p>(simnet::libp2p::callers()).await;
}

#[tokio::test(start_paused = true)]
async fn whichever_libp2p_node_is_silent_is_waited_for_until_the_deadline() {
    wait_for_each::<Libp2p>(Role::Initiator, simnet::libp2p::peers()).await;
    wait_for_each::<Libp2p>(Role::Responder, simnet::libp2p::callers()).await;
}

struct Libp2p;

impl Ours for Libp2p {
    type Hello = Hello;

    fn hello(role: Role) -> Hello {
        let key = |kind: u8| {
            let mut bytes = [kind; 32];
            bytes[..8].copy_from_slice(&another().to_be_bytes());
            bytes
        };
        let local = Local::new(Identity::new(key(1)), SecretKey::new(key(2)), SecretKey::new(key(3)), "verack");
        match role {
            Role::Initiator => Hello::initiator(local, None),
            Role::Responder => Hello::responder(local),
        }
    }

    fn said(agreed: Agreed) -> String {
        agreed.identify.agent.map(|agent| agent.to_string()).unwrap_or_default()
    }
}
