//! libp2p: both roles of the handshake, the session after it, and what is below and beside it.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! By itself a fuzzer does not get past a tag. So the choices say how far the peer keeps to the protocol: not at all; up
//! to the end of Noise; up to the seal of its frames, each of which the input has as a length of two bytes and that many
//! bytes; or with a payload of its own within Noise, which is then the input.

#[path = "../../crates/libp2p/tests/common/noise.rs"]
mod noise;

use handshake::{Fault, Role};
use testing::{feed, survives};
use verack_libp2p::identify::Omitted;
use verack_libp2p::multistream::{self, HEADER};
use verack_libp2p::protobuf::Fields;
use verack_libp2p::yamux::{self, Frame};
use verack_libp2p::{
    Channel, Error, Hello, Identify, Identity, Local, Multiaddr, Opening, Payload, PeerId, PublicKey, SecretKey,
    Session, Target, varint,
};

use self::noise::{Noise, muxers_of, payload_of};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input);
}

/// Any bytes to our responder.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input);
}

/// Any bytes to what takes messages and texts apart.
pub fn wire(input: &[u8]) {
    if let Ok((value, len)) = varint::read(input) {
        let mut written = Vec::new();
        varint::write(value, &mut written);
        assert_eq!(written, input[..len]);
    }
    if let Ok((name, len)) = multistream::read(input)
        && let Ok(name) = str::from_utf8(name)
    {
        let mut written = Vec::new();
        multistream::write(name, &mut written);
        assert_eq!(written, input[..len]);
    }
    let mut fields = Fields::new(input);
    while let Ok(Some(_)) = fields.field() {}
    if let Some(Ok(frame)) = input.first_chunk().map(Frame::read) {
        let mut written = Vec::new();
        frame.write(&mut written);
        assert_eq!(written, input[..written.len()]);
        assert_printable(&frame.to_string());
    }
    if let Ok(identify) = Identify::read(input)
        && identify.omitted == Omitted::default()
    {
        let mut written = Vec::new();
        identify.write(&mut written);
        assert_eq!(Identify::read(&written), Ok(identify));
    }
    match PublicKey::read(input) {
        Ok(key) => {
            assert_eq!(key.encoded(), input);
            assert_eq!(PeerId::from_bytes(key.peer_id().as_bytes()), Ok(key.peer_id()));
        }
        Err(error) => assert_printable(&error.to_string()),
    }
    match Payload::read(input, &[7; 32]) {
        Ok(payload) => assert_printable(&format!("{payload:?}")),
        Err(error) => assert_printable(&error.to_string()),
    }
    assert_printable(&Multiaddr::from(input).to_string());
    if let Ok(text) = str::from_utf8(input) {
        if let Ok(address) = text.parse::<Multiaddr>() {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        if let Ok(target) = text.parse::<Target>() {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
        if let Ok(peer_id) = text.parse::<PeerId>() {
            assert_eq!(peer_id.to_string().parse(), Ok(peer_id));
        }
    }
}

/// What the first byte says.
#[derive(Clone, Copy)]
struct Choices {
    /// Whether the peer's names and Noise are sound.
    noise: bool,
    /// Whether its frames are sealed, too.
    seals: bool,
    /// Whether the input is its payload within Noise.
    payload: bool,
    /// Whether we wait for answers.
    patient: bool,
    /// Whether the muxer is agreed on within Noise.
    inlines: bool,
    /// Whether the handshake is over before the input.
    kept: bool,
}

impl Choices {
    /// Those of an input; and the rest of it.
    fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let (&first, rest) = input.split_first()?;
        let has = |bits| first & bits != 0;
        let choices =
            Self { noise: has(3), seals: has(2), payload: has(4), patient: has(8), inlines: !has(16), kept: has(32) };
        Some((choices, rest))
    }

    fn local(self, [identity, s, e]: [u8; 3]) -> Local {
        let [s, e] = [s, e].map(|byte| SecretKey::new([byte; 32]));
        let mut local = Local::new(Identity::new([identity; 32]), s, e, "verack/fuzz");
        local.opening = if self.patient { Opening::Patient } else { Opening::Optimistic };
        local.inlines_muxer = self.inlines;
        local
    }
}

/// Identity, static and ephemeral key: of each side all bytes are the same.
const OURS: [u8; 3] = [0x21, 0x22, 0x23];
const THEIRS: [u8; 3] = [0x31, 0x32, 0x33];

fn hello(role: Role, choices: Choices) -> Hello {
    let local = choices.local(OURS);
    match role {
        Role::Initiator => Hello::initiator(local, None),
        Role::Responder => Hello::responder(local),
    }
}

fn handshake(role: Role, input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    let (&piece, sent) = input.split_first().unwrap_or((&0, &[]));
    let mut bytes = vec![piece];
    if choices.noise && choices.payload {
        bytes.append(&mut Peer::of(role, choices, sent).noise);
    } else if choices.noise {
        let theirs = choices.local(THEIRS);
        let mut peer = Peer::of(role, choices, &payload_of(&theirs, muxers_of(&theirs)));
        bytes.append(&mut peer.noise);
        if choices.kept {
            peer.introduces(role, choices, &mut bytes);
            return session(role, choices, &bytes, &peer.say(choices, sent));
        }
        bytes.append(&mut peer.say(choices, sent));
    } else {
        bytes.extend_from_slice(sent);
    }
    let ended = survives(|| hello(role, choices), &bytes);
    match ended.result {
        None => {}
        Some(Err(fault)) => check(&fault),
        Some(Ok(agreed)) => {
            // Without our peer's Noise it can be a recorded one.
            assert!(!choices.noise || agreed.public_key == *choices.local(THEIRS).identity.public());
            let named = agreed.identify.public_key.as_ref();
            assert!(named.is_none_or(|key| key.as_bytes() == agreed.public_key.encoded()));
            agreed.identify.protocols.iter().for_each(|protocol| assert_printable(&protocol.to_string()));
            agreed.identify.listen_addrs.iter().for_each(|address| assert_printable(&address.to_string()));
        }
    }
}

/// What a peer says after a handshake that concludes.
fn session(role: Role, choices: Choices, before: &[u8], after: &[u8]) {
    let (&piece, before) = before.split_first().expect("the length of the pieces is there");
    let kept = || {
        let agreed = feed(&mut hello(role, choices), [before]).result.expect("over").expect("no fault");
        Session::new(agreed.connection).with_ping(7)
    };
    let whole = feed(&mut kept(), [after]);
    let pieces = after.chunks(usize::from(piece).max(1));
    assert_eq!(feed(&mut kept(), pieces).summary(), whole.summary());
    assert!(whole.sent.len() <= 4096 + 4 * after.len(), "it sent {} bytes", whole.sent.len());
    if let Some(Err(fault)) = whole.result {
        check(&fault);
    }
}

fn check(fault: &Error) {
    assert!(fault.code().starts_with("libp2p."));
    assert_printable(&fault.to_string());
}

/// A peer that keeps to the protocol, up to the end of Noise.
struct Peer {
    noise: Vec<u8>,
    channel: Channel,
}

impl Peer {
    /// The peer of our side in this role, which says this of itself.
    fn of(role: Role, choices: Choices, payload: &[u8]) -> Self {
        // No message of Noise is longer.
        let payload = &payload[..payload.len().min(4000)];
        let Noise { pieces, channel } = Noise::of(role, &choices.local(OURS), &choices.local(THEIRS), payload);
        Self { noise: pieces.concat(), channel }
    }

    /// What it says, each piece of which is a length of two bytes and that many bytes, or what there is.
    fn say(&mut self, choices: Choices, mut pieces: &[u8]) -> Vec<u8> {
        if !choices.seals {
            return pieces.to_vec();
        }
        let mut said = Vec::new();
        while let Some((len, rest)) = pieces.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes(*len)).min(rest.len()).min(20_000);
            let (piece, next) = rest.split_at(len);
            self.channel.seal.frame(&mut said, |tx| tx.extend_from_slice(piece));
            pieces = next;
        }
        said
    }

    /// Agrees on the muxer, and introduces itself.
    fn introduces(&mut self, role: Role, choices: Choices, tx: &mut Vec<u8>) {
        let mut text = Vec::new();
        if !choices.inlines {
            [HEADER, yamux::NAME].iter().for_each(|name| multistream::write(name, &mut text));
        }
        let mut data = Vec::new();
        [HEADER, "/ipfs/id/1.0.0"].iter().for_each(|name| multistream::write(name, &mut data));
        data.push(0);
        let stream = if role == Role::Initiator { 1 } else { 2 };
        let length = u32::try_from(data.len()).expect("short");
        Frame { kind: yamux::Kind::Data, flags: yamux::ACK, stream, length }.write(&mut text);
        text.append(&mut data);
        Frame { kind: yamux::Kind::Window, flags: yamux::FIN, stream, length: 0 }.write(&mut text);
        self.channel.seal.frame(tx, |tx| tx.extend_from_slice(&text));
    }
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
