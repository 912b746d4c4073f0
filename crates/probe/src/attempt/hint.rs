//! Which networks usually listen on a port.

use handshake::{Blame, Outcome, Stage};
use net::Verdict;

use crate::protocol::at_port;

/// Adds the networks whose nodes usually listen on this port, if the peer did not speak the protocol of `ours`, or
/// closed or stayed silent before its introduction. Adds nothing if the verdict names them already, or if `ours` is one
/// of them.
pub fn add_port(verdict: &mut Verdict, ours: &str, port: u16) {
    /// More names would not help the user.
    const SHOWN: usize = 3;
    let has_no_peer =
        matches!(verdict.stage(), Stage::Transport | Stage::Hello) && verdict.outcome() == Outcome::Failed;
    if !has_no_peer || !matches!(verdict.blame(), Some(Blame::Network | Blame::Mismatch)) {
        return;
    }
    let names = at_port(port);
    if names.is_empty() || names.len() > SHOWN || names.contains(&ours) {
        return;
    }
    if names.iter().any(|name| verdict.detail().contains(name)) {
        return;
    }
    verdict.add(&format!(" ({port} is the port of {})", names.join(" and ")));
}
