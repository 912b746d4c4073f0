//! Round trips of an Ethereum handshake, over a link that holds every packet back.
//!
//! ```text
//!  namespace near                          namespace far
//!  knock, dial ── 50 ms ──▶  ◀── 50 ms ──  peer
//! ```

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use ethereum::local::Goal;
use net::Limits;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::ethereum_sides::Side;
use crate::link::Link;
use crate::program::{print_machine, role};

/// Round trips from the first packet until Hello is exchanged, as initiator, at most: one is TCP's.
const MOST_TO_HELLO: f64 = 2.05;

/// Until Status is.
const MOST_TO_STATUS: f64 = 3.05;

/// The words that start the two roles: `ethereum-peer ADDRESS`, `ethereum-dial ADDRESS hello|status`.
pub const PEER: &str = "ethereum-peer";
pub const DIAL: &str = "ethereum-dial";

/// Where the peer is, in the far namespace.
const ADDRESS: &str = "10.78.0.1:30303";

/// Longer than any handshake over the link.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the round trip and both handshakes by turns.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(&link.far)?;
    let (mut trips, mut hellos, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let trip = link.trip(ADDRESS)?;
        let dial = |goal: &str| -> Result<f64> {
            let (_, took) = Cost::of(role(DIAL, Some(&link.near))?.args([ADDRESS, goal]))?;
            Ok(took.trim().parse::<f64>()? / trip)
        };
        hellos.push(dial("hello")?);
        statuses.push(dial("status")?);
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_TO_HELLO, "round trips to both Hellos as initiator", &hellos.into_iter().collect());
    findings.at_most(MOST_TO_STATUS, "round trips to both Statuses as initiator", &statuses.into_iter().collect());
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
    let [address] = args else {
        return Err("expected: ADDRESS".into());
    };
    let address: SocketAddr = address.parse()?;
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
    let mut handshake = Side::responder().is_dialled();
    // A knock is no handshake, and some want no Status.
    if let Ok(mut established) = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await {
        let _ = established.io.read(&mut [0]).await;
    }
}

/// Prints how many milliseconds it takes from before the connect until all is said and heard.
pub fn dial(args: &[&str]) -> Result<()> {
    let [address, goal] = args else {
        return Err("expected: ADDRESS hello|status".into());
    };
    let address: SocketAddr = address.parse()?;
    let mut side = Side::initiator();
    if *goal == "hello" {
        side.local.goal = Goal::Hello;
    }
    let mut handshake = side.dials(Side::responder().local.node_id());
    let took = runtime()?.block_on(async {
        let started = Instant::now();
        let stream = net::dial(address, PATIENCE).await?;
        let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await;
        result.map_err(|failure| format!("{:?}", failure.cause))?;
        Ok::<_, Box<dyn std::error::Error>>(started.elapsed())
    })?;
    println!("{}", took.as_secs_f64() * 1e3);
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
