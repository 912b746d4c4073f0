//! The record of a connection that was kept after its handshake.

use std::fmt;
use std::time::Duration;

use handshake::{Blame, Role};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Text, in_milliseconds, role_name};
use crate::destination::Destination;
use crate::protocol::{HoldEnd, HoldResult, Leaving, Pings, Side, Transport};
use crate::stamp::Stamp;

/// A connection that was kept after its handshake, and is over.
#[derive(Clone, Copy, Debug)]
pub struct HeldReport<'a> {
    /// When the handshake ended and the hold began.
    pub started: Stamp,
    /// The target as the user wrote it; for an accepted connection, our listening address.
    pub target: &'a str,
    /// The peer's address.
    pub address: &'a Destination,
    /// Our side.
    pub side: &'a dyn Side,
    /// Our part in the handshake.
    pub role: Role,
    /// The transport.
    pub transport: Transport,
    /// The requested duration.
    pub asked: Duration,
    /// The result.
    pub kept: &'a HoldResult,
}

impl Serialize for HeldReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let HoldResult { end, lasted, pings } = self.kept;
        let mut fields = serializer.serialize_struct("HeldReport", 18)?;
        fields.serialize_field("type", "hold")?;
        fields.serialize_field("started", &self.started)?;
        fields.serialize_field("target", self.target)?;
        fields.serialize_field("address", &self.address)?;
        fields.serialize_field("chain", self.side.chain())?;
        fields.serialize_field("protocol", self.side.protocol().name())?;
        fields.serialize_field("role", role_name(self.role))?;
        fields.serialize_field("transport", &self.transport.name)?;
        fields.serialize_field("complete", &self.is_complete())?;
        fields.serialize_field("asked_ms", &in_milliseconds(self.asked))?;
        fields.serialize_field("held_ms", &in_milliseconds(*lasted))?;
        fields.serialize_field("ended_by", end.ended_by())?;
        fields.serialize_field("how", end.how())?;
        fields.serialize_field("reason", end.reason())?;
        fields.serialize_field("reason_number", &end.number())?;
        fields.serialize_field("blame", &end.blame().map(Blame::name))?;
        fields.serialize_field("detail", &Text(Sentence(self)))?;
        fields.serialize_field("pings", &Answers::of(pings))?;
        fields.end()
    }
}

impl HeldReport<'_> {
    /// Whether it was kept for the requested duration.
    pub fn is_complete(&self) -> bool {
        matches!(self.kept.end, HoldEnd::Time)
    }

    /// Whether the peer, or the network, ended it earlier.
    pub fn is_cut_short(&self) -> bool {
        !matches!(self.kept.end, HoldEnd::Time | HoldEnd::Interrupted)
    }
}

/// One sentence: `left after 2.0 of 10 s: it closed the connection (FIN)`.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a>(pub &'a HeldReport<'a>);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeldReport { asked, kept, .. } = self.0;
        let (lasted, asked) = (Seconds(kept.lasted), Whole(*asked));
        match &kept.end {
            HoldEnd::Time => write!(f, "kept for {asked} s"),
            HoldEnd::Interrupted => write!(f, "kept for {lasted} of {asked} s, when the run was interrupted"),
            HoldEnd::Left(leaving) => write!(f, "left after {lasted} of {asked} s: {leaving}"),
            HoldEnd::Fault(_, _, sentence) => write!(f, "ended by us after {lasted} of {asked} s: {sentence}"),
            HoldEnd::Broken(sentence) => write!(f, "ended after {lasted} of {asked} s: {sentence}"),
        }
    }
}

/// What the peer did, with `it` as its subject.
impl fmt::Display for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, how) = match self {
            Self::Goodbye { sentence, .. } => return f.write_str(sentence),
            Self::Closed(words) => (words, "closed the connection (FIN)"),
            Self::Reset(words) => (words, "reset the connection (RST)"),
        };
        match words {
            Some(words) => write!(f, "{}, and then it {how}", words.sentence),
            None => write!(f, "it {how}"),
        }
    }
}

impl HoldEnd {
    /// Which side ended it.
    fn ended_by(&self) -> &'static str {
        match self {
            Self::Time | Self::Fault(..) => "us",
            Self::Interrupted => "interrupted",
            Self::Left(_) => "peer",
            Self::Broken(_) => "network",
        }
    }

    /// How it ended.
    fn how(&self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Interrupted => "interrupted",
            Self::Left(Leaving::Closed(_)) => "fin",
            Self::Left(Leaving::Reset(_)) => "rst",
            Self::Left(Leaving::Goodbye { .. }) => "goodbye",
            Self::Fault(..) => "fault",
            Self::Broken(_) => "broken",
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Time => "ok",
            Self::Interrupted => net::INTERRUPTED,
            Self::Left(Leaving::Closed(Some(words)) | Leaving::Reset(Some(words))) => words.reason,
            Self::Left(Leaving::Closed(None)) => "closed",
            Self::Left(Leaving::Reset(None)) => "reset",
            Self::Left(Leaving::Goodbye { reason, .. }) | Self::Fault(reason, ..) => reason,
            Self::Broken(_) => "io",
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Left(Leaving::Closed(Some(words)) | Leaving::Reset(Some(words))) => words.number,
            Self::Left(Leaving::Goodbye { number, .. }) => *number,
            _ => None,
        }
    }

    fn blame(&self) -> Option<Blame> {
        match self {
            Self::Time => None,
            Self::Interrupted => Some(Blame::Local),
            Self::Left(Leaving::Closed(Some(_)) | Leaving::Reset(Some(_))) => Some(Blame::Refused),
            Self::Left(Leaving::Closed(None) | Leaving::Reset(None)) | Self::Broken(_) => Some(Blame::Network),
            Self::Left(Leaving::Goodbye { blame, .. }) | Self::Fault(_, blame, _) => Some(*blame),
        }
    }
}

/// How the peer answered our pings.
#[derive(Serialize)]
struct Answers {
    sent: u64,
    answered: u64,
    min_ms: Option<f64>,
    median_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl Answers {
    fn of(pings: &Pings) -> Self {
        let [min_ms, median_ms, max_ms] = match pings.spread() {
            Some(spread) => spread.map(|time| Some(in_milliseconds(time))),
            None => [None; 3],
        };
        Self { sent: pings.sent, answered: pings.answered, min_ms, median_ms, max_ms }
    }
}

/// `3 of 3 pings answered in 0.2, 0.3 and 0.9 ms (shortest, median, longest)`; empty without pings.
#[derive(Clone, Copy, Debug)]
pub struct PingText<'a>(pub &'a Pings);

impl fmt::Display for PingText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pings { sent, answered, .. } = self.0;
        let pings = if *sent == 1 { "ping" } else { "pings" };
        match self.0.spread() {
            _ if *sent == 0 => Ok(()),
            None => write!(f, ", no answer to {sent} {pings}"),
            Some([only, ..]) if *answered == 1 => {
                write!(f, ", 1 of {sent} {pings} answered, in {:.1} ms", in_milliseconds(only))
            }
            Some(spread) => {
                let [least, median, most] = spread.map(in_milliseconds);
                let times = format_args!("{least:.1}, {median:.1} and {most:.1} ms (shortest, median, longest)");
                write!(f, ", {answered} of {sent} {pings} answered, in {times}")
            }
        }
    }
}

/// A measured time in seconds: to a tenth, or to a millisecond below one second.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds < 1.0 { write!(f, "{seconds:.3}") } else { write!(f, "{seconds:.1}") }
    }
}

/// A requested time, in seconds and without needless digits.
struct Whole(Duration);

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs_f64().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use handshake::{Blame, Role};

    use super::{HeldReport, Sentence};
    use crate::destination::Destination;
    use crate::protocol::{HoldEnd, HoldResult, LastWords, Leaving, Monero, MoneroOptions, Pings, Transport};
    use crate::stamp::Stamp;

    fn told(end: HoldEnd, lasted: Duration) -> (String, serde_json::Value) {
        let kept = HoldResult { end, lasted, pings: Pings::default() };
        let side = Monero::new(&monero::NETWORKS[0], &MoneroOptions::default());
        let report = HeldReport {
            started: Stamp::of(Instant::now().into()),
            target: "node.example",
            address: &Destination::Socket("192.0.2.1:8333".parse().unwrap()),
            side: &side,
            role: Role::Initiator,
            transport: Transport::named("levin"),
            asked: Duration::from_secs(10),
            kept: &kept,
        };
        (Sentence(&report).to_string(), serde_json::to_value(report).unwrap())
    }

    #[test]
    fn each_end_has_a_sentence_and_says_which_side_ended_it_and_how() {
        let two = Duration::from_millis(2040);
        let sentence = "it sent an error: \"no\"".to_owned();
        let words = LastWords { reason: "lightning.error", number: None, sentence };
        let goodbye = Leaving::Goodbye {
            reason: "ethereum.disconnect.too-many-peers",
            number: Some(4),
            blame: Blame::Refused,
            sentence: "it disconnected: too many peers".to_owned(),
        };
        let fault = ("libp2p.mac", Blame::Peer, "a tag is wrong".to_owned());
        for (end, sentence, [by, how, reason]) in [
            (HoldEnd::Time, "kept for 10 s", ["us", "time", "ok"]),
            (
                HoldEnd::Interrupted,
                "kept for 2.0 of 10 s, when the run was interrupted",
                ["interrupted", "interrupted", "interrupted"],
            ),
            (
                HoldEnd::Left(Leaving::Closed(None)),
                "left after 2.0 of 10 s: it closed the connection (FIN)",
                ["peer", "fin", "closed"],
            ),
            (
                HoldEnd::Left(Leaving::Reset(Some(words))),
                "left after 2.0 of 10 s: it sent an error: \"no\", and then it reset the connection (RST)",
                ["peer", "rst", "lightning.error"],
            ),
            (
                HoldEnd::Left(goodbye),
                "left after 2.0 of 10 s: it disconnected: too many peers",
                ["peer", "goodbye", "ethereum.disconnect.too-many-peers"],
            ),
            (
                HoldEnd::Fault(fault.0, fault.1, fault.2),
                "ended by us after 2.0 of 10 s: a tag is wrong",
                ["us", "fault", fault.0],
            ),
        ] {
            let complete = matches!(end, HoldEnd::Time);
            let number = (how == "goodbye").then_some(4);
            let (told, json) = told(end, two);
            assert_eq!(told, sentence);
            assert_eq!([&json["ended_by"], &json["how"], &json["reason"]], [by, how, reason], "{json}");
            assert_eq!(json["reason_number"].as_u64(), number);
            assert_eq!((&json["complete"], &json["asked_ms"]), (&complete.into(), &10_000.0.into()));
        }
    }

    #[test]
    fn a_moment_is_told_to_the_millisecond() {
        let (told, _) = told(HoldEnd::Left(Leaving::Closed(None)), Duration::from_micros(1_700));
        assert_eq!(told, "left after 0.002 of 10 s: it closed the connection (FIN)");
    }
}
