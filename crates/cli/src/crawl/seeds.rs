//! Where a crawl begins: whom the user names, then what DNS says, then fixed seeds.
//!
//! Whom to ask when is [`discover::seeds::Start`]'s to say; here they are asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use discover::Source;
use discover::seeds::{Kind as SeedKind, PEERS_ENOUGH, Start};
use store::{Shown, Time};
use tokio::task::JoinSet;

use crate::exit::Error;
use crate::lookup::{Found, Lookup, is_localhost};
use crate::protocol::{Place, Told};
use crate::resolve::{Options, ResolveError};
use crate::target::{Kind, Target};

/// All seeds of a crawl.
pub struct Seeds {
    start: Start,
    /// The port of targets that name none.
    port: u16,
    /// How a resolver is asked, once there is a name to ask it for.
    resolver: Options,
    lookup: Option<Lookup>,
    /// Whom the user named by address, until they are taken.
    named: Vec<Yield>,
    /// The network's own, until they are asked.
    dns: Vec<Target>,
    /// Those of files, until they are taken.
    fixed: Vec<Yield>,
    /// Names that are to be looked up.
    waiting: VecDeque<Target>,
    lookups: JoinSet<Answer>,
}

/// Names that are looked up at once.
const LOOKUPS: usize = 64;

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

/// A seed, and what came of looking up its name.
type Answer = (Target, Result<Vec<Found>, ResolveError>);

impl Seeds {
    /// Seeds of a crawl that knows so many addresses already: those that the user named, or else the network's own.
    pub fn new(
        known: usize,
        targets: Vec<Target>,
        dns: Vec<Target>,
        fixed: Vec<Yield>,
        port: u16,
        resolver: Options,
    ) -> Self {
        let mut waiting = VecDeque::new();
        let mut told = Vec::new();
        for target in targets {
            match target.kind {
                Kind::Address(ip, own_port) => told.push(news(SocketAddr::new(ip, own_port.unwrap_or(port)))),
                _ => waiting.push_back(target),
            }
        }
        let named = vec![Yield { name: "command line".into(), source: Source::Named, told }];
        let start = Start::new(known, !dns.is_empty());
        Self { start, port, resolver, lookup: None, named, dns, fixed, waiting, lookups: JoinSet::new() }
    }

    /// Whether a seed has been asked and has not answered yet.
    pub fn is_asking(&self) -> bool {
        !self.lookups.is_empty()
    }

    /// Whether there may be others to ask in a while.
    pub fn may_ask(&self, reached: usize) -> bool {
        reached < PEERS_ENOUGH && !(self.dns.is_empty() && self.fixed.is_empty())
    }

    /// Asks whom it is time to ask, given what the frontier says. Addresses that need no asking come at once.
    ///
    /// # Errors
    /// Names cannot be looked up at all. The other seeds are asked all the same.
    pub fn ask(&mut self, reached: usize, known: usize, exhausted: bool, now: Duration) -> Result<Vec<Yield>, Error> {
        let mut found = std::mem::take(&mut self.named);
        found.retain(|found| !found.told.is_empty());
        if !found.is_empty() {
            return Ok(found);
        }
        if self.waiting.is_empty() {
            match self.start.ask(reached, known, exhausted, now) {
                Some(SeedKind::Dns) => self.waiting.extend(std::mem::take(&mut self.dns)),
                Some(SeedKind::Fixed) => return Ok(std::mem::take(&mut self.fixed)),
                Some(SeedKind::Remembered) | None => {}
            }
        }
        self.look_up().map(|()| Vec::new())
    }

    /// Looks up names, as many as may be at once.
    fn look_up(&mut self) -> Result<(), Error> {
        let lookup = match &self.lookup {
            Some(lookup) => lookup,
            None if self.waiting.is_empty() => return Ok(()),
            // Whether an address may be dialled is the frontier's to say, whoever told it.
            None => match Lookup::new(self.resolver, true, &self.waiting) {
                Ok(lookup) => self.lookup.insert(lookup),
                Err(error) => {
                    self.waiting.clear();
                    return Err(error);
                }
            },
        };
        let room = self.waiting.len().min(LOOKUPS - self.lookups.len());
        for target in self.waiting.drain(..room) {
            let found = lookup.addresses(&target, self.port);
            self.lookups.spawn(async move { (target, found.await) });
        }
        Ok(())
    }

    /// The next answer.
    pub async fn found(&mut self) -> Result<Yield, ResolveError> {
        let Some(Ok((target, found))) = self.lookups.join_next().await else {
            return std::future::pending().await;
        };
        let is_ours = target.kind.name().is_some_and(is_localhost);
        let source = if is_ours { Source::Named } else { Source::Seed };
        let told = found?.into_iter().flatten().map(|(address, _)| news(address)).collect();
        Ok(Yield { name: Shown::from(&*target.text), source, told })
    }
}

/// An address that somebody has named just now.
fn news(address: SocketAddr) -> Told {
    Told { seen: Time::now().0, services: 0, place: Place::Ip(address) }
}
