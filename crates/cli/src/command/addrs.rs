//! Asks one peer for the addresses that it knows, and prints the answer.

mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use discover::{Paced, Turn};
use handshake::Stage;
use net::{Outcome, Stop};
use tokio::time::Instant;

use self::table::Answer;
use super::interrupt::interrupted;
use super::{Ended, concurrency, print_all, runtime};
use crate::args::{Addrs, Format, Global};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Results, Screen, queue};
use probe::attempt::{Attempts, Call};
use probe::event::Event;
use probe::lookup::{Finding, Interrupted, Lookup, share_of};
use probe::pacing::{Led, Pacing, moment};
use probe::protocol::{Knowledge, Sides};
use probe::target::{Kind, Target};

/// Runs the command.
pub fn run(args: &Addrs, global: &Global) -> Result<Exit, Error> {
    let bad = |error| Error::Usage(format!("'{}' is not a target: {error}", args.target.escape_debug()));
    let targets = Target::parse(&args.target).map_err(bad)?;
    let sides = args.introduction.choose(|choice| Sides::gossiping(choice, &targets))?;
    let target = targets.into_iter().next().expect("a text names one at least");
    // One peer needs few files; this only warns of a limit that is too low even for that.
    let _ = concurrency(Some(1));
    let runtime = runtime()?;
    let result = runtime.block_on(addrs(args, global, sides, target));
    runtime.shutdown_background();
    result
}

async fn addrs(args: &Addrs, global: &Global, sides: Sides, target: Target) -> Result<Exit, Error> {
    let format = global.format();
    let (results, unprinted) = queue(Printer::without_summary(global, format != Format::Csv), None);
    let timeout = args.bounds.timeout;
    let stop = Stop::new();
    let port = args.dialling.port.unwrap_or(sides.chosen().port());
    let lookup = Lookup::new(args.dialling.lookup(timeout), args.dialling.rules()?);
    let one = One {
        attempts: Attempts {
            connect_timeout: args.dialling.connect_timeout,
            bind: args.dialling.bind,
            hold: Some(args.asking.answer_timeout.unwrap_or(timeout)),
            traces: global.trace.is_some(),
            stop: stop.clone(),
            ..Attempts::new(sides, timeout, Arc::new(results.clone()))
        },
        target,
        port,
        lookup,
        pacing: args.dialling.pacing(),
        format,
        results,
    };
    let asking = tokio::spawn(one.ask());
    let (ended, summary) = print_all(interrupted(), unprinted, Screen::plain(), &stop).await;
    match ended {
        Ended::Interrupted => return Ok(Exit::Interrupted),
        Ended::Unwritable(why) => return Ok(why.exit()),
        Ended::Done => {}
    }
    let told = asking.await.expect("asking does not panic, and is not aborted");
    Ok(match summary {
        _ if told => Exit::Success,
        Some(summary) if summary.attempts > 0 && summary.local == summary.attempts => Exit::Local,
        _ => Exit::NotReached,
    })
}

/// One target, and how to ask it.
struct One {
    attempts: Attempts,
    target: Target,
    port: u16,
    lookup: Lookup,
    pacing: Pacing,
    format: Format,
    results: Results,
}

impl One {
    /// Asks each address behind the target as it is found, until one answers. Returns whether one did.
    async fn ask(self) -> bool {
        let Target { text, identity, .. } = &self.target;
        let started = Instant::now();
        let mut waiting = self.pacing.queue();
        let led = if let Kind::Address(..) = self.target.kind { Led::ByUser } else { Led::ByName };
        let mut findings = self.lookup.start(&self.target, self.port, started + share_of(self.attempts.timeout));
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
                    Ok((address, _)) => {
                        self.pacing.push(&mut waiting, led, address.ip(), address, started.elapsed());
                    }
                    Err(why) => {
                        self.attempts.fail((text, identity), why.address(), Stage::Connect, started, &why).await;
                    }
                }
            }
            while let Some(address) = self.next_of(&mut waiting, started).await {
                if self.ask_at(address, spent).await {
                    return true;
                }
            }
        }
        false
    }

    /// The next address, once it is due; `None` if no more wait, or the run stops.
    async fn next_of(&self, waiting: &mut Paced<SocketAddr>, started: Instant) -> Option<SocketAddr> {
        let stop = &self.attempts.stop;
        while !stop.is_stopped() {
            let at = match waiting.next(started.elapsed()) {
                Turn::Go(address) => return Some(address),
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

    async fn ask_at(&self, address: SocketAddr, spent: Duration) -> bool {
        let Target { text, identity, .. } = &self.target;
        let call = Call { spent, ..Call::new(text.clone(), identity.clone(), address) };
        let ways = self.attempts.sides.of(identity).dial_modes(Knowledge::Named);
        let visit = self.attempts.visit(&call, ways, &mut self.attempts.timer()).await;
        for tried in &visit.attempts {
            self.attempts.report(&call, &tried.attempt, tried.earlier.as_deref()).await;
        }
        let started = visit.best().started;
        let Some(asked) = visit.asked else { return false };
        let outcome = asked.verdict.outcome();
        let side = self.attempts.sides.of(identity);
        let answer = Answer { started, target: text, address, side, asked: &asked };
        self.results.text(&answer.to_text(self.format));
        outcome == Outcome::Ok
    }
}
