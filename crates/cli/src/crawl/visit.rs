//! A visit: shakes hands with an address, and asks whom it knows.

use std::net::SocketAddr;

use net::{Outcome, Timer};
use store::{Ending, Shown, Time, Transports};

use crate::attempt::{Attempt, Attempts, Call, Held};
use crate::protocol::{Asked, KeptIntroduction, Retry, Times, Told, Tracer, Unusable, Ways};

/// What came of visiting an address.
#[derive(Debug)]
pub struct Visit {
    /// One attempt for each transport that was asked for.
    pub attempts: Vec<Tried>,
    /// What came of asking, if there was a handshake.
    pub asked: Option<Asked>,
}

/// An attempt.
#[derive(Debug)]
pub struct Tried {
    /// How it went.
    pub attempt: Box<Attempt>,
    /// How it went before, over another transport.
    pub earlier: Option<Box<Attempt>>,
}

impl Attempts {
    /// Visits an address, in each of these ways. The first connection over which there was a handshake is the one
    /// on which is asked.
    pub async fn visit(&self, call: &Call, ways: Ways, timer: &mut Timer) -> Visit {
        let mut visit = Visit { attempts: Vec::with_capacity(ways.len()), asked: None };
        for way in ways {
            let (mut attempt, earlier) = self.reach(call, way, timer).await;
            if let Some(held) = attempt.held.take().filter(|_| visit.asked.is_none()) {
                visit.asked = Box::pin(self.ask(held, &attempt, call, timer)).await;
            }
            visit.attempts.push(Tried { attempt, earlier });
        }
        visit
    }

    /// Asks whom a peer knows, on the connection of this attempt.
    pub async fn ask(
        &self,
        held: Box<Held>,
        attempt: &Attempt,
        Call { target, address, .. }: &Call,
        timer: &mut Timer,
    ) -> Option<Asked> {
        let Held { session, opened, opened_at, until, .. } = *held;
        let introduced = attempt.introduced.as_deref()?;
        let mut trace = self.tracer(target, *address, opened_at);
        let tracer = trace.as_mut().map(|trace| trace as Tracer<'_>);
        let times = Times { opened, deadline: until?, timer, stays: false, closely: false };
        session.ask(introduced, *address, times, tracer).await
    }
}

impl Visit {
    /// The attempt that counts: the first that concluded, or else the last.
    pub fn best(&self) -> &Attempt {
        let ok = |tried: &&Tried| tried.attempt.verdict.outcome == Outcome::Ok;
        let best = self.attempts.iter().find(ok).or(self.attempts.last());
        &best.expect("an address is tried over at least one transport").attempt
    }

    /// What is kept of the peer's introduction.
    pub fn kept(&self) -> Option<KeptIntroduction> {
        self.best().introduced.as_ref().and_then(|introduced| introduced.kept())
    }

    /// Every address that was told, the peer's own among them.
    pub fn take_told(&mut self) -> Vec<Told> {
        let Some(asked) = &mut self.asked else { return Vec::new() };
        let mut told = std::mem::take(&mut asked.told);
        told.extend(asked.own);
        told
    }

    /// What was told besides, and is of no use.
    pub fn unusable(&self) -> &[Unusable] {
        self.asked.as_ref().map_or(&[], |asked| &asked.unusable)
    }

    /// What the frontier is to make of it.
    pub fn outcome(&self) -> discover::Outcome {
        let best = self.best();
        match (best.verdict.outcome, best.retry) {
            (Outcome::Ok, _) => discover::Outcome::Reached,
            (_, Retry::Later) => discover::Outcome::Failed,
            (_, Retry::Never) => discover::Outcome::Unfit,
            (_, Retry::NotDialled) => discover::Outcome::NotDialled,
        }
    }

    /// How many connections were opened or tried.
    pub fn connections(&self) -> usize {
        self.attempts.iter().map(|tried| tried.attempt.connections).sum()
    }

    /// How each transport fared, as far as it is known.
    pub fn transports(&self) -> Transports {
        let mut transports = Transports::default();
        let tried =
            self.attempts.iter().flat_map(|tried| tried.earlier.as_deref().into_iter().chain([&*tried.attempt]));
        let says =
            |attempt: &&Attempt| attempt.verdict.stage > handshake::Stage::Connect && !attempt.leaves_transport_open();
        for attempt in tried.filter(says) {
            let outcome = Some(attempt.verdict.outcome);
            match attempt.transport.name {
                Some("v1") => transports.v1 = outcome,
                Some("v2") => transports.v2 = outcome,
                _ => {}
            }
        }
        transports
    }

    /// As the database has it.
    pub fn record(&self, chain: &Shown, address: SocketAddr, at: Time) -> store::Attempt {
        let Attempt { verdict, timing, .. } = self.best();
        store::Attempt {
            chain: chain.clone(),
            address: address.into(),
            at,
            ending: Ending { outcome: verdict.outcome, stage: verdict.stage, reason: verdict.reason.into() },
            blame: verdict.blame,
            transports: self.transports(),
            introduced: self.kept().map(introduced),
            latency: timing.connect.zip(timing.hello).map(|(connect, hello)| connect + hello),
            source: None,
        }
    }
}

/// An introduction as the database has it.
pub fn introduced(kept: KeptIntroduction) -> store::Introduced {
    let KeptIntroduction { version, services, user_agent, height } = kept;
    store::Introduced { version, services, user_agent: Shown::of(&user_agent), height }
}
