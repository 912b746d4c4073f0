//! libp2p's handshake as the command line has it: from options to a conversation, and from there to a report.

mod introduced;
mod lines;

use std::net::SocketAddr;
use std::time::Duration;

use handshake::{Outcome, Remark, Text};
use libp2p::yamux::{ACK, Kind, SYN};
use libp2p::{Connection, Error as Fault, Event, Hello, Identify, Identity, Local, Message, Multiaddr, PeerId};
use libp2p::{Farewell, SecretKey, Session, identify};
use net::{Cause, Failure, Timer, Unread, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

pub use self::introduced::Introduced;
use self::lines::line;
use super::converse::{Conversed, converse};
use super::keep::{Kept, Sign, Span, keep};
use super::retry::Lasting;
use super::{Connection as Connected, Shaken, Times, Tracer, Transport};
use crate::args::Introduction;
use crate::exit::Error;
use crate::key;

/// Where IPFS's nodes listen.
pub const DEFAULT_PORT: u16 = 4001;

/// Our side of libp2p's handshake: the same for every connection but for the keys that live as long as it.
#[derive(Debug)]
pub struct Libp2p {
    identity: Identity,
    agent: Text,
}

impl Libp2p {
    /// Our side as the options describe it.
    ///
    /// # Errors
    /// If the key cannot be read.
    pub fn new(options: &Introduction) -> Result<Self, Error> {
        let agent = match &options.user_agent {
            Some(agent) => Text::from(agent.as_bytes()),
            None => Text::from(&*options.program(concat!("verack/", env!("CARGO_PKG_VERSION")))),
        };
        Ok(Self { identity: key::ours(options.key.as_deref(), |seed| Some(Identity::new(seed)))?, agent })
    }

    /// How our side is named, if it listens at this address.
    pub fn our_multiaddr(&self, address: SocketAddr) -> Multiaddr {
        Multiaddr::from(address).with_peer_id(&self.identity.peer_id())
    }

    /// Has the handshake: with the node of this id, or whoever is there, if we dialled; else with whoever dialled us, who
    /// is told from where.
    pub async fn shake(
        &self,
        whom: Option<Option<PeerId>>,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        // The peer may ask yet who we are: see `part`.
        let times = Times { stays: true, ..times };
        let mut local = self.local();
        let mut hello = match whom {
            Some(peer_id) => Hello::initiator(local, peer_id),
            None => {
                local.observed_addr = Some(peer.into());
                Hello::responder(local)
            }
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Two(_) | Message::Three(_)));
        let Conversed { result, retry, hello: at, bytes } =
            converse(&mut hello, stream, times, tracer, is_hello, line).await;
        let (verdict, identify, connection) = match result {
            Ok((stream, agreed)) => {
                let connection = Connected::Libp2p(stream, Box::new(agreed.connection));
                (concluded(&agreed.identify), Some(agreed.identify), Some(connection))
            }
            Err(failure) => {
                let identify = hello.identify_so_far();
                (unfinished(&hello, &failure, identify.as_ref()), identify, None)
            }
        };
        let introduced = hello.public_key().map(|public_key| {
            let introduced = Introduced { public_key: public_key.clone(), muxer: hello.muxer(), identify };
            super::Introduced::Libp2p(Box::new(introduced))
        });
        let transport = Transport::Noise;
        Shaken {
            transport,
            session_id: None,
            fall_back: None,
            verdict,
            guess: None,
            elsewhere: Vec::new(),
            retry,
            introduced,
            hello: at,
            bytes,
            connection,
        }
    }

    fn local(&self) -> Local {
        let [static_key, ephemeral_key] = [(); 2].map(|()| SecretKey::new(*key::random()));
        let mut local = Local::new(self.identity.clone(), static_key, ephemeral_key, "");
        local.agent = self.agent.clone();
        local
    }
}

/// The peer has introduced itself.
fn concluded(identify: &Identify) -> Verdict {
    let mut verdict = Verdict::ok(String::new());
    if identify.omitted.bytes > 0 {
        let detail = format!(
            "introduces itself with {} bytes more than the {} that are read: its lists may be longer than told here",
            identify.omitted.bytes,
            identify::MAX_LEN
        );
        verdict.remarks.push(Remark { code: "libp2p.long-identify", detail });
    }
    verdict
}

/// It did not come to the end of the handshake. A peer that has introduced itself has accepted us: what is missing is the end
/// of the stream on which it did.
fn unfinished(hello: &Hello, failure: &Failure<Fault>, identify: Option<&Identify>) -> Verdict {
    let (how, identify) = match (&failure.cause, identify) {
        (Cause::Late, Some(identify)) => ("did not close the stream of its introduction", identify),
        (Cause::Closed | Cause::Reset, Some(identify)) => {
            ("closed the connection without closing the stream of its introduction", identify)
        }
        // It is a node of libp2p that has proved who it is, and what it says is too long for us alone.
        (Cause::Fault(Fault::Oversized { .. }), _) => {
            return Verdict { outcome: Outcome::Partial, ..Verdict::of_failure(hello, failure) };
        }
        _ => return Verdict::of_failure(hello, failure),
    };
    let mut verdict = concluded(identify);
    let detail = format!("{how}: it may have had more to say");
    verdict.remarks.push(Remark { code: "libp2p.open-identify", detail });
    verdict
}

impl Lasting for Fault {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    fn is_goodbye(&self) -> bool {
        matches!(self, Self::GoAway(_))
    }
}

/// Answers the peer's question who we are, if that comes soon, and leaves once the peer has read the answer. go-libp2p may
/// answer our question before it asks its own.
pub async fn part(
    stream: Unread<TcpStream>,
    connection: Connection,
    opened: Instant,
    timer: &mut Timer,
    tracer: Option<Tracer<'_>>,
) {
    /// Within this the question comes from a node that asks at all.
    const SOON: Duration = Duration::from_millis(250);
    /// For a slow node, or path, we wait as long as the handshake took; but at most this, since no result depends on it.
    const LATE: Duration = Duration::from_secs(1);
    let now = Instant::now();
    let deadline = now + now.duration_since(opened).clamp(SOON, LATE);
    let times = Times { opened, deadline, timer, stays: false, closely: false };
    converse(&mut Farewell::new(connection), stream, times, tracer, |_| false, line).await;
}

/// Keeps a connection alive, and asks whether the peer does.
pub async fn hold(
    stream: Unread<TcpStream>,
    connection: Connection,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> Kept {
    /// Any value would do.
    const PING: u32 = 1;
    keep(Session::new(connection).with_ping(PING), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Frame(frame)) if frame.kind == Kind::Ping && frame.has(SYN) => Sign::Ping,
        Event::Heard(Message::Frame(frame)) if frame.kind == Kind::Ping && frame.has(ACK) => Sign::Pong,
        _ => Sign::Other,
    })
    .await
}
