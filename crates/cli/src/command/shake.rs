//! Shakes hands with every address behind every target.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use handshake::{Fault, Stage};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::{concurrency, exit, print_all, runtime};
use crate::args::{Global, Shake};
use crate::attempt::{Attempts, NotRoutable};
use crate::exit::{Error, Exit};
use crate::protocol::{Bitcoin, Protocol};
use crate::report::Report;
use crate::resolve::{Family, Options, ResolveError, Resolver};
use crate::target::{self, Kind, Target};

/// Runs the command.
pub fn run(args: &Shake, global: &Global) -> Result<Exit, Error> {
    run_watched(args, global, |_| {})
}

/// Runs the command, and shows each report to `on_report` before it is printed.
pub fn run_watched(args: &Shake, global: &Global, on_report: impl FnMut(&Report)) -> Result<Exit, Error> {
    let plan = Plan::new(args)?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(plan.carry_out(args, global, concurrency, on_report));
    // A lookup that still blocks must not hold up the end.
    runtime.shutdown_background();
    result
}

/// What to do, with everything that can be wrong about it checked.
struct Plan {
    targets: Vec<Target>,
    port: u16,
    timeout: Duration,
    protocol: Protocol,
}

impl Plan {
    fn new(args: &Shake) -> Result<Self, Error> {
        let protocol =
            Protocol::Bitcoin(Bitcoin::new(&args.introduction, args.receiving_services.on(args.introduction.chain)?)?);
        let mut timeout = args.bounds.timeout;
        let mut port = args.port.unwrap_or(protocol.port());
        let mut targets = match target::split_legacy(&args.targets) {
            Some((target, given_port, given_timeout)) => {
                port = given_port;
                timeout = given_timeout.unwrap_or(timeout);
                target::read_all([target])?
            }
            None => target::read_all(args.targets.iter().map(String::as_str))?,
        };
        if args.dns_seeds {
            targets.extend(dns_seeds(args)?);
        }
        Ok(Self { targets, port, timeout, protocol })
    }

    async fn carry_out(
        self,
        args: &Shake,
        global: &Global,
        concurrency: usize,
        on_report: impl FnMut(&Report),
    ) -> Result<Exit, Error> {
        let (lines, printed) = mpsc::unbounded_channel();
        let names = self.targets.iter().any(|target| matches!(target.kind, Kind::Name(..)));
        let family = match (args.v4, args.v6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        };
        let options = Options { server: args.resolver, family, within: self.timeout };
        let expected = Arc::new(AtomicU64::new(0));
        let dialler = Dialler {
            attempts: Arc::new(Attempts {
                protocol: self.protocol,
                timeout: self.timeout,
                connect_timeout: args.connect_timeout,
                hold: args.bounds.hold,
                trace: global.trace,
                lines,
            }),
            resolver: if names { Some(Resolver::new(options)?) } else { None },
            family,
            port: self.port,
            allow_private: args.allow_private,
            slots: Arc::new(Semaphore::new(concurrency)),
            rate: args.rate.map(|rate| Duration::from_secs(1) / rate),
            expected: expected.clone(),
        };
        tokio::spawn(dialler.dial_all(self.targets));
        let expected = || expected.load(Ordering::Relaxed);
        let (ended, summary) = print_all(printed, global, expected, on_report).await;
        Ok(exit(&ended, summary.as_ref(), args.require))
    }
}

/// The network's own DNS seeds, asked as its nodes ask them.
fn dns_seeds(args: &Shake) -> Result<Vec<Target>, Error> {
    let chain = args.introduction.chain;
    if chain.dns_seeds.is_empty() {
        return Err(Error::Usage(format!("{} has no DNS seeds; name a target", chain.name)));
    }
    let filter = chain.seed_filter.unwrap_or_default();
    let seed =
        |seed: &&str| format!("{filter}{seed}").parse().map_err(|error| Error::Usage(format!("{seed}: {error}")));
    chain.dns_seeds.iter().map(seed).collect()
}

/// Turns targets into attempts.
struct Dialler {
    attempts: Arc<Attempts>,
    resolver: Option<Resolver>,
    family: Family,
    port: u16,
    allow_private: bool,
    slots: Arc<Semaphore>,
    rate: Option<Duration>,
    expected: Arc<AtomicU64>,
}

/// Names that are looked up at once.
const LOOKUPS: usize = 64;

/// A name, and what came of looking it up.
type Lookup = (Arc<str>, u16, Instant, Result<Vec<std::net::IpAddr>, ResolveError>);

impl Dialler {
    /// Dials every address as soon as it is known. The same address is dialled once, whoever named it.
    async fn dial_all(self, targets: Vec<Target>) {
        let mut pace = self.rate.map(interval);
        if let Some(pace) = &mut pace {
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut seen = HashSet::new();
        let mut lookups: JoinSet<Lookup> = JoinSet::new();
        let mut targets = targets.into_iter();
        let mut exhausted = false;
        while !exhausted || !lookups.is_empty() {
            if !exhausted && lookups.len() < LOOKUPS {
                match targets.next() {
                    None => exhausted = true,
                    Some(Target { text, kind: Kind::Address(ip, port) }) => {
                        let address = SocketAddr::new(ip, port.unwrap_or(self.port));
                        if self.family.takes(ip) && seen.insert(address) {
                            self.dial(text, address, &mut pace).await;
                        }
                    }
                    Some(Target { text, kind: Kind::Name(name, port) }) => {
                        let port = port.unwrap_or(self.port);
                        let resolver = self.resolver.clone().expect("there is one if any target is a name");
                        lookups.spawn(async move {
                            let started = Instant::now();
                            (text, port, started, resolver.addresses(&name).await)
                        });
                    }
                }
            } else if let Some(Ok((target, port, started, addresses))) = lookups.join_next().await {
                match addresses {
                    Ok(ips) => {
                        for address in ips.into_iter().map(|ip| SocketAddr::new(ip, port)) {
                            if seen.insert(address) {
                                self.dial_resolved(&target, address, &mut pace).await;
                            }
                        }
                    }
                    Err(error) => self.fail(target, None, Stage::Resolve, started, &error),
                }
            }
        }
    }

    /// Dials an address that a name led to, if it may be dialled.
    async fn dial_resolved(&self, target: &Arc<str>, address: SocketAddr, pace: &mut Option<tokio::time::Interval>) {
        let may = self.allow_private || is_localhost(target) || net::is_globally_routable(address.ip());
        if may {
            self.dial(target.clone(), address, pace).await;
        } else {
            self.fail(target.clone(), Some(address), Stage::Connect, Instant::now(), &NotRoutable(address));
        }
    }

    async fn dial(&self, target: Arc<str>, address: SocketAddr, pace: &mut Option<tokio::time::Interval>) {
        self.expected.fetch_add(1, Ordering::Relaxed);
        if let Some(pace) = pace {
            pace.tick().await;
        }
        let slot = self.slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let attempts = self.attempts.clone();
        tokio::spawn(async move { attempts.dial(target, address, slot).await });
    }

    fn fail(&self, target: Arc<str>, address: Option<SocketAddr>, stage: Stage, since: Instant, fault: &impl Fault) {
        self.expected.fetch_add(1, Ordering::Relaxed);
        let mut report = self.attempts.failed(target, address, stage, fault);
        report.timing_ms.total = Some(since.elapsed());
        self.attempts.send(report, None);
    }
}

/// Whether a target names this machine itself, by a name that can mean nothing else (RFC 6761).
fn is_localhost(target: &str) -> bool {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}
