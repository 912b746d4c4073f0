//! Asks one peer for the addresses that it knows, and prints the answer.

mod table;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use net::Stop;

use super::interrupt::interrupted;
use super::{Ended, concurrency, print_all, runtime};
use crate::args::{Addrs, Format, Global};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Results, Screen, queue};
use probe::ask::Ask;
use probe::attempt::Attempts;
use probe::event::{Event, Observer};
use probe::lookup::{Lookup, Rules};
use probe::protocol::Sides;
use probe::target::Target;

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
    let routes = args.proxies.routes()?;
    let rules = Rules { routes: routes.clone(), ..args.dialling.rules()? };
    let lookup = Lookup::new(args.dialling.lookup(timeout), rules);
    let attempts = Attempts {
        connect_timeout: args.dialling.connect_timeout,
        bind: args.dialling.bind,
        routes,
        hold: Some(args.asking.answer_timeout.unwrap_or(timeout)),
        traces: global.trace.is_some(),
        stop: stop.clone(),
        ..Attempts::new(sides, timeout, Arc::new(AnswerPrinter { results, format }))
    };
    let ask = Ask { attempts, lookup, port, pacing: args.dialling.pacing() };
    let asking = tokio::spawn(async move { ask.run(&target).await });
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

/// Prints attempts and answers.
#[derive(Debug)]
struct AnswerPrinter {
    results: Results,
    format: Format,
}

impl Observer for AnswerPrinter {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Answered(answer) => self.results.text(&table::to_text(answer, self.format)),
            event => self.results.on(event),
        }
    }

    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        self.results.room()
    }
}
