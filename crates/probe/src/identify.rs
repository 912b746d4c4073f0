//! Finds out what listens at an address: which protocol, on which network.
//!
//! ```text
//! silence ─ 1 s ─▶ what the port suggests ─ 1 s ─▶ what most nodes speak ─ 1 s ─▶ …    until one is answered
//! ```
//! ```no_run
//! use std::time::Duration;
//!
//! use verack_probe::identify::Identify;
//! use verack_probe::target::Target;
//! use verack_probe::{Config, Probe};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let Probe { lookup, .. } = Config::default().probe()?;
//! let identify = Identify::new(Target::any("192.0.2.1:8333")?, Duration::from_secs(3))?;
//! if let Some(known) = identify.run(&lookup).await?.and_then(|identified| identified.known) {
//!     println!("{}", known.protocol.unwrap_or("another service"));
//! }
//! # Ok(())
//! # }
//! ```

mod plan;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handshake::{Banner, Fault as _, Printable, Stage};
use net::{Outcome, Stop, Timer};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

pub use self::plan::MOST;
use self::plan::{Try, candidates, needs_key, tries};
use crate::attempt::silence::{Silence, watch_silently};
use crate::attempt::{Attempt, Attempts, Call, Keys};
use crate::event::{NoObserver, Observer};
use crate::lookup::{Finding, Interrupted, Lookup};
use crate::protocol::{Candidate, Evidence, Knowledge, Misuse, Side};
use crate::stamp::Stamp;
use crate::target::{Kind, Target};

/// Minimum time between the starts of two connections: to a node, we look like a peer that reconnects.
const PAUSE: Duration = Duration::from_secs(1);

/// Identifies the node behind a target.
#[derive(Debug)]
pub struct Identify {
    target: Target,
    /// Time limit of the name lookup, and of each connection.
    pub timeout: Duration,
    /// Receives the events: which addresses are not dialled, and why the target leads nowhere.
    pub observer: Arc<dyn Observer>,
    /// Cancels the search.
    pub stop: Stop,
    /// Spaces the keys that we send to the host.
    keys: Arc<Keys>,
}

/// The target has no port, and its protocol has no default port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names no port: give HOST:PORT")]
pub struct NoPort;

/// The result for an address. The JSON form is stable: fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "identify")]
pub struct Identified {
    /// When the first connection began.
    pub started: Stamp,
    /// The target as the user wrote it.
    pub target: String,
    /// The address.
    pub address: SocketAddr,
    /// What listens there, if known.
    pub known: Option<Known>,
    /// Each connection.
    pub tried: Vec<Tried>,
    /// Connections that a higher limit would allow.
    pub not_tried: Vec<String>,
    /// Protocols that cannot be tried without the node's key.
    pub needs_key: Vec<&'static str>,
}

/// What listens at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The protocol; `None` for another kind of service.
    pub protocol: Option<&'static str>,
    /// The networks that it may be on, as far as we can tell; empty for an unknown network.
    pub chains: Vec<String>,
    /// The transport.
    pub transport: Option<&'static str>,
    /// The name of its program.
    pub agent: Option<String>,
    /// How it behaves, if it is another kind of service: `answers with HTTP`.
    pub service: Option<String>,
}

/// One connection, and its result.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The protocol that we tried.
    pub what: String,
    /// Whether it opened.
    pub connected: bool,
    /// How many connections that took.
    #[serde(skip)]
    pub connections: usize,
    /// A reason code as in every report; `silent` or `spoke` if we sent nothing.
    pub outcome: &'static str,
    /// One plain sentence.
    pub detail: String,
}

impl Identified {
    /// Before the first connection.
    fn begun(target: &Target, address: SocketAddr) -> Self {
        let needs_key = needs_key(&target.identity, address.port());
        let (started, target) = (Stamp::now(), target.text.to_string());
        Self { started, target, address, known: None, tried: Vec::new(), not_tried: Vec::new(), needs_key }
    }
}

impl Known {
    /// Another kind of service that spoke first.
    fn of_first_words(bytes: &[u8]) -> Option<Self> {
        Banner::of(bytes).map(|banner| Self::service(&banner.to_string().replace("answers with", "greets with")))
    }

    /// Another kind of service.
    fn service(what: &str) -> Self {
        Self { protocol: None, chains: Vec::new(), transport: None, agent: None, service: Some(what.to_owned()) }
    }
}

impl Identify {
    /// With this time limit for the name lookup, and for each connection.
    ///
    /// # Errors
    /// If the target has no port, and its protocol has no default port.
    pub fn new(target: Target, timeout: Duration) -> Result<Self, NoPort> {
        let has_port = match target.kind {
            Kind::Address(_, None) | Kind::Name(_, None) => target.identity.protocol().is_some(),
            Kind::Listed(..) => false,
            _ => true,
        };
        if !has_port {
            return Err(NoPort);
        }
        let (observer, stop, keys) = (Arc::new(NoObserver), Stop::new(), Arc::default());
        Ok(Self { target, timeout, observer, stop, keys })
    }

    /// Tries the first permitted address behind the target. `None` if there is none, which an event explains.
    ///
    /// # Errors
    /// If a protocol cannot be configured without options.
    pub async fn run(&self, lookup: &Lookup) -> Result<Option<Identified>, Misuse> {
        // A lookup that fails is reported in a protocol that names no network.
        let candidates = candidates(&self.target.identity, 0);
        let general = candidates.iter().find(|candidate| candidate.network.is_none()).or(candidates.first());
        let attempts = self.attempts(general.expect("Bitcoin is among them").side()?);
        match self.first_address(lookup, &attempts).await {
            Some(address) => self.at(address).await.map(Some),
            None => Ok(None),
        }
    }

    /// The first permitted address behind the target. Reports why others are not permitted, and why there is none.
    async fn first_address(&self, lookup: &Lookup, attempts: &Attempts) -> Option<SocketAddr> {
        let started = Instant::now();
        let who = (&*self.target.text, &self.target.identity);
        let mut findings = lookup.start(&self.target, attempts.sides.chosen().port(), started + attempts.timeout);
        loop {
            let finding = tokio::select! {
                biased;
                finding = findings.recv() => finding?,
                () = attempts.stop.stopped() => {
                    attempts.fail(who, None, Stage::Resolve, started, &Interrupted(started.elapsed())).await;
                    break;
                }
            };
            let found = match finding {
                Finding::Found(found) => found,
                Finding::Ended(Ok(())) => break,
                Finding::Ended(Err(error)) => {
                    attempts.fail(who, None, Stage::Resolve, started, &error).await;
                    break;
                }
            };
            for found in found {
                match found {
                    // Without a proxy a lookup leads to sockets alone.
                    Ok((destination, _)) => {
                        if let Some(address) = destination.socket() {
                            return Some(address);
                        }
                    }
                    Err(why) => attempts.fail(who, why.address(), Stage::Connect, started, &why).await,
                }
            }
        }
        None
    }

    /// Tries one connection after the other, until one identifies the node.
    async fn at(&self, address: SocketAddr) -> Result<Identified, Misuse> {
        let all = tries(&self.target.identity, address.port());
        let mut answer = Identified::begun(&self.target, address);
        let mut timer = Timer::until(&self.stop);
        let mut connections = 0;
        for (n, one) in all.iter().enumerate() {
            let started = Instant::now();
            let (tried, known) = match one {
                Try::Silence => self.in_silence(address, &mut timer).await,
                Try::Handshake(candidate) => self.try_one(candidate, address, &mut timer).await?,
            };
            connections += tried.connections;
            let has_no_connection = !tried.connected;
            answer.tried.push(tried);
            answer.known = known;
            // An unreachable address stays unreachable with another protocol.
            if answer.known.is_some() || (n == 0 && has_no_connection) {
                break;
            }
            if connections >= MOST || n + 1 == all.len() {
                break;
            }
            tokio::select! {
                biased;
                () = self.stop.stopped() => break,
                () = sleep_until(started + PAUSE) => {}
            }
        }
        answer.not_tried = all[answer.tried.len()..].iter().map(ToString::to_string).collect();
        Ok(answer)
    }

    /// Sends nothing, for as long as the next connection must wait.
    async fn in_silence(&self, address: SocketAddr, timer: &mut Timer) -> (Tried, Option<Known>) {
        let tried = |outcome, detail: String| Tried {
            what: Try::Silence.to_string(),
            connected: true,
            connections: 1,
            outcome,
            detail,
        };
        match watch_silently(address, self.timeout, PAUSE, timer).await {
            Ok(Silence::Closed) => (tried("closed", "closed before we said anything".to_owned()), None),
            Ok(Silence::Kept | Silence::Unknown) => {
                (tried("silent", "said nothing as long as we did".to_owned()), None)
            }
            Ok(Silence::Spoke(bytes)) => {
                let known = Known::of_first_words(&bytes);
                (tried("spoke", format!("said \"{}\"", Printable(&bytes))), known)
            }
            Err(error) => (Tried { connected: false, ..tried(error.code(), error.to_string()) }, None),
        }
    }

    /// Performs the handshake.
    async fn try_one(
        &self,
        candidate: &Candidate,
        address: SocketAddr,
        timer: &mut Timer,
    ) -> Result<(Tried, Option<Known>), Misuse> {
        let attempts = self.attempts(candidate.side()?);
        let Target { text, identity, .. } = &self.target;
        let call = Call::new(text.clone(), identity.clone(), address);
        let side = attempts.sides.of(&call.identity);
        let mode = side.dial_modes(Knowledge::Nothing).first;
        let (attempt, _) = attempts.reach(&call, mode, timer).await;
        let detail = match attempt.introduced.as_ref().filter(|_| attempt.verdict.outcome() == Outcome::Ok) {
            Some(introduced) => introduced.to_string(),
            None => attempt.verdict.detail().to_owned(),
        };
        let known = known(side, &attempt);
        let connected = attempt.verdict.stage() > Stage::Connect;
        let (what, connections) = (candidate.name.clone(), attempt.connections);
        Ok((Tried { what, connected, connections, outcome: attempt.verdict.reason(), detail }, known))
    }

    fn attempts(&self, side: Box<dyn Side>) -> Attempts {
        let (keys, stop) = (self.keys.clone(), self.stop.clone());
        Attempts { keys, stop, ..Attempts::new(side.into(), self.timeout, self.observer.clone()) }
    }
}

/// What an attempt shows about the node, if it shows anything.
fn known(side: &dyn Side, attempt: &Attempt) -> Option<Known> {
    let Attempt { verdict, introduced, elsewhere, bytes, .. } = attempt;
    let of = |chains: Vec<String>| Known {
        protocol: Some(side.protocol().name()),
        chains,
        transport: attempt.transport.name,
        agent: introduced.as_ref().map(|introduced| introduced.agent()).filter(|agent| !agent.is_empty()),
        service: None,
    };
    let ours = || side.networks_like_ours();
    if matches!(verdict.outcome(), Outcome::Ok | Outcome::Partial) {
        return Some(of(ours()));
    }
    if !elsewhere.is_empty() {
        return Some(of(elsewhere.iter().map(ToString::to_string).collect()));
    }
    let has_spoken_it = verdict.reason().split_once('.').is_some_and(|(family, _)| family == side.protocol().name());
    if bytes.received == 0 || !has_spoken_it {
        return None;
    }
    match side.protocol().evidence(verdict.reason()) {
        Evidence::Nothing => None,
        Evidence::OurNetwork => Some(of(ours())),
        Evidence::UnknownNetwork => Some(of(Vec::new())),
        Evidence::OtherService => Some(Known::service(verdict.detail())),
    }
}
