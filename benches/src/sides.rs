//! The two sides of a count of round trips: a peer that answers, and a role that dials it.
//!
//! ```text
//!  namespace near                          namespace far
//!  knock, dial ── 50 ms ──▶  ◀── 50 ms ──  peer
//! ```

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use handshake::Handshake;
use net::Limits;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::compare::Runs;
use crate::cost::Cost;
use crate::link::Link;
use crate::program::role;

/// Longer than any handshake over the link.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process that answers, killed when dropped.
pub struct Peer(Child);

impl Peer {
    /// Starts this role in a namespace, and waits until it listens.
    pub fn start(word: &str, namespace: &str, args: &[&str]) -> Result<Self> {
        let mut process = role(word, Some(namespace))?;
        let mut process = process.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        // It prints a line once it listens.
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

/// Answers one caller after the other, each with a new handshake.
pub fn answer<H: Handshake>(address: &str, handshake: impl Fn() -> H) -> Result<()> {
    let address: SocketAddr = address.parse()?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("{address}");
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            converse(handshake(), stream).await;
        }
    })
}

/// Has the handshake, and waits for the caller to close.
async fn converse<H: Handshake>(mut handshake: H, stream: TcpStream) {
    // A knock is not a handshake, and some callers leave before the end.
    if let Ok(mut established) = net::run(&mut handshake, stream, Limits::within(PATIENCE), |_| {}).await {
        let _ = established.io.read(&mut [0]).await;
    }
}

/// Prints the milliseconds from before the connect to the end of the handshake.
pub fn dial<H: Handshake>(address: &str, handshake: H) -> Result<()> {
    dial_past(address, handshake, |_| false)
}

/// As [`dial`]; before that, prints the milliseconds until each event that is a milestone.
pub fn dial_past<H: Handshake>(
    address: &str,
    mut handshake: H,
    is_milestone: impl Fn(&H::Event) -> bool,
) -> Result<()> {
    let address: SocketAddr = address.parse()?;
    let took = runtime()?.block_on(async {
        let started = Instant::now();
        let mut took = Vec::new();
        let stream = net::dial(address, PATIENCE).await?;
        let result = net::run(&mut handshake, stream, Limits::within(PATIENCE), |seen| {
            if is_milestone(&seen.event) {
                took.push(started.elapsed());
            }
        });
        result.await.map_err(|failure| format!("{:?}", failure.cause))?;
        took.push(started.elapsed());
        Ok::<_, Box<dyn std::error::Error>>(took)
    })?;
    let took: Vec<_> = took.iter().map(|took| (took.as_secs_f64() * 1e3).to_string()).collect();
    println!("{}", took.join(" "));
    Ok(())
}

/// Measures the round trip to an address and, alternately, the number of round trips until each moment that the
/// dialling roles print.
pub fn count<const MOMENTS: usize>(
    link: &Link,
    rounds: usize,
    address: &str,
    dial: &str,
    calls: &[&[&str]],
) -> Result<[Runs; MOMENTS]> {
    let (mut trips, mut counts) = (Vec::new(), [const { Vec::new() }; MOMENTS]);
    for _ in 0..rounds {
        let trip = link.trip(address)?;
        let mut printed = Vec::new();
        for args in calls {
            let (_, line) = Cost::of(role(dial, Some(&link.near))?.args(*args))?;
            printed.extend(line.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<f64>, _>>()?);
        }
        let took = <[f64; MOMENTS]>::try_from(printed).map_err(|_| "it prints other moments")?;
        counts.iter_mut().zip(took).for_each(|(counts, took)| counts.push(took / trip));
        trips.push(trip);
    }
    println!("round trip: {:.2} ms", trips.into_iter().collect::<Runs>());
    Ok(counts.map(|counts| counts.into_iter().collect()))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
