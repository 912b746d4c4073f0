//! Ethereum's handshake as the command line has it: from options to a conversation, and from there to a report.

mod introduced;
mod lines;

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use ethereum::eth::OurChain;
use ethereum::fork_id::Head;
use ethereum::local::{Expected, Rules};
use ethereum::message::{Event, Message};
use ethereum::network::{END, Network};
use ethereum::{
    Channel, Enode, ForkId, Fresh, Goal, Local, OurStatus, PublicKey, Reason, Rlpx, SecretKey, Session, Status,
};
use handshake::Text;
use net::{Cause, Verdict};
use rand::RngExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub use self::introduced::Introduced;
use self::lines::line;
use super::converse::{Conversed, converse};
use super::keep::{Kept, Sign, Span, keep};
use super::retry::Lasting;
use super::{Chain, Connection, Shaken, Times, Tracer, Transport};
use crate::args::{Introduction, StatusChoice};
use crate::exit::Error;
use crate::key;

/// Our side of Ethereum's handshake: the same for every connection but for the keys that live as long as it.
#[derive(Debug)]
pub struct Ethereum {
    chain: String,
    local: Local,
    /// The named network whose forks a peer's are compared with.
    network: Option<&'static Network>,
    /// What our Status says, if the options say so.
    status: Option<StatusChoice>,
    /// The chain of our own Status.
    own: Option<Own>,
}

/// The chain of our own Status, but for what changes with time.
#[derive(Debug)]
struct Own {
    chain: OurChain,
    /// The network whose latest fork is ours; `None` if the fork id of the chain stands.
    forks_of: Option<&'static Network>,
}

impl Own {
    fn now(&self) -> OurChain {
        let fork_id = self.forks_of.map_or(self.chain.fork_id, |network| network.fork_id(now()));
        OurChain { fork_id, ..self.chain.clone() }
    }
}

impl Ethereum {
    /// Our side as the options describe it.
    ///
    /// # Errors
    /// If the key cannot be read, or half of a network is described.
    pub fn new(options: &Introduction) -> Result<Self, Error> {
        let ours = &options.ethereum;
        let named = match options.chain {
            Some(Chain::Ethereum(network)) => Some(network),
            _ => None,
        };
        let network_id = ours.network_id.or(named.map(|network| network.network_id));
        let genesis = ours.genesis.or(named.map(|network| network.genesis));
        let expected = match (network_id, genesis) {
            (Some(network_id), Some(genesis)) => Some(Expected { network_id, genesis }),
            (None, None) => None,
            _ => return Err(Error::Usage("--network-id and --genesis belong together: both, or a --chain".to_owned())),
        };
        let described = ours.network_id.is_some() || ours.genesis.is_some();
        let chain = match (named, expected) {
            (Some(network), _) if !described => network.name.to_owned(),
            (_, Some(Expected { network_id, .. })) => format!("network-{network_id}"),
            (_, None) => "any".to_owned(),
        };
        let network = named.filter(|_| !described);
        let own = expected.map(|Expected { network_id, genesis }| {
            let fork_id = ours.fork_id.unwrap_or_else(|| ForkId::at(genesis, [], END));
            let latest = u64::try_from(options.start_height).unwrap_or_default();
            let (total_difficulty, latest_hash) = (0.into(), ours.head.unwrap_or(genesis));
            let chain = OurChain { network_id, genesis, fork_id, total_difficulty, earliest: 0, latest, latest_hash };
            Own { chain, forks_of: network.filter(|_| ours.fork_id.is_none()) }
        });
        if ours.status == Some(StatusChoice::Own) && own.is_none() {
            return Err(Error::Usage(
                "--status own needs a network: --chain, or --network-id and --genesis".to_owned(),
            ));
        }

        let mut local = Local::new(key::ours(options.key.as_deref(), SecretKey::new)?);
        local.client_id = match &options.user_agent {
            Some(agent) => Text::from(agent.as_bytes()),
            None => Text::from(&*options.program(concat!("verack/v", env!("CARGO_PKG_VERSION")))),
        };
        local.protocols.clone_from(&ours.capabilities);
        local.listen_port = ours.listen_port;
        local.expected = expected;
        Ok(Self { chain, local, network, status: ours.status, own })
    }

    /// The network that a peer must be on; `any` if it may be on any.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// How our side is named, if it listens there. It cannot be discovered.
    pub fn our_enode(&self, address: SocketAddr) -> Enode {
        let (host, port) = (address.ip().to_string(), address.port());
        Enode { id: self.local.node_id(), host, port, discovery_port: Some(0) }
    }

    /// Our side of one connection, which we dialled or not, and which stays open after the handshake or not.
    fn local(&self, dials: bool, stays: bool) -> Local {
        let own = self.own.as_ref().map(Own::now);
        let default = if dials || own.is_none() { StatusChoice::Echo } else { StatusChoice::Own };
        let goal = match (self.status.unwrap_or(default), &own) {
            (StatusChoice::Own, Some(own)) => Goal::Status(OurStatus::Of(own.clone())),
            (StatusChoice::None, _) => Goal::Hello,
            (StatusChoice::Echo | StatusChoice::Own, _) => Goal::Status(OurStatus::Echo),
        };
        let mut local = self.local.clone();
        local.goal = goal;
        local.own = own;
        local.rules = self.network.map(|network| Rules { network, head: now() });
        local.parting = (!stays).then_some(Reason::Quitting);
        local
    }

    /// Has the handshake: with the node of this id, or with whoever dialled us.
    pub async fn shake(
        &self,
        whom: Option<PublicKey>,
        stream: TcpStream,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'_> {
        let local = self.local(whom.is_some(), times.stays);
        let mut rlpx = match whom {
            Some(id) => Rlpx::initiator(local, fresh(), id),
            None => Rlpx::responder(local, fresh()),
        };
        let is_hello = |event: &Event| matches!(event, Event::Heard(Message::Hello(_)));
        let Conversed { result, retry, hello, bytes } =
            converse(&mut rlpx, stream, times, tracer, is_hello, line).await;
        let (verdict, connection) = match result {
            Ok((stream, agreed)) => {
                let verdict = if agreed.confirmed {
                    Verdict { remarks: agreed.remarks, ..Verdict::ok(String::new()) }
                } else {
                    Verdict::unconfirmed("our GetBlockHeaders", agreed.remarks)
                };
                (verdict, Some(Connection::Ethereum(stream, Box::new(agreed.channel))))
            }
            Err(failure) => {
                let mut verdict = Verdict::of_failure(&rlpx, &failure);
                if let (Cause::Closed | Cause::Reset, Some(status)) = (&failure.cause, rlpx.said_status()) {
                    let Status { network_id, fork_id, .. } = status;
                    verdict.detail.push_str(&format!("; ours said network {network_id}, fork id {fork_id}"));
                }
                (verdict, None)
            }
        };
        let introduced = rlpx.node_id().zip(rlpx.hello()).map(|(node_id, hello)| {
            let (hello, status) = (hello.clone(), rlpx.status().cloned());
            super::Introduced::Ethereum(Box::new(Introduced { node_id, hello, status }))
        });
        let transport = Transport::Rlpx;
        Shaken {
            transport,
            session_id: None,
            fall_back: None,
            verdict,
            guess: None,
            elsewhere: Vec::new(),
            retry,
            introduced,
            hello,
            bytes,
            connection,
        }
    }
}

/// Where every chain is now, by our clock: as we have none, every fork that is given by a block has passed.
fn now() -> Head {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Head { block: u64::MAX, time: since_1970.as_secs() }
}

/// What is new for each connection.
fn fresh() -> Fresh {
    loop {
        // Nobody has ever seen the second turn.
        if let Some(fresh) = Fresh::new(&rand::rng().random()) {
            return fresh;
        }
    }
}

impl Lasting for ethereum::Error {
    fn is_ourselves(&self) -> bool {
        matches!(self, Self::SelfConnect)
    }

    fn is_goodbye(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// Keeps a connection alive, and asks at once and again and again whether the peer does.
pub async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channel: Channel,
    span: Span<'_>,
    tracer: Option<Tracer<'_>>,
) -> Kept {
    keep(Session::new(channel).pinging(), stream, span, tracer, line, |event| match event {
        Event::Said(Message::Ping) => Sign::Ping,
        Event::Heard(Message::Pong) => Sign::Pong,
        _ => Sign::Other,
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ethereum::channel::Heard;
    use ethereum::message::id;
    use ethereum::{Goal, Local, Rlpx, SecretKey};
    use handshake::Rx;
    use net::Stop;
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::Instant;

    use super::super::keep::{KeptEnd, Span};
    use super::{fresh, hold};

    #[tokio::test(start_paused = true)]
    async fn a_node_that_leaves_who_is_silent_for_half_a_minute_is_held_for_an_hour() {
        let [ours, theirs] = [[0x11; 32], [0x22; 32]].map(|key| {
            let mut local = Local::new(SecretKey::new(key).unwrap());
            local.goal = Goal::Hello;
            local
        });
        let called = theirs.node_id();
        let (ours, mut theirs) =
            testing::pair(Rlpx::initiator(ours, fresh(), called), Rlpx::responder(theirs, fresh()));
        let (mut peer, stream) = duplex(64 * 1024);
        let opened = Instant::now();
        let span = Span { opened, since: opened, until: opened + Duration::from_secs(3599), stop: &Stop::new() };
        let kept = hold(stream, ours.channel, span, None).await;
        assert!(matches!(kept.end, KeptEnd::Time), "{kept:?}");
        assert_eq!((kept.pings.sent, kept.pings.answered), (3600 / 15, 0));
        let mut said = Vec::new();
        peer.read_to_end(&mut said).await.unwrap();
        let (mut rx, mut heard) = (Rx::new(&mut said), Vec::new());
        while let Ok(message) = theirs.channel.hear(&mut rx) {
            let Heard::Message { id, .. } = message else { panic!("{message:?}") };
            heard.push(id);
        }
        assert_eq!(heard.pop(), Some(id::DISCONNECT));
        assert_eq!(heard, [id::PING; 3600 / 15]);
    }
}
