//! The result, for people and for programs.

use std::fmt::Write as _;
use std::net::SocketAddr;

use handshake::Banner;
use serde::Serialize;

use crate::args::Format;
use crate::output::write_json;
use probe::protocol::Identity;
use probe::stamp::Stamp;

/// The result for an address. The JSON form is stable: fields are added, never renamed.
#[derive(Debug, Serialize)]
pub struct Answer {
    #[serde(rename = "type")]
    kind: &'static str,
    /// When the first connection began.
    started: Stamp,
    target: String,
    address: SocketAddr,
    /// What listens there, if known.
    pub known: Option<Known>,
    /// Each connection.
    pub tried: Vec<Tried>,
    /// Connections that a higher limit would allow.
    pub not_tried: Vec<String>,
    /// Protocols that cannot be tried without the node's key.
    needs_key: &'static [&'static str],
}

/// What listens there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The protocol; `None` for another kind of service.
    pub protocol: Option<&'static str>,
    /// The networks that it may be on, as far as we can tell; empty for an unknown network.
    pub chains: Vec<String>,
    /// The transport.
    pub transport: Option<&'static str>,
    /// The name of its program.
    pub agent: Option<String>,
    /// How it behaves, if it is another kind of service: `answers with HTTP`.
    pub service: Option<String>,
}

/// One connection, and its result.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// The protocol that we tried.
    pub what: String,
    /// Whether it opened.
    pub connected: bool,
    /// How many connections that took.
    #[serde(skip)]
    pub connections: usize,
    /// A reason code as in every report; `silent` or `spoke` if we sent nothing.
    pub outcome: &'static str,
    /// One plain sentence.
    pub detail: String,
}

impl Known {
    /// Another kind of service that spoke first.
    pub fn of_first_words(bytes: &[u8]) -> Option<Self> {
        Banner::of(bytes).map(|banner| Self::service(&banner.to_string().replace("answers with", "greets with")))
    }

    /// Another kind of service.
    pub fn service(what: &str) -> Self {
        Self { protocol: None, chains: Vec::new(), transport: None, agent: None, service: Some(what.to_owned()) }
    }

    /// As a sentence.
    fn sentence(&self) -> String {
        let Some(protocol) = self.protocol else {
            return self.service.clone().unwrap_or_default();
        };
        let network = match &self.chains[..] {
            [] => String::new(),
            chains => format!(", {}", chains.join(" or ")),
        };
        let over = self.transport.map(|transport| format!(", over {transport}")).unwrap_or_default();
        let agent = self.agent.as_ref().map(|agent| format!(": {agent}")).unwrap_or_default();
        format!("speaks {protocol}{network}{over}{agent}")
    }
}

impl Answer {
    /// Before the first connection.
    pub fn new(target: &str, address: SocketAddr, identity: &Identity) -> Self {
        let needs_key: &[&str] = if *identity == Identity::Any { &["ethereum", "lightning"] } else { &[] };
        let (tried, not_tried) = (Vec::new(), Vec::new());
        Self {
            kind: "identify",
            started: Stamp::now(),
            target: target.to_owned(),
            address,
            known: None,
            tried,
            not_tried,
            needs_key,
        }
    }

    /// Formats the whole result.
    pub fn to_text(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Human => self.to_lines().into_bytes(),
            Format::Json | Format::Csv => {
                let mut text = Vec::new();
                write_json(&mut text, self);
                text
            }
        }
    }

    fn to_lines(&self) -> String {
        let mut text = String::new();
        let found = match &self.known {
            Some(known) => known.sentence(),
            None if self.tried.iter().any(|tried| tried.connected) => {
                "accepts connections; what it speaks was not found out".to_owned()
            }
            None => "does not accept a connection".to_owned(),
        };
        let _ = writeln!(text, "{} {found}", self.address);
        for (n, Tried { what, outcome, detail, .. }) in self.tried.iter().enumerate() {
            let _ = writeln!(text, "  {}. {what:<24} {outcome}: {detail}", n + 1);
        }
        if self.known.is_none() && !self.not_tried.is_empty() {
            let _ = writeln!(text, "not tried: {}", self.not_tried.join(", "));
        }
        if self.known.is_none() && !self.needs_key.is_empty() {
            let _ = writeln!(
                text,
                "not tried without the node's key: {} (ID@HOST:PORT, enode://ID@HOST:PORT)",
                self.needs_key.join(", ")
            );
        }
        text
    }
}
