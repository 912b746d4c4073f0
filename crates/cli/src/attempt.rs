//! One attempt: from an address to a report.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handshake::{Blame, Fault, Role, Stage};
use net::Verdict;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::args::TraceLevel;
use crate::output::Line;
use crate::protocol::{Protocol, Shaken, Tracer};
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
    /// A permit for each result that may yet wait to be printed.
    pub room: Arc<Semaphore>,
    /// Where results go.
    pub lines: UnboundedSender<Line>,
}

impl Attempts {
    /// Results that may wait to be printed. Whoever has one more to hand over waits instead of going on, so attempts
    /// never run far ahead of whoever reads their results.
    pub const UNPRINTED: usize = 4096;

    /// Dials an address and shakes hands.
    pub async fn dial(&self, target: Arc<str>, address: SocketAddr) {
        let started = Instant::now();
        match net::dial(address, self.connect_timeout.min(self.timeout)).await {
            Ok(stream) => self.shake(Role::Initiator, target, stream, address, started).await,
            Err(error) => {
                let mut report = self.failed(target, Some(address), Stage::Connect, &error);
                report.timing_ms.total = Some(started.elapsed());
                self.finish(report).await;
            }
        }
    }

    /// Shakes hands over a connection; the attempt began at `started`.
    pub async fn shake(&self, role: Role, target: Arc<str>, stream: TcpStream, address: SocketAddr, started: Instant) {
        let opened = Instant::now();
        let mut trace = |entry: Entry<'_>| {
            if let Some(level) = self.trace {
                let _ = self.lines.send(Line::Message(Box::new(entry.into_line(&target, address, level))));
            }
        };
        let traced = self.trace.is_some();
        let tracer = traced.then_some(&mut trace as Tracer<'_>);
        let shaken = self.protocol.shake(role, stream, address, opened, started + self.timeout, tracer).await;
        let Shaken { verdict, introduced, hello, bytes, connection } = shaken;
        let ended = Instant::now();
        let timing_ms = Timing {
            connect: (role == Role::Initiator).then_some(opened - started),
            hello,
            handshake: connection.is_some().then_some(ended - opened),
            total: Some(ended - started),
        };
        let report =
            Report { introduced, timing_ms, bytes, ..self.blank(target.clone(), Some(address), role, verdict) };
        // Unless it is to be held, the connection is closed here, before anything else.
        let held = self.hold.zip(connection);
        self.finish(report).await;
        if let Some((hold, connection)) = held {
            let tracer = traced.then_some(&mut trace as Tracer<'_>);
            self.protocol.hold(connection, opened, ended + hold, tracer).await;
        }
    }

    /// The report of an attempt that ended before there was a connection.
    pub fn failed(&self, target: Arc<str>, address: Option<SocketAddr>, stage: Stage, fault: &impl Fault) -> Report {
        self.blank(target, address, Role::Initiator, Verdict::failed(stage, fault))
    }

    /// Hands over a result, as soon as there is room for it.
    pub async fn finish(&self, report: Report) {
        // Whoever prints it gives the permit back.
        self.room.acquire().await.expect("the semaphore is never closed").forget();
        // Nobody listens any more only when the program is about to end.
        let _ = self.lines.send(Line::Report(Box::new(report)));
    }

    fn blank(&self, target: Arc<str>, address: Option<SocketAddr>, role: Role, verdict: Verdict) -> Report {
        Report {
            target,
            address,
            chain: self.protocol.chain().clone(),
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
