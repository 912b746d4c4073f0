//! A probe in a few lines: the caller's choices, and defaults for the rest.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use handshake::Stage;
use tokio::time::Instant;

use crate::attempt::{Attempt, Attempts, Call};
use crate::event::{NoObserver, Observer};
use crate::key::Secret;
use crate::lookup::{Lookup, Rules, share_of};
use crate::protocol::{Choice, Knowledge, Misuse, Network, Sides, Values};
use crate::resolve::{Family, Options};
use crate::target::{BadTarget, Target};

/// The choices for a probe.
#[derive(Clone, Debug)]
pub struct Config {
    /// The network. Without one, nodes named by a key may be on any network.
    pub network: Option<Network>,
    /// Options of the protocols.
    pub values: Values,
    /// Our static key, for protocols that have one; without it each run makes a fresh key.
    pub key: Option<Secret>,
    /// Time limit of each attempt, including its name lookup.
    pub timeout: Duration,
    /// Time limit of one connection, within `timeout`.
    pub connect_timeout: Duration,
    /// Whether to dial addresses that are not globally routable and come only from a name.
    pub allow_private: bool,
    /// Receives the events.
    pub observer: Arc<dyn Observer>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            network: None,
            values: Values::default(),
            key: None,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            allow_private: false,
            observer: Arc::new(NoObserver),
        }
    }
}

impl Config {
    /// The network of this name, and defaults for the rest.
    ///
    /// # Errors
    /// If no network has this name.
    pub fn on(network: &str) -> Result<Self, Misuse> {
        let network = Network::named(network).ok_or_else(|| Misuse(format!("there is no network '{network}'")))?;
        Ok(Self { network: Some(network), ..Self::default() })
    }

    /// Makes the probe.
    ///
    /// # Errors
    /// If options contradict each other.
    pub fn probe(self) -> Result<Probe, Misuse> {
        let key = || Ok(self.key.clone());
        let sides = Sides::every(Choice { network: self.network.as_ref(), values: &self.values, key: &key })?;
        let attempts =
            Attempts { connect_timeout: self.connect_timeout, ..Attempts::new(sides, self.timeout, self.observer) };
        let family = Family::Any;
        let options = Options { server: None, family, within: self.timeout };
        let rules = Rules {
            family,
            excluded: Arc::default(),
            bind: None,
            allow_private: self.allow_private,
            routes: Arc::default(),
        };
        Ok(Probe { attempts, lookup: Lookup::new(options, rules) })
    }
}

/// Performs handshakes with nodes.
#[derive(Debug)]
pub struct Probe {
    /// What all attempts share.
    pub attempts: Attempts,
    /// Finds the addresses behind targets.
    pub lookup: Lookup,
}

impl Probe {
    /// Performs a handshake with every node behind a target, all at once. A name that leads nowhere, and an address
    /// behind a name that must not be dialled, count as failed attempts.
    ///
    /// # Errors
    /// If the text is not a target.
    pub async fn target(&self, text: &str) -> Result<Vec<Box<Attempt>>, BadTarget> {
        let mut attempts = Vec::new();
        for target in Target::parse(text)? {
            let side = self.attempts.sides.of(&target.identity);
            let transport = side.accept_mode().transport;
            let (started, mut all) = (Instant::now(), Vec::new());
            let deadline = started + share_of(self.attempts.timeout);
            let ended = self.lookup.find(&target, side.port(), deadline, |found| all.extend(found)).await;
            if let Err(error) = ended {
                attempts.push(Attempt::failed(Stage::Resolve, &error, transport, started));
            }
            let spent = started.elapsed();
            let mut calls = Vec::new();
            for found in all {
                match found {
                    Ok((address, identity)) => {
                        calls.push(Call { spent, ..Call::new(target.text.clone(), identity, address) });
                    }
                    Err(why) => attempts.push(Attempt::failed(Stage::Connect, &why, transport, started)),
                }
            }
            attempts.extend(join_all(calls.iter().map(|call| self.call(call))).await);
        }
        Ok(attempts)
    }

    async fn call(&self, call: &Call) -> Box<Attempt> {
        let mode = self.attempts.sides.of(&call.identity).dial_modes(Knowledge::Named).first;
        self.attempts.reach(call, mode, &mut self.attempts.timer()).await.0
    }
}
