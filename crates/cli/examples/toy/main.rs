//! The program with one protocol more: a toy in which each side says one byte.
//!
//! `greeting` stands for the protocol's crate, `adapter` joins it to the program, and `main` has the one line that enters it
//! into the list.

mod adapter;
mod greeting;

use std::process::ExitCode;

fn main() -> ExitCode {
    probe::protocol::add_protocols([adapter::PROTOCOL]).expect("nothing has asked for the protocols yet");
    verack::main()
}
