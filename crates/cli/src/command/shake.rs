//! Shakes hands with every address behind every target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use net::Stop;
use tokio::time::Instant;

use super::interrupt::interrupted;
use super::{Ended, concurrency, exit, print_all, runtime, write_last};
use crate::args::{Format, Global, Shake};
use crate::attempt::Attempts;
use crate::dialler::Dialler;
use crate::exit::{Error, Exit};
use crate::lookup::Lookup;
use crate::output::{Printer, Screen, Watcher, queue};
use crate::plan::Plan;
use crate::protocol::Protocols;
use crate::target::{self, Target};

/// Runs the command.
pub fn run(args: &Shake, global: &Global) -> Result<Exit, Error> {
    run_watched(args, global, None)
}

/// Runs the command, and shows each report to `watcher` before it is printed.
pub fn run_watched(args: &Shake, global: &Global, watcher: Option<Watcher>) -> Result<Exit, Error> {
    let work = Work::new(args)?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(work.carry_out(args, global, concurrency, watcher));
    // A lookup that still blocks must not hold up the end.
    runtime.shutdown_background();
    result
}

/// What to do, with everything that can be wrong about it checked.
struct Work {
    targets: Vec<Target>,
    port: Option<u16>,
    timeout: Duration,
    protocols: Protocols,
}

impl Work {
    fn new(args: &Shake) -> Result<Self, Error> {
        let mut timeout = args.bounds.timeout;
        let mut port = args.dialling.port;
        let mut targets = match target::split_legacy(&args.targets)? {
            Some((target, given_port, given_timeout)) => {
                port = Some(given_port);
                timeout = given_timeout.unwrap_or(timeout);
                target::read_all([target])?
            }
            None => target::read_all(args.targets.iter().map(String::as_str))?,
        };
        if args.dns_seeds {
            targets.extend(target::dns_seeds(&args.introduction)?);
        }
        let protocols = Protocols::new(&args.introduction, &args.receiving_services, &targets)?;
        Ok(Self { targets, port, timeout, protocols })
    }

    async fn carry_out(
        self,
        args: &Shake,
        global: &Global,
        concurrency: usize,
        watcher: Option<Watcher>,
    ) -> Result<Exit, Error> {
        let plan = match (args.plan, global.format()) {
            (false, _) => None,
            (true, Format::Csv) => return Err(Error::Usage("--plan prints text or JSON, not CSV".into())),
            (true, format) => {
                let json = format == Format::Json;
                Some(Plan { json, started: Instant::now(), planned: Arc::default() })
            }
        };
        let printer = if plan.is_some() { Printer::without_summary(global, true) } else { Printer::new(global) };
        let (results, unprinted) = queue(printer, watcher);
        let lookup = Lookup::new(args.dialling.lookup(self.timeout), args.dialling.rules()?);
        let expected = Arc::new(AtomicU64::new(0));
        let stop = Stop::new();
        let dialler = Dialler {
            attempts: Arc::new(Attempts {
                protocols: self.protocols,
                timeout: self.timeout,
                connect_timeout: args.dialling.connect_timeout,
                bind: args.dialling.bind,
                hold: args.keeping.hold,
                closely: self.targets.len() <= LOOKED_AT_CLOSELY,
                keys: Arc::default(),
                trace: global.trace,
                results,
                stop: stop.clone(),
            }),
            lookup,
            port: self.port,
            concurrency,
            pacing: args.dialling.pacing(),
            expected: expected.clone(),
            plan: plan.clone(),
        };
        tokio::spawn(dialler.dial_all(self.targets));
        let expected = || expected.load(Ordering::Relaxed);
        let screen = Screen::new(global);
        let (mut ended, summary) = print_all(interrupted(), unprinted, screen.clone(), expected, &stop).await;
        if let Some(plan) = plan {
            let left_out = summary.as_ref().map_or(0, |summary| summary.attempts);
            write_last(&screen, plan.last_line(left_out), &mut ended).await;
            if let Ended::Done = ended
                && plan.planned.load(Ordering::Relaxed) > 0
            {
                return Ok(Exit::Success);
            }
        }
        Ok(exit(&ended, summary.as_ref(), args.require))
    }
}

/// With more targets than these, none is looked at closely: that takes more connections.
const LOOKED_AT_CLOSELY: usize = 16;
