//! A network of a test's own, with as many addresses as it has nodes.

use std::env;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use crate::missing::leave_out;

/// Says to a test that it is in its own network.
const INSIDE: &str = "VERACK_OWN_NETWORK";

/// Brings loopback up and gives it the addresses before `--`, then runs what follows.
const SET_UP: &str =
    "ip link set lo up; while [ \"$1\" != -- ]; do ip address add \"$1/32\" dev lo; shift; done; shift; exec \"$@\"";

/// Runs a test again, in a network namespace that has these addresses and no way out, and processes that end with it.
/// Whether this is that second run, whose job the rest of the test is. If there can be none, the test is left out.
///
/// # Panics
/// If the second run fails.
#[must_use]
pub fn enter(test: &str, addresses: &[Ipv4Addr]) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--pid", "--fork", "--kill-child"]).args(words);
        command
    };
    let works = unshare(&["ip", "link", "set", "lo", "up"]).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        leave_out("no network namespace can be made here (unshare and ip, as root)");
        return false;
    }
    let program = env::current_exe().expect("a test knows where it is");
    let mut second = unshare(&["sh", "-c", SET_UP, "sh"]);
    second.args(addresses.iter().map(ToString::to_string)).arg("--");
    second.arg(program).args([test, "--exact", "--nocapture"]).env(INSIDE, "1");
    let status = second.status().expect("it ran before");
    assert!(status.success(), "in a network of its own: {status}");
    false
}
