//! The start of a crawl: remembered addresses, then DNS, then fixed seeds.
//!
//! A node uses them in this order, and goes to the next kind only if the one before gave too few peers, since few
//! people run the DNS seeds and the built-in lists. (Core: net.cpp ThreadDNSAddressSeed, ThreadOpenConnections)

use std::time::Duration;

/// A kind of seed, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Addresses from earlier runs, or named by the user.
    Remembered,
    /// Names that resolve to addresses of nodes.
    Dns,
    /// A list from a program or a file.
    Fixed,
}

/// DNS is used if the remembered addresses gave fewer peers. (Core: net.cpp, two full-relay connections)
pub const PEERS_ENOUGH: usize = 2;

/// Time for few remembered addresses. (Core: DNSSEEDS_DELAY_FEW_PEERS)
pub const FEW_REMEMBERED_PATIENCE: Duration = Duration::from_secs(11);

/// Time for many remembered addresses. (Core: DNSSEEDS_DELAY_MANY_PEERS)
pub const MANY_REMEMBERED_PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The number from which they are many. (Core: DNSSEEDS_DELAY_PEER_THRESHOLD)
pub const MANY_REMEMBERED: usize = 1000;

/// Time for DNS before fixed seeds are used. (Core: net.cpp ThreadOpenConnections)
pub const DNS_PATIENCE: Duration = Duration::from_secs(60);

/// Decides which kind of seeds to use.
#[derive(Clone, Debug)]
pub struct Start {
    remembered: usize,
    has_dns: bool,
    asked_dns_at: Option<Duration>,
    asked_fixed: bool,
}

impl Start {
    /// At the start: the number of remembered addresses, and whether there are DNS seeds.
    #[must_use]
    pub fn new(remembered: usize, has_dns: bool) -> Self {
        Self { remembered, has_dns, asked_dns_at: None, asked_fixed: false }
    }

    /// The kind to use now, if any; each is returned once. `reached` and `known` are the frontier's counts, `exhausted`
    /// says whether it has nothing left to dial; `now` is the time since the start.
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

/// A line that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected an address, with or without a port, not {text:?}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// Its first [`SHOWN_LEN`] characters.
    pub text: String,
}

/// Characters of a bad line to show: enough to find it.
pub const SHOWN_LEN: usize = 80;

/// Reads a list with one address per line, in the format of `read`; `#` starts a comment. Other lines are read after a
/// bad one. (Core: contrib/seeds/nodes_main.txt)
pub fn read_lines<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> impl Iterator<Item = Result<T, BadLine>> {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let content = line.split_once('#').map_or(line, |(content, _)| content).trim();
        let bad = || BadLine { line: index + 1, text: content.chars().take(SHOWN_LEN).collect() };
        (!content.is_empty()).then(|| read(content).ok_or_else(bad))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BadLine, Kind, Start, read_lines};

    #[test]
    fn a_list_is_read_line_by_line_and_a_bad_line_spoils_no_other() {
        let text = "# a comment\n1 # AS1\n\n 2\t\r\nthree\n4#\n#5\n-6";
        let bad = |line, text: &str| Err(BadLine { line, text: text.to_owned() });
        let read: Vec<_> = read_lines(text, |text| text.parse::<u8>().ok()).collect();
        assert_eq!(read, [Ok(1), Ok(2), bad(5, "three"), Ok(4), bad(8, "-6")]);
    }

    #[test]
    fn a_bad_line_is_shown_short_and_escaped() {
        let text = format!("\u{1b}[2J{}", "x".repeat(1_000_000));
        let bad = read_lines(&text, |_| None::<()>).next().unwrap().unwrap_err();
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
            assert_eq!(start.ask(1, remembered, false, seconds(patience + 999)), None, "there is a peer to dial");
            assert_eq!(start.ask(1, remembered, true, seconds(patience + 999)), Some(Kind::Fixed));
        }
    }

    #[test]
    fn no_seed_is_asked_once_there_are_peers_or_before_what_is_left_was_tried() {
        assert_eq!(Start::new(5, true).ask(2, 5, true, seconds(9999)), None);
        assert_eq!(Start::new(5, true).ask(0, 5, true, seconds(1)), Some(Kind::Dns), "all that is remembered failed");
        assert_eq!(Start::new(5, false).ask(0, 5, true, seconds(1)), Some(Kind::Fixed));
        assert_eq!(Start::new(5, false).ask(0, 5, false, seconds(1)), None);
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }
}
