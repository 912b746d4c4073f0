//! `dnsseed.dump`, as the DNS seeder of Bitcoin writes it. (bitcoin-seeder: main.cpp ThreadDumper)
//!
//! ```text
//! # address       good  lastSuccess    %(2h)   %(8h)   %(1d)   %(7d)  %(30d)  blocks      svcs  version
//! 1.2.3.4:8333       1   1700000000   99.00%  98.00%  97.00%  90.00%  80.00%  900000  00000409  70016 "/Satoshi:27.0.0/"
//! ```
//!
//! Core's makeseeds.py splits lines at white space; files of other seeders differ only in widths.

use std::io;

use crate::format::import::{Line, Origin};
use crate::good::Standard;
use crate::peer::{Peer, Time};
use crate::text::EscapedText;
use address::Endpoint;

const HEADER: &str = "# address                                        good  lastSuccess    %(2h)   %(8h)   %(1d)   \
                      %(7d)  %(30d)  blocks      svcs  version";

pub(super) fn begin(out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")
}

pub(super) fn write(out: &mut impl io::Write, peer: &Peer, standard: &Standard) -> io::Result<()> {
    let good = u8::from(standard.is_met_by(peer));
    let last_good = peer.last_good.unwrap_or_default().0;
    write!(out, "{:<47}  {good:>4}  {last_good:>11} ", peer.endpoint)?;
    for average in peer.reliability.0 {
        write!(out, " {:>6.2}%", 100.0 * f64::from(average.reliability))?;
    }
    let (height, version) = (peer.height.unwrap_or_default(), peer.version.unwrap_or_default());
    let user_agent = peer.user_agent.as_ref().map_or("", EscapedText::as_str);
    writeln!(out, "  {height:>6}  {:08x}  {version:>5} \"{user_agent}\"", peer.services)
}

pub(super) fn read(origin: &Origin, line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let mut fields = Fields(line);
    let endpoint = fields.next("an address", |text| Endpoint::parse(text, origin.port).ok())?;
    let mut peer = Peer::new(origin.chain.clone(), endpoint, origin.now);
    fields.next("good as 0 or 1", |text| matches!(text, "0" | "1").then_some(()))?;
    let last_good: i64 = fields.next("lastSuccess in Unix seconds", |text| text.parse().ok())?;
    for average in &mut peer.reliability.0 {
        average.reliability = fields.next("five percentages", percentage)?;
        // The file does not give the watched time. So the average gets full weight.
        average.weight = 1.0;
    }
    let height: i64 = fields.next("blocks", |text| text.parse().ok())?;
    peer.services = fields.next("svcs in hex", |text| u64::from_str_radix(text, 16).ok())?;
    let version: i64 = fields.next("a version", |text| text.parse().ok())?;
    // The seeder writes 0 for unknown values.
    (peer.height, peer.version) = ((height != 0).then_some(height), (version != 0).then_some(version));
    let user_agent = fields.0.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(fields.0);
    let user_agent = EscapedText::read(user_agent).ok_or_else(|| "a user agent of at most 256 bytes".to_owned())?;
    peer.user_agent = (peer.version.is_some() || !user_agent.as_str().is_empty()).then_some(user_agent);
    peer.source = Some(origin.source.clone());
    if last_good > 0 {
        let last_good = Time(last_good).min(origin.now);
        peer.first_seen = last_good;
        (peer.last_seen, peer.last_good, peer.last_tried) = (Some(last_good), Some(last_good), Some(last_good));
        (peer.tried, peer.good) = (1, 1);
    }
    Ok(Some(peer))
}

fn percentage(text: &str) -> Option<f32> {
    let percent: f32 = text.strip_suffix('%')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// The unread rest of a line.
struct Fields<'l>(&'l [u8]);

impl Fields<'_> {
    /// The next field, or what was expected in its place.
    fn next<T>(&mut self, what: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        let end = self.0.iter().position(u8::is_ascii_whitespace).unwrap_or(self.0.len());
        let (field, rest) = self.0.split_at(end);
        self.0 = rest.trim_ascii_start();
        str::from_utf8(field).ok().and_then(read).ok_or_else(|| {
            format!("{what}, in: address good lastSuccess %(2h) %(8h) %(1d) %(7d) %(30d) blocks svcs version \"agent\"")
        })
    }
}
