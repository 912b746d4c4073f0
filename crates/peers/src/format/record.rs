//! All stored data of a peer, flat, under the names that JSON Lines and CSV share.

use std::fmt;
use std::time::Duration;

use handshake::Outcome;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::format::import::Origin;
use crate::introduction::{Introduction, MAX_INTRODUCTION_LEN};
use crate::peer::{Ending, OUTCOMES, Peer, STAGES, Time, Transports};
use crate::reliability::{Average, Reliability};
use crate::text::EscapedText;
use address::Endpoint;

/// A peer as it is written. When read, only the address is required.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub address: String,
    pub chain: Option<String>,
    /// For the reader of the file only: the address implies it.
    pub network: Option<String>,
    pub outcome: Option<String>,
    pub stage: Option<String>,
    pub reason: Option<String>,
    pub v1: Option<String>,
    pub v2: Option<String>,
    pub version: Option<i64>,
    #[serde(deserialize_with = "rounded")]
    pub services: u64,
    pub user_agent: Option<String>,
    pub height: Option<i64>,
    pub latency_ms: Option<f64>,
    pub first_seen: Option<i64>,
    pub last_seen: Option<i64>,
    pub last_tried: Option<i64>,
    pub last_good: Option<i64>,
    pub tried: u32,
    pub good: u32,
    pub reliability_2h: f32,
    pub weight_2h: f32,
    pub count_2h: f32,
    pub reliability_8h: f32,
    pub weight_8h: f32,
    pub count_8h: f32,
    pub reliability_1d: f32,
    pub weight_1d: f32,
    pub count_1d: f32,
    pub reliability_7d: f32,
    pub weight_7d: f32,
    pub count_7d: f32,
    pub reliability_30d: f32,
    pub weight_30d: f32,
    pub count_30d: f32,
    pub source: Option<String>,
    /// The same as `services`, as hex text: programs without integers above 2^53, such as jq, round the number.
    pub services_hex: Option<String>,
    pub identity: Option<String>,
}

/// A peer as JSON has it: with its introduction, which is an object and so no cell of CSV.
#[derive(Serialize)]
struct Whole<'p> {
    #[serde(flatten)]
    record: Record,
    introduction: &'p Option<Introduction>,
}

impl Serialize for Peer {
    /// Serialises it as an object with the fields of JSON Lines.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Whole { record: Record::of(self), introduction: &self.introduction }.serialize(serializer)
    }
}

/// The part of a line of JSON that a [`Record`] lacks.
#[derive(Deserialize)]
struct Rest<'l> {
    #[serde(borrow, default)]
    introduction: Option<&'l RawValue>,
}

/// The introduction in a line of JSON.
pub(super) fn introduction(line: &[u8]) -> Result<Option<Introduction>, String> {
    let Rest { introduction } = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let Some(json) = introduction else { return Ok(None) };
    let whole = Introduction::read(json.get());
    whole.map(Some).ok_or_else(|| {
        format!("a JSON object in `introduction`, of at most {MAX_INTRODUCTION_LEN} printable ASCII characters")
    })
}

impl Record {
    pub(super) fn of(peer: &Peer) -> Self {
        let text = |text: &EscapedText| text.as_str().to_owned();
        let name = |outcome: Outcome| outcome.name().to_owned();
        let ending = peer.ending.as_ref();
        let [a, b, c, d, e] = peer.reliability.0;
        Self {
            address: peer.endpoint.to_string(),
            chain: Some(text(&peer.chain)),
            network: Some(peer.endpoint.network().name().to_owned()),
            outcome: ending.map(|ending| name(ending.outcome)),
            stage: ending.map(|ending| ending.stage.name().to_owned()),
            reason: ending.map(|ending| text(&ending.reason)),
            v1: peer.transports.v1.map(name),
            v2: peer.transports.v2.map(name),
            version: peer.version,
            services: peer.services,
            user_agent: peer.user_agent.as_ref().map(text),
            height: peer.height,
            latency_ms: peer.latency.map(|latency| f64::from(micros(latency)) / 1e3),
            first_seen: Some(peer.first_seen.0),
            last_seen: peer.last_seen.map(|time| time.0),
            last_tried: peer.last_tried.map(|time| time.0),
            last_good: peer.last_good.map(|time| time.0),
            tried: peer.tried,
            good: peer.good,
            reliability_2h: a.reliability,
            weight_2h: a.weight,
            count_2h: a.count,
            reliability_8h: b.reliability,
            weight_8h: b.weight,
            count_8h: b.count,
            reliability_1d: c.reliability,
            weight_1d: c.weight,
            count_1d: c.count,
            reliability_7d: d.reliability,
            weight_7d: d.weight,
            count_7d: d.count,
            reliability_30d: e.reliability,
            weight_30d: e.weight,
            count_30d: e.count,
            source: peer.source.as_ref().map(text),
            services_hex: Some(format!("{:#x}", peer.services)),
            identity: peer.identity.as_ref().map(text),
        }
    }

    /// The peer, or what was expected.
    pub(super) fn into_peer(self, origin: &Origin) -> Result<Peer, String> {
        let endpoint = Endpoint::parse(&self.address, origin.port).map_err(|_| "an address in `address`".to_owned())?;
        let time = |time: i64| Time(time).clamp(Time(0), origin.now);
        let mut peer = Peer {
            chain: text(self.chain.as_deref(), "chain")?.unwrap_or_else(|| origin.chain.clone()),
            endpoint,
            identity: text(self.identity.as_deref().filter(|identity| !identity.is_empty()), "identity")?,
            first_seen: self.first_seen.map_or(origin.now, time),
            last_seen: self.last_seen.map(time),
            source: Some(text(self.source.as_deref(), "source")?.unwrap_or_else(|| origin.source.clone())),
            services: self.services()?,
            tried: self.tried.max(self.good),
            good: self.good,
            last_tried: self.last_tried.map(|tried| Time(tried.max(0))),
            last_good: self.last_good.map(time),
            ending: self.ending()?,
            transports: Transports { v1: outcome(self.v1.as_deref(), "v1")?, v2: outcome(self.v2.as_deref(), "v2")? },
            version: self.version,
            // CSV cannot tell an empty text from a missing one; but a peer with a version has a user agent.
            user_agent: text(self.user_agent.as_deref(), "user_agent")?.or(self.version.map(|_| "".into())),
            height: self.height,
            introduction: None,
            latency: self.latency()?,
            reliability: self.reliability()?,
        };
        peer.mend(origin.now);
        Ok(peer)
    }

    /// The hex text wins, since another program may have rounded the number.
    fn services(&self) -> Result<u64, String> {
        let Some(text) = &self.services_hex else { return Ok(self.services) };
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let services = u64::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        services.ok_or_else(|| "up to 16 hex digits in `services_hex`".to_owned())
    }

    fn ending(&self) -> Result<Option<Ending>, String> {
        let outcome = outcome(self.outcome.as_deref(), "outcome")?;
        let stage =
            named(self.stage.as_deref(), "stage", |name| STAGES.into_iter().find(|stage| stage.name() == name))?;
        let reason = text(self.reason.as_deref(), "reason")?;
        match (outcome, stage, reason) {
            (None, None, None) => Ok(None),
            (Some(outcome), Some(stage), Some(reason)) => Ok(Some(Ending { outcome, stage, reason })),
            _ => Err("all of `outcome`, `stage` and `reason`, or none".to_owned()),
        }
    }

    fn latency(&self) -> Result<Option<Duration>, String> {
        let Some(ms) = self.latency_ms else { return Ok(None) };
        if !(0.0..=f64::from(u32::MAX) / 1e3).contains(&ms) {
            return Err("milliseconds in `latency_ms`".to_owned());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was just compared with both")]
        let micros = (ms * 1e3).round() as u64;
        Ok(Some(Duration::from_micros(micros)))
    }

    fn reliability(&self) -> Result<Reliability, String> {
        let averages = [
            (self.reliability_2h, self.weight_2h, self.count_2h),
            (self.reliability_8h, self.weight_8h, self.count_8h),
            (self.reliability_1d, self.weight_1d, self.count_1d),
            (self.reliability_7d, self.weight_7d, self.count_7d),
            (self.reliability_30d, self.weight_30d, self.count_30d),
        ];
        let share = 0.0..=1.0;
        if averages.iter().all(|(reliability, weight, count)| {
            share.contains(reliability) && share.contains(weight) && (0.0..f32::INFINITY).contains(count)
        }) {
            return Ok(Reliability(averages.map(|(reliability, weight, count)| Average {
                reliability,
                weight,
                count,
            })));
        }
        Err("reliabilities and weights from 0 to 1, and counts from 0".to_owned())
    }
}

/// Service bits as a number, which another program may have turned into a float.
fn rounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Bits;
    impl Visitor<'_> for Bits {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("service bits as a number below 2^64")
        }

        fn visit_u64<E: Error>(self, bits: u64) -> Result<u64, E> {
            Ok(bits)
        }

        fn visit_f64<E: Error>(self, bits: f64) -> Result<u64, E> {
            /// 2^64 in 15 digits: a spreadsheet rounds a number with all bits set to it.
            const MOST: f64 = 18_446_744_073_709_600_000.0;
            if !(0.0..=MOST).contains(&bits) {
                return Err(E::invalid_value(Unexpected::Float(bits), &self));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to 2^64, or saturating"
            )]
            let bits = bits as u64;
            Ok(bits)
        }
    }
    deserializer.deserialize_any(Bits)
}

fn micros(latency: Duration) -> u32 {
    u32::try_from(latency.as_micros()).unwrap_or(u32::MAX)
}

fn text(shown: Option<&str>, field: &str) -> Result<Option<EscapedText>, String> {
    named(shown, field, |shown| EscapedText::read(shown.as_bytes()))
}

fn outcome(name: Option<&str>, field: &str) -> Result<Option<Outcome>, String> {
    named(name, field, |name| OUTCOMES.into_iter().find(|outcome| outcome.name() == name))
}

/// The value of this name, or the name of the field that is wrong.
fn named<T>(name: Option<&str>, field: &str, find: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
    let Some(name) = name else { return Ok(None) };
    find(name).map(Some).ok_or_else(|| format!("another value in `{field}`"))
}
