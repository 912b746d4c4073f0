//! Finds out our public address, and prints it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use discover::external::MIN_GROUPS;
use discover::{Group, Majority};
use net::Stop;
use serde::Serialize;
use tokio::time::Instant;

use super::interrupt::interrupted;
use super::{Ended, concurrency, print_all, runtime, write_last};
use crate::args::{Format, Global, Whoami, refuse_variable};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, Unwritable, queue, write_json};
use crate::targets;
use probe::attempt::Attempts;
use probe::lookup::Lookup;
use probe::protocol::Sides;
use probe::report::in_milliseconds;
use probe::stamp::Stamp;
use probe::target::Target;
use probe::whoami::{Heard, Inquiry, Testimony};

/// Runs the command.
pub fn run(args: &Whoami, global: &Global) -> Result<Exit, Error> {
    refuse_variable("whoami")?;
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
        testimony: Testimony::default(),
    };
    let testimony = inquiry.testimony.clone();
    let screen = Screen::plain();
    let inquiring = tokio::spawn(inquiry.run(targets));
    let (mut ended, summary) = print_all(interrupted(), unprinted, screen.clone(), &stop).await;
    if let Ended::Done = ended {
        inquiring.await.expect("asking does not panic, and is not aborted");
    }
    let reasons = summary.unwrap_or_default().reasons;
    let answer = Answer::of(&testimony.so_far(), reasons, args, started);
    write_last(&screen, answer.to_text(global.format()), &mut ended).await;
    Ok(match ended {
        Ended::Interrupted => Exit::Interrupted,
        Ended::Unwritable(Unwritable::Failed) => Exit::Local,
        _ if answer.ipv4.is_some() || answer.ipv6.is_some() => Exit::Success,
        _ => Exit::NotReached,
    })
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
