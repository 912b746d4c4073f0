//! Accepts connections, performs handshakes, and reports each peer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use net::{Accepted, Caps, Listener, Pace, Permit, Rate, Stop};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::interrupt::interrupted;
use super::{concurrency, exit, print_all, runtime};
use crate::args::{Global, Listen, Require};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, queue};
use probe::attempt::Attempts;
use probe::protocol::{Network, Protocol, Sides};

/// Handshakes that an address may begin at once: as many as one run of a test suite. At 1.1 ms each (the time of one
/// RSA-4096 signature here) they cost a quarter of a second; the following 20 in each second cost 2 % of a processor.
const BURST: u32 = 200;

/// Runs the command.
pub fn run(args: &Listen, global: &Global) -> Result<Exit, Error> {
    let protocol = args.protocol.unwrap_or(args.introduction.network().protocol);
    if let Some(network) = args.introduction.chain
        && !network.speaks(protocol)
    {
        return Err(Error::Usage(not_spoken_on(&network, protocol)));
    }
    let sides = args.introduction.choose(|choice| Sides::only(protocol, choice))?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(listen(args, global, sides, concurrency));
    runtime.shutdown_background();
    result
}

fn not_spoken_on(Network { name, protocol: own, .. }: &Network, protocol: &dyn Protocol) -> String {
    let spoken = protocol.name();
    match protocol.networks()[..] {
        [] => format!("{spoken} has no networks, so {name} is none of them"),
        [..] => format!("the nodes of {name} speak {}, not {spoken}", own.name()),
    }
}

async fn listen(args: &Listen, global: &Global, sides: Sides, concurrency: usize) -> Result<Exit, Error> {
    let caps = Caps { total: concurrency, per_address: args.per_address };
    let chosen = sides.chosen();
    let listeners = bind(&addresses(args, chosen.port()), caps).await?;
    // A plain-text handshake costs no more than reading the bytes.
    let pace = Pace { burst: BURST, per_second: args.per_address_rate.get() };
    let rate = chosen.costs_key_exchange().then(|| Arc::new(Mutex::new(Rate::new(pace))));
    let (results, unprinted) = queue(Printer::new(global), None);
    let stop = Stop::new();
    let attempts = Arc::new(Attempts {
        hold: args.keeping.hold,
        traces: global.trace.is_some(),
        stop: stop.clone(),
        ..Attempts::new(sides, args.bounds.timeout, Arc::new(results))
    });
    // Listen for the signals first: a program that reads our address may interrupt us at once.
    let told = interrupted();
    let (admit, admitted) = mpsc::channel(1);
    let mut doors = JoinSet::new();
    for listener in listeners {
        let address = listener.local_addr().map_err(|error| Error::local("cannot listen", error))?;
        if !global.quiet {
            let side = attempts.sides.chosen();
            say!("listening on {address} ({})", side.chain());
            if let Some(ours) = side.our_target(address) {
                say!("we are {ours}");
            }
        }
        doors.spawn(accept_all(listener, address.to_string().into(), rate.clone(), admit.clone()));
    }
    let count = if args.once { NonZeroU64::new(1) } else { args.count };
    tokio::spawn(shake_all(attempts, admitted, count, doors));
    let (ended, summary) = print_all(told, unprinted, Screen::new(global), &stop).await;
    Ok(exit(&ended, summary.as_ref(), Require::Any))
}

fn addresses(args: &Listen, port: u16) -> Vec<SocketAddr> {
    if args.addresses.is_empty() {
        return vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)];
    }
    args.addresses.iter().map(|address| SocketAddr::new(address.ip, address.port.unwrap_or(port))).collect()
}

/// A listener for each address; all share the same caps.
async fn bind(addresses: &[SocketAddr], caps: Caps) -> Result<Vec<Listener>, Error> {
    let mut listeners: Vec<Listener> = Vec::new();
    for &address in addresses {
        let bound = match listeners.first() {
            Some(first) => first.also(address).await,
            None => Listener::bind(address, caps).await,
        };
        listeners.push(bound.map_err(|error| Error::local(format!("cannot listen on {address}"), error))?);
    }
    Ok(listeners)
}

/// An accepted connection, and our listening address.
struct Caller {
    target: Arc<str>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
}

async fn accept_all(listener: Listener, target: Arc<str>, rate: Option<Arc<Mutex<Rate>>>, admit: mpsc::Sender<Caller>) {
    let admits = |ip| match &rate {
        Some(rate) => rate.lock().unwrap_or_else(PoisonError::into_inner).admits(ip, Instant::now()),
        None => true,
    };
    loop {
        match listener.accept().await {
            Ok(Accepted::In { peer, .. }) if !admits(peer.ip()) => {
                tracing::info!(%peer, "turned away: it begins handshakes faster than --per-address-rate");
            }
            Ok(Accepted::In { stream, peer, permit }) => {
                if admit.send(Caller { target: target.clone(), stream, peer, permit }).await.is_err() {
                    return;
                }
            }
            Ok(Accepted::Turned(peer, cap)) => tracing::info!(%peer, ?cap, "turned away"),
            Err(error) => {
                say!("error: cannot accept connections on {target} any more: {error}");
                return;
            }
        }
    }
}

/// Performs handshakes with all callers until an interrupt, or with the first `count`; then closes the listeners.
async fn shake_all(
    attempts: Arc<Attempts>,
    mut callers: mpsc::Receiver<Caller>,
    count: Option<NonZeroU64>,
    _doors: JoinSet<()>,
) {
    let mut left = count.map(NonZeroU64::get);
    while left != Some(0) {
        let caller = tokio::select! {
            biased;
            () = attempts.stop.stopped() => return,
            caller = callers.recv() => caller,
        };
        let Some(Caller { target, stream, peer, permit }) = caller else { return };
        left = left.map(|left| left - 1);
        let attempts = attempts.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = attempts.accept(&target, stream, peer) => {}
                () = permit.gives_way() => tracing::info!(%peer, "gave way to a peer from elsewhere"),
            }
        });
    }
}
