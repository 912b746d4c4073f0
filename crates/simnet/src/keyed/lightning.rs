//! Lightning nodes: what each does, and the verdict that it deserves.

use std::io;

use handshake::{Blame, Stage};
use lightning::acts::Responder;
use lightning::message::{Notice, Ping};
use lightning::{Chain, Channel, Features, Hello, Init, Kind, Local, Message, SecretKey};
use tokio::net::TcpStream;

use super::line::Line;
use super::{KeyedPeer, Script};
use crate::random::Random;
use crate::truth::Truth;

/// One thing that a peer does. After its last, it listens until the other side leaves.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Has a healthy handshake, with this introduction.
    Node(Init),
    /// Hears act one, says act two, hears act three.
    Keys,
    /// The same, with act two byte by byte.
    SlowKeys,
    /// Hears act one and says an act two in which this byte is changed.
    BentKeys(usize),
    /// Waits for a byte.
    HearAnything,
    /// Says this.
    Say(Vec<u8>),
    /// Says this message, sealed.
    Seal(Vec<u8>),
    /// Says this message byte by byte.
    Drip(Vec<u8>),
    /// Says this message with one byte changed of what is sealed.
    Bend(Vec<u8>, usize),
    /// Says this again and again.
    Flood(Vec<u8>),
    /// Closes.
    Close,
}

use Act::{Bend, BentKeys, Close, Drip, Flood, HearAnything, Keys, Node, Say, Seal, SlowKeys};

/// The key that a peer has, or one that it does not have.
pub(super) fn key(its_own: bool) -> SecretKey {
    SecretKey::new([if its_own { 0x42 } else { 0x24 }; 32]).expect("less than the order of the curve")
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
            Node(init) => {
                let mut local = Local::new(key(true), ephemeral(turn), Vec::new());
                local.init.clone_from(init);
                line.shake(Hello::responder(local)).await?;
            }
            Keys => channel = Some(exchange(&mut line, turn, false).await?),
            SlowKeys => channel = Some(exchange(&mut line, turn, true).await?),
            BentKeys(at) => {
                let mut act_two = Vec::new();
                let one = hear_act(&mut line).await?;
                let awaits = answer(one, turn)?.act_two(&mut act_two);
                drop(awaits);
                act_two[*at] ^= 1;
                line.say(&act_two).await?;
            }
            HearAnything => line.hear_anything().await?,
            Say(bytes) => line.say(bytes).await?,
            Seal(message) => line.say(&sealed(&mut channel, message)).await?,
            Drip(message) => line.drip(&sealed(&mut channel, message)).await?,
            Bend(message, at) => {
                let mut bytes = sealed(&mut channel, message);
                bytes[*at] ^= 1;
                line.say(&bytes).await?;
            }
            Flood(bytes) => return line.flood(|| bytes.clone()).await,
            Close => return Ok(()),
        }
    }
    line.listen().await
}

fn ephemeral(turn: usize) -> SecretKey {
    let bytes = Random::new(turn as u64).bytes(32);
    SecretKey::new(*bytes.first_chunk().expect("32 bytes")).expect("one in 2^128 is no secret key")
}

async fn exchange(line: &mut Line, turn: usize, slowly: bool) -> io::Result<Channel> {
    let one = hear_act(line).await?;
    let mut act_two = Vec::new();
    let responder = answer(one, turn)?.act_two(&mut act_two);
    if slowly {
        line.drip(&act_two).await?;
    } else {
        line.say(&act_two).await?;
    }
    let mut three = hear_act(line).await?;
    let transport = responder.act_three(&mut three).map_err(io::Error::other)?;
    Ok(transport.channel)
}

async fn hear_act<const LEN: usize>(line: &mut Line) -> io::Result<[u8; LEN]> {
    line.hear(|rx| rx.take(LEN).ok().and_then(|act| act.first_chunk().copied())).await
}

fn answer(mut act_one: [u8; 50], turn: usize) -> io::Result<lightning::acts::SaysActTwo> {
    Responder::new(key(true), ephemeral(turn)).act_one(&mut act_one).map_err(io::Error::other)
}

fn sealed(channel: &mut Option<Channel>, message: &[u8]) -> Vec<u8> {
    let channel = channel.as_mut().expect("scripts exchange keys before they seal");
    let mut bytes = Vec::new();
    channel.seal.seal(&mut bytes, |tx| tx.extend_from_slice(message));
    bytes
}

/// One of each kind.
pub(super) fn peers() -> Vec<KeyedPeer> {
    [healthy(), unfinished(), bent(), unfitting()].concat()
}

fn peer<const N: usize>(name: &'static str, truth: Truth, acts: [Act; N]) -> KeyedPeer {
    KeyedPeer::new(name, truth, Script::Lightning(acts.into()))
}

/// How a node introduces itself that has these features.
fn introduction(features: &[u16]) -> Init {
    let regtest = Chain::named("bitcoin-regtest").expect("it is in the table");
    Init { features: Features::of(features), networks: vec![regtest.hash], ..Init::default() }
}

/// What nodes have nowadays, some of it required.
const USUAL: &[u16] = &[0, 5, 7, 8, 11, 12, 14, 17, 19, 23, 25, 27, 39, 45, 47, 51];

fn bytes(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

fn init(init: Init) -> Vec<u8> {
    bytes(&Message::Init(init))
}

fn notice(text: &[u8]) -> Notice {
    Notice::on_all_channels(text).expect("scripts say a few words")
}

fn healthy() -> Vec<KeyedPeer> {
    let usual = init(introduction(USUAL));
    let gossip = bytes(&Message::Other { kind: Kind::GOSSIP_TIMESTAMP_FILTER, len: 0 });
    vec![
        peer("lightning-node", Truth::OK, [Node(introduction(USUAL))]),
        peer("lightning-byte-by-byte", Truth::OK, [SlowKeys, Drip(usual.clone())]),
        peer("lightning-gossips-at-once", Truth::OK, [Keys, Seal(usual), Seal(gossip)]),
        peer("lightning-says-no-network", Truth::OK, [Node(Init { networks: Vec::new(), ..introduction(USUAL) })]),
        peer("lightning-unknown-odd-feature", Truth::OK, [Node(introduction(&[9, 999]))]),
        peer("lightning-no-features", Truth::OK, [Node(introduction(&[]))]),
    ]
}

fn unfinished() -> Vec<KeyedPeer> {
    let ends = Truth::ends;
    vec![
        // A node that does not have the key cannot open act one.
        peer("lightning-wrong-key", ends(Stage::Transport, "closed"), [HearAnything, Close]).misnamed(),
        peer("lightning-wrong-key-silent", ends(Stage::Transport, "timeout"), [HearAnything]).misnamed(),
        peer("lightning-silent-after-act-one", ends(Stage::Transport, "timeout"), []),
        peer("lightning-close-at-once", ends(Stage::Transport, "closed"), [Close]),
        peer("lightning-cut-act-two", ends(Stage::Transport, "closed"), [HearAnything, Say(vec![0, 2, 3]), Close]),
        peer("lightning-close-before-init", ends(Stage::Hello, "closed"), [Keys, Close]),
        peer("lightning-silent-before-init", ends(Stage::Hello, "timeout"), [Keys]),
    ]
}

fn bent() -> Vec<KeyedPeer> {
    let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
    let stranger = Truth::fault(Stage::Transport, "lightning.version", Blame::Mismatch);
    let usual = || init(introduction(USUAL));
    let malformed = fault(Stage::Hello, "lightning.malformed");
    vec![
        peer("lightning-http", stranger, [HearAnything, Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]),
        peer("lightning-act-two-of-version-1", stranger, [BentKeys(0)]),
        peer("lightning-flood-before-act-two", stranger, [Flood(vec![0x55; 10_000])]),
        peer("lightning-zeros-for-act-two", fault(Stage::Transport, "lightning.point"), [Flood(vec![0; 10_000])]),
        // 2 and 3 are what a point may start with.
        peer("lightning-tag-of-act-two", fault(Stage::Transport, "lightning.mac"), [BentKeys(49)]),
        peer("lightning-tag-of-length", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 10)]),
        peer("lightning-tag-of-init", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 20)]),
        peer("lightning-flood-before-init", fault(Stage::Hello, "lightning.mac"), [Keys, Flood(vec![0x55; 10_000])]),
        peer("lightning-oversized", fault(Stage::Hello, "lightning.oversized"), [Keys, Seal(vec![0; 65_535])]),
        peer("lightning-typeless", malformed, [Keys, Seal(vec![0])]),
        peer("lightning-cut-init", malformed, [Keys, Seal(usual()[..9].to_vec())]),
        peer(
            "lightning-ping-first",
            fault(Stage::Hello, "lightning.unexpected"),
            [Keys, Seal(bytes(&Message::Ping(Ping::for_pong_of(8))))],
        ),
    ]
}

fn unfitting() -> Vec<KeyedPeer> {
    let mismatch = |reason| Truth::fault(Stage::Hello, reason, Blame::Mismatch);
    let refused = |reason| Truth::fault(Stage::Hello, reason, Blame::Refused);
    let litecoin = Chain::named("litecoin").expect("it is in the table");
    let elsewhere = Init { networks: vec![litecoin.hash], ..introduction(USUAL) };
    let words = notice(b"no channel for you\x1b[2J");
    vec![
        peer(
            "lightning-unknown-even-feature",
            mismatch("lightning.feature"),
            [Keys, Seal(init(introduction(&[8, 998])))],
        ),
        peer("lightning-other-network", mismatch("lightning.network"), [Keys, Seal(init(elsewhere))]),
        peer("lightning-error", refused("lightning.error"), [Keys, Seal(bytes(&Message::Error(words.clone())))]),
        peer("lightning-warning", refused("lightning.warning"), [Keys, Seal(bytes(&Message::Warning(words)))]),
    ]
}
