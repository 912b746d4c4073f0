//! Asks the node behind a target for the addresses that it knows.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use verack_probe::Config;
//! use verack_probe::ask::Ask;
//! use verack_probe::event::{Event, Observer};
//! use verack_probe::target::Target;
//!
//! #[derive(Debug)]
//! struct Printer;
//!
//! impl Observer for Printer {
//!     fn on(&self, event: Event<'_>) {
//!         if let Event::Answered(answer) = event {
//!             answer.asked.told.iter().for_each(|told| println!("{}", told.endpoint));
//!         }
//!     }
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { observer: Arc::new(Printer), ..Config::on("bitcoin")? };
//! Ask::with(config.probe()?).run(&Target::any("seed.bitcoin.sipa.be")?).await;
//! # Ok(())
//! # }
//! ```

use std::net::{IpAddr, Ipv4Addr};

use discover::{Paced, Turn};
use handshake::Stage;
use net::Outcome;
use tokio::time::Instant;

use crate::Probe;
use crate::attempt::{Attempts, Call};
use crate::destination::Destination;
use crate::event::Event;
use crate::lookup::{Finding, Interrupted, Lookup, share_of};
use crate::pacing::{Led, Pacing, moment};
use crate::protocol::{Asked, Knowledge, Side};
use crate::stamp::Stamp;
use crate::target::{Kind, Target};

/// Asks a node for addresses.
#[derive(Debug)]
pub struct Ask {
    /// The attempts. They hold a connection for as long as the node may take for its answer.
    pub attempts: Attempts,
    /// Finds the addresses of the target, and says which may be dialled.
    pub lookup: Lookup,
    /// The port of a target without one.
    pub port: u16,
    /// The rate limits.
    pub pacing: Pacing,
}

/// The answer of a node.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// When we dialled the node.
    pub started: Stamp,
    /// The target as the user wrote it.
    pub target: &'a str,
    /// The node's address.
    pub address: &'a Destination,
    /// Our side of the protocol.
    pub side: &'a dyn Side,
    /// The answer.
    pub asked: &'a Asked,
}

impl Ask {
    /// Asks with the settings of a probe, and the defaults of its network. A node may take as long for its answer as for
    /// the handshake.
    pub fn with(Probe { attempts, lookup }: Probe) -> Self {
        let (hold, port) = (Some(attempts.timeout), attempts.sides.chosen().port());
        Self { attempts: Attempts { hold, ..attempts }, lookup, port, pacing: Pacing::default() }
    }

    /// Asks each address behind the target as it is found, until one shares addresses. Returns whether one did. Attempts
    /// and [answers](Event::Answered) are events.
    pub async fn run(&self, target: &Target) -> bool {
        let Target { text, identity, kind } = target;
        let started = Instant::now();
        let mut waiting = self.pacing.queue();
        let led = if let Kind::Address(..) = kind { Led::ByUser } else { Led::ByName };
        let mut findings = self.lookup.start(target, self.port, started + share_of(self.attempts.timeout));
        loop {
            let finding = tokio::select! {
                biased;
                finding = findings.recv() => finding,
                () = self.attempts.stop.stopped() => {
                    let interrupted = Interrupted(started.elapsed());
                    self.attempts.fail((text, identity), None, Stage::Resolve, started, &interrupted).await;
                    break;
                }
            };
            let Some(finding) = finding else { break };
            let found = match finding {
                Finding::Found(found) => found,
                Finding::Ended(Ok(())) => break,
                Finding::Ended(Err(error)) => {
                    self.attempts.fail((text, identity), None, Stage::Resolve, started, &error).await;
                    break;
                }
            };
            let spent = started.elapsed().min(share_of(self.attempts.timeout));
            for found in found {
                match found {
                    Ok((destination, _)) => {
                        // For the pace, all that is behind a proxy is one network.
                        let behind_proxy = IpAddr::from(Ipv4Addr::UNSPECIFIED);
                        let ip = destination.socket().map_or(behind_proxy, |address| address.ip());
                        self.pacing.push(&mut waiting, led, ip, destination, started.elapsed());
                    }
                    Err(why) => {
                        self.attempts.fail((text, identity), why.address(), Stage::Connect, started, &why).await;
                    }
                }
            }
            while let Some(destination) = self.next_of(&mut waiting, started).await {
                let call = Call { spent, ..Call::new(text.clone(), identity.clone(), destination) };
                if self.ask_at(&call).await {
                    return true;
                }
            }
        }
        false
    }

    /// The next address, once it is due; `None` if no more wait, or the run stops.
    async fn next_of(&self, waiting: &mut Paced<Destination>, started: Instant) -> Option<Destination> {
        let stop = &self.attempts.stop;
        while !stop.is_stopped() {
            let at = match waiting.next(started.elapsed()) {
                Turn::Go(destination) => return Some(destination),
                Turn::Wait(at) => started + at,
                Turn::Empty => return None,
            };
            tokio::select! {
                biased;
                () = stop.stopped() => {}
                () = moment(Some(at)) => {}
            }
        }
        self.attempts.observer.on(Event::NotTried(waiting.len()));
        *waiting = self.pacing.queue();
        None
    }

    async fn ask_at(&self, call: &Call) -> bool {
        let side = self.attempts.sides.of(&call.identity);
        let modes = side.dial_modes(Knowledge::Named);
        let visit = self.attempts.visit(call, modes, &mut self.attempts.timer()).await;
        for tried in &visit.attempts {
            self.attempts.report(call, &tried.attempt, tried.earlier.as_deref()).await;
        }
        let Some(asked) = &visit.asked else { return false };
        let (started, target, address) = (visit.best().started, &*call.target, &call.destination);
        self.attempts.observer.on(Event::Answered(&Answer { started, target, address, side, asked }));
        asked.verdict.outcome() == Outcome::Ok
    }
}
