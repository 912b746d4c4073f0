//! How a libp2p node introduced itself, and what is reported of it.

use std::fmt;

use handshake::Text as PeersText;
use libp2p::{Identify, Multiaddr, Muxer, PeerId, PublicKey};
use serde::Serialize;

use crate::protocol::introduced::{Introduced as AnyIntroduced, write_json};
use crate::report::Text;

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Who it is: it has proved so.
    pub public_key: PublicKey,
    /// How yamux was agreed on, if it came to that.
    pub muxer: Option<Muxer>,
    /// How it introduced itself, if it did.
    pub identify: Option<Identify>,
}

/// What is reported of it. All text is printable ASCII, other bytes escaped as `\xNN`.
#[derive(Debug, Serialize)]
pub struct Peer<'i> {
    /// Its name.
    peer_id: Text<PeerId>,
    /// The kind of its key.
    key_type: &'static str,
    /// How yamux was agreed on: `inlined` in Noise's payloads, or `negotiated`.
    muxer: Option<&'static str>,
    /// Its program; this and what follows is `null` if it did not say.
    agent: Option<Text<&'i PeersText>>,
    /// The family that it says it belongs to.
    protocol_version: Option<Text<&'i PeersText>>,
    /// What it speaks; at most [`MAX_LISTED`].
    protocols: Option<Vec<Text<&'i PeersText>>>,
    /// How many protocols it named.
    protocols_total: Option<usize>,
    /// Where it says that it listens; at most [`MAX_LISTED`].
    listen_addrs: Option<Vec<Text<&'i Multiaddr>>>,
    /// How many addresses it named.
    listen_addrs_total: Option<usize>,
    /// How it sees us.
    our_address: Option<Text<&'i Multiaddr>>,
}

/// Nodes list some 20 of each. The largest list 130 protocols, which the count tells; a report is to stay readable.
pub(super) const MAX_LISTED: usize = 64;

/// Whether it is one at all: neither `/ip4/0.0.0.0` nor `/ip6/::`.
fn is_address(address: &Multiaddr) -> bool {
    const NOWHERE: [&[u8]; 2] = [&[0x04, 0, 0, 0, 0], &[0x29, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
    !NOWHERE.iter().any(|nowhere| address.as_bytes().starts_with(nowhere))
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer<'_> {
        let identify = self.identify.as_ref();
        Peer {
            peer_id: Text(self.public_key.peer_id()),
            key_type: self.public_key.kind().name(),
            muxer: self.muxer.map(|muxer| match muxer {
                Muxer::Inlined => "inlined",
                Muxer::Negotiated => "negotiated",
            }),
            agent: identify.and_then(|identify| identify.agent.as_ref()).map(Text),
            protocol_version: identify.and_then(|identify| identify.protocol_version.as_ref()).map(Text),
            protocols: identify.map(|identify| identify.protocols.iter().take(MAX_LISTED).map(Text).collect()),
            protocols_total: identify.map(Identify::protocols_total),
            listen_addrs: identify.map(|identify| identify.listen_addrs.iter().take(MAX_LISTED).map(Text).collect()),
            listen_addrs_total: identify.map(Identify::listen_addrs_total),
            our_address: identify
                .and_then(|identify| identify.observed_addr.as_ref())
                .filter(|address| is_address(address))
                .map(Text),
        }
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_json(&self.peer(), out);
    }

    fn agent(&self) -> String {
        let agent = self.identify.as_ref().and_then(|identify| identify.agent.as_ref());
        agent.map_or_else(|| self.public_key.peer_id().to_string(), ToString::to_string)
    }

    /// How many protocols it speaks.
    fn offers(&self) -> String {
        let count = self.identify.as_ref().map_or(0, Identify::protocols_total);
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} protocol{plural}")
    }
}

/// `kubo/0.29.0/, peer 12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA`
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(agent) = self.identify.as_ref().and_then(|identify| identify.agent.as_ref()) {
            write!(f, "{agent}, ")?;
        }
        write!(f, "peer {}", self.public_key.peer_id())
    }
}
