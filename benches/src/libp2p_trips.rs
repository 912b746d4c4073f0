//! Round trips of a libp2p handshake, over a link that holds every packet back.
//!
//! ```text
//!  namespace near                          namespace far
//!  knock, dial ── 50 ms ──▶  ◀── 50 ms ──  peer
//! ```

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use libp2p::{Event, Message};
use net::Limits;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::libp2p_sides::{INITIATOR, RESPONDER};
use crate::link::Link;
use crate::program::{print_machine, role};

/// Round trips from the first packet until Noise is done, as initiator, at most: one is TCP's.
const MOST_TO_NOISE: f64 = 2.05;

/// Until the peer has introduced itself. The muxer is agreed on within Noise.
const MOST_TO_IDENTIFY: f64 = 3.05;

/// The words that start the two roles: `libp2p-peer ADDRESS`, `libp2p-dial ADDRESS`.
pub const PEER: &str = "libp2p-peer";
pub const DIAL: &str = "libp2p-dial";

/// Where the peer is, in the far namespace.
const ADDRESS: &str = "10.78.0.1:4001";

/// Longer than any handshake over the link.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the round trip and the handshake by turns.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let link = Link::start()?;
    let _peer = Peer::start(&link.far)?;
    let (mut trips, mut noises, mut identifies) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let trip = link.trip(ADDRESS)?;
        let (_, took) = Cost::of(role(DIAL, Some(&link.near))?.arg(ADDRESS))?;
        let (noise, identify) = took.trim().split_once(' ').ok_or("it says both")?;
        noises.push(noise.parse::<f64>()? / trip);
        identifies.push(identify.parse::<f64>()? / trip);
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    let mut findings = Findings::default();
    findings.at_most(MOST_TO_NOISE, "round trips to the end of Noise as initiator", &noises.into_iter().collect());
    findings.at_most(MOST_TO_IDENTIFY, "round trips to identify as initiator", &identifies.into_iter().collect());
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
    let mut handshake = RESPONDER.is_dialled(&RESPONDER.identity());
    // A knock is no handshake.
    if let Ok(mut established) = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await {
        let _ = established.io.read(&mut [0]).await;
    }
}

/// Prints how many milliseconds it takes from before the connect until Noise is done, and until the peer has introduced
/// itself.
pub fn dial(args: &[&str]) -> Result<()> {
    let [address] = args else {
        return Err("expected: ADDRESS".into());
    };
    let address: SocketAddr = address.parse()?;
    let peer_id = RESPONDER.identity().peer_id();
    let mut handshake = INITIATOR.dials(&INITIATOR.identity(), peer_id);
    let (noise, identify) = runtime()?.block_on(async {
        let started = Instant::now();
        let mut noise = Duration::ZERO;
        let stream = net::dial(address, PATIENCE).await?;
        let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |seen| {
            if matches!(seen.event, Event::Said(Message::Three(_))) {
                noise = started.elapsed();
            }
        });
        result.await.map_err(|failure| format!("{:?}", failure.cause))?;
        Ok::<_, Box<dyn std::error::Error>>((noise, started.elapsed()))
    })?;
    println!("{} {}", noise.as_secs_f64() * 1e3, identify.as_secs_f64() * 1e3);
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
