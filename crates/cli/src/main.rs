//! `verack`: shakes hands with peer-to-peer nodes, in either direction, and says truthfully how it went.

/// Tells the user something beside the results, on standard error. That nobody reads it is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod args;
mod attempt;
mod calendar;
mod command;
mod crawl;
mod database;
mod dialler;
mod exit;
mod key;
mod output;
mod protocol;
mod report;
mod resolve;
mod target;
mod trace;

use std::process::ExitCode;

use crate::args::{Cli, Command};

/// Results are made on one thread and freed on the one that prints them, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::read();
    start_log(cli.global.quiet);
    let exit = match cli.command {
        None => command::shake::run(&cli.shake, &cli.global),
        Some(Command::Listen(args)) => command::listen::run(&args, &cli.global),
        Some(Command::Crawl(args)) => command::crawl::run(&args, &cli.global),
        Some(Command::Addrs(args)) => command::addrs::run(&args, &cli.global),
        Some(Command::Whoami(args)) => command::whoami::run(&args, &cli.global),
        Some(Command::Peers(args)) => command::peers::run(&args, &cli.global),
        Some(Command::Demo(args)) => command::demo::run(&args, &cli.global),
        Some(Command::Key(args)) => command::key::run(&args, &cli.global),
        Some(Command::Chains) => command::chains::run(&cli.global),
        Some(Command::Completions { shell }) => command::generate::completions(shell),
        Some(Command::Man) => command::generate::man(),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(error) => error.report(),
    }
}

/// The log goes to stderr; `RUST_LOG` chooses what.
fn start_log(quiet: bool) {
    use std::io::{IsTerminal, stderr};

    use tracing_subscriber::EnvFilter;

    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_none() {
        // Nothing to set up: warnings are printed by who has them, and building a filter costs a millisecond.
        return;
    }
    let filter = EnvFilter::from_default_env();
    if !quiet {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    }
}
