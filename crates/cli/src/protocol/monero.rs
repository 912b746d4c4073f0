//! Monero's handshake as the command line has it: from options to a conversation, and from there to a report.

mod introduced;
mod lines;

use monero::hello::MAX_BYTES;
use monero::message::{Event, Message};
use monero::{Hello, Local, Network, Peers, Session};
use net::{Cause, Unread, Verdict};
use tokio::net::TcpStream;

pub use self::introduced::Introduced;
use self::lines::line;
use super::converse::{Conversed, converse_within, guess};
use super::keep::{Kept, Sign, Span, keep};
use super::retry::Lasting;
use super::{Chain, Connection, Part, Shaken, Times, Tracer, Transport};
use crate::args::Introduction;

/// Our side of Monero's handshake: the same for every connection.
#[derive(Debug)]
pub struct Monero {
    network: &'static Network,
    local: Local,
}

impl Monero {
    /// Our side as the options describe it.
    pub fn new(options: &Introduction) -> Self {
        let network = match options.chain {
            Some(Chain::Monero(network)) => network,
            _ => &monero::NETWORKS[0],
        };
        let ours = &options.monero;
        let mut local = Local::new(network, ours.peer_id.unwrap_or_else(rand::random));
        let monero::Introduction { node, tip } = &mut local.introduction;
        (node.my_port, node.rpc_port, node.support_flags) = (ours.my_port.into(), ours.rpc_port, ours.support_flags);
        tip.top_id = ours.top_block.unwrap_or(tip.top_id);
        (tip.top_version, tip.cumulative_difficulty) = (ours.top_version, ours.difficulty);
        tip.pruning_seed = ours.pruning_seed;
        // Every chain has a first block.
        tip.height = u64::try_from(options.start_height).unwrap_or(0).max(1);
        Self { network, local }
    }

    /// The network's name.
    pub fn chain(&self) -> &'static str {
        self.network.name
    }

    /// The port that a peer listens on unless told otherwise.
    pub fn port(&self) -> u16 {
        self.network.port
    }

    /// Has the handshake.
    pub async fn shake(
        &self,
        part: Part<'_>,
        stream: TcpStream,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let local = self.local.clone();
        let mut hello = match part {
            Part::Dialling(_) => Hello::initiator(local),
            Part::Accepting => Hello::responder(local),
        };
        let is_hello = |event: &Event| {
            matches!(event, Event::Heard(Message::HandshakeRequest(_) | Message::HandshakeResponse(..)))
        };
        let closely = times.closely;
        let Conversed { result, retry, hello: at, bytes } =
            converse_within(MAX_BYTES, &mut hello, stream, times, tracer, is_hello, line).await;
        let (mut open_question, mut elsewhere) = (None, Vec::new());
        let (verdict, peers, connection) = match result {
            Ok((stream, agreed)) => {
                let connection = Connection::Monero(stream, Box::new(self.local.clone()));
                (Verdict::ok(String::new()), agreed.peers, Some(connection))
            }
            Err(failure) => {
                open_question = guess(closely, &failure);
                if let Cause::Fault(monero::Error::Network { theirs, .. }) = &failure.cause {
                    elsewhere.extend(theirs.network().map(|network| network.name));
                }
                (Verdict::of_failure(&hello, &failure), Peers::default(), None)
            }
        };
        let introduced = hello.introduction().map(|introduction| {
            super::Introduced::Monero(Box::new(Introduced { introduction: introduction.clone(), peers }))
        });
        let transport = Transport::Levin;
        Shaken {
            transport,
            session_id: None,
            fall_back: None,
            verdict,
            guess: open_question,
            elsewhere,
            retry,
            introduced,
            hello: at,
            bytes,
            connection,
        }
    }
}

impl Lasting for monero::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }
}

/// Keeps a connection alive, and asks whether the peer does, and whom it knows besides.
pub async fn hold(stream: Unread<TcpStream>, local: Local, span: Span<'_>, tracer: Option<Tracer<'_>>) -> Kept {
    let session = Session::new(local).with_ping().with_timed_sync();
    keep(session, stream, span, tracer, line, |event| match event {
        Event::Said(Message::PingRequest) => Sign::Ping,
        Event::Heard(Message::PingResponse { .. }) => Sign::Pong,
        _ => Sign::Other,
    })
    .await
}
