//! Networks start on the given addresses, run side by side, and stop when dropped.

use std::io;

use bitcoin::{Chain, Params};
use tokio::net::TcpStream;
use verack_simnet::{self as simnet, Network, Plan, Transport, Truth};

#[tokio::test]
async fn the_same_plan_gives_the_same_peers() {
    let names = async || {
        let network = Network::start(plan()).await.unwrap();
        let who = network.addresses().map(|at| (at.ip(), network.truth(at).unwrap()));
        who.collect::<Vec<_>>()
    };
    let first = names().await;
    assert_eq!(first, names().await);
    assert!((140..=180).contains(&first.len()), "{} peers", first.len());
}

#[tokio::test]
async fn some_honest_peers_speak_both_transports_and_some_only_plain_text() {
    let network = Network::start(Plan::new(simnet::bitcoin::honest(&regtest(), 12))).await.unwrap();
    let over = |transport| {
        let honest = network.addresses().filter_map(|at| network.truth(at)).filter(|(name, _)| *name == "honest");
        honest.filter(|(_, truths)| truths.over(transport) == Truth::OK).count()
    };
    let all = over(Transport::Auto);
    assert_eq!((all, over(Transport::V1)), (12, 12));
    assert!((3..=9).contains(&over(Transport::V2)), "{} of {all}", over(Transport::V2));
}

#[tokio::test]
async fn two_networks_run_side_by_side() {
    let one = Network::start(plan()).await.unwrap();
    let other = Network::start(plan()).await.unwrap();
    assert_ne!(one.port(), other.port());
    assert_ne!(one.dns(), other.dns());
}

#[tokio::test]
async fn a_port_that_is_taken_is_reported_with_its_address() {
    let one = Network::start(plan()).await.unwrap();
    let plan = Plan { port: one.port(), ..plan() };
    let error = Network::start(plan).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let first = one.addresses().next().unwrap().to_string();
    assert!(error.to_string().contains(&first), "{error}");
}

#[tokio::test]
async fn a_dropped_network_is_gone() {
    let network = Network::start(plan()).await.unwrap();
    let address = network.addresses().next().unwrap();
    TcpStream::connect(address).await.unwrap();
    drop(network);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

fn plan() -> Plan {
    simnet::bitcoin::plan(&regtest())
}

fn regtest() -> Params {
    Chain::named("bitcoin-regtest").expect("it is in the table").params
}
