//! Where a crawl begins: whom the user names, then what DNS says, then fixed seeds.
//!
//! Whom to ask when is [`discover::seeds::Start`]'s to say; here they are asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use discover::Source;
use discover::seeds::{Kind as SeedKind, PEERS_ENOUGH, Start};
use peers::Shown;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use probe::lookup::{Finding, Lookup, is_localhost};
use probe::protocol::{Place, Told};
use probe::target::{Kind, Target};

/// All seeds of a crawl.
pub struct Seeds {
    start: Start,
    /// The port of targets that name none.
    port: u16,
    lookup: Lookup,
    /// Time for a name.
    timeout: Duration,
    /// Whom the user named by address, until they are taken.
    named: Vec<Yield>,
    /// The network's own, until they are asked.
    dns: Vec<Target>,
    /// Those of files, until they are taken.
    fixed: Vec<Yield>,
    /// Names that are to be looked up.
    waiting: VecDeque<Target>,
    /// Names that are being looked up.
    asking: usize,
    answers: (UnboundedSender<Answer>, UnboundedReceiver<Answer>),
}

/// Names that are looked up at once: each may take two of the resolver's threads.
const LOOKUPS: usize = 32;

/// Addresses, and who told them.
#[derive(Debug)]
pub struct Yield {
    /// Who, as the database has it.
    pub name: Shown,
    /// Who, as far as the frontier cares.
    pub source: Source,
    /// The addresses.
    pub told: Vec<Told>,
}

/// A seed, and what comes of looking up its name.
type Answer = (Target, Finding);

/// What a seed's name comes to.
#[derive(Debug)]
pub enum Sown {
    /// Addresses.
    Found(Yield),
    /// This seed has nothing, or less than there was, for this reason.
    Bad(String, String),
    /// There is no more.
    Ended,
}

impl Seeds {
    /// Seeds of a crawl that knows so many addresses already: those that the user named, or else the network's own.
    pub fn new(
        known: usize,
        targets: Vec<Target>,
        dns: Vec<Target>,
        fixed: Vec<Yield>,
        port: u16,
        lookup: Lookup,
        timeout: Duration,
    ) -> Self {
        let mut waiting = VecDeque::new();
        let mut told = Vec::new();
        for target in targets {
            match target.kind {
                Kind::Address(ip, own_port) => told.push(news(ip.at(own_port.unwrap_or(port)))),
                _ => waiting.push_back(target),
            }
        }
        let named = vec![Yield { name: "command line".into(), source: Source::Named, told }];
        let start = Start::new(known, !dns.is_empty());
        let answers = unbounded_channel();
        Self { start, port, lookup, timeout, named, dns, fixed, waiting, asking: 0, answers }
    }

    /// Whether a seed has been asked and has not answered yet.
    pub fn is_asking(&self) -> bool {
        self.asking > 0
    }

    /// Whether there may be others to ask in a while.
    pub fn may_ask(&self, reached: usize) -> bool {
        reached < PEERS_ENOUGH && !(self.dns.is_empty() && self.fixed.is_empty())
    }

    /// Asks whom it is time to ask, given what the frontier says. Addresses that need no asking come at once.
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

    /// Looks up names, as many as may be at once.
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
        let told: Vec<_> = told.into_iter().flatten().map(|(address, _)| news(address)).collect();
        Sown::Found(Yield { name: Shown::from(&*target.text), source, told })
    }
}

/// An address, of which a seed or the user says no more.
fn news(address: SocketAddr) -> Told {
    Told { seen: None, services: 0, place: Place::Ip(address) }
}
