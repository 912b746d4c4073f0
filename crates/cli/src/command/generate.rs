//! Prints what the program generates about itself: completion scripts, the manual page, the schema of its records.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::printed;
use crate::args::Cli;
use crate::exit::{Error, Exit};

/// A completion script.
pub fn completions(shell: Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut without_targets(&Cli::command()), "verack", &mut script);
    if shell == Shell::Fish {
        script = with_values_of_root(&script);
    }
    print(&script)
}

/// fish's script asks `argparse` for the command, which fails while an option's value is still missing. Offer values
/// nevertheless: there is no command yet.
fn with_values_of_root(script: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(script).replacen("\n    or return\n", "\n    or return 0\n", 1).into_bytes()
}

/// The command line without the targets of its root. zsh allows no list of arguments beside subcommands: its script
/// would complete nothing ("doubled rest argument definition").
fn without_targets(command: &Command) -> Command {
    let options = command.get_arguments().filter(|arg| !arg.is_positional()).cloned();
    Command::new("verack").args(options).subcommands(command.get_subcommands().cloned())
}

/// The manual page.
pub fn man() -> Result<Exit, Error> {
    let mut page = Vec::new();
    let render = clap_mangen::Man::new(Cli::command()).render(&mut page);
    render.map_err(|error| Error::local("cannot make the manual page", error))?;
    print(&page)
}

/// The JSON Schema of an attempt's record.
pub fn schema() -> Result<Exit, Error> {
    let mut text =
        serde_json::to_vec_pretty(&probe::schema::handshake()).expect("it has string keys and goes to memory");
    text.push(b'\n');
    print(&text)
}

fn print(text: &[u8]) -> Result<Exit, Error> {
    printed(io::stdout().lock().write_all(text))
}
