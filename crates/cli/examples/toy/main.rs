//! The program with one more protocol: a toy in which each side sends one byte.
//!
//! `greeting` represents the protocol's crate, `adapter` joins it to the program, and `main` adds it to the list in one
//! line.

mod adapter;
mod greeting;

use std::process::ExitCode;

fn main() -> ExitCode {
    probe::protocol::add_protocols([adapter::PROTOCOL]).expect("nothing has asked for the protocols yet");
    verack::main()
}
