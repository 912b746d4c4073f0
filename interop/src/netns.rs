//! A network namespace for one thread, in which any address can be local.

use std::process::Command;

use nix::sched::{CloneFlags, unshare};

use crate::missing::leave_out;

/// Moves this thread, and all that it starts later, into a network in which these prefixes belong to this machine, and
/// nothing else exists. Returns whether that succeeded; if not, prints the reason.
#[must_use]
pub fn enter(prefixes: &[&str]) -> bool {
    if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
        leave_out(&format!("a network namespace takes root: {error}"));
        return false;
    }
    let up = ["link", "set", "lo", "up"];
    let done = ip(&up) && prefixes.iter().all(|prefix| ip(&["route", "add", "local", prefix, "dev", "lo"]));
    if !done {
        leave_out("addresses cannot be added to loopback (Debian: apt-get install iproute2)");
    }
    done
}

fn ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).status().is_ok_and(|status| status.success())
}
