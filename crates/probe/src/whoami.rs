//! Finds out our public address: by the majority of several peers in different networks, since one peer may err or lie.
//!
//! ```text
//! targets ──▶ addresses ──▶ one of each network, then another ──▶ attempts ──▶ votes, one of each network
//! ```
//! ```no_run
//! use verack_probe::Config;
//! use verack_probe::target::Target;
//! use verack_probe::whoami::Inquiry;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let inquiry = Inquiry::with(Config::on("bitcoin")?.probe()?);
//! let heard = inquiry.run(vec![Target::any("seed.bitcoin.sipa.be")?, Target::any("dnsseed.emzy.de")?]).await;
//! if let Some(majority) = heard.external.majority(false) {
//!     println!("{}", majority.address);
//! }
//! # Ok(())
//! # }
//! ```

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use discover::{External, Group, Turn};
use handshake::Stage;
use rand::seq::SliceRandom;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::Probe;
use crate::attempt::{Attempts, Call};
use crate::event::Event;
use crate::lookup::{Finding, Interrupted, Lookup, share_of};
use crate::pacing::{Led, Pacing, moment};
use crate::protocol::{Identity, Knowledge};
use crate::target::{Kind, Target};

/// The peers' answers.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Our address as they see it.
    pub external: External,
    /// Peers that introduced themselves.
    pub reached: usize,
    /// Dialled peers.
    pub dialled: usize,
}

/// The peers' answers, which can be read while more peers are asked.
#[derive(Clone, Debug, Default)]
pub struct Testimony(Arc<Mutex<Heard>>);

impl Testimony {
    /// The answers so far.
    pub fn so_far(&self) -> Heard {
        self.heard().clone()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which peers to ask, and how.
#[derive(Debug)]
pub struct Inquiry {
    /// The attempts.
    pub attempts: Arc<Attempts>,
    /// Finds the addresses of the targets, and says which may be dialled.
    pub lookup: Lookup,
    /// The port of targets without one.
    pub port: u16,
    /// Maximum number of open connections.
    pub concurrency: usize,
    /// The rate limits.
    pub pacing: Pacing,
    /// How many networks must have named our address.
    pub peers: usize,
    /// The answers.
    pub testimony: Testimony,
}

impl Inquiry {
    /// Asks 16 peers with the settings of a probe, and the defaults of its network.
    pub fn with(Probe { attempts, lookup }: Probe) -> Self {
        const PEERS: usize = 16;
        let port = attempts.sides.chosen().port();
        let (pacing, testimony) = (Pacing::default(), Testimony::default());
        Self { attempts: Arc::new(attempts), lookup, port, concurrency: PEERS, pacing, peers: PEERS, testimony }
    }

    /// Asks one peer in each network after the other, until enough have answered. Attempts are events.
    pub async fn run(self, targets: Vec<Target>) -> Heard {
        self.ask_all(targets).await;
        self.testimony.so_far()
    }

    async fn ask_all(&self, targets: Vec<Target>) {
        let mut waiting = self.pacing.queue();
        let (named, found) = self.addresses(targets).await;
        for (led, addresses) in [(Led::ByUser, named), (Led::ByName, found)] {
            for address in take_turns(addresses) {
                self.pacing.push(&mut waiting, led, address.ip(), address, Duration::ZERO);
            }
        }
        let (started, stop) = (Instant::now(), self.attempts.stop.clone());
        let mut asking = JoinSet::new();
        loop {
            if stop.is_stopped() {
                self.attempts.observer.on(Event::NotTried(waiting.len()));
                waiting = self.pacing.queue();
            }
            let heard = self.testimony.heard().external.heard();
            if heard >= self.peers {
                return;
            }
            let room = (self.peers - heard).min(self.concurrency);
            let mut wake = None;
            while asking.len() < room && wake.is_none() {
                match waiting.next(started.elapsed()) {
                    Turn::Go(address) => {
                        asking.spawn(ask(self.attempts.clone(), self.testimony.clone(), address));
                    }
                    Turn::Wait(at) => wake = Some(started + at),
                    Turn::Empty => break,
                }
            }
            if asking.is_empty() && wake.is_none() {
                return;
            }
            tokio::select! {
                Some(_) = asking.join_next() => {}
                () = moment(wake), if wake.is_some() => {}
                () = stop.stopped(), if !waiting.is_empty() => {}
            }
        }
    }

    /// All permitted addresses behind all targets, without answers that come long after the first one. The first answer
    /// alone is not enough: one seed would then choose all our witnesses. Reports why other addresses are not
    /// permitted. Returns addresses that the user named, and addresses from names.
    async fn addresses(&self, targets: Vec<Target>) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        /// The time for other seeds, after the first has answered.
        const MORE: Duration = Duration::from_secs(1);
        let started = Instant::now();
        let (sender, mut found) = mpsc::unbounded_channel();
        let mut unanswered: Vec<_> =
            targets.iter().map(|target| (target.text.clone(), target.identity.clone())).collect();
        for target in targets {
            let mut findings = self.lookup.start(&target, self.port, started + share_of(self.attempts.timeout));
            let sender = sender.clone();
            tokio::spawn(async move {
                while let Some(finding) = findings.recv().await {
                    let _ = sender.send((target.clone(), finding));
                }
            });
        }
        drop(sender);
        let (mut named, mut led_to) = (Vec::new(), Vec::new());
        let mut until = started + self.attempts.timeout + MORE;
        loop {
            let next = tokio::select! {
                biased;
                () = self.attempts.stop.stopped() => break,
                next = timeout_at(until, found.recv()) => next,
            };
            let Ok(Some((Target { text, identity, kind }, finding))) = next else { break };
            if let Finding::Ended(_) = finding {
                let place = unanswered.iter().position(|(name, asked)| (name, asked) == (&text, &identity));
                place.map(|place| unanswered.swap_remove(place));
            }
            match finding {
                Finding::Found(found) => {
                    for found in found {
                        match found {
                            Ok((destination, _)) => {
                                let found = if matches!(kind, Kind::Address(..)) { &mut named } else { &mut led_to };
                                found.extend(destination.socket());
                            }
                            Err(why) => {
                                let at = why.address();
                                self.attempts.fail((&text, &identity), at, Stage::Connect, started, &why).await;
                            }
                        }
                    }
                }
                Finding::Ended(Ok(())) => {}
                Finding::Ended(Err(error)) => {
                    self.attempts.fail((&text, &identity), None, Stage::Resolve, started, &error).await;
                }
            }
            if !named.is_empty() || !led_to.is_empty() {
                until = until.min(Instant::now() + MORE);
            }
        }
        let is_stopped = self.attempts.stop.is_stopped();
        for (name, identity) in unanswered.into_iter().filter(|_| is_stopped) {
            let interrupted = Interrupted(started.elapsed());
            self.attempts.fail((&name, &identity), None, Stage::Resolve, started, &interrupted).await;
        }
        let known: HashSet<_> = named.iter().copied().collect();
        led_to.retain(|address| !known.contains(address));
        (named, led_to)
    }
}

async fn ask(attempts: Arc<Attempts>, testimony: Testimony, address: SocketAddr) {
    let call = Call::new(address.to_string().into(), Identity::Any, address);
    let mode = attempts.sides.chosen().dial_modes(Knowledge::Nothing).first;
    let (attempt, earlier) = attempts.reach(&call, mode, &mut attempts.timer()).await;
    attempts.report(&call, &attempt, earlier.as_deref()).await;
    let mut heard = testimony.heard();
    heard.dialled += 1;
    if let Some(introduced) = &attempt.introduced {
        heard.reached += 1;
        if let Some(us) = introduced.our_address() {
            heard.external.hear(address.ip(), us.ip());
        }
    }
}

/// Shuffles the addresses, then takes one of each network, then a second one of each, and so on.
fn take_turns(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.sort_unstable();
    addresses.dedup();
    addresses.shuffle(&mut rand::rng());
    let mut before = HashMap::new();
    let mut turns: Vec<_> = addresses
        .into_iter()
        .map(|address| {
            let nth: &mut usize = before.entry(Group::of(address.ip())).or_default();
            *nth += 1;
            (*nth, address)
        })
        .collect();
    turns.sort_by_key(|(nth, _)| *nth);
    turns.into_iter().map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    use discover::Group;

    use super::take_turns;

    #[test]
    fn every_network_has_its_turn_before_one_has_a_second() {
        let address = |group: u8, last: u8| SocketAddr::from(([9, group, 0, last], 8333));
        let crowd = (0..=255).map(|last| address(1, last));
        let turns = take_turns(crowd.chain((2..=20).map(|group| address(group, 1))).collect());
        let first: HashSet<_> = turns.iter().take(20).map(|turn| Group::of(turn.ip())).collect();
        assert_eq!((first.len(), turns.len()), (20, 256 + 19));
    }

    #[test]
    fn an_address_has_one_turn() {
        let address = "192.0.2.1:8333".parse().unwrap();
        assert_eq!(take_turns(vec![address; 3]), [address]);
    }
}
