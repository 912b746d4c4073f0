//! Performs a handshake with every address behind every target.

use std::sync::Arc;
use std::time::Duration;

use net::Stop;
use tokio::time::Instant;

use super::interrupt::interrupted;
use super::{Ended, concurrency, exit, print_all, runtime, write_last};
use crate::args::{Cli, Format, Global, Shake};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, Watcher, plan_line, queue};
use crate::targets;
use probe::attempt::Attempts;
use probe::dialler::Dialler;
use probe::ledger::Ledger;
use probe::lookup::{Lookup, Rules};
use probe::protocol::Sides;
use probe::target::Target;

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
    // Do not wait for a lookup that still blocks.
    runtime.shutdown_background();
    result
}

/// The checked arguments.
struct Work {
    targets: Vec<Target>,
    port: Option<u16>,
    timeout: Duration,
    sides: Sides,
}

impl Work {
    fn new(args: &Shake) -> Result<Self, Error> {
        let mut timeout = args.bounds.timeout;
        let mut port = args.dialling.port;
        let mut targets = match targets::split_legacy(&args.targets)? {
            Some((target, given_port, given_timeout)) => {
                port = Some(given_port);
                timeout = given_timeout.unwrap_or(timeout);
                targets::read_all([target])?
            }
            None => targets::read_all(args.targets.iter().map(String::as_str))?,
        };
        if args.dns_seeds {
            targets.extend(args.introduction.dns_seeds()?.into_iter().map(Target::from));
        }
        let sides = args.introduction.choose(|choice| Sides::new(choice, &targets))?;
        Ok(Self { targets, port, timeout, sides })
    }

    async fn carry_out(
        self,
        args: &Shake,
        global: &Global,
        concurrency: usize,
        watcher: Option<Watcher>,
    ) -> Result<Exit, Error> {
        if args.plan && global.format() == Format::Csv {
            return Err(Error::Usage("--plan prints text or JSON, not CSV".into()));
        }
        let (started, ledger) = (Instant::now(), Arc::<Ledger>::default());
        let printer = if args.plan { Printer::without_summary(global, true) } else { Printer::new(global) };
        let (results, unprinted) = queue(printer.with_names(ledger.clone()), watcher);
        let routes = args.proxies.routes()?;
        let rules = Rules { routes: routes.clone(), ..args.dialling.rules()? };
        let lookup = Lookup::new(args.dialling.lookup(self.timeout), rules);
        let stop = Stop::new();
        let dialler = Dialler {
            attempts: Arc::new(Attempts {
                connect_timeout: args.dialling.connect_timeout,
                bind: args.dialling.bind,
                routes,
                hold: args.keeping.hold,
                closely: self.targets.len() <= LOOKED_AT_CLOSELY,
                traces: global.trace.is_some(),
                ledger,
                stop: stop.clone(),
                ..Attempts::new(self.sides, self.timeout, Arc::new(results))
            }),
            lookup,
            port: self.port,
            concurrency,
            pacing: args.dialling.pacing(),
            plans: args.plan,
            suggest: Cli::suggest,
        };
        tokio::spawn(dialler.dial_all(self.targets));
        let screen = Screen::new(global);
        let (mut ended, summary) = print_all(interrupted(), unprinted, screen.clone(), &stop).await;
        if args.plan {
            let summary = summary.clone().unwrap_or_default();
            write_last(&screen, plan_line(&summary, started, global.format()), &mut ended).await;
            if let Ended::Done = ended
                && summary.planned > 0
            {
                return Ok(Exit::Success);
            }
        }
        Ok(exit(&ended, summary.as_ref(), args.require))
    }
}

/// With more targets, silent closes are not investigated, since that takes more connections.
const LOOKED_AT_CLOSELY: usize = 16;
