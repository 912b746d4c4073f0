//! `verack`: shakes hands with peer-to-peer nodes, in either direction, and says truthfully how it went.

use std::process::ExitCode;

/// Results are made on one thread and freed on the one that prints them, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    verack::main()
}
