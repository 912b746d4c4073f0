//! The program `verack` as a library of one function: arguments, printers and progress. What probes and crawls is in
//! `verack-probe` and `verack-crawl`.

/// Tells the user something beside the results, on standard error. That nobody reads it is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod args;
mod calendar;
mod command;
mod database;
mod exit;
mod key_file;
mod output;
mod summary;
mod targets;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use probe::escaped::EscapedText;

/// Runs the program: reads the command line, does what it asks for, and returns the exit code.
///
/// A program with one more protocol is `probe::protocol::add_protocols`, and then this: see `examples/toy`.
pub fn main() -> ExitCode {
    let cli = Cli::read();
    start_log(cli.global.quiet);
    let exit = match cli.command {
        None => command::shake::run(&cli.shake, &cli.global),
        Some(Command::Listen(args)) => command::listen::run(&args, &cli.global),
        Some(Command::Crawl(args)) => command::crawl::run(&args, &cli.global),
        Some(Command::Addrs(args)) => command::addrs::run(&args, &cli.global),
        Some(Command::Identify(args)) => command::identify::run(&args, &cli.global),
        Some(Command::Whoami(args)) => command::whoami::run(&args, &cli.global),
        Some(Command::Peers(args)) => command::peers::run(&args, &cli.global),
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

    // Unless asked for there is nothing to set up: warnings are printed by who has them.
    let Some(chosen) = env::var_os("RUST_LOG").filter(|_| !quiet) else { return };
    match chosen.to_string_lossy().parse::<Targets>() {
        Ok(chosen) => {
            // What is logged may hold text of others, whichever library logs it.
            let fields = debug_fn(|line, field, value| {
                let text = format!("{value:?}");
                let name = if field.name() == "message" { String::new() } else { format!("{field}=") };
                write!(line, "{name}{}", EscapedText(&text))
            });
            let lines = tracing_subscriber::fmt::layer().fmt_fields(fields.delimited(" "));
            let lines = lines.with_writer(stderr).with_ansi(stderr().is_terminal());
            tracing_subscriber::registry().with(lines).with(chosen).init();
        }
        // It may have been set for another program, so this one works all the same.
        Err(error) => say!("verack: nothing is logged: RUST_LOG is {chosen:?}, not level or target=level: {error}"),
    }
}
