//! Nodes of a protocol that has one transport: each is met in either role, as often as [`rounds`] says.

use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Handshake, Role};
use net::Limits;
use tokio::net::TcpStream;
use verack_simnet::{Network, Peer, Plan, Transport, Truth};

use super::{Meetings, Seen, accept, budget, never_met, rounds, shake};

/// Our side of such a protocol.
pub(crate) trait Ours: 'static {
    type Hello: Handshake<Output: Send, Error: Send> + Send;

    /// With other keys for each connection, if it has any.
    fn hello(role: Role) -> Self::Hello;

    /// What a node says of itself.
    fn said(output: <Self::Hello as Handshake>::Output) -> String;

    /// The bytes that a node of this truth may take up.
    fn budget(truth: Truth) -> u64 {
        budget(truth)
    }

    /// We wait in vain as briefly as a loaded machine lets us, and for whoever will come as long as it may need.
    fn patience(truth: Truth) -> Duration {
        Duration::from_secs(if truth.reason == "timeout" { 2 } else { 120 })
    }
}

/// Calls each of these.
pub(crate) async fn call_each<O: Ours>(peers: Vec<Peer>) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let any = bitcoin::Chain::named("bitcoin").unwrap().params;
    let network = Network::start(Plan::only(any, peers)).await.unwrap();
    let mut meetings = Meetings::default();
    for _ in 0..rounds() {
        for address in network.addresses() {
            let (name, truths) = network.truth(address).unwrap();
            let truth = truths.over(Transport::Auto);
            meetings.hold(name, truth, call::<O>(address, truth));
        }
    }
    meetings.judge().await;
}

/// Lets each of these call us.
pub(crate) async fn answer_each<O: Ours>(callers: Vec<Peer>) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    let mut meetings = Meetings::default();
    for caller in callers {
        let truth = caller.truths.over(Transport::Auto);
        for _ in 0..rounds() {
            let caller = caller.clone();
            let answer = move |stream| meet::<O>(Role::Responder, stream, truth);
            meetings.hold(caller.name, truth, accept(|address| async move { caller.call(address).await }, answer));
        }
    }
    meetings.judge().await;
}

async fn call<O: Ours>(address: SocketAddr, truth: Truth) -> Seen {
    match net::dial(address, O::patience(truth)).await {
        Ok(stream) => meet::<O>(Role::Initiator, stream, truth).await,
        Err(error) => never_met(&error),
    }
}

async fn meet<O: Ours>(role: Role, stream: TcpStream, truth: Truth) -> Seen {
    let limits = Limits { bytes: O::budget(truth), ..Limits::within(O::patience(truth)) };
    shake(&mut O::hello(role), stream, limits, |_, output| output.map(O::said)).await
}
