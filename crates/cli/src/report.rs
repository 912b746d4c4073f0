//! What is reported of each attempt, and of all together. The JSON form of these types is a promise: fields are added,
//! never renamed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use net::{Outcome, Verdict};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::protocol::Introduced;

/// One attempt to shake hands.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What the user named; for an accepted connection, where it came in.
    pub target: &'a str,
    /// The peer's address; none if the name did not resolve.
    pub address: Option<SocketAddr>,
    /// The network's name.
    pub chain: &'a str,
    /// The protocol's name.
    pub protocol: &'static str,
    /// `initiator` or `responder`: ours.
    pub role: &'static str,
    /// What carried the handshake.
    pub transport: &'static str,
    /// How it went.
    pub verdict: &'a Verdict,
    /// How the peer introduced itself, if it did.
    pub introduced: Option<&'a Introduced>,
    /// How long it took.
    pub timing_ms: Timing,
    /// How much passed.
    pub bytes: Bytes,
}

impl<'a> Report<'a> {
    /// One plain sentence.
    pub fn detail(&self) -> Detail<'a> {
        match self.introduced {
            Some(introduced) if self.verdict.outcome == Outcome::Ok => Detail::Introduced(introduced),
            _ => Detail::Verdict(&self.verdict.detail),
        }
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Report", 15)?;
        fields.serialize_field("type", "handshake")?;
        fields.serialize_field("target", self.target)?;
        fields.serialize_field("address", &self.address)?;
        fields.serialize_field("chain", self.chain)?;
        fields.serialize_field("protocol", self.protocol)?;
        fields.serialize_field("role", self.role)?;
        fields.serialize_field("transport", self.transport)?;
        fields.serialize_field("outcome", self.verdict.outcome.name())?;
        fields.serialize_field("stage", self.verdict.stage.name())?;
        fields.serialize_field("reason", self.verdict.reason)?;
        fields.serialize_field("blame", &self.verdict.blame.map(handshake::Blame::name))?;
        fields.serialize_field("detail", &Text(self.detail()))?;
        fields.serialize_field("peer", &self.introduced)?;
        fields.serialize_field("timing_ms", &self.timing_ms)?;
        fields.serialize_field("bytes", &self.bytes)?;
        fields.end()
    }
}

/// One plain sentence on an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// It concluded, with this peer.
    Introduced(&'a Introduced),
    /// It did not.
    Verdict(&'a str),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Introduced(introduced) => introduced.fmt(f),
            Self::Verdict(sentence) => f.write_str(sentence),
        }
    }
}

/// What is reported as the text that it prints as, without a copy of that text being made.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// [`Text`] as an attribute of a field.
pub fn as_text<S: Serializer>(value: impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value)
}

/// Times in milliseconds; `null` for what was not reached.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timing {
    /// From the start to the open connection.
    #[serde(serialize_with = "milliseconds")]
    pub connect: Option<Duration>,
    /// From there to the peer's introduction.
    #[serde(serialize_with = "milliseconds")]
    pub hello: Option<Duration>,
    /// From the open connection to the end of the handshake.
    #[serde(serialize_with = "milliseconds")]
    pub handshake: Option<Duration>,
    /// From the start to the end of the attempt.
    #[serde(serialize_with = "milliseconds")]
    pub total: Option<Duration>,
}

/// Bytes on the wire, without the headers of TCP.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Bytes {
    /// By us.
    pub sent: u64,
    /// By the peer, as far as the handshake goes.
    pub received: u64,
}

/// In milliseconds, to the microsecond.
#[expect(clippy::ref_option, reason = "serde calls it so")]
fn milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_f64(in_milliseconds(*time)),
        None => serializer.serialize_none(),
    }
}

/// In milliseconds, to the microsecond.
pub fn in_milliseconds(time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 microseconds, which are 285 years")]
    let microseconds = time.as_micros() as f64;
    microseconds / 1000.0
}

/// All attempts together.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "type", rename = "summary")]
pub struct Summary {
    /// How many there were.
    pub attempts: u64,
    /// How many ended OK.
    pub ok: u64,
    /// How many ended partially OK.
    pub partial: u64,
    /// How many failed.
    pub failed: u64,
    /// How many ended for each reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// From the start to the end of all.
    pub elapsed_ms: f64,
    /// How many of the failures were our own side's.
    #[serde(skip)]
    pub local: u64,
}

impl Summary {
    /// Counts one more.
    pub fn add(&mut self, verdict: &Verdict) {
        self.attempts += 1;
        *match verdict.outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Partial => &mut self.partial,
            Outcome::Failed => &mut self.failed,
        } += 1;
        *self.reasons.entry(verdict.reason).or_default() += 1;
        self.local += u64::from(verdict.blame == Some(handshake::Blame::Local));
    }
}
