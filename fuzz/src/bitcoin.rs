//! Bitcoin: both roles of the plaintext handshake, and the framing below them.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! By itself a fuzzer does not get past a checksum. So one of the choices is to repair what it made: then every frame
//! gets the network's magic, a length that fits, and the checksum of its payload.

use std::net::IpAddr;

use handshake::{Fault, Fields, Role, Rx};
use testing::survives;
use verack_bitcoin::compact_size::{read_compact_size, write_compact_size};
use verack_bitcoin::frame::{Frame, FrameReader, HEADER_LEN};
use verack_bitcoin::gossip::{Endpoint, Gossip, MAX_ENTRIES, seeds};
use verack_bitcoin::message::{Command, Feature, MAX_WHOLE_LEN, Message};
use verack_bitcoin::version::Tail;
use verack_bitcoin::{Chain, Channel, Concluded, Local, Params, ReadError, Services, Session, V1};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input);
}

/// Any bytes to our responder.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input);
}

/// Any bytes to a connection on which addresses were asked for, and to what reads fixed seeds.
pub fn gossip(input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    let seeds = input.get(1..).unwrap_or_default();
    if let Ok(seeds) = seeds::read(seeds) {
        seeds.iter().for_each(assert_text);
    }
    let version = choices.local().version;
    let peer = choices.talkative.then_some(IpAddr::from([1, 2, 3, 4]));
    let ended = survives(|| Gossip::new(Channel::v1(choices.params), peer, &version), &input);
    match ended.result {
        None => {}
        Some(Err(fault)) => {
            assert!(fault.code().starts_with("bitcoin."));
            assert_printable(&fault.to_string());
        }
        Some(Ok(told)) => {
            assert!(told.entries.len() <= MAX_ENTRIES);
            told.entries.iter().chain(&told.own).for_each(|entry| assert_text(&entry.endpoint));
        }
    }
}

/// An endpoint has a text, which stands for it alone.
fn assert_text(endpoint: &Endpoint) {
    let text = endpoint.to_string();
    assert_printable(&text);
    assert_eq!(text.parse(), Ok(*endpoint));
}

/// Any bytes to what takes messages apart, and to a connection after its handshake.
pub fn wire(input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    survives(|| Session::new(Channel::v1(choices.params)), &input);
    let mut sent = input.get(1..).unwrap_or_default().to_vec();
    let mut rx = Rx::new(&mut sent);
    let mut frames = FrameReader::new(choices.params);
    loop {
        match frames.read(&mut rx) {
            Ok(Frame::Whole { command, payload, .. }) => read_and_write(command, payload),
            Ok(Frame::Long { len, .. }) => assert!(len > MAX_WHOLE_LEN),
            Ok(Frame::Skipped(bytes)) => assert!(bytes > 0),
            Err(ReadError::Short(short)) => {
                assert!(short.0 > 0);
                return;
            }
            Err(ReadError::Error(error)) => {
                assert_printable(&error.to_string());
                return;
            }
        }
    }
}

/// What the first byte says.
#[derive(Clone, Copy)]
struct Choices {
    params: Params,
    /// Whether our side says and asks for all that it can.
    talkative: bool,
    repair: bool,
}

impl Choices {
    /// Those of an input; and the rest of it, repaired if they say so.
    fn read(input: &[u8]) -> Option<(Self, Vec<u8>)> {
        /// One for each kind of checksum and of `version`.
        const CHAINS: [&str; 8] =
            ["bitcoin-regtest", "bitcoin", "litecoin", "groestlcoin", "zcash", "ecash", "dash", "bitcoin-sv"];
        let (&first, rest) = input.split_first()?;
        let chain = Chain::named(CHAINS[usize::from(first >> 2) % CHAINS.len()]).expect("each is in the table");
        let choices = Self { params: chain.params, talkative: first & 0x20 != 0, repair: first & 1 != 0 };
        let mut input = rest.to_vec();
        if let (true, Some((_, sent))) = (choices.repair, input.split_first_mut()) {
            repair(&choices.params, sent);
        }
        Some((choices, input))
    }

    fn local(self) -> Local {
        let mut local = Local::new(self.params, 1_700_000_000, 0x1122_3344_5566_7788, [7; 32]);
        if self.talkative {
            local.features = [&b"data"[..], b""]
                .iter()
                .map(|data| Feature::new(b"example.org/x", data).expect("short enough"))
                .collect();
            local.sendheaders = true;
            local.sendcmpct = Some(2);
            local.feefilter = Some(1000);
            local.own_nonces = vec![1, 2];
            local.require_services = Services(1);
        }
        local
    }
}

/// Makes every frame one that is read, as far as its payload allows.
fn repair(params: &Params, mut bytes: &mut [u8]) {
    while let Some((header, rest)) = bytes.split_first_chunk_mut::<HEADER_LEN>() {
        let asked = u32::from_le_bytes(*header[16..].first_chunk().expect("the length has 4 of 24 bytes"));
        let len = usize::try_from(asked).map_or(rest.len(), |asked| asked.min(rest.len()));
        let (payload, next) = rest.split_at_mut(len);
        header[..4].copy_from_slice(&params.magic.0);
        header[16..20].copy_from_slice(&u32::try_from(len).expect("inputs are short").to_le_bytes());
        header[20..].copy_from_slice(&params.checksum.of(payload));
        bytes = next;
    }
}

fn handshake(role: Role, input: &[u8]) {
    let Some((choices, input)) = Choices::read(input) else {
        return;
    };
    let local = choices.local();
    let ended = survives(|| V1::new(role, local.clone()), &input);
    match ended.result {
        None => {}
        Some(Err(fault)) => {
            assert!(fault.code().starts_with("bitcoin."));
            assert_printable(&fault.to_string());
        }
        Some(Ok(Concluded { agreed, .. })) => {
            assert!(agreed.version.version >= local.min_peer_version);
            assert!(agreed.common_version <= local.version.version);
            assert_eq!(local.require_services.missing_from(agreed.version.services), Services::NONE);
            assert_printable(&agreed.version.user_agent.to_string());
            assert_said(&choices.params, &input[1..=ended.taken]);
        }
    }
}

/// What a concluded handshake took are whole messages, with a `version` and a `verack` among them that are intact.
fn assert_said(params: &Params, mut taken: &[u8]) {
    let (mut version, mut verack) = (false, false);
    while !taken.is_empty() {
        let (header, rest) = taken.split_first_chunk::<HEADER_LEN>().expect("a whole header");
        let len = u32::from_le_bytes(*header[16..].first_chunk().expect("the length has 4 of 24 bytes"));
        let (payload, next) = rest.split_at(usize::try_from(len).expect("at most the input's"));
        let intact = header[..4] == params.magic.0 && header[20..] == params.checksum.of(payload);
        version |= intact && header[4..16] == Command::VERSION.0;
        verack |= intact && header[4..16] == Command::VERACK.0;
        taken = next;
    }
    assert!(version && verack, "concluded without a version or a verack");
}

/// What can be read is written such that it is read again.
fn read_and_write(command: Command, payload: &[u8]) {
    let mut fields = Fields::new(payload);
    if let Ok(value) = read_compact_size(&mut fields, "n") {
        let mut written = Vec::new();
        write_compact_size(value, &mut written);
        assert_eq!(written, payload[..payload.len() - fields.rest().len()]);
    }
    match Message::read(command, payload) {
        Ok(Message::Other { command, .. }) => assert_printable(&command.to_string()),
        Ok(message) => {
            let mut written = Vec::new();
            message.write(&Tail::None, &mut written);
            assert_eq!(Message::read(message.command(), &written), Ok(message));
        }
        Err(what) => assert_printable(&what.to_string()),
    }
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
