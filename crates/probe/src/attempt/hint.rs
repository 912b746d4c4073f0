//! What a port says of who listens there.

use handshake::{Blame, Outcome, Stage};
use net::Verdict;

use crate::protocol::at_port;

/// Adds the networks whose nodes listen on this port as a rule, if the peer turned out not to speak as one of `ours` does,
/// or closed or was silent before it introduced itself; unless they are named already, or ours is among them.
pub fn add_port(verdict: &mut Verdict, ours: &str, port: u16) {
    /// More names would be no hint.
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
