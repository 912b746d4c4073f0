//! `verack`: performs handshakes with peer-to-peer nodes, in both roles, and reports the results truthfully.

use std::process::ExitCode;

/// Results are allocated on one thread and freed on the printing thread, for which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    verack::main()
}
