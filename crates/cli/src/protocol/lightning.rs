//! Lightning's handshake as the command line has it: from options to a conversation, and from there to a report.

mod introduced;
mod lines;

use std::net::SocketAddr;

use handshake::{Fault, Handshake, Remark, Stage};
use lightning::message::{Event, Message, Ping};
use lightning::{Address, Channel, Features, Hello, Init, Local, NodeId, SecretKey, Session};
use net::{Cause, Verdict};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub use self::introduced::Introduced;
use self::lines::line;
use super::converse::{Conversed, converse};
use super::keep::{Kept, LastWords, Sign, Span, keep};
use super::retry::Lasting;
use super::{Chain, Connection, Shaken, Times, Tracer, Transport};
use crate::args::Introduction;
use crate::exit::Error;
use crate::key;

/// Our side of Lightning's handshake: the same for every connection but for the key that lives as long as it.
#[derive(Debug)]
pub struct Lightning {
    chain: Option<&'static lightning::Chain>,
    key: SecretKey,
    init: Init,
}

impl Lightning {
    /// Our side as the options describe it.
    ///
    /// # Errors
    /// If the key cannot be read.
    pub fn new(options: &Introduction) -> Result<Self, Error> {
        let chain = match options.chain {
            Some(Chain::Bitcoin(chain)) => lightning::Chain::named(chain.name),
            _ => None,
        };
        let bits: Vec<u16> = options.lightning.feature_bits.iter().filter_map(|feature| feature.0).collect();
        let networks = chain.map(|chain| chain.hash).into_iter().collect();
        let init = Init { features: Features::of(&bits), networks, ..Init::default() };
        Ok(Self { chain, key: key::ours(options.key.as_deref(), SecretKey::new)?, init })
    }

    /// The chain that a peer must be on; `any` if it may be on any.
    pub fn chain(&self) -> &str {
        self.chain.map_or("any", |chain| chain.name)
    }

    /// The port that a peer listens on unless told otherwise.
    pub fn port(&self) -> u16 {
        self.chain.map_or(lightning::CHAINS[0].port, |chain| chain.port)
    }

    /// Who we are.
    pub fn node_id(&self) -> NodeId {
        self.key.node_id()
    }

    /// The features that we announce, for people.
    fn offer(&self) -> String {
        let names: Vec<_> = self.init.features.iter().map(|feature| feature.to_string()).collect();
        if names.is_empty() { "no features".to_owned() } else { names.join(", ") }
    }

    /// Has the handshake: with the node of this id, or with whoever dialled us, who is told from where.
    pub async fn shake(
        &self,
        whom: Option<NodeId>,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let (static_key, ephemeral_key) = (self.key.clone(), key::fresh(SecretKey::new));
        let mut init = self.init.clone();
        let mut hello = match whom {
            Some(node_id) => Hello::initiator(Local { static_key, ephemeral_key, init }, node_id),
            None => {
                init.remote_addr = Some(Address::Ip(peer));
                Hello::responder(Local { static_key, ephemeral_key, init })
            }
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Init(_)));
        let conversed = converse(&mut hello, stream, times, tracer, is_hello, line).await;
        let introduced = hello
            .node_id()
            .zip(hello.heard())
            .map(|(node_id, init)| super::Introduced::Lightning(Box::new(Introduced { node_id, init: init.clone() })));
        let Conversed { result, retry, hello: at, bytes } = conversed;
        let (verdict, connection) = match result {
            Ok((stream, agreed)) => {
                let mut remarks = Vec::new();
                if self.chain.is_some() && agreed.networks().is_empty() {
                    remarks.push(Remark { code: "lightning.network-unknown", detail: UNKNOWN_NETWORK.to_owned() });
                }
                let verdict = if agreed.confirmed {
                    Verdict { remarks, ..Verdict::ok(String::new()) }
                } else {
                    Verdict::unconfirmed("our ping", remarks)
                };
                (verdict, Some(Connection::Lightning(stream, Box::new(agreed.channel))))
            }
            Err(failure) => {
                let mut verdict = Verdict::of_failure(&hello, &failure);
                if hello.stage() == Stage::Ack && matches!(failure.cause, Cause::Closed | Cause::Reset) {
                    verdict.detail.push_str(&format!("; we offered {}", self.offer()));
                }
                (verdict, None)
            }
        };
        let transport = Transport::Bolt8;
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
}

/// lnd never says, LDK only if it is told to.
const UNKNOWN_NETWORK: &str = "does not say on which chain it is";

impl Lasting for lightning::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }
}

/// Keeps a connection alive, and asks at once and again and again whether the peer does.
pub async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channel: Channel,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> Kept {
    keep(Session::new(channel).pinging(ping()), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Ping(_)) => Sign::Ping,
        Event::Heard(Message::Pong(_)) => Sign::Pong,
        Event::Heard(Message::Error(notice)) => last_words(&lightning::Error::Error(notice.clone())),
        Event::Heard(Message::Warning(notice)) => last_words(&lightning::Error::Warning(notice.clone())),
        _ => Sign::Other,
    })
    .await
}

/// A node that says what is wrong leaves, as a rule; but it need not.
fn last_words(error: &lightning::Error) -> Sign {
    Sign::LastWords(LastWords { reason: error.code(), number: error.number(), sentence: error.to_string() })
}

fn ping() -> Ping {
    /// Any length would do.
    const PONG_LEN: u16 = 16;
    Ping::for_pong_of(PONG_LEN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handshake::Rx;
    use lightning::{Hello, Local, Message, SecretKey};
    use net::Stop;
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::Instant;

    use super::super::keep::{KeptEnd, Span};
    use super::hold;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_held_for_an_hour_is_pinged_as_often_as_a_node_may() {
        let key = |byte| SecretKey::new([byte; 32]).unwrap();
        let local = |byte| Local::new(key(byte), key(byte + 1), Vec::new());
        let called = key(0x22).node_id();
        let (ours, mut theirs) = testing::pair(Hello::initiator(local(0x11), called), Hello::responder(local(0x22)));
        let (mut peer, stream) = duplex(64 * 1024);
        let opened = Instant::now();
        let span = Span { opened, since: opened, until: opened + Duration::from_secs(3599), stop: &Stop::new() };
        let kept = hold(stream, ours.channel, span, None).await;
        assert!(matches!(kept.end, KeptEnd::Time), "{kept:?}");
        assert_eq!((kept.pings.sent, kept.pings.answered), (3600 / 30, 0));
        let mut said = Vec::new();
        peer.read_to_end(&mut said).await.unwrap();
        let (mut rx, mut pings) = (Rx::new(&mut said), 0);
        while let Ok(message) = theirs.channel.open.open(&mut rx) {
            assert!(matches!(Message::read(message), Ok(Message::Ping(_))));
            pings += 1;
        }
        assert_eq!(pings, 3600 / 30);
    }
}
