//! Our side of a connection with a real Ethereum node.

use std::net::SocketAddr;
use std::time::Duration;

use ethereum::eth::{Difficulty, OurChain};
use ethereum::local::Goal;
use ethereum::{Agreed, Event, ForkId, Fresh, Local, Message, Network, OurStatus, PublicKey, Rlpx, SecretKey, Session};
use handshake::Stage;
use net::{Accepted, Established, Limits, Listener, Verdict};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meet::PATIENCE;

/// Our client id.
pub const CLIENT_ID: &str = "verack/0.1.0";

/// A concluded handshake.
pub type Met = Established<TcpStream, Agreed>;

/// A node with a new key, which sends this Status.
///
/// # Panics
/// If the system has no random numbers.
#[must_use]
pub fn local(status: OurStatus) -> Local {
    let mut local = Local::new(SecretKey::new(random()).expect("nearly every number is a key"));
    local.client_id = CLIENT_ID.into();
    local.goal = Goal::Status(status);
    local
}

/// Mainnet after Prague, for a node that knows no later fork: `node.mjs` announces the same.
///
/// # Panics
/// If mainnet is not a known network.
#[must_use]
pub fn mainnet() -> OurChain {
    let genesis = Network::named("ethereum").expect("it has a row").genesis;
    OurChain {
        network_id: 1,
        genesis,
        fork_id: ForkId { hash: [0xc3, 0x76, 0xcf, 0x8b], next: 0 },
        total_difficulty: Difficulty::from(0x04_0000_0000),
        earliest: 0,
        latest: 0,
        latest_hash: genesis,
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

fn fresh() -> Fresh {
    Fresh::new(&random()).expect("nearly all numbers are keys")
}

/// Dials a node and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
pub async fn greet(node: SocketAddr, id: PublicKey, local: Local, within: Duration) -> Result<Met, Box<Verdict>> {
    let stream = net::dial(node, PATIENCE).await.map_err(|error| Verdict::failed(Stage::Connect, &error))?;
    converse(Rlpx::initiator(local, fresh(), id), stream, within).await
}

/// Waits for a node to dial us and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
///
/// # Panics
/// If no node dials.
pub async fn welcome(listener: &Listener, local: Local) -> Result<Met, Box<Verdict>> {
    let accepted = timeout(PATIENCE, listener.accept()).await.expect("the node dials us");
    match accepted.expect("the listener is sound") {
        Accepted::In { stream, .. } => converse(Rlpx::responder(local, fresh()), stream, PATIENCE).await,
        Accepted::Turned(peer, why) => panic!("{peer} is one too many: {why:?}"),
    }
}

async fn converse(mut handshake: Rlpx, stream: TcpStream, within: Duration) -> Result<Met, Box<Verdict>> {
    let result = net::run(&mut handshake, stream, Limits::within(within), |_| {}).await;
    result.map_err(|failure| Box::new(Verdict::of_failure(&handshake, &failure)))
}

/// A connection that is kept after its handshake: it answers pings in the background, and sends one. Dropping it closes
/// the connection.
#[derive(Debug)]
pub struct Kept {
    arrivals: mpsc::UnboundedReceiver<Message>,
    background: JoinHandle<Verdict>,
}

impl Kept {
    /// Keeps the connection.
    #[must_use]
    pub fn keep(met: Met) -> Self {
        let (stream, Agreed { channel, .. }) = met.into_stream();
        let (line, arrivals) = mpsc::unbounded_channel();
        let background = tokio::spawn(async move {
            let mut session = Session::new(channel).pinging();
            let result = net::run(&mut session, stream, Limits::within(10 * PATIENCE), |seen| {
                if let Event::Heard(message) = seen.event {
                    // It fails only if there is no receiver any more.
                    let _ = line.send(message);
                }
            });
            match result.await {
                Ok(established) => match established.output {},
                Err(failure) => Verdict::of_failure_behind(&session, &failure),
            }
        });
        Self { arrivals, background }
    }

    /// Waits until the node sends this message.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn hears(&mut self, message: Message) {
        loop {
            match timeout(PATIENCE, self.arrivals.recv()).await {
                Ok(Some(heard)) if heard == message => return,
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended before {message:?} came: {:?}", (&mut self.background).await),
                Err(_) => panic!("{message:?} does not come"),
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.background.abort();
    }
}
