//! Where a crawl begins: the user's targets, then DNS seeds, then fixed seeds.
//!
//! [`discover::seeds::Start`] decides which seeds to ask when; this module asks them.

use std::collections::VecDeque;
use std::time::Duration;

use address::Endpoint;
use discover::Source;
use discover::seeds::{Kind as SeedKind, PEERS_ENOUGH, Start};
use peers::EscapedText;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use probe::lookup::{Finding, Lookup, is_localhost};
use probe::protocol::{AddressRecord, Seed};
use probe::target::{Kind, Target};

/// All seeds of a crawl.
pub struct Seeds {
    start: Start,
    /// The port of targets without one.
    port: u16,
    lookup: Lookup,
    /// The time limit of a lookup.
    timeout: Duration,
    /// Addresses that the user named, until they are taken.
    named: Vec<Yield>,
    /// The network's DNS seeds, until they are asked.
    dns: Vec<Target>,
    /// The fixed seeds of files, until they are taken.
    fixed: Vec<Yield>,
    /// Names to look up.
    waiting: VecDeque<Target>,
    /// The number of names under lookup.
    asking: usize,
    answers: (UnboundedSender<Answer>, UnboundedReceiver<Answer>),
}

/// Where a crawl may begin, besides what it remembers.
#[derive(Debug, Default)]
pub struct Sources {
    /// The user's targets.
    pub targets: Vec<Target>,
    /// The network's DNS seeds.
    pub dns: Vec<Seed>,
    /// The fixed seeds of files.
    pub fixed: Vec<Yield>,
}

impl Sources {
    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.targets.is_empty() && self.dns.is_empty() && self.fixed.is_empty()
    }
}

/// Maximum number of concurrent lookups: each may take two threads of the resolver.
const LOOKUPS: usize = 32;

/// Addresses and their source.
#[derive(Debug)]
pub struct Yield {
    /// The source's name in the database.
    pub name: EscapedText,
    /// The source's kind for the frontier.
    pub source: Source,
    /// The addresses.
    pub told: Vec<AddressRecord>,
}

/// A seed, and a finding of its lookup.
type Answer = (Target, Finding);

/// The result of a seed's lookup, in parts.
#[derive(Debug)]
pub enum Sown {
    /// Addresses.
    Found(Yield),
    /// The seed returned nothing, or not everything, for this reason.
    Bad(String, String),
    /// The lookup is over.
    Ended,
}

impl Seeds {
    /// The seeds of a crawl that knows `known` addresses already: the user's, or else the network's own. `port` is for
    /// targets without one, and `timeout` the time limit of a lookup.
    pub fn new(known: usize, sources: Sources, port: u16, lookup: Lookup, timeout: Duration) -> Self {
        let Sources { targets, dns, fixed } = sources;
        let mut waiting = VecDeque::new();
        let mut told = Vec::new();
        for target in targets {
            match target.kind {
                Kind::Address(ip, own_port) => told.push(Endpoint::from(ip.at(own_port.unwrap_or(port))).into()),
                _ => waiting.push_back(target),
            }
        }
        let named = vec![Yield { name: "command line".into(), source: Source::Named, told }];
        let start = Start::new(known, !dns.is_empty());
        let dns = dns.into_iter().map(Target::from).collect();
        let answers = unbounded_channel();
        Self { start, port, lookup, timeout, named, dns, fixed, waiting, asking: 0, answers }
    }

    /// Whether a seed has not answered yet.
    pub fn is_asking(&self) -> bool {
        self.asking > 0
    }

    /// Whether further seeds may be asked later.
    pub fn may_ask(&self, reached: usize) -> bool {
        reached < PEERS_ENOUGH && !(self.dns.is_empty() && self.fixed.is_empty())
    }

    /// Asks the seeds that are due in this state of the frontier. Addresses that need no lookup are returned at once.
    pub fn ask(&mut self, reached: usize, known: usize, exhausted: bool, now: Duration) -> Vec<Yield> {
        let mut found = std::mem::take(&mut self.named);
        found.retain(|found| !found.told.is_empty());
        if !found.is_empty() {
            return found;
        }
        if self.waiting.is_empty() {
            match self.start.ask(reached, known, exhausted, now) {
                Some(SeedKind::Dns) => self.waiting.extend(std::mem::take(&mut self.dns)),
                Some(SeedKind::Fixed) => return std::mem::take(&mut self.fixed),
                Some(SeedKind::Remembered) | None => {}
            }
        }
        self.look_up();
        Vec::new()
    }

    /// Looks up names, within the limit of concurrent lookups.
    fn look_up(&mut self) {
        let room = self.waiting.len().min(LOOKUPS - self.asking);
        for target in self.waiting.drain(..room) {
            self.asking += 1;
            let (lookup, port, deadline) = (self.lookup.clone(), self.port, Instant::now() + self.timeout);
            let answers = self.answers.0.clone();
            tokio::spawn(async move {
                let tell = |finding| {
                    let _ = answers.send((target.clone(), finding));
                };
                let ended = lookup.find(&target, port, deadline, |found| tell(Finding::Found(found))).await;
                tell(Finding::Ended(ended));
            });
        }
    }

    /// The next answer, or a part of one.
    pub async fn found(&mut self) -> Sown {
        let Some((target, finding)) = self.answers.1.recv().await else {
            return std::future::pending().await;
        };
        let found = match finding {
            Finding::Found(found) => found,
            Finding::Ended(ended) => {
                self.asking -= 1;
                self.look_up();
                return match ended {
                    Ok(()) => Sown::Ended,
                    Err(error) => Sown::Bad(target.text.to_string(), error.to_string()),
                };
            }
        };
        let is_ours = target.kind.name().is_some_and(is_localhost);
        let source = if is_ours { Source::Named } else { Source::Seed };
        let (told, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        if let (true, Some(Err(why))) = (told.is_empty(), refused.into_iter().next()) {
            return Sown::Bad(target.text.to_string(), why.to_string());
        }
        let told: Vec<_> =
            told.into_iter().flatten().filter_map(|(to, _)| to.endpoint()).map(AddressRecord::from).collect();
        Sown::Found(Yield { name: EscapedText::from(&*target.text), source, told })
    }
}
