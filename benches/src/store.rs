//! The peer database at size: the speed of writing, its size, and the time of its answers and of the program's.
//!
//! All peers are learned first, as from gossip, and then tried so often that the history of each is full.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ::peers::{
    Attempt, Column, Ending, Endpoint, EscapedText, Filter, Introduced, Learned, Outcome, Time, Transports, Writer,
};
use ::store::{KEPT_ATTEMPTS, Store};
use handshake::Stage;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::Cost;
use crate::program::{print_machine, verack};

/// Addresses per second, at least: each peer sends a thousand, most of which are known.
const LEAST_ADDRESSES: f64 = 50_000.0;

/// Attempts per second, at least: five times as many as a crawl finishes, so that it never waits for its database.
const LEAST_ATTEMPTS: f64 = 20_000.0;

/// Bytes on disk for each peer, at most.
const MOST_BYTES: f64 = 600.0;

/// Seconds to open it, and to count by user agent, at most.
const MOST_TIME: f64 = 1.0;

/// Repetitions of each query.
const ROUNDS: usize = 5;

/// One peer in this many answers: of the known addresses of Bitcoin, 24 000 in 544 000.
const ANSWERS: usize = 23;

/// Writes this many peers, and queries them.
pub fn measure(peers: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("peers.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = runtime.block_on(measured(&path, peers))?;
    // As users measure it: from before the program's start to its end.
    for question in [&["--count-by", "user-agent"][..], &["--reachable", "--sort", "last-good", "--limit", "100"]] {
        let asked =
            (0..ROUNDS).map(|_| seconds(Command::new(&verack).args(["peers", "--db"]).arg(&path).args(question)));
        let asked = asked.collect::<Result<Runs>>()?;
        findings.at_most(MOST_TIME, &format!("s until verack peers {} has ended", question.join(" ")), &asked);
    }
    let everything = (0..ROUNDS).map(|_| seconds(Command::new(&verack).args(["peers", "--json", "--db"]).arg(&path)));
    println!("{:.3} s until verack peers --json has printed all of them", everything.collect::<Result<Runs>>()?);
    Ok(findings)
}

fn seconds(command: &mut Command) -> Result<f64> {
    Ok(Cost::of(command)?.0.wall.as_secs_f64())
}

async fn measured(path: &Path, peers: usize) -> Result<Findings> {
    let mut findings = Findings::default();
    let store = Store::open(path).await?;
    let writer = store.writer().await?;

    let started = Instant::now();
    for nth in 0..peers {
        writer.learned(learned(nth, peers)).await?;
    }
    writer.flush().await?;
    findings.at_least(LEAST_ADDRESSES, "new addresses/s", &rate(peers, started));

    let started = Instant::now();
    for nth in 0..peers {
        writer.learned(learned(nth * 7 + 1, peers)).await?;
    }
    writer.flush().await?;
    findings.at_least(LEAST_ADDRESSES, "known addresses/s", &rate(peers, started));
    println!("{peers} addresses: {:.0} bytes each", bytes(path, peers)?);

    let rounds = (0..KEPT_ATTEMPTS).map(i64::from).map(|round| tried(&writer, peers, round));
    let mut rates = Vec::new();
    for round in rounds {
        rates.push(round.await?);
    }
    findings.at_least(LEAST_ATTEMPTS, "attempts/s", &rates.into_iter().collect());
    writer.close().await?;
    store.close().await;
    findings.at_most(MOST_BYTES, "bytes for each peer with a full history", &one(bytes(path, peers)?));

    let (mut opening, mut counting, mut filtered, mut by_reason) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let store = Store::open(path).await?;
        opening.push(started.elapsed().as_secs_f64());
        let reachable = Filter { reachable: Some(true), chain: Some(CHAIN.into()), ..Filter::default() };
        counting.push(counted(&store, Column::UserAgent, &Filter::default()).await?);
        filtered.push(counted(&store, Column::UserAgent, &reachable).await?);
        by_reason.push(counted(&store, Column::Reason, &Filter::default()).await?);
        store.close().await;
    }
    let runs = |times: Vec<f64>| times.into_iter().collect::<Runs>();
    findings.at_most(MOST_TIME, "s to open it", &runs(opening));
    findings.at_most(MOST_TIME, "s to count by user agent", &runs(counting));
    findings.at_most(MOST_TIME, "s to count the reachable by user agent", &runs(filtered));
    println!("{:.3} s to count by reason", runs(by_reason));
    Ok(findings)
}

/// Records an attempt at every peer; returns attempts per second.
async fn tried(writer: &Writer, peers: usize, round: i64) -> Result<f64> {
    let started = Instant::now();
    for nth in 0..peers {
        writer.record(attempt(nth, peers, round)).await?;
    }
    writer.flush().await?;
    Ok(rate(peers, started).median())
}

async fn counted(store: &Store, column: Column, filter: &Filter) -> Result<f64> {
    let started = Instant::now();
    let counts = store.count_by(column, filter).await?;
    assert!(counts.len() > 1, "there are several");
    Ok(started.elapsed().as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
fn rate(count: usize, since: Instant) -> Runs {
    one(count as f64 / since.elapsed().as_secs_f64())
}

fn one(value: f64) -> Runs {
    [value].into_iter().collect()
}

/// Bytes on disk for each peer, including the log beside the file.
#[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
fn bytes(path: &Path, peers: usize) -> Result<f64> {
    let wal = fs::metadata(path.with_extension("sqlite-wal")).map_or(0, |file| file.len());
    Ok((fs::metadata(path)?.len() + wal) as f64 / peers as f64)
}

const CHAIN: &str = "bitcoin";

/// Unix seconds: the start of all events.
const BEGIN: i64 = 1_700_000_000;

/// The address of the `nth` peer. As far apart as real addresses: a database grows differently if they come in order.
fn address(nth: usize, peers: usize) -> Endpoint {
    let [.., a, b, c, d] = (nth % peers).wrapping_mul(0x9e37_79b1).to_be_bytes();
    let port = if nth.is_multiple_of(10) { 39_388 } else { 8333 };
    match nth % peers % 7 {
        0 => SocketAddr::new(Ipv6Addr::from([0x20, 1, a, b, c, d, 7, b, c, 9, 11, d, c, b, a, 1]).into(), port).into(),
        _ => SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port).into(),
    }
}

fn learned(nth: usize, peers: usize) -> Learned {
    let source = EscapedText::from(&*address(nth % 24_000 * 23, peers).to_string());
    let (chain, endpoint) = (CHAIN.into(), address(nth, peers));
    Learned { chain, endpoint, identity: None, at: Time(BEGIN), seen: Some(Time(BEGIN)), services: 0xc09, source }
}

fn attempt(nth: usize, peers: usize, round: i64) -> Attempt {
    let answers = nth.is_multiple_of(ANSWERS);
    let (outcome, stage, reason) = match nth % 5 {
        _ if answers => (Outcome::Ok, Stage::Done, "ok"),
        0 => (Outcome::Failed, Stage::Connect, "connect.refused"),
        _ => (Outcome::Failed, Stage::Connect, "connect.timeout"),
    };
    let introduced = Introduced {
        version: 70016,
        services: 0xc09,
        user_agent: format!("/Satoshi:{}.{}.0/", 20 + nth / ANSWERS % 12, nth / ANSWERS % 40).as_str().into(),
        height: Some(900_000),
        introduction: None,
    };
    Attempt {
        chain: CHAIN.into(),
        endpoint: address(nth, peers),
        identity: None,
        at: Time(BEGIN + 86_400 * (round + 1)),
        ending: Ending { outcome, stage, reason: reason.into() },
        blame: None,
        transports: Transports { v1: Some(outcome), v2: None },
        introduced: answers.then_some(introduced),
        latency: answers.then(|| Duration::from_micros(50_000 + nth as u64 % 9_000)),
        source: None,
    }
}
