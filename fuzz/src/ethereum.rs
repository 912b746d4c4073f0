//! Ethereum: both roles of the handshake, and what is below and beside it.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the peer sends
//! ```
//! By itself a fuzzer does not get past a MAC, nor to a key that both know. So one of the choices is that the peer is
//! sound: it exchanges keys as it should, and says Hello if that is chosen, and the input is what it then says in frames,
//! each behind its length in two bytes.

use handshake::{Fault, Role, Rx};
use testing::{Ended, feed, pair, survives};
use verack_ethereum::auth::{Ack, AckReader, Auth, AuthReader, Form, Sealing};
use verack_ethereum::eth::OurChain;
use verack_ethereum::local::{Expected, Goal};
use verack_ethereum::rlp::Items;
use verack_ethereum::secrets::{Part, Secrets};
use verack_ethereum::{
    Channel, Enode, Enr, Error, ForkId, Fresh, Hash, Hello, Local, OurStatus, Reason, Rlpx, SecretKey, Session, Status,
    snappy,
};

/// Any bytes to our initiator.
pub fn initiator(input: &[u8]) {
    handshake(Role::Initiator, input);
}

/// Any bytes to our responder.
pub fn responder(input: &[u8]) {
    handshake(Role::Responder, input);
}

/// Any bytes to what takes messages, records and texts apart.
pub fn wire(input: &[u8]) {
    if let Ok(hello) = Hello::read(input) {
        let mut written = Vec::new();
        hello.write(&mut written);
        assert_eq!(Hello::read(&written), Ok(hello.clone()));
        assert_printable(&hello.client_id.to_string());
        hello.capabilities.iter().for_each(|capability| assert_printable(&capability.to_string()));
    }
    for agreed in [68, 69] {
        if let Ok(status) = Status::read(agreed, input) {
            let mut written = Vec::new();
            status.write(&mut written);
            assert_eq!(Status::read(agreed, &written), Ok(status));
        }
    }
    if let Ok(decoded) = snappy::decode(input, 4096) {
        assert!(decoded.len() <= 4096);
        let mut encoded = Vec::new();
        snappy::encode(&decoded, &mut encoded);
        assert_eq!(snappy::decode(&encoded, 4096), Ok(decoded));
    }
    let _ = ForkId::read(&mut Items::bare(input));
    let _ = Enr::read(input);
    assert_printable(&Reason::read(input).sentence());
    if let Ok(text) = str::from_utf8(input) {
        if let Ok(enode) = text.parse::<Enode>() {
            assert_eq!(enode.to_string().parse(), Ok(enode));
        }
        let _ = text.parse::<Enr>();
    }
}

/// What the first byte says.
#[derive(Clone, Copy)]
struct Choices(u8);

impl Choices {
    /// The peer exchanges keys as it should.
    fn sound(self) -> bool {
        self.0 & 1 != 0
    }

    /// And says Hello.
    fn introduced(self) -> bool {
        self.0 & 2 != 0
    }

    /// What is said after that is for a connection that is kept.
    fn after(self) -> bool {
        self.0 & 4 != 0
    }

    fn goal(self) -> Goal {
        match self.0 >> 3 & 3 {
            0 => Goal::Hello,
            1 => Goal::Status(OurStatus::Echo),
            _ => Goal::Status(OurStatus::Of(chain())),
        }
    }

    fn local(self, byte: u8) -> Local {
        let mut local = Local::new(key(byte));
        local.client_id = "fuzz".into();
        local.goal = self.goal();
        local.expected = (self.0 & 0x20 != 0).then_some(Expected { network_id: 1, genesis: Hash([3; 32]) });
        local
    }
}

fn handshake(role: Role, input: &[u8]) {
    let [choices, piece, sent @ ..] = input else {
        return;
    };
    let choices = Choices(*choices);
    let input = |said: Vec<u8>| [&[*piece][..], &said].concat();
    if !choices.sound() {
        judge(choices, survives(|| ours(role, choices.local(0x11)), &input(sent.to_vec())));
    } else if choices.after() {
        let meet = || pair(ours(role, up_to_hello(0x11)), theirs(role));
        let mut said = Vec::new();
        frames(&mut meet().1.channel, sent, &mut said);
        let ended = survives(|| Session::new(meet().0.channel), &input(said));
        if let Some(Err(fault)) = ended.result {
            assert_fault(&fault);
        }
    } else {
        let (mut said, mut channel) = keys_exchanged(role);
        if choices.introduced() {
            let mut hello = Vec::new();
            Local::new(key(0x42)).hello().write(&mut hello);
            channel.say(0, &hello, &mut said);
        }
        frames(&mut channel, sent, &mut said);
        judge(choices, survives(|| ours(role, choices.local(0x11)), &input(said)));
    }
}

/// What must hold however a handshake ended.
fn judge(choices: Choices, ended: Ended<Rlpx>) {
    match ended.result {
        None => {}
        Some(Err(fault)) => assert_fault(&fault),
        Some(Ok(agreed)) => {
            assert_eq!(agreed.node_id, key(0x42).public());
            assert_eq!(agreed.hello.node_id, agreed.node_id.to_bytes());
            assert_eq!(agreed.status.is_some(), choices.goal() != Goal::Hello);
            assert_printable(&agreed.hello.client_id.to_string());
        }
    }
}

fn assert_fault(fault: &Error) {
    assert!(fault.code().starts_with("ethereum."));
    assert_printable(&fault.to_string());
}

/// Cuts the input into the data of frames, and seals each.
fn frames(channel: &mut Channel, mut input: &[u8], said: &mut Vec<u8>) {
    while let Some((len, rest)) = input.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
        let (data, rest) = rest.split_at(len);
        channel.seal.frame(said, |tx| tx.extend_from_slice(data));
        input = rest;
    }
}

/// Our side in a role.
fn ours(role: Role, local: Local) -> Rlpx {
    match role {
        Role::Initiator => Rlpx::initiator(local, fresh(0x12), key(0x42).public()),
        Role::Responder => Rlpx::responder(local, fresh(0x12)),
    }
}

/// A peer of that side that does all as it should, up to Hello.
fn theirs(role: Role) -> Rlpx {
    let local = up_to_hello(0x42);
    match role {
        Role::Initiator => Rlpx::responder(local, fresh(0x43)),
        Role::Responder => Rlpx::initiator(local, fresh(0x43), key(0x11).public()),
    }
}

/// What such a peer says to exchange keys, and the channel that it then has.
fn keys_exchanged(role: Role) -> (Vec<u8>, Channel) {
    let (static_key, Fresh { ephemeral, nonce, sealing, .. }) = (key(0x42), fresh(0x43));
    let mut said = Vec::new();
    let (seal, open) = match role {
        Role::Initiator => {
            let auth_sent = feed(&mut ours(role, Local::new(key(0x11))), []).sent;
            let mut bytes = auth_sent.clone();
            let opened = AuthReader::new().read(&static_key, &mut Rx::new(&mut bytes)).expect("ours");
            let auth = Auth::read(opened.form, opened.inside).expect("ours");
            let their_ephemeral = auth.ephemeral_key(&static_key).expect("we signed it");
            Ack::new(&ephemeral, nonce).write(Form::Eip8, &auth.key, &sealing, &mut said);
            let secrets = Secrets::derive(&ephemeral, &their_ephemeral, &auth.nonce, &nonce);
            let initiator = Part { nonce: &auth.nonce, packet: &auth_sent };
            secrets.halves(Role::Responder, initiator, Part { nonce: &nonce, packet: &said })
        }
        Role::Responder => {
            let us = key(0x11).public();
            let auth = Auth::new(&static_key, static_key.public(), &ephemeral, nonce, &us);
            auth.write(Form::Eip8, &ephemeral, &us, &sealing, &mut said);
            let mut answer = feed(&mut ours(role, Local::new(key(0x11))), [&said[..]]).sent;
            let opened = AckReader::new().read(&static_key, &mut Rx::new(&mut answer)).expect("ours");
            let ack = Ack::read(opened.form, opened.inside).expect("ours");
            let secrets = Secrets::derive(&ephemeral, &ack.ephemeral_key, &nonce, &ack.nonce);
            let initiator = Part { nonce: &nonce, packet: &said };
            secrets.halves(Role::Initiator, initiator, Part { nonce: &ack.nonce, packet: &opened.packet })
        }
    };
    (said, Channel { seal, open, compressed: false })
}

fn up_to_hello(byte: u8) -> Local {
    let mut local = Local::new(key(byte));
    local.goal = Goal::Hello;
    local
}

fn key(byte: u8) -> SecretKey {
    SecretKey::new([byte; 32]).expect("less than the order")
}

fn fresh(byte: u8) -> Fresh {
    Fresh {
        ephemeral: key(byte),
        nonce: [byte + 1; 32],
        sealing: Sealing { key: key(byte + 2), iv: [byte + 3; 16], padding: 100 },
        form: Form::Eip8,
    }
}

fn chain() -> OurChain {
    OurChain {
        network_id: 1,
        genesis: Hash([3; 32]),
        fork_id: ForkId { hash: [1, 2, 3, 4], next: 0 },
        total_difficulty: 7.into(),
        earliest: 0,
        latest: 7,
        latest_hash: Hash([4; 32]),
    }
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
