//! Where a crawl starts: what is remembered, then DNS, then fixed seeds.
//!
//! A node asks in this order, and asks the next only if the one before gave too little, since DNS and built-in lists are
//! run by few people. (Core: net.cpp ThreadDNSAddressSeed, ThreadOpenConnections)

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A kind of seed, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Addresses from earlier runs, or named by the user.
    Remembered,
    /// Names that resolve to addresses of nodes.
    Dns,
    /// A list that came with a program or in a file.
    Fixed,
}

/// DNS is asked if what is remembered gave fewer peers. (Core: net.cpp, two full-relay connections)
pub const PEERS_ENOUGH: usize = 2;

/// So long may what is remembered take. (Core: DNSSEEDS_DELAY_FEW_PEERS)
pub const FEW_REMEMBERED_PATIENCE: Duration = Duration::from_secs(11);

/// So long if it is much. (Core: DNSSEEDS_DELAY_MANY_PEERS)
pub const MANY_REMEMBERED_PATIENCE: Duration = Duration::from_secs(5 * 60);

/// From here on it is much. (Core: DNSSEEDS_DELAY_PEER_THRESHOLD)
pub const MANY_REMEMBERED: usize = 1000;

/// So long may DNS take before fixed seeds are used. (Core: net.cpp ThreadOpenConnections)
pub const DNS_PATIENCE: Duration = Duration::from_secs(60);

/// Decides which kind of seeds to ask.
#[derive(Clone, Debug)]
pub struct Start {
    remembered: usize,
    has_dns: bool,
    asked_dns_at: Option<Duration>,
    asked_fixed: bool,
}

impl Start {
    /// At the start: so many addresses are remembered, and there are DNS seeds or not.
    #[must_use]
    pub fn new(remembered: usize, has_dns: bool) -> Self {
        Self { remembered, has_dns, asked_dns_at: None, asked_fixed: false }
    }

    /// Which kind to ask now, if any; each is named once. `reached` and `known` are the frontier's counts, `exhausted`
    /// whether it has nothing left to dial; `now` is the time since the start.
    pub fn ask(&mut self, reached: usize, known: usize, exhausted: bool, now: Duration) -> Option<Kind> {
        if reached >= PEERS_ENOUGH {
            return None;
        }
        if self.has_dns && self.asked_dns_at.is_none() {
            let ask = exhausted || now >= self.patience();
            self.asked_dns_at = ask.then_some(now);
            return ask.then_some(Kind::Dns);
        }
        let waited = self.asked_dns_at.is_none_or(|asked| now.saturating_sub(asked) >= DNS_PATIENCE);
        if !self.asked_fixed && (exhausted || (waited && known == 0)) {
            self.asked_fixed = true;
            return Some(Kind::Fixed);
        }
        None
    }

    fn patience(&self) -> Duration {
        match self.remembered {
            0 => Duration::ZERO,
            few if few <= MANY_REMEMBERED => FEW_REMEMBERED_PATIENCE,
            _ => MANY_REMEMBERED_PATIENCE,
        }
    }
}

/// An address in a list of fixed seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seed {
    /// One that can be dialled.
    Address(SocketAddr),
    /// One in a network that needs a proxy: `….onion:port`, `….b32.i2p:port`.
    Overlay(String),
}

/// A line that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected ip:port, [ipv6]:port, an ip, or an .onion or .b32.i2p name, not {text:?}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// Its first [`SHOWN_LEN`] characters.
    pub text: String,
}

/// Enough of a bad line to find it by.
pub const SHOWN_LEN: usize = 80;

/// Reads a list with one address a line; `#` starts a comment, and an address without a port gets `default_port`. A bad
/// line does not spoil the others. (Core: contrib/seeds/nodes_main.txt)
pub fn read_lines(text: &str, default_port: u16) -> impl Iterator<Item = Result<Seed, BadLine>> {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let content = line.split_once('#').map_or(line, |(content, _)| content).trim();
        let bad = || BadLine { line: index + 1, text: content.chars().take(SHOWN_LEN).collect() };
        (!content.is_empty()).then(|| read_seed(content, default_port).ok_or_else(bad))
    })
}

fn read_seed(text: &str, default_port: u16) -> Option<Seed> {
    if let Ok(address) = text.parse() {
        return Some(Seed::Address(address));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(Seed::Address(SocketAddr::new(ip, default_port)));
    }
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    let overlay = overlay_name_len(name)? == name.len() && (port.is_empty() || port.parse::<u16>().is_ok());
    overlay.then(|| Seed::Overlay(text.to_owned()))
}

/// How long a name of this overlay network is: 56 or 52 digits of base32, and the ending.
fn overlay_name_len(name: &str) -> Option<usize> {
    let (digits, len) = if let Some(digits) = name.strip_suffix(".onion") {
        (digits, 56 + ".onion".len())
    } else {
        (name.strip_suffix(".b32.i2p")?, 52 + ".b32.i2p".len())
    };
    digits.bytes().all(|b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'2'..=b'7')).then_some(len)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BadLine, Kind, Seed, Start, read_lines};

    const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
    const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0";

    #[test]
    fn a_list_is_read_line_by_line_and_a_bad_line_spoils_no_other() {
        let text = format!(
            "# a comment\n1.2.3.4:18333 # AS1\n\n[2001:db8::1]:8333\r\n5.6.7.8\n2001:db8::2\n[2001:db8::3]\n{ONION}\n{I2P}\n\
             1.2.3.4:99999\nexample.org:8333\nshort.onion:1\n9.9.9.9:1"
        );
        let address = |text: &str| Ok(Seed::Address(text.parse().unwrap()));
        let bad = |line, text: &str| Err(BadLine { line, text: text.to_owned() });
        let expected = [
            address("1.2.3.4:18333"),
            address("[2001:db8::1]:8333"),
            address("5.6.7.8:8333"),
            address("[2001:db8::2]:8333"),
            address("[2001:db8::3]:8333"),
            Ok(Seed::Overlay(ONION.to_owned())),
            Ok(Seed::Overlay(I2P.to_owned())),
            bad(10, "1.2.3.4:99999"),
            bad(11, "example.org:8333"),
            bad(12, "short.onion:1"),
            address("9.9.9.9:1"),
        ];
        assert_eq!(read_lines(&text, 8333).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_bad_line_is_shown_short_and_escaped() {
        let text = format!("\u{1b}[2J{}", "x".repeat(1_000_000));
        let bad = read_lines(&text, 1).next().unwrap().unwrap_err();
        assert!(bad.to_string().len() < 300 && !bad.to_string().contains('\u{1b}'), "{bad}");
    }

    #[test]
    fn dns_is_asked_at_once_if_nothing_is_remembered_and_fixed_seeds_if_it_gave_nothing() {
        let mut start = Start::new(0, true);
        assert_eq!(start.ask(0, 0, false, seconds(0)), Some(Kind::Dns));
        assert_eq!(start.ask(0, 0, false, seconds(59)), None);
        assert_eq!(start.ask(0, 0, false, seconds(60)), Some(Kind::Fixed));
        assert_eq!(start.ask(0, 0, true, seconds(99)), None);
    }

    #[test]
    fn what_is_remembered_has_time_to_answer() {
        for (remembered, patience) in [(1, 11), (1000, 11), (1001, 300)] {
            let mut start = Start::new(remembered, true);
            assert_eq!(start.ask(1, remembered, false, seconds(patience - 1)), None);
            assert_eq!(start.ask(1, remembered, false, seconds(patience)), Some(Kind::Dns));
            assert_eq!(start.ask(1, remembered, false, seconds(patience + 999)), None, "there is somebody to dial");
            assert_eq!(start.ask(1, remembered, true, seconds(patience + 999)), Some(Kind::Fixed));
        }
    }

    #[test]
    fn nobody_is_asked_once_there_are_peers_or_before_what_is_left_was_tried() {
        assert_eq!(Start::new(5, true).ask(2, 5, true, seconds(9999)), None);
        assert_eq!(Start::new(5, true).ask(0, 5, true, seconds(1)), Some(Kind::Dns), "all that is remembered failed");
        assert_eq!(Start::new(5, false).ask(0, 5, true, seconds(1)), Some(Kind::Fixed));
        assert_eq!(Start::new(5, false).ask(0, 5, false, seconds(1)), None);
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }
}
