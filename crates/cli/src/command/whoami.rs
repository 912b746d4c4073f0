//! Finds out our public address: by the majority of several peers in different networks, since one peer may err or lie.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use discover::external::MIN_GROUPS;
use discover::{External, Group, Majority, Turn};
use handshake::Stage;
use net::Stop;
use rand::seq::SliceRandom;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::interrupt::interrupted;
use super::{Ended, concurrency, print_all, runtime, write_last};
use crate::args::{Format, Global, Whoami};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, Unwritable, queue, write_json};
use crate::targets;
use probe::attempt::{Attempts, Call};
use probe::event::Event;
use probe::lookup::{Finding, Interrupted, Lookup, share_of};
use probe::pacing::{Led, Pacing, moment};
use probe::protocol::{Identity, Knowledge, Sides};
use probe::report::in_milliseconds;
use probe::stamp::Stamp;
use probe::target::{Kind, Target};

/// Runs the command.
pub fn run(args: &Whoami, global: &Global) -> Result<Exit, Error> {
    let network = args.introduction.network();
    if !network.protocol.tells_our_address() {
        return Err(Error::Usage(format!("the nodes of {} do not say how they see us", network.name)));
    }
    let targets = match &args.targets[..] {
        [] => args.introduction.dns_seeds()?.into_iter().map(Target::from).collect(),
        targets => targets::read_all(targets.iter().map(String::as_str))?,
    };
    let sides = args.introduction.choose(|choice| Sides::gossiping(choice, &targets))?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(whoami(args, global, (sides, targets), concurrency));
    runtime.shutdown_background();
    result
}

async fn whoami(
    args: &Whoami,
    global: &Global,
    (sides, targets): (Sides, Vec<Target>),
    concurrency: usize,
) -> Result<Exit, Error> {
    let started = Instant::now();
    let (results, unprinted) = queue(Printer::without_summary(global, global.format() == Format::Json), None);
    let port = args.dialling.port.unwrap_or(sides.chosen().port());
    let timeout = args.bounds.timeout;
    let stop = Stop::new();
    let attempts = Arc::new(Attempts {
        connect_timeout: args.dialling.connect_timeout,
        bind: args.dialling.bind,
        traces: global.trace.is_some(),
        stop: stop.clone(),
        ..Attempts::new(sides, timeout, Arc::new(results))
    });
    let inquiry = Inquiry {
        attempts,
        lookup: Lookup::new(args.dialling.lookup(timeout), args.dialling.rules()?),
        port,
        concurrency,
        pacing: args.dialling.pacing(),
        peers: args.peers,
        heard: Arc::default(),
    };
    let heard = inquiry.heard.clone();
    let screen = Screen::plain();
    let inquiring = tokio::spawn(inquiry.run(targets));
    let (mut ended, summary) = print_all(interrupted(), unprinted, screen.clone(), &stop).await;
    if let Ended::Done = ended {
        inquiring.await.expect("asking does not panic, and is not aborted");
    }
    let reasons = summary.unwrap_or_default().reasons;
    let answer = Answer::of(&heard.lock().unwrap_or_else(PoisonError::into_inner), reasons, args, started);
    write_last(&screen, answer.to_text(global.format()), &mut ended).await;
    Ok(match ended {
        Ended::Interrupted => Exit::Interrupted,
        Ended::Unwritable(Unwritable::Failed) => Exit::Local,
        _ if answer.ipv4.is_some() || answer.ipv6.is_some() => Exit::Success,
        _ => Exit::NotReached,
    })
}

/// The peers' answers.
#[derive(Debug, Default)]
struct Heard {
    external: External,
    /// Peers with a completed handshake.
    reached: usize,
    /// Dialled peers.
    dialled: usize,
}

/// Which peers to ask, and how.
struct Inquiry {
    attempts: Arc<Attempts>,
    lookup: Lookup,
    port: u16,
    concurrency: usize,
    pacing: Pacing,
    peers: usize,
    heard: Arc<Mutex<Heard>>,
}

impl Inquiry {
    /// Asks one peer in each network after the other, until enough have answered.
    async fn run(self, targets: Vec<Target>) {
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
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).external.heard();
            if heard >= self.peers {
                return;
            }
            let room = (self.peers - heard).min(self.concurrency);
            let mut wake = None;
            while asking.len() < room && wake.is_none() {
                match waiting.next(started.elapsed()) {
                    Turn::Go(address) => {
                        asking.spawn(ask(self.attempts.clone(), self.heard.clone(), address));
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
                            Ok((address, _)) if matches!(kind, Kind::Address(..)) => named.push(address),
                            Ok((address, _)) => led_to.push(address),
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

async fn ask(attempts: Arc<Attempts>, heard: Arc<Mutex<Heard>>, address: SocketAddr) {
    let call = Call::new(address.to_string().into(), Identity::Any, address);
    let way = attempts.sides.chosen().dial_modes(Knowledge::Nothing).first;
    let (attempt, earlier) = attempts.reach(&call, way, &mut attempts.timer()).await;
    attempts.report(&call, &attempt, earlier.as_deref()).await;
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The result. The JSON form is stable: fields are added, never renamed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "whoami")]
struct Answer {
    /// When the question was first asked.
    started: Stamp,
    chain: &'static str,
    /// Our address, if enough networks agree.
    ipv4: Option<Seen>,
    ipv6: Option<Seen>,
    /// Dialled peers,
    dialled: usize,
    /// the number of them that introduced themselves,
    reached: usize,
    /// and the number of networks that named our address.
    heard: usize,
    elapsed_ms: f64,
    /// Why others were not reached, for people; JSON has a line for each.
    #[serde(skip)]
    reasons: BTreeMap<&'static str, u64>,
}

/// An address with enough agreement.
#[derive(Debug, Serialize)]
struct Seen {
    address: String,
    /// The number of networks that say so,
    agreed: usize,
    /// of this many.
    of: usize,
    dissenters: Vec<Dissenter>,
}

/// A network with another answer.
#[derive(Debug, Serialize)]
struct Dissenter {
    network: String,
    address: String,
}

impl Answer {
    fn of(heard: &Heard, reasons: BTreeMap<&'static str, u64>, args: &Whoami, started: Instant) -> Self {
        let seen = |ipv6| heard.external.majority(ipv6).map(Seen::from);
        Self {
            started: Stamp::of(started),
            chain: args.introduction.network().name,
            ipv4: seen(false),
            ipv6: seen(true),
            dialled: heard.dialled,
            reached: heard.reached,
            heard: heard.external.heard(),
            elapsed_ms: in_milliseconds(started.elapsed()),
            reasons,
        }
    }

    fn to_text(&self, format: Format) -> Vec<u8> {
        let seen = || {
            [("ipv4", &self.ipv4), ("ipv6", &self.ipv6)]
                .into_iter()
                .filter_map(|(family, seen)| Some((family, seen.as_ref()?)))
        };
        let mut text = String::new();
        match format {
            Format::Json => {
                let mut line = Vec::new();
                write_json(&mut line, self);
                return line;
            }
            Format::Csv => {
                text += "family,address,agreed,of,started\n";
                for (family, Seen { address, agreed, of, .. }) in seen() {
                    let _ = writeln!(text, "{family},{address},{agreed},{of},{}", self.started);
                }
            }
            Format::Human => {
                for (_, Seen { address, agreed, of, dissenters }) in seen() {
                    let _ = writeln!(text, "{address}  (so say peers in {agreed} of {of} networks)");
                    for Dissenter { network, address } in dissenters {
                        let _ = writeln!(text, "  {network} says {address}");
                    }
                }
                if text.is_empty() {
                    let Self { dialled, reached, heard, .. } = self;
                    let _ = writeln!(
                        text,
                        "not known: of {dialled} peers {reached} introduced themselves, and in {heard} networks they say \
                         how they see us; at least {MIN_GROUPS}, and more than half, must say the same"
                    );
                    for (reason, count) in self.reasons.iter().filter(|(reason, _)| **reason != "ok") {
                        let _ = writeln!(text, "{count:>7}  {reason}");
                    }
                }
            }
        }
        text.into_bytes()
    }
}

impl From<Majority> for Seen {
    fn from(Majority { address, agreed, of, dissenters }: Majority) -> Self {
        let dissenter =
            |(group, us): (Group, std::net::IpAddr)| Dissenter { network: group.to_string(), address: us.to_string() };
        Self { address: address.to_string(), agreed, of, dissenters: dissenters.into_iter().map(dissenter).collect() }
    }
}
