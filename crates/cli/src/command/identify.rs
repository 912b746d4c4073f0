//! Finds out what listens at an address, and prints the answer.

mod answer;

use std::sync::Arc;

use net::Stop;

use super::interrupt::interrupted;
use super::{Ended, print_all, runtime, write_last};
use crate::args::{self, Global};
use crate::exit::{Error, Exit};
use crate::output::{Printer, Screen, queue};
use probe::identify::Identify;
use probe::lookup::{Lookup, Rules};
use probe::resolve::Options;
use probe::target::Target;

/// Runs the command.
pub fn run(args: &args::Identify, global: &Global) -> Result<Exit, Error> {
    args::refuse_variable("identify")?;
    let text = args.target.escape_debug();
    let target = Target::parse(&args.target)
        .map_err(|error| Error::Usage(format!("'{text}' is not a target: {error}")))?
        .into_iter()
        .next()
        .expect("a text names one at least");
    let identify = Identify::new(target, args.timeout).map_err(|error| Error::Usage(format!("'{text}' {error}")))?;
    let runtime = runtime()?;
    let result = runtime.block_on(run_with(identify, args, global));
    runtime.shutdown_background();
    result
}

async fn run_with(mut identify: Identify, args: &args::Identify, global: &Global) -> Result<Exit, Error> {
    let (results, unprinted) = queue(Printer::without_summary(global, true), None);
    let family = args.family();
    let options = Options { server: args.resolver, family, within: args.timeout };
    let rules = Rules {
        family,
        excluded: Arc::default(),
        bind: None,
        allow_private: args.allow_private,
        routes: Arc::default(),
    };
    let lookup = Lookup::new(options, rules);
    let stop = Stop::new();
    (identify.observer, identify.stop) = (Arc::new(results), stop.clone());
    let searching = tokio::spawn(async move { identify.run(&lookup).await });
    let screen = Screen::plain();
    let (mut ended, _) = print_all(interrupted(), unprinted, screen.clone(), &stop).await;
    match ended {
        Ended::Interrupted => return Ok(Exit::Interrupted),
        Ended::Unwritable(why) => return Ok(why.exit()),
        Ended::Done => {}
    }
    let identified = searching.await.expect("searching does not panic, and is not aborted");
    let Some(identified) = identified? else { return Ok(Exit::NotReached) };
    write_last(&screen, answer::to_text(&identified, global.format()), &mut ended).await;
    Ok(match ended {
        Ended::Unwritable(why) => why.exit(),
        _ if identified.known.is_some() => Exit::Success,
        _ => Exit::NotReached,
    })
}
