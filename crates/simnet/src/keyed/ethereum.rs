//! Ethereum nodes: what each does, and the verdict that it deserves.

use std::io;

use ethereum::auth::{Ack, Auth, AuthReader, Sealing};
use ethereum::disconnect::Reason;
use ethereum::eth::OurChain;
use ethereum::message::id;
use ethereum::secrets::{Part, Secrets};
use ethereum::{
    Capability, Channel, ForkId, Fresh, Goal, Hash, Hello, Local, OurStatus, Protocol, Rlpx, SecretKey, Status,
};
use handshake::{Blame, Role, Stage};
use tokio::net::TcpStream;

use super::line::Line;
use super::{KeyedPeer, Script};
use crate::random::Random;
use crate::truth::Truth;

/// The number of the simulated network.
pub const NETWORK_ID: u64 = 424_242;

/// The hash of its first block.
pub const GENESIS: Hash = Hash([0x5e; 32]);

/// One thing that a peer does. After its last, it listens until the other side leaves.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Has a healthy handshake over these versions of `eth`.
    Node(&'static [u64]),
    /// Hears auth and says ack.
    Keys,
    /// The same, with ack byte by byte.
    SlowKeys,
    /// The same, with one byte of ack changed.
    BentKeys(usize),
    /// Waits for a byte.
    HearAnything,
    /// Says this.
    Say(Vec<u8>),
    /// Says Hello, and from then on compresses.
    Introduce(Hello),
    /// Says this message, of which the number comes first.
    Tell(u64, Vec<u8>),
    /// Says a message byte by byte.
    Drip(u64, Vec<u8>),
    /// Says a message with one byte changed of what is sealed.
    Bend(u64, Vec<u8>, usize),
    /// Says a frame with exactly this data.
    Frame(Vec<u8>),
    /// Says this message again and again.
    FloodOf(u64, Vec<u8>),
    /// Says this again and again.
    Flood(Vec<u8>),
    /// Closes.
    Close,
}

use Act::{
    Bend, BentKeys, Close, Drip, Flood, FloodOf, Frame, HearAnything, Introduce, Keys, Node, Say, SlowKeys, Tell,
};

/// The key that a peer has, or one that it does not have.
pub(super) fn key(its_own: bool) -> SecretKey {
    SecretKey::from_bytes([if its_own { 0x42 } else { 0x24 }; 32]).expect("less than the order of the curve")
}

/// Acts a script.
///
/// # Errors
/// If the other side leaves first, or does not do as a node does.
pub(super) async fn play(acts: &[Act], stream: TcpStream, turn: usize) -> io::Result<()> {
    let mut line = Line::new(stream);
    let mut channel = None;
    for act in acts {
        match act {
            Node(versions) => line.shake(Rlpx::responder(node(versions), fresh(turn))).await?,
            Keys => {
                let ack = hear_auth(&mut line, turn, &mut channel).await?;
                line.say(&ack).await?;
            }
            SlowKeys => {
                let ack = hear_auth(&mut line, turn, &mut channel).await?;
                line.drip(&ack).await?;
            }
            BentKeys(at) => {
                let mut ack = hear_auth(&mut line, turn, &mut channel).await?;
                ack[*at] ^= 1;
                line.say(&ack).await?;
            }
            HearAnything => line.hear_anything().await?,
            Say(bytes) => line.say(bytes).await?,
            Introduce(hello) => {
                let mut payload = Vec::new();
                hello.write(&mut payload);
                let bytes = sealed(&mut channel, id::HELLO, &payload);
                line.say(&bytes).await?;
                of(&mut channel).compressed = hello.version >= 5;
            }
            Tell(id, payload) => line.say(&sealed(&mut channel, *id, payload)).await?,
            Drip(id, payload) => line.drip(&sealed(&mut channel, *id, payload)).await?,
            Bend(id, payload, at) => {
                let mut bytes = sealed(&mut channel, *id, payload);
                bytes[*at] ^= 1;
                line.say(&bytes).await?;
            }
            Frame(data) => {
                let mut bytes = Vec::new();
                of(&mut channel).seal.frame(&mut bytes, |tx| tx.extend_from_slice(data));
                line.say(&bytes).await?;
            }
            FloodOf(id, payload) => return line.flood(|| sealed(&mut channel, *id, payload)).await,
            Flood(bytes) => return line.flood(|| bytes.clone()).await,
            Close => return Ok(()),
        }
    }
    line.listen().await
}

/// What is new for each conversation.
fn fresh(turn: usize) -> Fresh {
    let bytes = Random::new(turn as u64).bytes(Fresh::RANDOM_LEN);
    Fresh::new(bytes.first_chunk().expect("as many as were asked for")).expect("4 in 2^128 are no keys")
}

/// Hears an auth and makes the channel; returns the ack that the other side needs for it.
async fn hear_auth(line: &mut Line, turn: usize, channel: &mut Option<Channel>) -> io::Result<Vec<u8>> {
    let (ours, fresh) = (key(true), fresh(turn));
    let mut reader = AuthReader::new();
    let heard = line.hear(|rx| {
        let opened = reader.read(&ours, rx).ok()?;
        let auth = Auth::read(opened.form, opened.inside).ok()?;
        Some((opened.form, opened.packet, auth))
    });
    let (form, packet, auth) = heard.await?;
    let their_ephemeral = auth.ephemeral_key(&ours).map_err(io::Error::other)?;
    let Fresh { ephemeral, nonce, sealing, .. } = fresh;
    let mut ack = Vec::new();
    let sealing: Sealing = sealing;
    Ack::new(&ephemeral, nonce).write(form, &auth.key, &sealing, &mut ack);
    let secrets = Secrets::derive(&ephemeral, &their_ephemeral, &auth.nonce, &nonce);
    let initiator = Part { nonce: &auth.nonce, packet: &packet };
    let (seal, open) = secrets.halves(Role::Responder, initiator, Part { nonce: &nonce, packet: &ack });
    *channel = Some(Channel { seal, open, compressed: false });
    Ok(ack)
}

fn of(channel: &mut Option<Channel>) -> &mut Channel {
    channel.as_mut().expect("scripts exchange keys before they speak")
}

fn sealed(channel: &mut Option<Channel>, id: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    of(channel).say(id, payload, &mut bytes);
    bytes
}

/// The simulated network's chain.
fn chain() -> OurChain {
    OurChain {
        network_id: NETWORK_ID,
        genesis: GENESIS,
        fork_id: ForkId::at(GENESIS, [], ethereum::network::END),
        total_difficulty: 0x2_0000.into(),
        earliest: 0,
        latest: 850_000,
        latest_hash: Hash([0xb1; 32]),
    }
}

/// A whole node, over these versions of `eth`.
fn node(versions: &[u64]) -> Local {
    let mut local = Local::new(key(true));
    local.client_id = CLIENT_ID.into();
    local.protocols = versions.iter().copied().map(Protocol::eth).collect();
    local.goal = Goal::Status(OurStatus::Of(chain()));
    local
}

const CLIENT_ID: &str = "verack-simnet/v1.0";

/// The number of Status, as `eth` is the only capability.
const STATUS: u64 = id::FIRST_OF_CAPABILITIES;

fn hello() -> Hello {
    node(&[68, 69]).hello()
}

fn status(chain: &OurChain) -> Vec<u8> {
    let mut payload = Vec::new();
    chain.status(69).write(&mut payload);
    payload
}

fn goodbye(reason: Reason) -> Act {
    let mut payload = Vec::new();
    reason.write(&mut payload);
    Tell(id::DISCONNECT, payload)
}

/// One of each kind.
pub(super) fn peers() -> Vec<KeyedPeer> {
    [healthy(), unfinished(), refusing(), bent_keys(), bent(), elsewhere()].concat()
}

fn peer<const N: usize>(name: &'static str, truth: Truth, acts: [Act; N]) -> KeyedPeer {
    KeyedPeer::new(name, truth, Script::Ethereum(acts.into()))
}

fn healthy() -> Vec<KeyedPeer> {
    let ours = || status(&chain());
    vec![
        peer("ethereum-node", Truth::OK, [Node(&[68, 69, 70])]),
        peer("ethereum-node-of-eth-68", Truth::OK, [Node(&[66, 67, 68])]),
        peer("ethereum-byte-by-byte", Truth::OK, [SlowKeys, Introduce(hello()), Drip(STATUS, ours())]),
        peer(
            "ethereum-chatty",
            Truth::OK,
            [
                Keys,
                Introduce(hello()),
                Tell(id::PING, vec![0xc0]),
                Tell(STATUS + 8, vec![0x5a; 1500]),
                Tell(STATUS + 7, vec![0x5a; 100_000]),
                Tell(STATUS, ours()),
            ],
        ),
        peer(
            "ethereum-unnamed",
            Truth::OK,
            [Keys, Introduce(Hello { client_id: "".into(), listen_port: u64::MAX, ..hello() }), Tell(STATUS, ours())],
        ),
        peer(
            "ethereum-escapes-in-its-name",
            Truth::OK,
            [Keys, Introduce(Hello { client_id: "\u{1b}[2J\u{202e}evil".into(), ..hello() }), Tell(STATUS, ours())],
        ),
    ]
}

fn unfinished() -> Vec<KeyedPeer> {
    let ends = Truth::ends;
    vec![
        // A node that does not have the key cannot open the auth.
        peer("ethereum-wrong-key", ends(Stage::Transport, "closed"), [HearAnything, Close]).misnamed(),
        peer("ethereum-wrong-key-silent", ends(Stage::Transport, "timeout"), [HearAnything]).misnamed(),
        peer("ethereum-silent", ends(Stage::Transport, "timeout"), []),
        peer("ethereum-close-at-once", ends(Stage::Transport, "closed"), [Close]),
        peer("ethereum-close-before-hello", ends(Stage::Hello, "closed"), [Keys, Close]),
        peer("ethereum-silent-before-hello", ends(Stage::Hello, "timeout"), [Keys]),
        peer("ethereum-close-before-status", ends(Stage::Ack, "closed"), [Keys, Introduce(hello()), Close]),
        peer("ethereum-silent-before-status", ends(Stage::Ack, "timeout"), [Keys, Introduce(hello())]),
    ]
}

fn refusing() -> Vec<KeyedPeer> {
    let refused = |stage, reason| Truth::fault(stage, reason, Blame::Refused);
    let full = "ethereum.disconnect.too-many-peers";
    let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
    vec![
        peer("ethereum-full", refused(Stage::Hello, full), [Keys, goodbye(Reason::TooManyPeers)]),
        peer("ethereum-full-in-a-bare-number", refused(Stage::Hello, full), [Keys, Frame(vec![1, 4])]),
        peer(
            "ethereum-full-after-hello",
            refused(Stage::Ack, full),
            [Keys, Introduce(hello()), goodbye(Reason::TooManyPeers)],
        ),
        peer(
            "ethereum-useless",
            mismatch("ethereum.disconnect.useless-peer"),
            [Keys, Introduce(hello()), goodbye(Reason::UselessPeer)],
        ),
        peer(
            "ethereum-other-fork",
            mismatch("ethereum.disconnect.subprotocol"),
            [Keys, Introduce(hello()), goodbye(Reason::Subprotocol)],
        ),
        peer(
            "ethereum-unnamed-reason",
            refused(Stage::Ack, "ethereum.disconnect.other"),
            [Keys, Introduce(hello()), goodbye(Reason::Other(Some(0x55)))],
        ),
    ]
}

fn bent_keys() -> Vec<KeyedPeer> {
    let fault = |reason| Truth::fault(Stage::Transport, reason, Blame::Peer);
    let stranger = Truth::fault(Stage::Transport, "ethereum.not-rlpx", Blame::Mismatch);
    vec![
        peer("ethereum-http", stranger, [HearAnything, Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]),
        peer("ethereum-flood-before-ack", stranger, [Flood(vec![0x55; 10_000])]),
        peer("ethereum-ack-of-64-kib", stranger, [HearAnything, Say(vec![0xff, 0xff, 4, 0])]),
        // The last byte of its y coordinate: size 2, prefix 1, x 32, y 32.
        peer("ethereum-point-off-the-curve", fault("ethereum.point"), [BentKeys(66)]),
        peer("ethereum-ack-changed", fault("ethereum.mac"), [BentKeys(100)]),
    ]
}

fn bent() -> Vec<KeyedPeer> {
    let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
    let introduced = |name, truth, last: Act| peer(name, truth, [Keys, Introduce(hello()), last]);
    let flood = fault(Stage::Ack, "flood");
    let other_id = Hello { node_id: key(false).public().to_bytes(), ..hello() };
    let snappy = fault(Stage::Ack, "ethereum.snappy");
    let wrong_version = Status { version: 68, ..chain().status(69) };
    let mut wrong = Vec::new();
    wrong_version.write(&mut wrong);
    vec![
        peer("ethereum-mac-of-header", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 20)]),
        peer("ethereum-mac-of-frame", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 40)]),
        peer(
            "ethereum-mac-of-status",
            fault(Stage::Ack, "ethereum.mac"),
            [Keys, Introduce(hello()), Bend(STATUS, status(&chain()), 40)],
        ),
        peer("ethereum-another-node-id", fault(Stage::Hello, "ethereum.identity"), [Keys, Introduce(other_id)]),
        peer("ethereum-cut-hello", fault(Stage::Hello, "ethereum.malformed"), [Keys, Tell(0, vec![0xc2, 5, 0x80])]),
        peer(
            "ethereum-ping-before-hello",
            fault(Stage::Hello, "ethereum.unexpected"),
            [Keys, Tell(id::PING, vec![0xc0])],
        ),
        peer("ethereum-long-hello", fault(Stage::Hello, "ethereum.oversized"), [Keys, Tell(0, vec![0; 100_000])]),
        // A frame that claims 16 MiB decompressed.
        introduced("ethereum-snappy-bomb", snappy, Frame([&[0x10, 0xff, 0xff, 0xff, 7][..], &[0; 40]].concat())),
        introduced("ethereum-no-snappy", snappy, Frame([&[0x10, 0x20][..], &[0xff; 40]].concat())),
        introduced("ethereum-cut-status", fault(Stage::Ack, "ethereum.malformed"), Tell(STATUS, vec![0xc1, 0x45])),
        introduced(
            "ethereum-status-of-another-version",
            fault(Stage::Ack, "ethereum.eth-version"),
            Tell(STATUS, wrong),
        ),
        introduced("ethereum-endless-pings", flood, FloodOf(id::PING, vec![0xc0])),
        introduced("ethereum-endless-transactions", flood, FloodOf(STATUS + 2, vec![0x5a; 60_000])),
    ]
}

fn elsewhere() -> Vec<KeyedPeer> {
    let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
    let tells = |name, reason, chain: OurChain| {
        peer(name, mismatch(reason), [Keys, Introduce(hello()), Tell(STATUS, status(&chain))])
    };
    let les = Hello { capabilities: vec![Capability::new("les", 4), Capability::new("eth", 63)], ..hello() };
    vec![
        tells("ethereum-other-network", "ethereum.network-id", OurChain { network_id: 56, ..chain() }),
        tells("ethereum-other-genesis", "ethereum.genesis", OurChain { genesis: Hash([7; 32]), ..chain() }),
        peer("ethereum-nothing-in-common", mismatch("ethereum.no-shared-eth"), [Keys, Introduce(les)]),
    ]
}
