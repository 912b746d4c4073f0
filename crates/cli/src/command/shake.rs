//! Shakes hands with every address behind every target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::interrupt::interrupted;
use super::{concurrency, exit, print_all, runtime};
use crate::args::{Global, Shake};
use crate::attempt::Attempts;
use crate::dialler::Dialler;
use crate::exit::{Error, Exit};
use crate::lookup::Lookup;
use crate::output::{Printer, Screen, Watcher, queue};
use crate::protocol::Protocols;
use crate::target::{self, Target};

/// Runs the command.
pub fn run(args: &Shake, global: &Global) -> Result<Exit, Error> {
    run_watched(args, global, None)
}

/// Runs the command, and shows each report to `watcher` before it is printed.
pub fn run_watched(args: &Shake, global: &Global, watcher: Option<Watcher>) -> Result<Exit, Error> {
    let plan = Plan::new(args)?;
    let concurrency = concurrency(args.bounds.concurrency);
    let runtime = runtime()?;
    let result = runtime.block_on(plan.carry_out(args, global, concurrency, watcher));
    // A lookup that still blocks must not hold up the end.
    runtime.shutdown_background();
    result
}

/// What to do, with everything that can be wrong about it checked.
struct Plan {
    targets: Vec<Target>,
    port: Option<u16>,
    timeout: Duration,
    protocols: Protocols,
}

impl Plan {
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
        let (results, unprinted) = queue(Printer::new(global), watcher);
        let lookup = Lookup::new(args.dialling.lookup(self.timeout), args.dialling.allow_private, &self.targets)?;
        let expected = Arc::new(AtomicU64::new(0));
        let dialler = Dialler {
            attempts: Arc::new(Attempts {
                protocols: self.protocols,
                timeout: self.timeout,
                connect_timeout: args.dialling.connect_timeout,
                hold: args.keeping.hold,
                trace: global.trace,
                results,
            }),
            lookup,
            family: args.dialling.family(),
            port: self.port,
            concurrency,
            pace: args.dialling.rate.map(pace),
            expected: expected.clone(),
        };
        tokio::spawn(dialler.dial_all(self.targets));
        let expected = || expected.load(Ordering::Relaxed);
        let (ended, summary) = print_all(interrupted(), unprinted, Screen::new(global), expected).await;
        Ok(exit(&ended, summary.as_ref(), args.require))
    }
}

/// So many dials a second, evenly; a pause is not made up for by a burst.
fn pace(rate: u32) -> Interval {
    let mut pace = interval(Duration::from_secs(1) / rate);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}
