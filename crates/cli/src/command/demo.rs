//! A simulated network to try things on, and the real client run against it.

use crate::args::{Demo, Global};
use crate::exit::{Error, Exit};

/// Runs the command.
pub fn run(_args: &Demo, _global: &Global) -> Result<Exit, Error> {
    Err(Error::Local("not yet".into()))
}
