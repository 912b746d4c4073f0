//! A population matches its topology for every caller.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bitcoin::frame::write_message;
use bitcoin::gossip::Told;
use bitcoin::version::Tail;
use bitcoin::{Chain, Command, Gossip, Local, Params, V1};
use handshake::Fault;
use net::{Limits, dial};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use verack_simnet::bitcoin::nodes;
use verack_simnet::{Faults, Ground, Kind, Population, Topology};

const TOPOLOGY: Topology =
    Topology { ground: Ground::Loopback, steady: 130, fleeting: 12, refusing: 250, silent: 40, seed: 3 };

/// Long enough for any answer on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The wait for nodes that never answer. No other wait is this long, so no test depends on it.
const SILENCE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn asking_every_node_finds_exactly_the_nodes_that_are_there() {
    let mut population = Population::start(TOPOLOGY, nodes(regtest()), 0).await.unwrap();
    for epoch in [0, 1, 5] {
        population.enter(epoch).await.unwrap();
        let mut reached = BTreeMap::new();
        let mut ahead: Vec<_> = population.seeds().take(1).collect();
        while let Some(address) = ahead.pop() {
            // Each silent node costs this time; one is enough.
            let is_silent = address.port() == population.ports().silent;
            if reached.contains_key(&address)
                || (is_silent && reached.values().any(|reason| *reason == "connect.timeout"))
            {
                continue;
            }
            match dial(address, if is_silent { SILENCE } else { PATIENCE }).await {
                Ok(stream) => {
                    reached.insert(address, "ok");
                    ahead.extend(told_by(stream).await.entries.iter().map(|entry| entry.endpoint.socket().unwrap()));
                }
                Err(error) => {
                    reached.insert(address, error.code());
                }
            }
        }
        let mut census = population.census();
        reached.iter().for_each(|(address, reason)| census.note(*address, Some(reason)));
        let faults = census.conclude();
        let expected = Faults { unheard: TOPOLOGY.silent - 1, example: faults.example.clone(), ..Faults::default() };
        assert_eq!(faults, expected, "in epoch {epoch}");
    }
}

#[tokio::test]
async fn nodes_speak_plain_text_and_close_on_a_key() {
    let population = Population::start(TOPOLOGY, nodes(regtest()), 0).await.unwrap();
    let node = population.topology().nodes(Kind::Steady).next().unwrap();
    let address = population.address(node);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let key = [0x5e; 64];
    stream.write_all(&key).await.unwrap();
    let heard = stream.read(&mut [0]).await;
    assert!(matches!(heard, Ok(0)) || heard.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn some_announce_themselves_and_some_are_older_and_each_answers_once() {
    let population = Population::start(TOPOLOGY, nodes(regtest()), 0).await.unwrap();
    let (mut own, mut commands) = (0, BTreeSet::new());
    for node in population.topology().nodes(Kind::Steady).take(16) {
        let address = population.address(node);
        let told = told_by(TcpStream::connect(address).await.unwrap()).await;
        let announced = usize::from(told.own.is_some_and(|own| own.endpoint.socket() == Some(address)));
        own += announced;
        let said = said_to_a_peer_that_asks_twice(address).await;
        assert_eq!(said.iter().filter(|name| name.starts_with("addr")).count(), announced + 1);
        commands.extend(said);
    }
    assert_eq!(own, 4);
    let expected = ["version", "wtxidrelay", "sendaddrv2", "verack", "addr", "addrv2"];
    assert_eq!(commands, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_fleeting_node_that_is_away_refuses_and_ends_its_conversations() {
    let mut population = Population::start(TOPOLOGY, nodes(regtest()), 0).await.unwrap();
    let topology = *population.topology();
    let leaves = |node: &u32| topology.is_up(*node, 0) && !topology.is_up(*node, 1);
    let address = population.address(topology.nodes(Kind::Fleeting).find(leaves).expect("some leave"));
    let mut stream = TcpStream::connect(address).await.unwrap();
    population.enter(1).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    population.enter(0).await.unwrap();
    TcpStream::connect(address).await.unwrap();
}

#[tokio::test]
async fn a_topology_that_is_not_possible_is_refused() {
    let impossible = Topology { steady: 0, ..TOPOLOGY };
    let error = Population::start(impossible, nodes(regtest()), 0).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// Has a handshake and asks for addresses.
async fn told_by(stream: TcpStream) -> Told {
    let ip = stream.peer_addr().unwrap().ip();
    let mut handshake = V1::initiator(local());
    let shaken = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await.unwrap();
    let (stream, concluded) = shaken.into_stream();
    let mut gossip = Gossip::new(concluded.channel, Some(ip), &concluded.agreed.version);
    net::run(&mut gossip, stream, Limits::within(PATIENCE), |_| {}).await.unwrap().output
}

/// The names of all messages of a node that is asked twice.
async fn said_to_a_peer_that_asks_twice(address: SocketAddr) -> Vec<String> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut ours = Vec::new();
    write_message(&regtest(), Command::VERSION, &mut ours, |tx| local().version.write(&Tail::None, tx));
    for command in [Command::VERACK, Command::GETADDR, Command::GETADDR] {
        write_message(&regtest(), command, &mut ours, |_| {});
    }
    stream.write_all(&ours).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut theirs = Vec::new();
    stream.read_to_end(&mut theirs).await.unwrap();
    let (mut rest, mut names) = (&*theirs, Vec::new());
    while let Some((header, behind)) = rest.split_first_chunk::<24>() {
        names.push(Command(header[4..16].try_into().unwrap()).to_string());
        rest = &behind[u32::from_le_bytes(header[16..20].try_into().unwrap()) as usize..];
    }
    names
}

fn local() -> Local {
    Local::new(regtest(), 1_700_000_000, 5, [0; 32])
}

fn regtest() -> Params {
    Chain::named("bitcoin-regtest").unwrap().params
}
