//! Values of options, and the words in which a wrong one is answered.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

use bitcoin::v2::{MAX_CONTENTS_LEN, MAX_GARBAGE_LEN};
use bitcoin::{Chain, Feature, Magic, Services, UserAgent};
use handshake::read_hex;

use crate::protocol;

/// Where to listen: an address, with or without a port.
#[derive(Clone, Copy, Debug)]
pub struct ListenAddress {
    /// The address.
    pub ip: IpAddr,
    /// The port, if one was given.
    pub port: Option<u16>,
}

/// Service bits as the user wrote them.
#[derive(Clone, Debug, Default)]
pub struct ServicesArg {
    bits: u64,
    names: Vec<String>,
}

impl ServicesArg {
    /// The bits; names are those of the network.
    pub fn on(&self, chain: &Chain) -> Result<Services, crate::exit::Error> {
        self.names.iter().try_fold(Services(self.bits), |services, name| {
            let named = Services::named(name, &chain.params).ok_or_else(|| {
                let known = Services(u64::MAX).names(&chain.params).map(|name| name.to_string());
                let known: Vec<_> = known.filter(|name| !name.starts_with("UNKNOWN")).collect();
                let known = known.join(", ");
                crate::exit::Error::Usage(format!("'{name}' is not a service of {}; known are {known}", chain.name))
            })?;
            Ok(Services(services.0 | named.0))
        })
    }
}

impl std::str::FromStr for ServicesArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut services = Self { bits: 0, names: Vec::new() };
        for part in text.split([',', '|']).map(str::trim) {
            let number = match part.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => part.parse(),
            };
            match number {
                Ok(bits) => services.bits |= bits,
                Err(_) if part.starts_with(|c: char| c.is_ascii_alphabetic()) => services.names.push(part.to_owned()),
                Err(_) => return Err("expected a number (1033, 0x409) below 2^64, or names (NETWORK,WITNESS)".into()),
            }
        }
        Ok(services)
    }
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

/// A type of whole numbers.
pub trait Whole: FromStr + Display {
    /// The least of them.
    const LEAST: Self;
    /// The greatest.
    const MOST: Self;
}

macro_rules! whole {
    ($($number:ty)*) => {
        $(impl Whole for $number {
            const LEAST: Self = Self::MIN;
            const MOST: Self = Self::MAX;
        })*
    };
}

whole! { u8 u16 u32 u64 u128 usize i32 i64 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize }

/// A whole number of this type.
pub fn whole<N: Whole>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("expected a whole number from {} to {}", N::LEAST, N::MOST))
}

/// A port that somebody may listen on.
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

/// Bytes of garbage behind a v2 key.
pub fn garbage(text: &str) -> Result<usize, String> {
    let expected = || format!("expected a whole number of bytes, at most {MAX_GARBAGE_LEN}");
    text.parse().ok().filter(|&len| len <= MAX_GARBAGE_LEN).ok_or_else(expected)
}

/// Bytes of a decoy's contents.
pub fn decoy(text: &str) -> Result<usize, String> {
    let most = usize::try_from(MAX_CONTENTS_LEN).expect("24 bits");
    let expected = || format!("expected a whole number of bytes, at most {most}");
    text.parse().ok().filter(|&len| len <= most).ok_or_else(expected)
}

/// A network by its name or alias.
pub fn chain(name: &str) -> Result<protocol::Chain, String> {
    let known = protocol::Chain::all().map(protocol::Chain::name);
    protocol::Chain::named(name).ok_or_else(|| no_network(name, known))
}

fn no_network(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let similar: Vec<_> = known.filter(|known| known.contains(&name.to_lowercase())).take(5).collect();
    let hint = if similar.is_empty() { String::new() } else { format!(" (did you mean {}?)", similar.join(", ")) };
    format!("no network of that name; 'verack chains' lists them{hint}")
}

/// The magic of a signet, from its challenge script in hex.
pub fn signet(text: &str) -> Result<Magic, String> {
    let challenge = hex(text)?;
    if challenge.is_empty() {
        return Err("expected the challenge script in hex".into());
    }
    Magic::of_signet(&challenge).map_err(|error| error.to_string())
}

/// A user agent.
pub fn user_agent(text: &str) -> Result<UserAgent, String> {
    UserAgent::new(text.as_bytes()).ok_or_else(|| format!("it has {} bytes; at most 256 are allowed", text.len()))
}

/// Whom to reach: what Core lets into a comment in its user agent. (Core: SAFE_CHARS_UA_COMMENT)
pub fn contact(text: &str) -> Result<String, String> {
    /// A user agent has at most 256 bytes, with our own name in it.
    const MOST: usize = 200;
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " .,;-_?@".contains(c);
    let is_contact = !text.trim().is_empty() && text.len() <= MOST && text.chars().all(is_safe);
    let expected = || format!("expected at most {MOST} letters, digits, spaces and .,;-_?@ such as ops@example.org");
    is_contact.then(|| text.to_owned()).ok_or_else(expected)
}

/// An IP address.
pub fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "expected an IP address of this machine, without a port".into())
}

/// A feature: its name and, behind `=`, data in hex.
pub fn feature(text: &str) -> Result<Feature, String> {
    let (name, data) = text.split_once('=').unwrap_or((text, ""));
    Feature::new(name.as_bytes(), &hex(data)?)
        .map_err(|_| "expected a name of 4 to 80 bytes and at most 512 bytes of data: example.org/x=00ff".into())
}

/// A nonce in hex.
pub fn nonce(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|_| "expected up to 16 hex digits".into())
}

/// Bytes in hex.
pub fn hex(text: &str) -> Result<Vec<u8>, String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<_>> = pairs.iter().map(|pair| read_hex(pair).map(|[byte]| byte)).collect();
    bytes.filter(|_| rest.is_empty()).ok_or_else(|| "expected an even number of hex digits".into())
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

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn bytes_have_two_hex_digits_each() {
        assert_eq!(hex("00fFa0"), Ok(vec![0x00, 0xff, 0xa0]));
        assert_eq!(hex(""), Ok(vec![]));
        for wrong in ["0", "000", "0g", "+f", " 0", "é"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
    }
}
