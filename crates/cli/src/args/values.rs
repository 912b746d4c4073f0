//! Parsers of option values, and their error messages.

use std::ffi::OsStr;
use std::iter;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};
use probe::similar::suggestion;

pub use probe::protocol::parse::whole;
use probe::protocol::{Network, Protocol, protocol_named, protocols};

/// Where to listen: an address, with or without a port.
#[derive(Clone, Copy, Debug)]
pub struct ListenAddress {
    /// The address.
    pub ip: IpAddr,
    /// The port, if one was given.
    pub port: Option<u16>,
}

/// The longest time that can be asked for: a week, far below where clocks overflow.
const MAX_TIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// A time: seconds, or a number with a unit.
pub fn time(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time above 0 and at most a week, such as 10, 2.5, 10s, 5000ms or 1m";
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED.into()),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| EXPECTED)?;
    let time = Duration::try_from_secs_f64(seconds * unit).map_err(|_| EXPECTED)?;
    if time.is_zero() || time > MAX_TIME { Err(EXPECTED.into()) } else { Ok(time) }
}

/// A port that a node may listen on.
pub fn port(text: &str) -> Result<u16, String> {
    whole(text).map(NonZeroU16::get)
}

/// Dials a second.
pub fn rate(text: &str) -> Result<u32, String> {
    /// A clock tells no shorter times apart.
    const MOST: u32 = 1_000_000;
    let expected = || format!("expected a whole number from 1 to {MOST}");
    text.parse().ok().filter(|rate| (1..=MOST).contains(rate)).ok_or_else(expected)
}

/// A whole number above 0.
pub fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| "expected a whole number above 0".into())
}

/// A protocol, by its name.
pub fn protocol() -> impl TypedValueParser<Value = &'static dyn Protocol> {
    let values = protocols().map(|protocol| PossibleValue::new(protocol.name()).help(protocol.about()));
    PossibleValuesParser::new(values).map(|name| protocol_named(&name).expect("it is one of the possible values"))
}

/// A network by its name or alias. Shells complete the names; the help does not list them, since they are many.
#[derive(Clone, Copy, Debug)]
pub struct NetworkParser;

impl TypedValueParser for NetworkParser {
    type Value = Network;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> clap::error::Result<Network> {
        let read = |text: &str| Network::named(text).ok_or_else(|| no_network(text));
        TypedValueParser::parse_ref(&read, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        // Lightning's networks have the names of the chains below them.
        let mut names: Vec<_> = Network::all().map(|network| network.name).collect();
        names.sort_unstable();
        names.dedup();
        Some(Box::new(names.into_iter().map(PossibleValue::new)))
    }
}

fn no_network(name: &str) -> String {
    let networks: Vec<_> = Network::all().collect();
    let names = networks.iter().flat_map(|network| iter::once(network.name).chain(network.aliases.iter().copied()));
    format!("no network of that name; 'verack chains' lists them{}", suggestion(name, names))
}

/// An IP address.
pub fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "expected an IP address of this machine, without a port".into())
}

/// A DNS server: an address, with or without a port.
pub fn resolver(text: &str) -> Result<SocketAddr, String> {
    const DNS_PORT: u16 = 53;
    let with_port = text.parse().ok();
    let bare = || text.parse().ok().map(|ip| SocketAddr::new(ip, DNS_PORT));
    with_port
        .or_else(bare)
        .filter(|address: &SocketAddr| address.port() > 0)
        .ok_or_else(|| "expected an IP address, with or without a port: 9.9.9.9, [::1]:5353".into())
}

/// Where to listen.
pub fn listen(text: &str) -> Result<ListenAddress, String> {
    let with_port = text.parse().ok().map(|socket: SocketAddr| (socket.ip(), Some(socket.port())));
    let bare = || text.parse().ok().map(|ip| (ip, None));
    let (ip, port) = with_port
        .or_else(bare)
        .ok_or("expected an IP address of this machine, with or without a port: 0.0.0.0:8333")?;
    Ok(ListenAddress { ip, port })
}
