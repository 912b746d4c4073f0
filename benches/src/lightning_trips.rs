//! Round trips of a Lightning handshake, over a link that holds every packet back.
//!
//! ```text
//!  namespace near                          namespace far
//!  knock, dial ── 50 ms ──▶  ◀── 50 ms ──  peer
//! ```

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lightning::{Hello, Local, SecretKey};
use net::Limits;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::link::Link;
use crate::program::{print_machine, role};

/// Round trips from the first packet to both `init` messages as initiator, at most: one is TCP's.
const MOST_AS_INITIATOR: f64 = 3.05;

/// The words that start the two roles: `lightning-peer ADDRESS`, `lightning-dial ADDRESS`.
pub const PEER: &str = "lightning-peer";
pub const DIAL: &str = "lightning-dial";

/// Where the peer is, in the far namespace.
const ADDRESS: &str = "10.78.0.1:9735";

/// Longer than any handshake over the link.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the round trip and the handshake by turns.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(&link.far)?;
    let (mut trips, mut handshakes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let trip = link.trip(ADDRESS)?;
        let (_, took) = Cost::of(role(DIAL, Some(&link.near))?.arg(ADDRESS))?;
        let took: f64 = took.trim().parse()?;
        handshakes.push(took / trip);
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_AS_INITIATOR, "round trips to both inits as initiator", &handshakes.into_iter().collect());
    Ok(findings)
}

/// The role that answers, ended when dropped.
struct Peer(Child);

impl Peer {
    fn start(far: &str) -> Result<Self> {
        let mut process = role(PEER, Some(far))?.arg(ADDRESS).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        // It says so once it listens.
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut String::new())?;
        Ok(Self(process))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers one caller after the other.
pub fn peer(args: &[&str]) -> Result<()> {
    let address = address(args)?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("{address}");
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            answer(stream).await;
        }
    })
}

/// Has the handshake, and waits for the caller to close.
async fn answer(stream: TcpStream) {
    let mut hello = Hello::responder(local(THEIRS));
    // A knock is no handshake.
    if let Ok(mut established) = net::run(&mut hello, stream, Limits::within(PATIENCE), |_| {}).await {
        let _ = established.io.read(&mut [0]).await;
    }
}

/// Prints how many milliseconds it takes from before the connect to the peer's `init`.
pub fn dial(args: &[&str]) -> Result<()> {
    let address = address(args)?;
    let mut hello = Hello::initiator(local(OURS), key(THEIRS[0]).node_id());
    let took = runtime()?.block_on(async {
        let started = Instant::now();
        let stream = net::dial(address, PATIENCE).await?;
        let result = net::run(&mut hello, stream, Limits::within(PATIENCE), |_| {}).await;
        result.map_err(|failure| format!("{:?}", failure.cause))?;
        Ok::<_, Box<dyn std::error::Error>>(started.elapsed())
    })?;
    println!("{}", took.as_secs_f64() * 1e3);
    Ok(())
}

fn address(args: &[&str]) -> Result<SocketAddr> {
    match args {
        [address] => Ok(address.parse()?),
        _ => Err("expected: ADDRESS".into()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Secret keys of both sides: its own, and that of every connection. Nothing here is worth a secret.
const OURS: [[u8; 32]; 2] = [[0x11; 32], [0x12; 32]];
const THEIRS: [[u8; 32]; 2] = [[0x21; 32], [0x22; 32]];

fn local([s, e]: [[u8; 32]; 2]) -> Local {
    Local::new(key(s), key(e), Vec::new())
}

fn key(bytes: [u8; 32]) -> SecretKey {
    SecretKey::new(bytes).expect("it is below the order of the curve")
}
