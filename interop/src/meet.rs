//! Our side of a connection with a real node.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::frame::write_message;
use bitcoin::message::{Command, Event, Message};
use bitcoin::version::Tail;
use bitcoin::{Chain, Concluded, Local, Params, Services, Session, UserAgent, V1};
use handshake::Stage;
use net::{Accepted, Caps, Established, Limits, Listener, Verdict};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Our user agent.
pub const USER_AGENT: &str = "/verack:0.1.0/";

/// Time for an event that must happen, on any machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The parameters of a network.
///
/// # Panics
/// If there is no network of this name.
#[must_use]
pub fn params(chain: &str) -> Params {
    Chain::named(chain).expect("the network has a row").params
}

/// The introduction of a full node: nodes that dial require the services `NETWORK` and `WITNESS`.
///
/// # Panics
/// If there is no network of this name.
#[must_use]
pub fn local(chain: &str) -> Local {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let nonce = getrandom::u64().expect("the system has random numbers");
    let mut local = Local::new(params(chain), now.cast_signed(), nonce, [7; 32]);
    local.version.services = Services(0b1001);
    local.version.user_agent = UserAgent::new(USER_AGENT.as_bytes()).expect("14 bytes");
    local
}

/// Dials a node and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
pub async fn greet(
    node: SocketAddr,
    local: Local,
    within: Duration,
) -> Result<Established<TcpStream, Concluded>, Box<Verdict>> {
    let stream = net::dial(node, PATIENCE).await.map_err(|error| Verdict::failed(Stage::Connect, &error))?;
    converse(V1::initiator(local), stream, within).await
}

/// Has a handshake with a node this often, one after the other, and counts the results.
pub async fn greet_often(node: SocketAddr, chain: &str, times: usize) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for _ in 0..times {
        let verdict = match greet(node, local(chain), PATIENCE).await {
            Ok(_) => "ok".to_owned(),
            Err(verdict) => verdict.to_string(),
        };
        *tally.entry(verdict).or_default() += 1;
    }
    tally
}

/// Listens on loopback.
///
/// # Panics
/// If that fails.
pub async fn listen() -> (Listener, SocketAddr) {
    let caps = Caps { total: 1, per_address: 1 };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), caps).await;
    let listener = listener.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Waits for a node to dial us and has the handshake.
///
/// # Errors
/// The verdict, if the handshake does not conclude.
///
/// # Panics
/// If no node dials.
pub async fn welcome(listener: &Listener, local: Local) -> Result<Established<TcpStream, Concluded>, Box<Verdict>> {
    let accepted = timeout(PATIENCE, listener.accept()).await.expect("the node dials us");
    match accepted.expect("the listener is sound") {
        Accepted::In { stream, .. } => converse(V1::responder(local), stream, PATIENCE).await,
        Accepted::Turned(peer, why) => panic!("{peer} is one too many: {why:?}"),
    }
}

async fn converse(
    mut handshake: V1,
    stream: TcpStream,
    within: Duration,
) -> Result<Established<TcpStream, Concluded>, Box<Verdict>> {
    let result = net::run(&mut handshake, stream, Limits::within(within), |_| {}).await;
    result.map_err(|failure| Box::new(Verdict::of_failure(&handshake, &failure)))
}

/// A connection that is kept after its handshake: it answers pings in the background. Dropping it closes the
/// connection.
#[derive(Debug)]
pub struct Kept {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    background: JoinHandle<Verdict>,
    heard: Vec<Message>,
    /// Bytes since the start of the connection.
    pub received: u64,
    /// Bytes since the start of the connection.
    pub sent: u64,
}

#[derive(Debug)]
struct Arrival {
    event: Event,
    received: usize,
    sent: usize,
}

impl Kept {
    /// Keeps the connection, and sends a ping with this nonce.
    ///
    /// # Panics
    /// If the connection is broken already.
    pub async fn keep(established: Established<TcpStream, Concluded>, params: Params, ping: u64) -> Self {
        let (received, sent) = (established.received, established.sent);
        let (mut stream, concluded) = established.into_stream();
        let mut bytes = Vec::new();
        write_message(&params, Command::PING, &mut bytes, |tx| {
            Message::Ping(Some(ping)).write(&Tail::None, tx);
        });
        stream.write_all(&bytes).await.expect("the node is there");

        let (line, arrivals) = mpsc::unbounded_channel();
        let background = tokio::spawn(async move {
            let mut session = Session::new(concluded.channel);
            let limits = Limits::within(10 * PATIENCE);
            let result = net::run(&mut session, stream, limits, |seen| {
                // It fails only if there is no receiver any more.
                let _ = line.send(Arrival { event: seen.event, received: seen.received.len(), sent: seen.sent.len() });
            });
            match result.await {
                Ok(established) => match established.output {},
                Err(failure) => Verdict::of_failure_behind(&session, &failure),
            }
        });
        Self { arrivals, background, heard: Vec::new(), received, sent: sent + bytes.len() as u64 }
    }

    /// Waits until the node has sent such a message since the handshake.
    ///
    /// # Panics
    /// If the connection ends before, or it takes too long.
    pub async fn hears(&mut self, what: &str, is: impl Fn(&Message) -> bool) {
        while !self.heard.iter().any(&is) {
            match timeout(PATIENCE, self.arrivals.recv()).await {
                Ok(Some(arrival)) => self.count(arrival),
                Ok(None) => panic!("the connection ended before {what} came: {:?}", (&mut self.background).await),
                Err(_) => panic!("{what} does not come, only {:?}", self.heard),
            }
        }
    }

    /// The node's messages since the handshake, in order.
    pub fn heard(&mut self) -> &[Message] {
        while let Ok(arrival) = self.arrivals.try_recv() {
            self.count(arrival);
        }
        &self.heard
    }

    fn count(&mut self, Arrival { event, received, sent }: Arrival) {
        self.received += received as u64;
        self.sent += sent as u64;
        if let Event::Heard(message) = event {
            self.heard.push(message);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.background.abort();
    }
}
