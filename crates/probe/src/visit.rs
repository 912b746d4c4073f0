//! A visit: a handshake with an address, and a question for the addresses that its node knows.

use net::{Outcome, Timer};

use crate::attempt::{Attempt, Attempts, Call, Held};
use crate::protocol::{AddressRecord, Asked, DialModes, IntroductionSummary, Times, Tracer, Unusable};

/// The result of a visit.
#[derive(Debug)]
pub struct Visit {
    /// One attempt for each requested transport.
    pub attempts: Vec<Tried>,
    /// The answer to the question, if the handshake succeeded.
    pub asked: Option<Asked>,
}

/// An attempt, with the one before it.
#[derive(Debug)]
pub struct Tried {
    /// The attempt.
    pub attempt: Box<Attempt>,
    /// The earlier attempt over another transport.
    pub earlier: Option<Box<Attempt>>,
}

impl Attempts {
    /// Visits an address in each of these ways, and asks on the first connection with a successful handshake.
    pub async fn visit(&self, call: &Call, modes: DialModes, timer: &mut Timer) -> Visit {
        let mut visit = Visit { attempts: Vec::with_capacity(modes.count()), asked: None };
        for mode in modes {
            let (mut attempt, earlier) = self.reach(call, mode, timer).await;
            if let Some(held) = attempt.held.take().filter(|_| visit.asked.is_none()) {
                visit.asked = Box::pin(self.ask(held, &attempt, call, timer)).await;
            }
            visit.attempts.push(Tried { attempt, earlier });
        }
        visit
    }

    /// Asks a peer for the addresses that it knows, on the connection of this attempt.
    pub async fn ask(
        &self,
        held: Box<Held>,
        attempt: &Attempt,
        Call { target, destination, .. }: &Call,
        timer: &mut Timer,
    ) -> Option<Asked> {
        let Held { session, opened, opened_at, until, .. } = *held;
        let introduced = attempt.introduced.as_deref()?;
        let mut trace = self.tracer(target, destination, opened_at);
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let times = Times { opened, deadline: until?, timer, stays: false, closely: false };
        session.ask(introduced, destination.socket(), times, tracer).await
    }
}

impl Visit {
    /// The attempt that counts: the first that concluded, or else the last.
    pub fn best(&self) -> &Attempt {
        let ok = |tried: &&Tried| tried.attempt.verdict.outcome() == Outcome::Ok;
        let best = self.attempts.iter().find(ok).or(self.attempts.last());
        &best.expect("an address is tried over at least one transport").attempt
    }

    /// What to store of the peer's introduction.
    pub fn summary(&self) -> Option<IntroductionSummary> {
        self.best().introduced.as_ref().and_then(|introduced| introduced.summary())
    }

    /// Takes every address that the peer shared, including its own.
    pub fn take_told(&mut self) -> Vec<AddressRecord> {
        let Some(asked) = &mut self.asked else { return Vec::new() };
        let mut told = std::mem::take(&mut asked.told);
        told.extend(asked.own);
        told
    }

    /// The unusable addresses that it shared.
    pub fn unusable(&self) -> &[Unusable] {
        self.asked.as_ref().map_or(&[], |asked| &asked.unusable)
    }

    /// The number of connections opened or tried.
    pub fn connections(&self) -> usize {
        self.attempts.iter().map(|tried| tried.attempt.connections).sum()
    }
}
