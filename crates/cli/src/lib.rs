//! The program `verack` as a library with one function: arguments, printers and progress. Probes and crawls are in
//! `verack-probe` and `verack-crawl`.

/// Prints a message for the user beside the results, on standard error. A closed standard error is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod args;
#[cfg(feature = "crawl")]
mod calendar;
mod command;
#[cfg(feature = "crawl")]
mod database;
mod exit;
mod key_file;
mod output;
mod summary;
mod targets;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use probe::escaped::EscapedText;

/// Runs the program: parses the command line, runs the command, and returns the exit code.
///
/// A program with one more protocol calls `probe::protocol::add_protocols`, and then this function: see `examples/toy`.
pub fn main() -> ExitCode {
    let cli = Cli::read();
    start_log(cli.global.quiet);
    let exit = match cli.command {
        None => command::shake::run(&cli.shake, &cli.global),
        Some(Command::Listen(args)) => command::listen::run(&args, &cli.global),
        #[cfg(feature = "crawl")]
        Some(Command::Crawl(args)) => command::crawl::run(&args, &cli.global),
        #[cfg(feature = "crawl")]
        Some(Command::Addrs(args)) => command::addrs::run(&args, &cli.global),
        #[cfg(feature = "crawl")]
        Some(Command::Identify(args)) => command::identify::run(&args, &cli.global),
        #[cfg(feature = "crawl")]
        Some(Command::Whoami(args)) => command::whoami::run(&args, &cli.global),
        #[cfg(feature = "crawl")]
        Some(Command::Peers(args)) => command::peers::run(&args, &cli.global),
        #[cfg(feature = "demo")]
        Some(Command::Demo(args)) => command::demo::run(&args, &cli.global),
        Some(Command::Key(args)) => command::key::run(&args, &cli.global),
        Some(Command::Reasons(args)) => command::reasons::run(&args, &cli.global),
        Some(Command::Explain(args)) => command::reasons::explain(&args, &cli.global),
        Some(Command::Chains) => command::chains::run(&cli.global),
        Some(Command::Completions { shell }) => command::generate::completions(shell),
        Some(Command::Man) => command::generate::man(),
        Some(Command::Schema) => command::generate::schema(),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(error) => error.report(),
    }
}

/// The log goes to stderr; `RUST_LOG` chooses what, as `level` or `target=level`, separated by commas.
fn start_log(quiet: bool) {
    use std::env;
    use std::io::{IsTerminal, stderr};

    use tracing_subscriber::field::MakeExt;
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::fmt::format::debug_fn;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    // Without `RUST_LOG` there is nothing to set up: warnings do not use the log.
    let Some(chosen) = env::var_os("RUST_LOG").filter(|_| !quiet) else { return };
    match chosen.to_string_lossy().parse::<Targets>() {
        Ok(chosen) => {
            // Log lines of any library may contain text of peers.
            let fields = debug_fn(|line, field, value| {
                let text = format!("{value:?}");
                let name = if field.name() == "message" { String::new() } else { format!("{field}=") };
                write!(line, "{name}{}", EscapedText(&text))
            });
            let lines = tracing_subscriber::fmt::layer().fmt_fields(fields.delimited(" "));
            let lines = lines.with_writer(stderr).with_ansi(stderr().is_terminal());
            tracing_subscriber::registry().with(lines).with(chosen).init();
        }
        // The variable may be set for another program, so this one continues.
        Err(error) => say!("verack: nothing is logged: RUST_LOG is {chosen:?}, not level or target=level: {error}"),
    }
}

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
