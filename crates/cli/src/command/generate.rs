//! Prints what the command line itself can tell: completion scripts and the manual page.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::printed;
use crate::args::Cli;
use crate::exit::{Error, Exit};

/// A completion script.
pub fn completions(shell: Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "verack", &mut script);
    print(&script)
}

/// The manual page.
pub fn man() -> Result<Exit, Error> {
    let mut page = Vec::new();
    let render = clap_mangen::Man::new(Cli::command()).render(&mut page);
    render.map_err(|error| Error::local("cannot make the manual page", error))?;
    print(&page)
}

fn print(text: &[u8]) -> Result<Exit, Error> {
    printed(io::stdout().lock().write_all(text))
}
