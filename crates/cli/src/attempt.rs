//! One attempt: from an address to a report.

use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Blame, Fault, Role, Stage};
use net::{Timer, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::args::TraceLevel;
use crate::output::Results;
use crate::protocol::{Protocol, Shaken, Times, Tracer};
use crate::report::{Bytes, Report, Timing};
use crate::trace::Entry;

/// What all attempts of one run have in common.
#[derive(Debug)]
pub struct Attempts {
    /// What is spoken.
    pub protocol: Protocol,
    /// Time for each attempt.
    pub timeout: Duration,
    /// Time for a connection alone.
    pub connect_timeout: Duration,
    /// How long a connection is kept after its handshake.
    pub hold: Option<Duration>,
    /// How much of the wire is shown.
    pub trace: Option<TraceLevel>,
    /// Where results go.
    pub results: Results,
}

impl Attempts {
    /// Dials an address and shakes hands.
    pub async fn dial(&self, target: &str, address: SocketAddr, timer: &mut Timer) {
        let started = Instant::now();
        match net::dial_timed(address, started, self.connect_timeout.min(self.timeout), timer).await {
            Ok(stream) => self.shake(Role::Initiator, target, stream, address, started, timer).await,
            Err(error) => self.fail(target, Some(address), Stage::Connect, started, &error).await,
        }
    }

    /// Shakes hands over a connection; the attempt began at `started`.
    pub async fn shake(
        &self,
        role: Role,
        target: &str,
        stream: TcpStream,
        address: SocketAddr,
        started: Instant,
        timer: &mut Timer,
    ) {
        let opened = if role == Role::Initiator { Instant::now() } else { started };
        let mut trace = |entry: Entry<'_>| {
            if let Some(level) = self.trace {
                self.results.message(&entry.into_line(target, address, level));
            }
        };
        let traced = self.trace.is_some();
        let tracer = traced.then_some(&mut trace as Tracer<'_>);
        let times = Times { opened, deadline: started + self.timeout, timer };
        let shaken = self.protocol.shake(role, stream, address, times, tracer).await;
        let Shaken { verdict, introduced, hello, bytes, connection } = shaken;
        let ended = Instant::now();
        let timing_ms = Timing {
            connect: (role == Role::Initiator).then_some(opened - started),
            hello,
            handshake: connection.is_some().then_some(ended - opened),
            total: Some(ended - started),
        };
        // Unless it is to be held, the connection is closed here, before anything else.
        let held = self.hold.zip(connection);
        self.results.room().await;
        let introduced = introduced.as_ref();
        self.results.report(&Report {
            introduced,
            timing_ms,
            bytes,
            ..self.blank(target, Some(address), role, &verdict)
        });
        if let Some((hold, connection)) = held {
            let tracer = traced.then_some(&mut trace as Tracer<'_>);
            self.protocol.hold(connection, opened, ended + hold, tracer).await;
        }
    }

    /// Reports an attempt, begun at `started`, that ended before there was a connection.
    pub async fn fail(
        &self,
        target: &str,
        address: Option<SocketAddr>,
        stage: Stage,
        started: Instant,
        fault: &impl Fault,
    ) {
        let verdict = Verdict::failed(stage, fault);
        let timing_ms = Timing { total: Some(started.elapsed()), ..Timing::default() };
        self.results.room().await;
        self.results.report(&Report { timing_ms, ..self.blank(target, address, Role::Initiator, &verdict) });
    }

    fn blank<'a>(
        &'a self,
        target: &'a str,
        address: Option<SocketAddr>,
        role: Role,
        verdict: &'a Verdict,
    ) -> Report<'a> {
        Report {
            target,
            address,
            chain: self.protocol.chain(),
            protocol: self.protocol.name(),
            role: match role {
                Role::Initiator => "initiator",
                Role::Responder => "responder",
            },
            transport: self.protocol.transport(),
            verdict,
            introduced: None,
            timing_ms: Timing::default(),
            bytes: Bytes::default(),
        }
    }
}

/// An address that is not dialled, since only a name led to it.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not globally routable, and only a name led to it; --allow-private dials it all the same")]
pub struct NotRoutable(pub SocketAddr);

impl Fault for NotRoutable {
    fn blame(&self) -> Blame {
        Blame::Local
    }

    fn code(&self) -> &'static str {
        "local.address-not-routable"
    }
}
