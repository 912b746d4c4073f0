//! Converts a visit for the database and the frontier.

use std::net::SocketAddr;

use net::Outcome;
use peers::{Ending, EscapedText, Introduction, Time, Transports};
use probe::attempt::Attempt;
use probe::protocol::{Introduced, IntroductionSummary, Retry, Side};
use probe::visit::Visit;

/// The frontier's outcome.
pub fn outcome(visit: &Visit) -> discover::Outcome {
    let best = visit.best();
    match (best.verdict.outcome(), best.retry) {
        (Outcome::Ok, _) => discover::Outcome::Reached,
        (_, Retry::Later) => discover::Outcome::Failed,
        (_, Retry::Never) => discover::Outcome::Unfit,
        (_, Retry::NotDialled) => discover::Outcome::NotDialled,
    }
}

/// The outcome of each transport, as far as known.
pub fn transports(visit: &Visit, side: &dyn Side) -> Transports {
    let mut transports = Transports::default();
    let tried = visit.attempts.iter().flat_map(|tried| tried.earlier.as_deref().into_iter().chain([&*tried.attempt]));
    let says = |Attempt { verdict, .. }: &&Attempt| {
        verdict.stage() > handshake::Stage::Connect && !side.leaves_transport_open(verdict)
    };
    for attempt in tried.filter(says) {
        let outcome = Some(attempt.verdict.outcome());
        match attempt.transport.name {
            Some("v1") => transports.v1 = outcome,
            Some("v2") => transports.v2 = outcome,
            _ => {}
        }
    }
    transports
}

/// The database's record of a visit with our `side`.
pub fn record(visit: &Visit, side: &dyn Side, chain: &EscapedText, address: SocketAddr, at: Time) -> peers::Attempt {
    let Attempt { verdict, timing, introduced: peer, .. } = visit.best();
    peers::Attempt {
        chain: chain.clone(),
        endpoint: address.into(),
        identity: peer.as_ref().and_then(|peer| peer.identity()).map(|identity| identity.as_str().into()),
        at,
        ending: Ending { outcome: verdict.outcome(), stage: verdict.stage(), reason: verdict.reason().into() },
        blame: verdict.blame(),
        transports: transports(visit, side),
        introduced: peer.as_deref().and_then(introduced),
        latency: timing.connect.zip(timing.hello).map(|(connect, hello)| connect + hello),
        source: None,
    }
}

/// An introduction as the database's type.
fn introduced(peer: &dyn Introduced) -> Option<peers::Introduced> {
    let IntroductionSummary { version, services, user_agent, height } = peer.summary()?;
    let mut json = Vec::new();
    peer.write_json(&mut json);
    let introduction = str::from_utf8(&json).ok().and_then(Introduction::read);
    Some(peers::Introduced { version, services, user_agent: EscapedText::of(&user_agent), height, introduction })
}
