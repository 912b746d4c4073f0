//! What the user names: hosts, addresses, and lists of them.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bitcoin::Chain;

use crate::exit::Error;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the user wrote it.
    pub text: Arc<str>,
    /// What it is.
    pub kind: Kind,
}

/// What a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address; without a port, the network's.
    Address(IpAddr, Option<u16>),
    /// A name to resolve.
    Name(String, Option<u16>),
}

/// Not a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name, an IP address, host:port, ip:port or [ipv6]:port")]
pub struct BadTarget;

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        Ok(Self { text: text.into(), kind: Kind::parse(text).ok_or(BadTarget)? })
    }
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        let unbracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = unbracketed.parse() {
            return Some(Self::Address(ip, None));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return (socket.port() > 0).then(|| Self::Address(socket.ip(), Some(socket.port())));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|&port| port > 0)?)),
            None => (text, None),
        };
        is_host_name(host).then(|| Self::Name(host.to_owned(), port))
    }
}

/// Whether it can be a host's name: at most 253 bytes in labels of at most 63 (RFC 1035), which is not made of digits
/// alone, as a mistyped address or port is.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// `TARGET PORT [TIMEOUT_MS]` in bare numbers, as older tools take them.
pub fn split_legacy(words: &[String]) -> Option<(&str, u16, Option<Duration>)> {
    let number = |text: &String| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (target, port, timeout) = match words {
        [target, port] => (target, number(port)?, None),
        [target, port, timeout] => (target, number(port)?, Some(number(timeout)?)),
        _ => return None,
    };
    let port = u16::try_from(port).ok().filter(|&port| port > 0)?;
    let timeout = timeout.map(Duration::from_millis);
    (number(target).is_none() && timeout != Some(Duration::ZERO)).then_some((target, port, timeout))
}

/// Every target that these words name, files and standard input read.
pub fn read_all<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Vec<Target>, Error> {
    let mut targets = Vec::new();
    for word in words {
        match word {
            "-" => read_lines(io::stdin().lock(), "standard input", &mut targets)?,
            _ => match word.strip_prefix('@') {
                Some(path) => {
                    let file =
                        fs::File::open(path).map_err(|error| Error::Usage(format!("cannot read {path}: {error}")))?;
                    read_lines(BufReader::new(file), path, &mut targets)?;
                }
                None => {
                    let bad = |error| Error::Usage(format!("'{}' is not a target: {error}", word.escape_debug()));
                    targets.push(word.parse().map_err(bad)?);
                }
            },
        }
    }
    Ok(targets)
}

/// The network's own DNS seeds, asked as its nodes ask them.
pub fn dns_seeds(chain: &Chain) -> Result<Vec<Target>, Error> {
    if chain.dns_seeds.is_empty() {
        return Err(Error::Usage(format!("{} has no DNS seeds; name a target", chain.name)));
    }
    let seed = |seed: String| seed.parse().map_err(|error| Error::Usage(format!("{seed}: {error}")));
    chain.seed_names().map(seed).collect()
}

/// Reads one target a line. A line that is none is reported with its number, and the others are taken.
fn read_lines(mut lines: impl BufRead, source: &str, targets: &mut Vec<Target>) -> Result<(), Error> {
    let before = targets.len();
    let mut bad = 0;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = lines.read_until(b'\n', &mut line);
        if read.map_err(|error| Error::Usage(format!("cannot read {source}: {error}")))? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&line);
        let text = line.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        match text.parse() {
            Ok(target) => targets.push(target),
            Err(error) => {
                bad += 1;
                say!("warning: {source}, line {number}: '{}': {error}", text.escape_debug());
            }
        }
    }
    if targets.len() == before {
        let but = if bad == 0 { String::new() } else { format!(", but {bad} lines that are none") };
        return Err(Error::Usage(format!("no target in {source}{but}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kind, Target, read_lines, split_legacy};

    fn kind(text: &str) -> Option<Kind> {
        text.parse::<Target>().ok().map(|target| target.kind)
    }

    #[test]
    fn targets_are_names_and_addresses_with_or_without_a_port() {
        let ip = |text: &str, port| Some(Kind::Address(text.parse().unwrap(), port));
        let name = |text: &str, port| Some(Kind::Name(text.into(), port));
        assert_eq!(kind("1.2.3.4"), ip("1.2.3.4", None));
        assert_eq!(kind("1.2.3.4:5"), ip("1.2.3.4", Some(5)));
        assert_eq!(kind("::1"), ip("::1", None));
        assert_eq!(kind("[::1]"), ip("::1", None));
        assert_eq!(kind("[::1]:8333"), ip("::1", Some(8333)));
        assert_eq!(kind("localhost"), name("localhost", None));
        assert_eq!(kind("x9.seed.example.:8333"), name("x9.seed.example.", Some(8333)));
    }

    #[test]
    fn nonsense_is_no_target() {
        for text in [
            "",
            "18333",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "a b",
            "a:b",
            "host:0",
            "host:65536",
            "1.2.3.4:0",
            "-x",
            "a..b",
            "é",
            "[::1",
            "http://x",
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }

    #[test]
    fn bare_numbers_behind_one_target_are_port_and_milliseconds() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(split_legacy(&words("seed 8333 5000")), Some(("seed", 8333, Some(Duration::from_secs(5)))));
        assert_eq!(split_legacy(&words("seed 8333")), Some(("seed", 8333, None)));
        for other in ["seed", "a b", "a 8333 b", "8333 8333", "a 70000", "a 0", "a 1 0", "a 1 2 3"] {
            assert_eq!(split_legacy(&words(other)), None, "{other}");
        }
    }

    #[test]
    fn a_bad_line_does_not_lose_the_others() {
        let mut targets = Vec::new();
        read_lines(&b"# seeds\n\n1.2.3.4 # mine\n!!\n\xff\nnode.example\r\n"[..], "list", &mut targets).unwrap();
        assert_eq!(targets.len(), 2);
        assert!(read_lines(&b"!!\n"[..], "list", &mut targets).is_err());
    }
}
