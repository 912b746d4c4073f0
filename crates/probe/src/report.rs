//! The report of each attempt. The JSON form of these types is stable: fields are added, never renamed.

mod held;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use handshake::{Hex, Remark, Role};
use net::{Outcome, Verdict};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use self::held::{HeldReport, PingText, Sentence};
use crate::attempt::Attempt;
use crate::destination::Destination;
use crate::json::Object;
use crate::protocol::{Introduced, Side};

/// The network's name if any network will do.
pub const ANY_CHAIN: &str = "any";

/// One attempt at a handshake, and its target.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The target as the user wrote it; for an accepted connection, our listening address.
    pub target: &'a str,
    /// The other targets that have led to the same peer so far.
    pub also: &'a [Arc<str>],
    /// The peer's address; `None` if the name did not resolve.
    pub address: Option<&'a Destination>,
    /// Our side.
    pub side: &'a dyn Side,
    /// The attempt's result.
    pub attempt: &'a Attempt,
    /// The earlier attempt over another transport, on another connection.
    pub fallback_from: Option<&'a Attempt>,
    /// Whether the peer was reported before, over another requested transport.
    pub again: bool,
}

/// All targets that led to a peer.
struct Targets<'a>(&'a str, &'a [Arc<str>]);

impl Serialize for Targets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(first, also) = *self;
        serializer.collect_seq(std::iter::once(first).chain(also.iter().map(|target| &**target)))
    }
}

impl Report<'_> {
    /// The network's name, or `any`; `None` if one was requested, and the peer has not said whether it is on that
    /// network.
    pub fn chain(&self) -> Option<&str> {
        let tells = self.attempt.introduced.as_ref().is_none_or(|introduced| introduced.tells_chain());
        let chain = self.side.chain();
        (tells || chain == ANY_CHAIN).then_some(chain)
    }

    /// Appends the report as one line of JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let Self { attempt, .. } = self;
        let (verdict, timing, bytes) = (&attempt.verdict, &attempt.timing, attempt.bytes);
        let mut line = Object::new(out);
        line.field("type", if verdict.is_unfinished() { "unfinished" } else { "handshake" });
        line.field("started", &attempt.started);
        line.field("target", self.target);
        line.field("targets", &Targets(self.target, self.also));
        line.field("address", &self.address);
        line.field("chain", &self.chain());
        line.field("protocol", self.side.protocol().name());
        line.field("role", role_name(attempt.role));
        line.field("transport", &attempt.transport.name);
        line.field("outcome", outcome_name(verdict));
        line.field("stage", verdict.stage().name());
        line.field("reason", verdict.reason());
        line.field("reason_number", &verdict.number());
        line.field("blame", &verdict.blame().map(handshake::Blame::name));
        line.field("detail", &Text(attempt.detail()));
        line.field("remarks", &Remarks(&verdict.remarks));
        match &attempt.introduced {
            Some(introduced) => line.written("peer", |out| introduced.write_json(out)),
            None => line.field("peer", &()),
        }
        let mut times = line.object("timing_ms");
        times.field("connect", &timing.connect.map(in_milliseconds));
        times.field("hello", &timing.hello.map(in_milliseconds));
        times.field("handshake", &timing.handshake.map(in_milliseconds));
        times.field("total", &timing.total.map(in_milliseconds));
        times.end();
        let mut counts = line.object("bytes");
        counts.field("sent", &bytes.sent);
        counts.field("received", &bytes.received);
        counts.end();
        line.field("session_id", &attempt.session_id.as_ref().map(|id| Text(Hex(id))));
        line.field("fallback_from", &self.fallback_from.map(Earlier));
        line.end();
        out.push(b'\n');
    }
}

/// The stable name of an attempt's outcome.
pub fn outcome_name(verdict: &Verdict) -> &'static str {
    if verdict.is_unfinished() { "unfinished" } else { verdict.outcome().name() }
}

/// The anomalies of a peer, as a list of codes and sentences.
struct Remarks<'a>(&'a [Remark]);

impl Serialize for Remarks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Said<'a> {
            code: &'a str,
            detail: &'a str,
        }
        serializer.collect_seq(self.0.iter().map(|Remark { code, detail }| Said { code, detail }))
    }
}

/// The attempt over another transport before the reported one.
struct Earlier<'a>(&'a Attempt);

impl Serialize for Earlier<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(attempt) = self;
        let verdict = &attempt.verdict;
        let mut fields = serializer.serialize_struct("Earlier", 10)?;
        fields.serialize_field("started", &attempt.started)?;
        fields.serialize_field("transport", &attempt.transport.name)?;
        fields.serialize_field("outcome", verdict.outcome().name())?;
        fields.serialize_field("stage", verdict.stage().name())?;
        fields.serialize_field("reason", verdict.reason())?;
        fields.serialize_field("reason_number", &verdict.number())?;
        fields.serialize_field("blame", &verdict.blame().map(handshake::Blame::name))?;
        fields.serialize_field("detail", &Text(attempt.detail()))?;
        fields.serialize_field("timing_ms", &attempt.timing)?;
        fields.serialize_field("bytes", &attempt.bytes)?;
        fields.end()
    }
}

/// The stable name of our role.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    }
}

impl Attempt {
    /// One plain sentence.
    pub fn detail(&self) -> Detail<'_> {
        match &self.introduced {
            Some(introduced) if self.verdict.outcome() == Outcome::Ok => Detail::Introduced(&**introduced),
            _ => Detail::Verdict(self.verdict.detail()),
        }
    }
}

/// One plain sentence on an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// It concluded, with this introduction.
    Introduced(&'a dyn Introduced),
    /// It failed.
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

/// Serializes the displayed text, without an intermediate copy.
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

/// Service bits as hex text: `0x409`. Programs without integers above 2^53, such as jq, would round a number.
#[derive(Clone, Copy, Debug)]
pub struct HexBits(pub u64);

impl fmt::Display for HexBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Times in milliseconds; `null` for a step that was not reached.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timing {
    /// From the start to the open connection.
    #[serde(serialize_with = "milliseconds")]
    pub connect: Option<Duration>,
    /// From the open connection to the peer's introduction.
    #[serde(serialize_with = "milliseconds")]
    pub hello: Option<Duration>,
    /// From the open connection to the end of the handshake.
    #[serde(serialize_with = "milliseconds")]
    pub handshake: Option<Duration>,
    /// From the start to the end of the attempt.
    #[serde(serialize_with = "milliseconds")]
    pub total: Option<Duration>,
}

/// Bytes on the wire, without TCP headers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Bytes {
    /// Sent by us.
    pub sent: u64,
    /// Sent by the peer, up to the end of the handshake.
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
