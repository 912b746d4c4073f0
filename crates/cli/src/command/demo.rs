//! Simulated networks for experiments, and the real client run against them.

mod map;
mod monero;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use std::{io, iter};

use bitcoin::{Chain, Params};
use clap::Parser;
use simnet::ethereum::{GENESIS, NETWORK_ID};
use simnet::libp2p::LISTED;
use simnet::{NAMES_OF_FAILURE, Network, Plan, Transport, Truth};
use tokio::sync::oneshot;

use super::interrupt::interrupted;
use super::{runtime, shake};
use crate::args::{Cli, Demo, Global};
use crate::exit::{Error, Exit};
use probe::destination::Destination;
use probe::report::Report;

/// The network of the simulated peers.
const CHAIN: &str = "bitcoin-regtest";
/// Long enough for every peer that answers, and short enough for a new user. Without optimisation, the cryptography and
/// the floods of some three hundred peers at once keep a processor busy for seconds.
const TIMEOUT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// Runs the command.
pub fn run(args: &Demo, global: &Global) -> Result<Exit, Error> {
    let chain = Chain::named(CHAIN).expect("it is in the table").params;
    let plan = plan(chain, args);
    // Each peer has an open listener, and a connection for each caller.
    let _ = net::raise_open_files();
    let patience = args.timeout.unwrap_or(TIMEOUT);
    if args.serve {
        return serve(chain, plan, patience);
    }
    let mut verdicts = shake_hands_with(plan, patience, global)?;
    if verdicts == Exit::Interrupted {
        return Ok(verdicts);
    }
    for run in [monero::run, map::run] {
        match run(chain, patience, global)? {
            Exit::Success => {}
            Exit::Interrupted => return Ok(Exit::Interrupted),
            other => verdicts = other,
        }
    }
    Ok(verdicts)
}

/// One peer of each kind of each protocol, except for those with a run of their own.
fn plan(chain: Params, args: &Demo) -> Plan {
    Plan {
        lists: vec![simnet::libp2p::list()],
        keyed: [simnet::ethereum::peers(), simnet::lightning::peers()].concat(),
        port: args.port,
        ..Plan::new([simnet::bitcoin::peers(&chain), simnet::bitcoin::honest(&chain, args.honest)].concat())
    }
}

/// Keeps the networks up until an interrupt.
fn serve(chain: Params, plan: Plan, patience: Duration) -> Result<Exit, Error> {
    runtime()?.block_on(async {
        let interrupted = interrupted();
        let population = map::start(chain).await.map_err(no_network)?;
        let network = Network::start(plan).await.map_err(no_network)?;
        let example = network.addresses().next().map(|address| address.to_string()).unwrap_or_default();
        let keyed = KeyedTargets::of(&network)?;
        say!("{} simulated peers are up. Try, in another terminal:\n", truths(&network).len());
        say!("  {}", command_line(&client_words(&network, &keyed, patience)));
        say!("  verack --chain {CHAIN} --trace {example}");
        for (address, peer) in network.keyed().filter(|(_, peer)| peer.name.ends_with("-node")) {
            say!("  verack --trace {}", peer.target(address));
        }
        let others = Network::start(monero::plan()).await.map_err(no_network)?;
        say!("  {}", command_line(&monero::words(&others, patience)));
        say!("\nSo are nodes that know each other, to be crawled:\n");
        say!("  {}\n\nCtrl-C ends it.", command_line(&map::words(&population, "crawl.sqlite", patience)));
        interrupted.await;
        Ok(Exit::Interrupted)
    })
}

/// Runs the client against the network, and compares its reports with the truth.
fn shake_hands_with(plan: Plan, patience: Duration, global: &Global) -> Result<Exit, Error> {
    beside(Network::start(plan), move |network| Facts::of(network, patience), |facts| shake_hands(facts, global))
}

fn shake_hands(facts: Facts, global: &Global) -> Result<Exit, Error> {
    let words = &facts.client_words;
    if !global.quiet {
        say!("{} simulated peers of every temper are up, and a DNS server that knows them.", facts.truths.len());
        say!("$ {}\n", command_line(words));
    }
    let cli = Cli::try_parse_from(iter::once("verack").chain(words.iter().map(String::as_str)))
        .map_err(|error| Error::Usage(error.to_string()))?;
    let check = Arc::new(Mutex::new(Check::new(facts)));
    let checking = check.clone();
    let watcher = Box::new(move |report: &Report<'_>| lock(&checking).take(report));
    let exit = shake::run_watched(&cli.shake, global, Some(watcher))?;
    if exit == Exit::Interrupted {
        return Ok(exit);
    }
    let exit = lock(&check).conclude(global);
    Ok(exit)
}

fn lock(check: &Mutex<Check>) -> MutexGuard<'_, Check> {
    check.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a client beside a network. The network has its own thread, as a real one would have its own machines. The
/// client receives the facts of the network.
fn beside<N, F: Send + 'static, T>(
    network: impl Future<Output = io::Result<N>> + Send + 'static,
    facts: impl FnOnce(&N) -> Result<F, Error> + Send + 'static,
    client: impl FnOnce(F) -> Result<T, Error>,
) -> Result<T, Error> {
    let (started, start) = mpsc::channel::<Result<F, Error>>();
    let (end, ended) = oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        let run = || {
            runtime()?.block_on(async {
                let network = network.await.map_err(no_network)?;
                if started.send(facts(&network)).is_ok() {
                    let _ = ended.await;
                }
                Ok(())
            })
        };
        if let Err(error) = run() {
            let _ = started.send(Err(error));
        }
    });
    let facts = start.recv().map_err(|error| Error::local("the simulated network did not start", error))??;
    let result = client(facts)?;
    drop(end);
    match thread.join() {
        Ok(()) => Ok(result),
        Err(_) => Err(Error::Local("the simulated network broke".to_owned())),
    }
}

fn no_network(error: io::Error) -> Error {
    Error::local("the simulated network did not start", error)
}

/// The client's arguments: the seeds' names, names that do not resolve, the name that lists libp2p's nodes, and the
/// nodes that are named by their keys.
fn client_words(network: &Network, keyed: &KeyedTargets, patience: Duration) -> Vec<String> {
    let own = format!("@{} --chain {CHAIN} --network-id {NETWORK_ID} --genesis {GENESIS}", keyed.0.display());
    let own: Vec<_> = own.split(' ').map(str::to_owned).collect();
    let failing = NAMES_OF_FAILURE.iter().map(|(name, _)| (*name).to_owned());
    let listed = format!("/dnsaddr/{LISTED}");
    network.seeds().into_iter().chain(failing).chain([listed]).chain(own).chain(options(network, patience)).collect()
}

/// The options with a network's port and DNS server, and the time limits.
fn options(network: &Network, patience: Duration) -> impl Iterator<Item = String> {
    let (port, dns) = (network.port(), network.dns());
    let options = format!("--port {port} --resolver {dns} --allow-private {}", times(patience / 2, patience));
    options.split(' ').map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// The options with the time limits of each peer: for a connection, and in total.
fn times(connect_timeout: Duration, timeout: Duration) -> String {
    format!("--timeout {} --connect-timeout {}", seconds(timeout), seconds(connect_timeout))
}

/// An option's value, in milliseconds and at least one.
fn seconds(time: Duration) -> String {
    format!("{}s", time.max(Duration::from_millis(1)).as_millis() as f64 / 1000.0)
}

fn command_line(words: &[String]) -> String {
    format!("verack {}", words.join(" "))
}

/// A file with the nodes that are named by their keys, one per line. It is deleted on drop.
struct KeyedTargets(PathBuf);

impl KeyedTargets {
    fn of(network: &Network) -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("verack-demo-{}.txt", std::process::id()));
        let lines: String = network.keyed().map(|(address, peer)| peer.target(address) + "\n").collect();
        let cannot = |error| Error::local(format!("cannot make {}", path.display()), error);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(cannot)?;
        file.write_all(lines.as_bytes()).map_err(cannot)?;
        Ok(Self(path))
    }
}

impl Drop for KeyedTargets {
    fn drop(&mut self) {
        // If it is already deleted, that is fine.
        let _ = fs::remove_file(&self.0);
    }
}

/// Each address with the name and the correct verdict of its peer.
fn truths(network: &Network) -> BTreeMap<SocketAddr, (&'static str, Truth)> {
    let truth = |address| {
        let (name, truths) = network.truth(address)?;
        Some((address, (name, truths.over(Transport::Auto))))
    };
    let keyed = network.keyed().map(|(address, peer)| (address, (peer.name, peer.truths.over(Transport::Auto))));
    network.addresses().filter_map(truth).chain(keyed).collect()
}

/// All facts about a running network.
struct Facts {
    client_words: Vec<String>,
    truths: BTreeMap<SocketAddr, (&'static str, Truth)>,
    /// The names that do not resolve, with their reasons.
    unresolved: &'static [(&'static str, &'static str)],
    _keyed: Option<KeyedTargets>,
}

impl Facts {
    fn of(network: &Network, patience: Duration) -> Result<Self, Error> {
        let keyed = KeyedTargets::of(network)?;
        Ok(Self {
            client_words: client_words(network, &keyed, patience),
            truths: truths(network),
            unresolved: &NAMES_OF_FAILURE,
            _keyed: Some(keyed),
        })
    }
}

/// Compares reports with the facts.
struct Check {
    facts: Facts,
    reported: HashSet<SocketAddr>,
    unresolved: HashSet<String>,
    wrong: Vec<String>,
}

impl Check {
    fn new(facts: Facts) -> Self {
        Self { facts, reported: HashSet::new(), unresolved: HashSet::new(), wrong: Vec::new() }
    }

    fn take(&mut self, report: &Report<'_>) {
        let verdict = &report.attempt.verdict;
        let Some(address) = report.address.and_then(Destination::socket) else {
            let expected = self.facts.unresolved.iter().find(|(name, _)| *name == report.target);
            if expected.is_none_or(|(_, reason)| *reason != verdict.reason()) {
                self.wrong.push(format!("{}: {verdict}", report.target));
            }
            self.unresolved.insert(report.target.to_string());
            return;
        };
        if !self.reported.insert(address) {
            self.wrong.push(format!("{address} was reported twice"));
        }
        match self.facts.truths.get(&address) {
            None => self.wrong.push(format!("{address} is not part of the network")),
            Some((name, truth)) => {
                let Truth { outcome, stage, reason, blame } = *truth;
                if (verdict.outcome(), verdict.stage(), verdict.reason(), verdict.blame())
                    != (outcome, stage, reason, blame)
                {
                    let truth = format!("{} at {} ({reason})", outcome.name(), stage.name());
                    self.wrong.push(format!("{address} is {name}: {truth}, but was reported as {verdict}"));
                }
            }
        }
    }

    /// Reports whether every verdict was correct, and no peer was missed.
    fn conclude(&mut self, global: &Global) -> Exit {
        let missed = self.facts.truths.keys().filter(|address| !self.reported.contains(address));
        self.wrong.extend(missed.map(|address| format!("{address} was not reported")));
        let missed = self.facts.unresolved.iter().filter(|(name, _)| !self.unresolved.contains(*name));
        self.wrong.extend(missed.map(|(name, _)| format!("{name} was not reported")));
        if self.wrong.is_empty() {
            if !global.quiet {
                let verdicts = self.reported.len() + self.unresolved.len();
                say!("\nEach of these {verdicts} verdicts is the truth.");
            }
            return Exit::Success;
        }
        say!("\nerror: {} verdicts are not the truth:", self.wrong.len());
        for wrong in &self.wrong {
            say!("  {wrong}");
        }
        Exit::NotReached
    }
}
