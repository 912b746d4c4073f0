//! Finds out what listens at an address.

mod answer;
mod plan;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handshake::{Fault as _, Stage};
use net::{Outcome, Stop, Timer};
use tokio::time::{Instant, sleep_until};

use self::answer::{Answer, Known, Tried};
use self::plan::{MOST, Try, tries};
use super::interrupt::interrupted;
use super::{Ended, print_all, runtime};
use crate::args::{Global, Identify};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, queue};
use probe::attempt::silence::{Silence, watch_silently};
use probe::attempt::{Attempt, Attempts, Call, Keys};
use probe::event::Observer;
use probe::lookup::{Finding, Interrupted, Lookup, Rules};
use probe::protocol::{Bitcoin, BitcoinOptions, Knowledge, Monero, MoneroOptions, Side, Values, protocol_named};
use probe::resolve::Options;
use probe::target::{Kind, Target};

/// Minimum time between the starts of two connections: to a node, we look like a peer that reconnects.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(args: &Identify, global: &Global) -> Result<Exit, Error> {
    let text = args.target.escape_debug();
    let target = Target::parse(&args.target)
        .map_err(|error| Error::Usage(format!("'{text}' is not a target: {error}")))?
        .into_iter()
        .next()
        .expect("a text names one at least");
    if matches!(target.kind, Kind::Address(_, None) | Kind::Name(_, None) | Kind::Listed(..)) && !has_default(&target) {
        return Err(Error::Usage(format!("'{text}' names no port: give HOST:PORT")));
    }
    let runtime = runtime()?;
    let result = runtime.block_on(identify(args, global, target));
    runtime.shutdown_background();
    result
}

/// Whether its protocol has a default port for the target.
fn has_default(target: &Target) -> bool {
    target.identity.protocol().is_some_and(|protocol| protocol.name() == "lightning")
        && !matches!(target.kind, Kind::Listed(..))
}

async fn identify(args: &Identify, global: &Global, target: Target) -> Result<Exit, Error> {
    /// Lightning's port on Bitcoin, for targets without one. (BOLT 1)
    const DEFAULT_PORT: u16 = 9735;
    let (results, unprinted) = queue(Printer::without_summary(global, true), None);
    let (timeout, family) = (args.timeout, args.family());
    let options = Options { server: args.resolver, family, within: timeout };
    let rules = Rules { family, excluded: Arc::default(), bind: None, allow_private: args.allow_private };
    let lookup = Lookup::new(options, rules);
    let stop = Stop::new();
    let search = Search { timeout, keys: Arc::default(), observer: Arc::new(results), stop: stop.clone() };
    let searching = tokio::spawn(async move {
        let attempts = search.attempts(side(Try::Libp2p)?);
        let Some(address) = first_address(&lookup, &target, DEFAULT_PORT, &attempts).await else { return Ok(None) };
        let answer = search.at(&target, address).await?;
        Ok(Some(answer))
    });
    let screen = Screen::plain();
    let (ended, _) = print_all(interrupted(), unprinted, screen.clone(), &stop).await;
    match ended {
        Ended::Interrupted => return Ok(Exit::Interrupted),
        Ended::Unwritable(why) => return Ok(why.exit()),
        Ended::Done => {}
    }
    let answer: Result<Option<Answer>, Error> = searching.await.expect("searching does not panic, and is not aborted");
    let Some(answer) = answer? else { return Ok(Exit::NotReached) };
    let mut ended = ended;
    super::write_last(&screen, answer.to_text(global.format()), &mut ended).await;
    Ok(match ended {
        Ended::Unwritable(why) => why.exit(),
        _ if answer.known.is_some() => Exit::Success,
        _ => Exit::NotReached,
    })
}

/// The first permitted address behind a target. Reports why others are not permitted, and why there is none.
async fn first_address(lookup: &Lookup, target: &Target, port: u16, attempts: &Attempts) -> Option<SocketAddr> {
    let started = Instant::now();
    let who = (&*target.text, &target.identity);
    let mut findings = lookup.start(target, port, started + attempts.timeout);
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
                Ok((address, _)) => return Some(address),
                Err(why) => attempts.fail(who, why.address(), Stage::Connect, started, &why).await,
            }
        }
    }
    None
}

/// How to try an address.
#[derive(Debug)]
struct Search {
    /// Time limit of each connection.
    timeout: Duration,
    /// Spaces the keys that we send to the host.
    keys: Arc<Keys>,
    observer: Arc<dyn Observer>,
    /// Cancels the connections.
    stop: Stop,
}

impl Search {
    /// Tries one connection after the other, until one identifies the node.
    async fn at(&self, target: &Target, address: SocketAddr) -> Result<Answer, Error> {
        let all = tries(&target.identity, address.port());
        let mut answer = Answer::new(&target.text, address, &target.identity);
        let mut timer = Timer::until(&self.stop);
        let mut connections = 0;
        for (n, &one) in all.iter().enumerate() {
            let started = Instant::now();
            let (tried, known) = match one {
                Try::Silence => self.in_silence(address, &mut timer).await,
                other => self.try_one(other, target, address, &mut timer).await?,
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
                (tried("spoke", format!("said \"{}\"", handshake::Printable(&bytes))), known)
            }
            Err(error) => (Tried { connected: false, ..tried(error.code(), error.to_string()) }, None),
        }
    }

    /// Performs the handshake.
    async fn try_one(
        &self,
        one: Try,
        target: &Target,
        address: SocketAddr,
        timer: &mut Timer,
    ) -> Result<(Tried, Option<Known>), Error> {
        let attempts = self.attempts(side(one)?);
        let call = Call::new(target.text.clone(), target.identity.clone(), address);
        let side = attempts.sides.of(&call.identity);
        let way = side.dial_modes(Knowledge::Nothing).first;
        let (attempt, _) = attempts.reach(&call, way, timer).await;
        let detail = match attempt.introduced.as_ref().filter(|_| attempt.verdict.outcome() == Outcome::Ok) {
            Some(introduced) => introduced.to_string(),
            None => attempt.verdict.detail().to_owned(),
        };
        let known = known(side, &attempt);
        let connected = attempt.verdict.stage() > handshake::Stage::Connect;
        let connections = attempt.connections;
        Ok((Tried { what: one.to_string(), connected, connections, outcome: attempt.verdict.reason(), detail }, known))
    }

    fn attempts(&self, side: Box<dyn Side>) -> Attempts {
        let (keys, stop) = (self.keys.clone(), self.stop.clone());
        Attempts { keys, stop, ..Attempts::new(side.into(), self.timeout, self.observer.clone()) }
    }
}

/// Our side for a connection.
fn side(one: Try) -> Result<Box<dyn Side>, Error> {
    Ok(match one {
        Try::Bitcoin(chain, transport) => {
            Box::new(Bitcoin::new(chain, &BitcoinOptions { transport, ..BitcoinOptions::default() })?)
        }
        Try::Monero(network) => Box::new(Monero::new(network, &MoneroOptions::default())),
        Try::Silence | Try::Libp2p => plain("libp2p")?,
        Try::Keyed(protocol) => plain(protocol.name())?,
    })
}

/// Our side of a protocol, with default options.
fn plain(name: &str) -> Result<Box<dyn Side>, Error> {
    let protocol = protocol_named(name).expect("it is one of ours");
    Ok(protocol.configure(None, &Values::default(), None)?)
}

/// A protocol's reasons that do not prove that the peer speaks it.
const SAYS_NOTHING: [&str; 6] = [
    "bitcoin.no-message",
    "bitcoin.v2.no-terminator",
    "libp2p.not-libp2p",
    "monero.not-levin",
    "ethereum.not-rlpx",
    "lightning.version",
];

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
    match verdict.reason() {
        _ if bytes.received == 0 || !has_spoken_it => None,
        reason if SAYS_NOTHING.contains(&reason) => None,
        // The magic of an unknown network.
        "bitcoin.magic" => Some(of(Vec::new())),
        "bitcoin.not-bitcoin" => Some(Known::service(verdict.detail())),
        _ => Some(of(ours())),
    }
}
