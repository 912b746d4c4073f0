//! Accepts connections, performs handshakes, and reports each peer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::Arc;

use net::{Caps, Stop};

use super::interrupt::interrupted;
use super::{concurrency, exit, print_all, runtime};
use crate::args::{Global, Listen, Require};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, queue};
use probe::attempt::Attempts;
use probe::listen::{BindError, Limits, Server};
use probe::protocol::Sides;

/// Runs the command.
pub fn run(args: &Listen, global: &Global) -> Result<Exit, Error> {
    let protocol = args.protocol.unwrap_or(args.introduction.network().protocol);
    let sides = args.introduction.choose(|choice| Sides::only(protocol, choice))?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(listen(args, global, sides, concurrency));
    runtime.shutdown_background();
    result
}

async fn listen(args: &Listen, global: &Global, sides: Sides, concurrency: usize) -> Result<Exit, Error> {
    let addresses = addresses(args, sides.chosen().port());
    let (results, unprinted) = queue(Printer::new(global), None);
    let stop = Stop::new();
    let attempts = Attempts {
        hold: args.keeping.hold,
        traces: global.trace.is_some(),
        stop: stop.clone(),
        ..Attempts::new(sides, args.bounds.timeout, Arc::new(results))
    };
    let caps = Caps { total: concurrency, per_address: args.per_address };
    let limits = Limits { caps, per_address_rate: args.per_address_rate };
    let server = Server::bind(Arc::new(attempts), &addresses, limits).await?;
    // Listen for the signals first: a program that reads our address may interrupt us at once.
    let told = interrupted();
    if !global.quiet {
        say_where(&server);
    }
    let count = if args.once { NonZeroU64::new(1) } else { args.count };
    tokio::spawn(server.run(count));
    let (ended, summary) = print_all(told, unprinted, Screen::new(global), &stop).await;
    Ok(exit(&ended, summary.as_ref(), Require::Any))
}

fn addresses(args: &Listen, port: u16) -> Vec<SocketAddr> {
    if args.addresses.is_empty() {
        return vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)];
    }
    args.addresses.iter().map(|address| SocketAddr::new(address.ip, address.port.unwrap_or(port))).collect()
}

fn say_where(server: &Server) {
    let side = server.side();
    for address in server.addresses() {
        say!("listening on {address} ({})", side.chain());
        if let Some(ours) = side.our_target(address) {
            say!("we are {ours}");
        }
    }
}

impl From<BindError> for Error {
    fn from(error: BindError) -> Self {
        Self::Local(error.to_string())
    }
}
