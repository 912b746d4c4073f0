//! Shows one peer: all known facts, and its last attempts.

use std::io::{self, Write};

use bitcoin::{Chain, Services};
use peers::{Book, Endpoint, EscapedText, ExportError, Outcome, Past, Peer, PeerHistory, Time, Transports, WINDOWS};
use serde::Serialize;

use super::list::in_ms;
use super::table::{Align, Cell, Table, or_dash};
use super::{stdout, style_of, unprinted};
use crate::args::{Format, Global, Show};
use crate::calendar::{Ago, Utc};
use crate::exit::{Error, Exit};
use crate::output::Paint;
use probe::stamp::Stamp;

/// Runs the command.
pub async fn run(args: &Show, book: &dyn Book, global: &Global) -> Result<Exit, Error> {
    let wrong = |error| Error::Usage(format!("'{}': {error}", args.address));
    let endpoint = Endpoint::parse(&args.address, args.chain.port).map_err(wrong)?;
    let started = Stamp::now();
    let answer = async {
        let histories = book.show(&endpoint).await?;
        let mut out = stdout();
        match global.format() {
            Format::Human => histories.iter().try_for_each(|history| write_human(&mut out, history, global)),
            Format::Json => histories.iter().try_for_each(|history| write_json(&mut out, history, started)),
            Format::Csv => write_csv(&mut out, &histories),
        }?;
        out.flush()?;
        Ok::<_, ExportError>(histories.is_empty())
    };
    match answer.await {
        Ok(false) => Ok(Exit::Success),
        Ok(true) => {
            say!("{} has never heard of {endpoint}", book.place());
            Ok(Exit::NotReached)
        }
        Err(error) => unprinted(error),
    }
}

fn write_human(out: &mut impl Write, history: &PeerHistory, global: &Global) -> io::Result<()> {
    let PeerHistory { peer, attempts } = history;
    let paint = Paint::of_stdout(global);
    writeln!(out, "{} ({}, {})", peer.endpoint, peer.chain, peer.endpoint.network().name())?;
    for (name, value) in facts(peer) {
        writeln!(out, "  {name:<14}{value}")?;
    }
    if peer.tried > 0 {
        writeln!(out)?;
        write_reliability(out, peer, paint)?;
    }
    if !attempts.is_empty() {
        writeln!(out)?;
        write_attempts(out, attempts, paint)?;
    }
    Ok(())
}

/// The known facts about a peer, with their names.
fn facts(peer: &Peer) -> Vec<(&'static str, String)> {
    let now = Time::now();
    let when = |then| format!("{} UTC, {}", Utc(then), Ago { then, now });
    let mut facts = vec![
        ("first seen", when(peer.first_seen)),
        ("last seen", peer.last_seen.map_or_else(|| "unknown".to_owned(), when)),
    ];
    if let Some(tried) = peer.last_tried {
        facts.push(("last tried", when(tried)));
    }
    if let Some(good) = peer.last_good {
        facts.push(("last good", when(good)));
    }
    if let Some(ending) = &peer.ending {
        facts.push(("ended", format!("{} at {}: {}", ending.outcome.name(), ending.stage.name(), ending.reason)));
        facts.push(("tried", format!("{} times, {} of them good", peer.tried, peer.good)));
    }
    let Transports { v1, v2 } = peer.transports;
    facts.extend(
        [("v1", v1), ("v2", v2)].into_iter().filter_map(|(name, outcome)| Some((name, outcome?.name().into()))),
    );
    if let Some(version) = peer.version {
        let user_agent = peer.user_agent.as_ref().map_or("", EscapedText::as_str);
        let height = peer.height.map(|height| format!(", height {height}")).unwrap_or_default();
        facts.push(("introduced as", format!("{user_agent}, version {version}{height}")));
    }
    if peer.services != 0 {
        facts.push(("services", services(peer)));
    }
    if let Some(latency) = peer.latency {
        facts.push(("latency", format!("{} ms", in_ms(latency))));
    }
    if let Some(source) = &peer.source {
        facts.push(("told by", source.to_string()));
    }
    facts
}

/// The services' names on the peer's network.
fn services(peer: &Peer) -> String {
    match Chain::named(peer.chain.as_str()) {
        Some(chain) => {
            let names = Services(peer.services).names(&chain.params).map(|name| name.to_string());
            names.collect::<Vec<_>>().join(" ")
        }
        None => format!("{:#x}", peer.services),
    }
}

/// The five averages of the DNS seeders. If we have not observed a whole window, at most the observed share can be
/// good.
fn write_reliability(out: &mut impl Write, peer: &Peer, paint: Paint) -> io::Result<()> {
    let columns =
        [("  OVER", Align::Right), ("GOOD", Align::Right), ("WATCHED", Align::Right), ("ATTEMPTS", Align::Right)];
    let mut table = Table::new(out, paint, columns);
    for ((name, _), average) in WINDOWS.iter().zip(peer.reliability.0) {
        let percent = |share: f32| format!("{:.2}%", share * 100.0);
        let attempts = format!("{:.1}", average.count);
        table.row([
            (*name).into(),
            percent(average.reliability).into(),
            percent(average.weight).into(),
            attempts.into(),
        ])?;
    }
    table.finish().map(drop)
}

fn write_attempts(out: &mut impl Write, attempts: &[Past], paint: Paint) -> io::Result<()> {
    const COLUMNS: [(&str, Align); 8] = [
        ("  ENDED (UTC)", Align::Left),
        ("OUTCOME", Align::Left),
        ("STAGE", Align::Left),
        ("REASON", Align::Left),
        ("V1", Align::Left),
        ("V2", Align::Left),
        ("MS", Align::Right),
        ("USER AGENT", Align::Left),
    ];
    let mut table = Table::new(out, paint, COLUMNS);
    for past in attempts {
        let ending = &past.ending;
        table.row([
            format!("  {}", Utc(past.at)).into(),
            Cell::styled(ending.outcome.name(), style_of(ending.outcome)),
            ending.stage.name().into(),
            ending.reason.as_str().into(),
            or_dash(past.transports.v1.map(Outcome::name)),
            or_dash(past.transports.v2.map(Outcome::name)),
            or_dash(past.latency.map(in_ms)),
            past.user_agent.as_ref().map_or("", EscapedText::as_str).into(),
        ])?;
    }
    table.finish().map(drop)
}

/// An attempt, in the peer's fields.
#[derive(Serialize)]
struct Attempt<'p> {
    at: i64,
    outcome: &'static str,
    stage: &'static str,
    reason: &'p str,
    v1: Option<&'static str>,
    v2: Option<&'static str>,
    user_agent: Option<&'p str>,
    latency_ms: Option<f64>,
}

impl<'p> From<&'p Past> for Attempt<'p> {
    fn from(past: &'p Past) -> Self {
        Self {
            at: past.at.0,
            outcome: past.ending.outcome.name(),
            stage: past.ending.stage.name(),
            reason: past.ending.reason.as_str(),
            v1: past.transports.v1.map(Outcome::name),
            v2: past.transports.v2.map(Outcome::name),
            user_agent: past.user_agent.as_ref().map(EscapedText::as_str),
            latency_ms: past.latency.map(probe::report::in_milliseconds),
        }
    }
}

fn write_json(out: &mut impl Write, history: &PeerHistory, started: Stamp) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "peer")]
    struct History<'p> {
        started: Stamp,
        #[serde(flatten)]
        peer: &'p Peer,
        attempts: Vec<Attempt<'p>>,
    }
    let attempts = history.attempts.iter().map(Attempt::from).collect();
    serde_json::to_writer(&mut *out, &History { started, peer: &history.peer, attempts })?;
    writeln!(out)
}

/// One row per attempt.
fn write_csv(out: &mut impl Write, histories: &[PeerHistory]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Row<'p> {
        address: String,
        chain: &'p str,
        at: i64,
        outcome: &'static str,
        stage: &'static str,
        reason: String,
        v1: Option<&'static str>,
        v2: Option<&'static str>,
        user_agent: String,
        latency_ms: Option<f64>,
    }
    let mut rows = csv::Writer::from_writer(out);
    for PeerHistory { peer, attempts } in histories {
        for Attempt { at, outcome, stage, reason, v1, v2, user_agent, latency_ms } in attempts.iter().map(Attempt::from)
        {
            let (mut reason, mut user_agent) = (reason.to_owned(), user_agent.unwrap_or_default().to_owned());
            [&mut reason, &mut user_agent].into_iter().for_each(peers::disarm);
            let (address, chain) = (peer.endpoint.to_string(), peer.chain.as_str());
            rows.serialize(Row { address, chain, at, outcome, stage, reason, v1, v2, user_agent, latency_ms })?;
        }
    }
    rows.flush()
}
