//! Nodes of a protocol with one transport: each is met in either role, as often as [`rounds`] says.

use handshake::{Conversation, Handshake, Role};
use net::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use verack_simnet::{Network, Peer, Plan, Transport, Truth};

use super::{Meetings, Seen, accept, budget, dial, limits, patience, rounds, shake, waits};

/// Our side of such a protocol.
pub(crate) trait Ours: 'static {
    type Hello: Handshake<Output: Send, Error: Send> + Send;

    /// With new keys for each connection, if it has any.
    fn hello(role: Role) -> Self::Hello;

    /// A node's description of itself.
    fn said(output: <Self::Hello as Conversation>::Output) -> String;

    /// The byte budget for a node with this verdict.
    fn budget(truth: Truth) -> u64 {
        budget(truth)
    }
}

/// Calls each of these.
pub(crate) async fn call_each<O: Ours>(mut peers: Vec<Peer>) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    peers.retain(|peer| !waits(truth(peer)));
    let network = Network::start(Plan::only(peers)).await.unwrap();
    let mut meetings = Meetings::default();
    for address in network.addresses() {
        let (name, truths) = network.truth(address).unwrap();
        let truth = truths.over(Transport::Auto);
        for _ in 0..rounds(name) {
            meetings.hold(name, truth, async move {
                match dial(address, patience(truth)).await {
                    Ok(stream) => meet::<O>(Role::Initiator, stream, truth).await,
                    Err(seen) => seen,
                }
            });
        }
    }
    meetings.judge().await;
}

/// Lets each of these call us.
pub(crate) async fn answer_each<O: Ours>(mut callers: Vec<Peer>) {
    assert!(net::raise_open_files() > 4096, "too few open files for this test");
    callers.retain(|caller| !waits(truth(caller)));
    let mut meetings = Meetings::default();
    for caller in callers {
        let truth = truth(&caller);
        for _ in 0..rounds(caller.name) {
            let caller = caller.clone();
            let answer = move |stream| meet::<O>(Role::Responder, stream, truth);
            meetings.hold(caller.name, truth, accept(|address| async move { caller.call(address).await }, answer));
        }
    }
    meetings.judge().await;
}

/// Waits for those of these peers that let us wait until the deadline, in this role of ours. The clock is paused.
pub(crate) async fn wait_for_each<O: Ours>(role: Role, mut peers: Vec<Peer>) {
    peers.retain(|peer| waits(truth(peer)));
    assert!(!peers.is_empty());
    let theirs = if role == Role::Initiator { Role::Responder } else { Role::Initiator };
    let mut meetings = Meetings::default();
    for peer in &peers {
        for _ in 0..rounds(peer.name) {
            let (peer, truth) = (peer.clone(), truth(peer));
            meetings.hold(peer.name, truth, async move { meet::<O>(role, peer.meet(theirs), truth).await });
        }
    }
    meetings.judge().await;
}

fn truth(peer: &Peer) -> Truth {
    peer.truths.over(Transport::Auto)
}

async fn meet<O: Ours>(role: Role, stream: impl AsyncRead + AsyncWrite + Unpin, truth: Truth) -> Seen {
    let limits = Limits { bytes: O::budget(truth), ..limits(truth) };
    shake(&mut O::hello(role), stream, limits, |_, output| output.map(O::said)).await
}
