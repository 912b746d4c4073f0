//! A peer's answer, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use net::Why;
use peers::Time;
use serde::Serialize;

use crate::args::Format;
use crate::calendar::Ago;
use crate::output::write_json;
use probe::ask::Answer;
use probe::destination::Destination;
use probe::protocol::AddressRecord;
use probe::report::{HexBits, Text, outcome_name};
use probe::stamp::Stamp;

/// Formats the whole answer.
pub fn to_text(answer: &Answer<'_>, format: Format) -> Vec<u8> {
    let answer = Printed(answer);
    match format {
        Format::Human => answer.to_table().into_bytes(),
        Format::Json => answer.to_json(),
        Format::Csv => answer.to_csv(),
    }
}

/// An answer to be formatted.
struct Printed<'a>(&'a Answer<'a>);

/// One address, as a line of JSON or a row of CSV.
#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    started: Stamp,
    /// The peer that answered.
    from: &'a Destination,
    network: &'static str,
    address: String,
    /// When the node was last seen, in seconds since 1970, as the peer claims; `null` without a claim.
    time: Option<i64>,
    services: u64,
    services_hex: Text<HexBits>,
    service_names: Vec<String>,
    /// Whether it is the peer's announcement of itself.
    own: bool,
}

/// The last line.
#[derive(Debug, Serialize)]
struct Last<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    started: Stamp,
    target: &'a str,
    address: &'a Destination,
    chain: &'a str,
    outcome: &'static str,
    reason: &'static str,
    blame: Option<&'static str>,
    detail: &'a str,
    /// All shared addresses, including unusable ones.
    told: usize,
    /// How many of them are unusable for each reason.
    unusable: BTreeMap<&'static str, usize>,
    networks: BTreeMap<&'static str, usize>,
    own: Option<String>,
}

impl Printed<'_> {
    /// The peer's own announcement first, then the others in the peer's order.
    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let own = self.0.asked.own.iter().map(|told| (told, true));
        own.chain(self.0.asked.told.iter().map(|told| (told, false))).map(|(told, own)| Line {
            kind: "address",
            started: self.0.started,
            from: self.0.address,
            network: told.endpoint.network().name(),
            address: told.endpoint.to_string(),
            time: told.seen,
            services: told.services,
            services_hex: Text(HexBits(told.services)),
            service_names: self.0.side.service_names(told.services),
            own,
        })
    }

    fn to_json(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.lines().for_each(|line| write_json(&mut text, &line));
        let verdict = &self.0.asked.verdict;
        let (reason, blame, detail) = (verdict.reason(), verdict.blame(), verdict.detail());
        let last = Last {
            kind: "addrs",
            started: self.0.started,
            target: self.0.target,
            address: self.0.address,
            chain: self.0.side.chain(),
            outcome: outcome_name(&self.0.asked.verdict),
            reason,
            blame: blame.map(handshake::Blame::name),
            detail,
            told: self.told(),
            unusable: self.0.asked.unusable.iter().map(|unusable| (unusable.name, unusable.count)).collect(),
            networks: self.networks(),
            own: self.0.asked.own.map(|own| own.endpoint.to_string()),
        };
        write_json(&mut text, &last);
        text
    }

    fn to_csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header =
            ["from", "network", "address", "time", "services", "service_names", "own", "started", "services_hex"];
        writer.write_record(header).expect("memory takes every write");
        for Line { started, from, network, address, time, services, services_hex, service_names, own, .. } in
            self.lines()
        {
            let time = time.map(|time| time.to_string()).unwrap_or_default();
            let (from, services) = (from.to_string(), services.to_string());
            let (own, started, Text(hex)) = (own.to_string(), started.to_string(), services_hex);
            let row = [
                &from,
                network,
                &address,
                &time,
                &services,
                &service_names.join(" "),
                &own,
                &started,
                &hex.to_string(),
            ];
            writer.write_record(row).expect("memory takes every write, and every row has the same length");
        }
        writer.into_inner().expect("memory takes every write")
    }

    /// Sorted by network, then by the time last seen, latest first.
    fn to_table(&self) -> String {
        let now = Time::now();
        let mut told: Vec<&AddressRecord> = self.0.asked.told.iter().collect();
        told.sort_by_key(|told| (told.endpoint.network(), std::cmp::Reverse(told.seen)));
        let mut text = String::new();
        for told in told {
            let services = self.0.side.service_names(told.services);
            let network = told.endpoint.network().name();
            let endpoint = told.endpoint.to_string();
            let seen =
                told.seen.map(|seen| Ago { then: Time(seen), now }.to_string()).unwrap_or_else(|| "unknown".into());
            let _ = writeln!(text, "{network:<5} {endpoint:<47} {seen:>18}  {}", services.join(" "));
        }
        let count = self.told();
        let networks = self.networks().into_iter().map(|(name, count)| format!("{count} {name}"));
        let unusable = self.0.asked.unusable.iter().map(|unusable| format!("{} {}", unusable.count, unusable.sentence));
        let parts: Vec<_> = networks.chain(unusable).collect();
        let address = self.0.address;
        let _ = match self.0.asked.verdict.why() {
            None if count == 0 => writeln!(text, "{address} says that it knows no other nodes"),
            None => {
                writeln!(text, "{address} told {count} addresses: {}", parts.join(", "))
            }
            Some(Why { reason, detail, .. }) => writeln!(text, "{address} told no addresses: {reason}: {detail}"),
        };
        if let Some(own) = self.0.asked.own {
            let _ = writeln!(text, "{address} announces itself as {}", own.endpoint);
        }
        text
    }

    /// How many addresses it shared, including unusable ones.
    fn told(&self) -> usize {
        let unusable: usize = self.0.asked.unusable.iter().map(|unusable| unusable.count).sum();
        self.0.asked.told.len() + unusable
    }

    fn networks(&self) -> BTreeMap<&'static str, usize> {
        self.0.asked.told.iter().fold(BTreeMap::new(), |mut counts, told| {
            *counts.entry(told.endpoint.network().name()).or_default() += 1;
            counts
        })
    }
}
