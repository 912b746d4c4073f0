//! Rows as bitnodes exports them: an array of arrays of 15 values, and of 4 in the files of its crawls.
//!
//! ```text
//! address, port, protocol version, user agent, connected since, services, height,
//! hostname, city, country code, latitude, longitude, timezone, asn, organization
//! ```
//!
//! Where a peer is on earth, and who gave it its address, we do not know: those are null, and 0.0.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::address::{Address, Network};
use crate::format::import::{BadLine, Line, Origin, Unread};
use crate::peer::{Peer, Time};
use crate::text::Shown;

/// Bytes of a file, which is read as a whole: some 200 for each of a million nodes, and bitnodes finds 24 000.
const MAX_FILE_LEN: u64 = 256 << 20;

/// One row on each line.
pub(super) fn write(out: &mut impl io::Write, peer: &Peer, is_first: bool) -> io::Result<()> {
    let (asn, organization) = match peer.address.network() {
        Network::Onion | Network::OnionV2 => (Some("TOR"), Some("Tor network")),
        _ => (None, None),
    };
    let row = json!([
        peer.address.host(),
        peer.address.port(),
        peer.version.unwrap_or_default(),
        peer.user_agent.as_ref().map_or("", Shown::as_str),
        // We do not stay connected: when it last answered is the nearest to it.
        peer.last_good.unwrap_or_default(),
        peer.services,
        peer.height.unwrap_or_default(),
        null_string(),
        null_string(),
        null_string(),
        0.0,
        0.0,
        null_string(),
        asn,
        organization,
    ]);
    out.write_all(if is_first { b"[\n" } else { b",\n" })?;
    serde_json::to_writer(out, &row)?;
    Ok(())
}

pub(super) fn end(out: &mut impl io::Write, written: u64) -> io::Result<()> {
    out.write_all(if written == 0 { b"[]\n" } else { b"\n]\n" })
}

fn null_string() -> Option<&'static str> {
    None
}

/// The rows of a file.
struct Rows<R> {
    origin: Origin,
    input: Option<R>,
    file: Vec<u8>,
    /// What of the file has been read, and on which line that ended.
    at: usize,
    line: u64,
}

pub(super) fn read(origin: Origin, input: impl BufRead) -> impl Iterator<Item = Result<Peer, Unread>> {
    Rows { origin, input: Some(input), file: Vec::new(), at: 0, line: 1 }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Peer, Unread>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(input) = self.input.take()
            && let Err(unread) = self.open(input)
        {
            return Some(Err(unread));
        }
        loop {
            self.skip_to_row();
            if self.at == self.file.len() {
                return None;
            }
            match self.row() {
                Ok(Some(peer)) => return Some(Ok(peer)),
                Ok(None) => {}
                Err(unread) => return Some(Err(unread)),
            }
        }
    }
}

impl<R: BufRead> Rows<R> {
    /// Reads the file, up to the bracket before its first row.
    fn open(&mut self, input: R) -> Result<(), Unread> {
        let io = |error| Unread::Io { name: Arc::clone(&self.origin.name), error };
        input.take(MAX_FILE_LEN).read_to_end(&mut self.file).map_err(io)?;
        let start = self.file.iter().position(|byte| !byte.is_ascii_whitespace());
        match start.map(|start| self.file[start]) {
            Some(b'[') => self.move_to(start.unwrap_or_default() + 1),
            _ => {
                self.at = self.file.len();
                return Err(self.bad("an array of rows, in brackets"));
            }
        }
        Ok(())
    }

    fn move_to(&mut self, to: usize) {
        let lines = self.file[self.at..to].iter().filter(|byte| **byte == b'\n').count();
        self.line += lines as u64;
        self.at = to;
    }

    /// Behind what is between rows, and behind the last of them.
    fn skip_to_row(&mut self) {
        let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b']');
        let skipped = self.file[self.at..].iter().take_while(|byte| between(byte)).count();
        self.move_to(self.at + skipped);
    }

    fn row(&mut self) -> Result<Option<Peer>, Unread> {
        let mut values = serde_json::Deserializer::from_slice(&self.file[self.at..]).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else {
            let bad = self.bad("a row of JSON");
            // The next line may be whole.
            let rest = &self.file[self.at..];
            let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            self.move_to(self.at + line);
            return Err(bad);
        };
        let length = values.byte_offset();
        let peer = peer(&self.origin, &value).map_err(|expected| self.bad(&expected));
        self.move_to(self.at + length);
        peer
    }

    fn bad(&self, expected: &str) -> Unread {
        BadLine::new(&self.origin, self.line, expected).into()
    }
}

fn peer(origin: &Origin, row: &Value) -> Line {
    let (host, port, services, height, rest) = match row.as_array().map(Vec::as_slice) {
        Some([host, port, services, height]) => (host, port, services, height, None),
        Some([host, port, version, user_agent, since, services, height, _, _, _, _, _, _, _, _]) => {
            (host, port, services, height, Some((version, user_agent, since)))
        }
        _ => return Err("a row of 15 values, or of 4".to_owned()),
    };
    let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or("a port as the second value")?;
    let host = host.as_str().ok_or("an address as the first value")?;
    let host = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let address = Address::parse(&host, port).map_err(|_| "an address as the first value")?;
    let mut peer = Peer::new(origin.chain.clone(), address, origin.now);
    peer.source = Some(origin.source.clone());
    peer.services = services.as_u64().ok_or("services as a number")?;
    peer.height = Some(number(height).ok_or("a height")?).filter(|height| *height != 0);
    let Some((version, user_agent, since)) = rest else { return Ok(Some(peer)) };
    peer.version =
        Some(number(version).ok_or("a protocol version as the third value")?).filter(|version| *version != 0);
    let user_agent = user_agent.as_str().ok_or("a user agent as the fourth value")?;
    let user_agent = Shown::read(user_agent.as_bytes()).ok_or("a user agent of at most 256 bytes")?;
    peer.user_agent = (peer.version.is_some() || !user_agent.as_str().is_empty()).then_some(user_agent);
    let since = since.as_i64().ok_or("Unix seconds as the fifth value")?;
    if since > 0 {
        let since = Time(since).min(origin.now);
        peer.first_seen = since;
        (peer.last_seen, peer.last_good, peer.last_tried) = (since, Some(since), Some(since));
        (peer.tried, peer.good) = (1, 1);
    }
    Ok(Some(peer))
}

fn number(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}
