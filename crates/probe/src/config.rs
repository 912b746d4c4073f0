//! A probe in a few lines: what a program chooses, and the usual for the rest.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use handshake::Stage;
use net::Stop;
use tokio::time::Instant;

use crate::attempt::{Attempt, Attempts, Call};
use crate::event::{Nobody, Observer};
use crate::key::Secret;
use crate::lookup::{Lookup, Rules, share_of};
use crate::protocol::{Choice, Knowledge, Misuse, Network, Sides, Values};
use crate::resolve::{Family, Options};
use crate::target::{BadTarget, Target};

/// What is chosen for a probe.
#[derive(Clone, Debug)]
pub struct Config {
    /// The network. Nodes that a target names by a key may be on any without it.
    pub network: Option<Network>,
    /// Options of protocols.
    pub values: Values,
    /// Our static key, for protocols that have one; a fresh one without it.
    pub key: Option<Secret>,
    /// Time for each attempt, its name included.
    pub timeout: Duration,
    /// Time for a connection alone, within that.
    pub connect_timeout: Duration,
    /// Whether addresses that are not globally routable are dialled even if only a name led to them.
    pub allow_private: bool,
    /// Is told what happens.
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
            observer: Arc::new(Nobody),
        }
    }
}

impl Config {
    /// On the network of this name, with the usual for the rest.
    ///
    /// # Errors
    /// If there is no network of the name.
    pub fn on(network: &str) -> Result<Self, Misuse> {
        let network = Network::named(network).ok_or_else(|| Misuse(format!("there is no network '{network}'")))?;
        Ok(Self { network: Some(network), ..Self::default() })
    }

    /// A probe.
    ///
    /// # Errors
    /// If options do not go together.
    pub fn probe(self) -> Result<Probe, Misuse> {
        let key = || Ok(self.key.clone());
        let sides = Sides::every(Choice { network: self.network.as_ref(), values: &self.values, key: &key })?;
        let attempts = Attempts {
            sides,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            bind: None,
            hold: None,
            closely: false,
            keys: Arc::default(),
            traces: false,
            ledger: Arc::default(),
            observer: self.observer,
            stop: Stop::new(),
        };
        let family = Family::Any;
        let options = Options { server: None, family, within: self.timeout };
        let rules = Rules { family, excluded: Arc::default(), bind: None, allow_private: self.allow_private };
        Ok(Probe { attempts, lookup: Lookup::new(options, rules) })
    }
}

/// Shakes hands with nodes.
#[derive(Debug)]
pub struct Probe {
    /// What all attempts have in common.
    pub attempts: Attempts,
    /// What finds the addresses behind targets.
    pub lookup: Lookup,
}

impl Probe {
    /// Shakes hands with every node behind a target, with all of them at once. What a name leads to and may not be dialled, and
    /// a name that leads nowhere, are attempts that failed.
    ///
    /// # Errors
    /// If the text is no target.
    pub async fn target(&self, text: &str) -> Result<Vec<Box<Attempt>>, BadTarget> {
        let mut attempts = Vec::new();
        for target in Target::parse(text)? {
            let side = self.attempts.sides.of(&target.identity);
            let transport = side.way_in().transport;
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
        let way = self.attempts.sides.of(&call.identity).ways(Knowledge::Named).first;
        self.attempts.reach(call, way, &mut self.attempts.timer()).await.0
    }
}
