//! Invalid bytes: how each handshake ends, and the side to blame.

mod common;

use std::time::Duration;

use common::{ROLES, echo, fault, fresh, hash, key, local, ours, said_to, status, theirs};
use handshake::Blame::{Local as Ourselves, Mismatch, Peer, Refused};
use handshake::{Conversation, End as Ending, Evidence, Fault, Handshake, OursRead, Role, Stage};
use testing::{End, Ended, feed};
use verack_ethereum::auth::{Ack, AckReader, Auth, AuthReader, Form, MAX_SIZE};
use verack_ethereum::eth::OurChain;
use verack_ethereum::fork_id::Head;
use verack_ethereum::frame::MAX_WHOLE_LEN;
use verack_ethereum::local::{Expected, Goal, OurStatus, Rules};
use verack_ethereum::secrets::{Part, Secrets};
use verack_ethereum::session::PING_EVERY;
use verack_ethereum::{
    Capability, Channel, Error, ForkId, Hello, Network, Protocol, Reason, Rlpx, Session, ecies, headers,
};

/// Time from the start of a conversation to its deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// A peer that follows the protocol up to its channel, and then sends anything.
struct Voice {
    role: Role,
    /// All that it has sent.
    said: Vec<u8>,
    channel: Channel,
}

impl Voice {
    /// The peer of our side in this role.
    fn of(role: Role) -> Self {
        let (static_key, fresh) = (key(0x42), fresh(0x43));
        let our_first = match role {
            Role::Initiator => feed(&mut ours(role, status()), []).sent,
            Role::Responder => Vec::new(),
        };
        let mut said = Vec::new();
        let channel = match role {
            Role::Initiator => {
                let mut bytes = our_first.clone();
                let mut rx = handshake::Rx::new(&mut bytes);
                let opened = AuthReader::new().read(&static_key, &mut rx).expect("auth");
                let auth = Auth::read(opened.form, opened.inside).expect("auth");
                let ephemeral = auth.ephemeral_key(&static_key).expect("signed");
                Ack::new(&fresh.ephemeral, fresh.nonce).write(Form::Eip8, &auth.key, &fresh.sealing, &mut said);
                let secrets = Secrets::derive(&fresh.ephemeral, &ephemeral, &auth.nonce, &fresh.nonce);
                let initiator = Part { nonce: &auth.nonce, packet: &our_first };
                let (seal, open) =
                    secrets.halves(Role::Responder, initiator, Part { nonce: &fresh.nonce, packet: &said });
                Channel { seal, open, compressed: false }
            }
            Role::Responder => {
                let us = key(0x11).public();
                let auth = Auth::new(&static_key, static_key.public(), &fresh.ephemeral, fresh.nonce, &us);
                auth.write(Form::Eip8, &fresh.ephemeral, &us, &fresh.sealing, &mut said);
                let mut answer = feed(&mut ours(role, status()), [&said[..]]).sent;
                let mut rx = handshake::Rx::new(&mut answer);
                let opened = AckReader::new().read(&static_key, &mut rx).expect("ack");
                let ack = Ack::read(opened.form, opened.inside).expect("ack");
                let secrets = Secrets::derive(&fresh.ephemeral, &ack.ephemeral_key, &fresh.nonce, &ack.nonce);
                let initiator = Part { nonce: &fresh.nonce, packet: &said };
                let (seal, open) =
                    secrets.halves(Role::Initiator, initiator, Part { nonce: &ack.nonce, packet: &opened.packet });
                Channel { seal, open, compressed: false }
            }
        };
        Self { role, said, channel }
    }

    fn hello() -> Hello {
        local(0x42, status()).hello()
    }

    /// Sends Hello; later messages are compressed if Hello allows it.
    fn introduced(mut self, hello: &Hello) -> Self {
        let mut payload = Vec::new();
        hello.write(&mut payload);
        self = self.says(0, &payload);
        self.channel.compressed = hello.version >= 5;
        self
    }

    fn says(mut self, id: u64, payload: &[u8]) -> Self {
        self.channel.say(id, payload, &mut self.said);
        self
    }

    /// A frame with exactly this data.
    fn frame(mut self, data: &[u8]) -> Self {
        self.channel.seal.frame(&mut self.said, |tx| tx.extend_from_slice(data));
        self
    }

    /// Sends its Status, and answers our request.
    fn tells(self, chain: &OurChain) -> Self {
        self.tells_only(chain).answers(Some(1))
    }

    fn tells_only(self, chain: &OurChain) -> Self {
        let mut payload = Vec::new();
        chain.status(72).write(&mut payload);
        self.says(0x10, &payload)
    }

    /// Answers the request with this id, without a header.
    fn answers(self, request_id: headers::RequestId) -> Self {
        let mut payload = Vec::new();
        headers::write_empty_answer(request_id, &mut payload);
        self.says(0x14, &payload)
    }

    /// How our side ends with all of it.
    fn end(&self) -> End {
        self.end_of(ours(self.role, status()))
    }

    fn end_of(&self, ours: Rlpx) -> End {
        End::of(&self.ended(ours))
    }

    fn ended(&self, mut ours: Rlpx) -> Ended<Rlpx> {
        feed(&mut ours, [&self.said[..]])
    }
}

fn for_both(check: impl Fn(Voice)) {
    ROLES.into_iter().for_each(|role| check(Voice::of(role)));
}

#[test]
fn a_peer_that_keeps_to_the_protocol_is_done() {
    for_both(|peer| assert_eq!(peer.introduced(&Voice::hello()).tells(&common::chain()).end(), End::Done));
}

#[test]
fn the_first_bytes_tell_what_it_is_not() {
    let rows: [&[u8]; 8] = [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"GET / HTTP/1.1\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\xf9\xbe\xb4\xd9version\0",
        b"\x13/multistream/1.0.0\n",
        b"\0\0\0\0",
        b"\x00\x70\x04\x04",
    ];
    for role in ROLES {
        for bytes in rows {
            let end = End::of(&feed(&mut ours(role, status()), [bytes]));
            assert_eq!(end, End::Fault("ethereum.not-rlpx", Mismatch), "{bytes:x?}");
        }
        assert_eq!(End::of(&feed(&mut ours(role, status()), [&b"HTT"[..]])), End::Waits(packet(role)));
    }
}

/// The packet that our side waits for first.
fn packet(role: Role) -> &'static str {
    match role {
        Role::Initiator => "ack",
        Role::Responder => "auth",
    }
}

#[test]
fn a_size_over_the_limit_fails_on_four_bytes() {
    for role in ROLES {
        let end = |size: u16| {
            let [high, low] = size.to_be_bytes();
            End::of(&feed(&mut ours(role, status()), [&[high, low, 4, 0][..]]))
        };
        assert_eq!(end(MAX_SIZE), End::Waits(packet(role)));
        assert_eq!(end(MAX_SIZE + 1), End::Fault("ethereum.not-rlpx", Mismatch));
        assert_eq!(end(u16::MAX), End::Fault("ethereum.not-rlpx", Mismatch));
    }
}

#[test]
fn a_long_packet_that_starts_as_an_old_one_does_is_tried_as_both() {
    // A size of 1024 bytes or more starts with 4, as packets of the old form do.
    let us = key(0x11).public();
    let them = key(0x42);
    let fresh = fresh(0x43);
    let auth = Auth::new(&them, them.public(), &fresh.ephemeral, fresh.nonce, &us);
    let mut short = Vec::new();
    auth.write(Form::Eip8, &fresh.ephemeral, &us, &fresh.sealing, &mut short);
    let mut inside = short.split_off(2);
    let inside = ecies::open(&key(0x11), &short, &mut inside).expect("for us");
    let mut padded = inside.to_vec();
    padded.resize(0x0400 - ecies::OVERHEAD, 0);
    let mut long = vec![4, 0];
    ecies::seal(&us, &fresh.sealing.key, fresh.sealing.iv, &[4, 0], &padded, &mut long);

    let ended = testing::cut(|| ours(Role::Responder, status()), &long);
    assert_eq!((End::of(&ended), ended.taken), (End::Waits("Hello"), long.len()));
    *long.last_mut().expect("not empty") ^= 1;
    let end = End::of(&feed(&mut ours(Role::Responder, status()), [&long[..]]));
    assert_eq!(end, End::Fault("ethereum.wrong-key", Mismatch));
}

#[test]
fn what_ends_inside_a_packet_of_either_form_is_malformed() {
    for form in [Form::Eip8, Form::Plain] {
        for len in [0, 64, 96] {
            let auth = Auth::read(form, &vec![0xf8; len]);
            assert!(matches!(auth, Err(Error::Malformed { message: "auth", .. })), "{form:?}, {len}: {auth:?}");
        }
        let ack = Ack::read(form, &[0xf8; 95]);
        assert!(matches!(ack, Err(Error::Malformed { message: "ack", .. })), "{form:?}: {ack:?}");
    }
}

#[test]
fn who_looks_for_another_node_is_told_so() {
    let other = key(0x55).public();
    let mut bytes = feed(&mut Rlpx::initiator(local(0x42, status()), fresh(0x43), other), []).sent;
    assert_eq!(fault(ours(Role::Responder, status()), &bytes), Error::WrongKey);
    let old = verack_ethereum::Fresh { form: Form::Plain, ..fresh(0x43) };
    bytes = feed(&mut Rlpx::initiator(local(0x42, status()), old, other), []).sent;
    assert_eq!(fault(ours(Role::Responder, status()), &bytes), Error::WrongKey);
}

#[test]
fn points_off_the_curve_are_refused_wherever_they_are() {
    for role in ROLES {
        // The key that seals the packet.
        let mut bytes = Voice::of(role).said;
        bytes[66] ^= 1;
        let end = End::of(&feed(&mut ours(role, status()), [&bytes[..]]));
        assert_eq!(end, End::Fault("ethereum.point", Peer));
    }
    // The keys inside the packet: a list of fields, with a key of zeros.
    let packet = |fields: &[&[u8]], to: u8| {
        let mut inside = Vec::new();
        verack_ethereum::rlp::write_list(&mut inside, |tx| {
            fields.iter().for_each(|field| verack_ethereum::rlp::write_bytes(field, tx));
        });
        let size = u16::try_from(inside.len() + ecies::OVERHEAD).expect("short").to_be_bytes();
        let mut bytes = size.to_vec();
        ecies::seal(&key(to).public(), &key(9), [1; 16], &size, &inside, &mut bytes);
        bytes
    };
    let auth = packet(&[&[1; 65], &[0; 64], &[7; 32], &[4]], 0x11);
    assert_eq!(fault(ours(Role::Responder, status()), &auth), Error::Point("key in its auth"));
    let ack = packet(&[&[0; 64], &[7; 32], &[4]], 0x11);
    assert_eq!(fault(ours(Role::Initiator, status()), &ack), Error::Point("ephemeral key in its ack"));
    let unsigned = packet(&[&[0; 65], &key(0x42).public().to_bytes(), &[7; 32], &[4]], 0x11);
    assert_eq!(fault(ours(Role::Responder, status()), &unsigned), Error::Signature);
    let short = packet(&[&[0; 65], &[0; 64]], 0x11);
    assert!(matches!(fault(ours(Role::Responder, status()), &short), Error::Malformed { message: "auth", .. }));
}

#[test]
fn whatever_version_auth_and_ack_announce_is_accepted() {
    // EIP-8's own vectors announce 56 and 57; our side must accept them as well.
    let us = key(0x11).public();
    let fresh = fresh(0x43);
    for version in [0, 3, 5, u64::MAX] {
        let mut auth = Auth::new(&key(0x42), key(0x42).public(), &fresh.ephemeral, fresh.nonce, &us);
        auth.version = version;
        let mut bytes = Vec::new();
        auth.write(Form::Eip8, &fresh.ephemeral, &us, &fresh.sealing, &mut bytes);
        let ended = feed(&mut ours(Role::Responder, status()), [&bytes[..]]);
        assert_eq!(End::of(&ended), End::Waits("Hello"));
    }
}

#[test]
fn a_replay_gets_no_further_than_its_first_frame() {
    for role in ROLES {
        let recorded = said_to(role, &status(), &status());
        let again = match role {
            Role::Initiator => Rlpx::initiator(local(0x11, status()), fresh(0x33), key(0x42).public()),
            Role::Responder => Rlpx::responder(local(0x11, status()), fresh(0x33)),
        };
        assert_eq!(fault(again, &recorded), Error::Mac("frame's header"));
    }
}

#[test]
fn what_we_said_ourselves_comes_back_as_a_self_connection_or_a_wrong_key() {
    // Dialling our own id is detected before a byte is sent, and our own auth when it comes back.
    let own = key(0x11).public();
    let ended = feed(&mut Rlpx::initiator(local(0x11, status()), fresh(0x12), own), []);
    assert_eq!(End::of(&ended), End::Fault("ethereum.self-connect", Ourselves));
    assert!(ended.sent.is_empty());
    let auth = Auth::new(&key(0x11), own, &key(0x12), [1; 32], &own);
    let mut bytes = Vec::new();
    auth.write(Form::Eip8, &key(0x12), &own, &fresh(0x12).sealing, &mut bytes);
    assert_eq!(fault(ours(Role::Responder, status()), &bytes), Error::SelfConnect);
    // An echo sends our auth back in place of an ack.
    let echoed = feed(&mut ours(Role::Initiator, status()), []).sent;
    assert_eq!(fault(ours(Role::Initiator, status()), &echoed), Error::Mac("ack"));
}

#[test]
fn the_node_id_in_a_hello_is_the_key_of_the_handshake() {
    for_both(|peer| {
        let zero = Hello { node_id: [0; 64], ..Voice::hello() };
        assert_eq!(peer.introduced(&zero).end(), End::Fault("ethereum.identity", Peer));
    });
    for_both(|peer| {
        let other = Hello { node_id: key(0x55).public().to_bytes(), ..Voice::hello() };
        assert_eq!(peer.introduced(&other).end(), End::Fault("ethereum.identity", Peer));
    });
    for_both(|peer| {
        let ours = Hello { node_id: key(0x11).public().to_bytes(), ..Voice::hello() };
        assert_eq!(peer.introduced(&ours).end(), End::Fault("ethereum.self-connect", Ourselves));
    });
}

#[test]
fn nothing_but_hello_and_disconnect_comes_first() {
    for id in [2, 3, 4, 0x10, 0x11, 0x80, u64::MAX] {
        for_both(|peer| assert_eq!(peer.says(id, &[0xc0]).end(), End::Fault("ethereum.unexpected", Peer), "{id}"));
    }
    for_both(|peer| assert_eq!(peer.frame(&[]).end(), End::Fault("ethereum.malformed", Peer)));
    for_both(|peer| assert_eq!(peer.frame(&[0xc0]).end(), End::Fault("ethereum.malformed", Peer)));
}

#[test]
fn a_disconnect_is_understood_in_every_form_and_everywhere() {
    let full = End::Fault("ethereum.disconnect.too-many-peers", Refused);
    // In place of Hello: a list, or a bare number.
    for_both(|peer| assert_eq!(peer.says(1, &[0xc1, 0x04]).end(), full));
    for_both(|peer| assert_eq!(peer.frame(&[0x01, 0x04]).end(), full));
    // After Hello: compressed, or not.
    for_both(|peer| assert_eq!(peer.introduced(&Voice::hello()).says(1, &[0xc1, 0x04]).end(), full));
    for_both(|peer| assert_eq!(peer.introduced(&Voice::hello()).frame(&[0x01, 0xc1, 0x04]).end(), full));
    for_both(|peer| assert_eq!(peer.introduced(&Voice::hello()).frame(&[0x01, 0x04]).end(), full));
    for reason in Reason::all() {
        for_both(|peer| {
            let number = u8::try_from(reason.number().expect("it has one")).expect("small");
            let end = peer.introduced(&Voice::hello()).says(1, &[0xc1, if number == 0 { 0x80 } else { number }]).end();
            assert_eq!(end, End::Fault(reason.code(), reason.blame()));
        });
    }
}

#[test]
fn a_full_node_was_reached() {
    let mut ours = ours(Role::Initiator, status());
    let _ = feed(&mut ours, [&Voice::of(Role::Initiator).frame(&[0x01, 0xc1, 0x04]).said[..]]);
    assert_eq!((ours.stage(), ours.node_id()), (Stage::Hello, Some(key(0x42).public())));
}

#[test]
fn a_hello_of_zero_as_a_byte_of_its_own_and_with_items_to_come_is_one() {
    for_both(|peer| {
        let mut data = vec![0];
        Voice::hello().write(&mut data);
        let mut peer = peer.frame(&data);
        peer.channel.compressed = true;
        assert_eq!(peer.tells(&common::chain()).end(), End::Done);
    });
}

#[test]
fn a_peer_of_version_4_compresses_nothing() {
    for_both(|peer| {
        let old = Hello { version: 4, ..Voice::hello() };
        let mut peer = peer.introduced(&old).tells(&common::chain());
        let ended = peer.ended(ours(peer.role, status()));
        assert_eq!(End::of(&ended), End::Done);
        // Our side compresses nothing for it, either.
        let first = feed(&mut ours(peer.role, status()), []).sent.len();
        let mut rest = ended.sent[first..].to_vec();
        let mut rx = handshake::Rx::new(&mut rest);
        if peer.role == Role::Responder {
            AckReader::new().read(&key(0x42), &mut rx).expect("ack");
        }
        let mut says = || match peer.channel.hear(&mut rx) {
            Ok(verack_ethereum::channel::Heard::Message { id, data }) => (id, data.to_vec()),
            other => unreachable!("{other:?}"),
        };
        assert_eq!(says().0, 0);
        let mut status = Vec::new();
        common::chain().status(72).write(&mut status);
        assert_eq!(says(), (0x10, status));
    });
}

#[test]
fn a_snappy_bomb_is_not_decoded() {
    for_both(|peer| {
        // 16 MiB in 12 bytes.
        let bomb = b"\x10\x80\x80\x80\x08\x00a\xfe\x01\x00\xfe\x01\x00";
        let end = peer.introduced(&Voice::hello()).frame(bomb).end();
        assert_eq!(end, End::Fault("ethereum.snappy", Peer));
    });
    for_both(|peer| {
        let end = peer.introduced(&Voice::hello()).frame(b"\x10\x03\x00a").end();
        assert_eq!(end, End::Fault("ethereum.snappy", Peer));
    });
}

#[test]
fn a_frame_too_long_for_a_hello_is_not_waited_for() {
    for_both(|peer| {
        let mut peer = peer.frame(&vec![0x80; MAX_WHOLE_LEN + 1]);
        peer.said.truncate(Voice::of(peer.role).said.len() + 32);
        assert_eq!(peer.end(), End::Fault("ethereum.oversized", Peer));
    });
    for_both(|peer| {
        let mut peer = peer.frame(&vec![0x80; MAX_WHOLE_LEN]);
        peer.said.truncate(Voice::of(peer.role).said.len() + 32);
        assert_eq!(peer.end(), End::Waits("Hello"));
    });
}

#[test]
fn a_frame_too_long_to_matter_is_skipped_and_proven_all_the_same() {
    for_both(|peer| {
        let peer = peer.introduced(&Voice::hello()).frame(&vec![0x11; 100_001]).tells(&common::chain());
        let role = peer.role;
        assert_eq!(peer.end(), End::Done);
        let mut dripped = ours(role, status());
        assert_eq!(End::of(&feed(&mut dripped, peer.said.chunks(7))), End::Done);
        let mut changed = peer.said;
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        assert_eq!(fault(ours(role, status()), &changed), Error::Mac("frame"));
    });
}

#[test]
fn pings_are_answered_and_a_flood_of_them_is_answered_no_more_than_it_asks() {
    for_both(|peer| {
        let quiet = peer.introduced(&Voice::hello());
        let silent = quiet.ended(ours(quiet.role, status())).sent.len();
        let before = quiet.said.len();
        let flood = (0..1000).fold(quiet, |peer, _| peer.says(2, &[0xc0]));
        let ended = flood.ended(ours(flood.role, status()));
        assert_eq!(ended.sent.len() - silent, flood.said.len() - before, "a pong is as long as a ping");
        assert_eq!(flood.tells(&common::chain()).end(), End::Done);
    });
}

#[test]
fn messages_without_a_meaning_for_us_are_passed_over() {
    for_both(|peer| {
        let peer = peer.introduced(&Voice::hello()).says(0, &[0xc0]).says(3, &[]).says(0x0f, b"?").says(0x12, b"??");
        assert_eq!(peer.says(u64::MAX, &[0; 100]).tells(&common::chain()).end(), End::Done);
    });
}

#[test]
fn another_network_is_told_by_what_differs() {
    let expecting = |role| {
        let goal = echo();
        let mut local = local(0x11, goal);
        local.expected = Some(Expected { network_id: 1, genesis: hash(common::GENESIS) });
        match role {
            Role::Initiator => Rlpx::initiator(local, fresh(0x12), key(0x42).public()),
            Role::Responder => Rlpx::responder(local, fresh(0x12)),
        }
    };
    for_both(|peer| {
        let bsc = OurChain { network_id: 56, ..common::chain() };
        let end = peer.introduced(&Voice::hello()).tells(&bsc);
        assert_eq!(end.end_of(expecting(end.role)), End::Fault("ethereum.network-id", Mismatch));
    });
    for_both(|peer| {
        let private = OurChain { genesis: verack_ethereum::Hash([7; 32]), ..common::chain() };
        let end = peer.introduced(&Voice::hello()).tells(&private);
        let mut ours = expecting(end.role);
        assert_eq!(End::of(&feed(&mut ours, [&end.said[..]])), End::Fault("ethereum.genesis", Mismatch));
        assert!(ours.status().is_some() && ours.hello().is_some(), "what was heard is not lost");
    });
    for_both(|peer| {
        let end = peer.introduced(&Voice::hello()).tells(&common::chain());
        assert_eq!(end.end_of(expecting(end.role)), End::Done);
    });
}

#[test]
fn a_node_that_took_our_status_without_an_answer_to_our_question_is_not_done() {
    for_both(|peer| {
        let role = peer.role;
        let peer = peer.introduced(&Voice::hello()).tells_only(&common::chain());
        let mut side = ours(role, status());
        let _ = feed(&mut side, [&peer.said[..]]);
        assert_eq!((side.awaiting(), side.stage()), ("BlockHeaders", Stage::Ack));
        // A Pong, and the answer to a foreign request, prove nothing.
        let peer = peer.says(3, &[0xc0]).answers(Some(2));
        let mut side = ours(role, status());
        assert_eq!(End::of(&feed(&mut side, [&peer.said[..]])), End::Waits("BlockHeaders"));
        let agreed = side.settle().expect("both have said everything");
        assert!(!agreed.confirmed && agreed.status.is_some());
        assert!(side.settle().is_none(), "it can be had once");
        let ended = peer.answers(Some(1)).ended(ours(role, status()));
        assert!(ended.result.expect("over").expect("no fault").confirmed);
    });
}

#[test]
fn an_answer_before_our_question_is_none() {
    for_both(|peer| {
        let early = peer.introduced(&Voice::hello()).answers(Some(1)).tells_only(&common::chain());
        assert_eq!(early.end(), End::Waits("BlockHeaders"));
        assert_eq!(early.says(0x14, &[0xc0]).end(), End::Fault("ethereum.malformed", Peer));
    });
}

#[test]
fn a_chain_that_followed_other_rules_is_told_by_its_fork_id() {
    const NOW: Head = Head { block: u64::MAX, time: 1_795_910_400 };
    let end = |network: &str, fork_id: ForkId| {
        let network = Network::named(network).expect("it has a row");
        let rules = Rules { network, head: NOW };
        let chain = OurChain { fork_id, genesis: network.genesis, network_id: network.network_id, ..common::chain() };
        ROLES.map(|role| {
            let mut local = local(0x11, echo());
            local.rules = Some(rules);
            let side = match role {
                Role::Initiator => Rlpx::initiator(local, fresh(0x12), key(0x42).public()),
                Role::Responder => Rlpx::responder(local, fresh(0x12)),
            };
            Voice::of(role).introduced(&Voice::hello()).tells(&chain).ended(side).result.expect("over")
        })
    };
    let fork_id = |hash: u32, next| ForkId { hash: hash.to_be_bytes(), next };
    for (network, theirs, sentence) in [
        ("ethereum", fork_id(0xbe46_d57c, 0), "its fork id be46d57c does not fit ethereum: it is on ethereum-classic"),
        (
            "ethereum",
            fork_id(0xc376_cf8b, 0),
            "its fork id c376cf8b does not fit ethereum: its software is too old: it does not know osaka (at 1764798551)",
        ),
        (
            "sepolia",
            fork_id(0xdead_beef, 0),
            "its fork id deadbeef does not fit sepolia: it follows another chain, or several forks that this program does \
             not know",
        ),
    ] {
        for result in end(network, theirs) {
            let fault = result.expect_err("it does not fit");
            assert_eq!((fault.code(), fault.blame(), &*fault.to_string()), ("ethereum.fork-id", Mismatch, sentence));
        }
    }
    for (network, theirs, remarks) in [
        ("ethereum", fork_id(0x07c9_462e, 0), &[][..]),
        ("ethereum", fork_id(0xfc64_ec04, 1_150_000), &[]),
        ("sepolia", fork_id(0x6c1d_9423, 1_795_000_000), &["ethereum.fork-ahead"]),
    ] {
        for result in end(network, theirs) {
            let codes: Vec<_> = result.expect("it fits").remarks.iter().map(|remark| remark.code).collect();
            assert_eq!(codes, remarks, "{theirs}");
        }
    }
}

#[test]
fn two_sides_that_echo_wait_until_half_time_and_then_one_says_its_own() {
    for_both(|peer| {
        let role = peer.role;
        let quiet = peer.introduced(&Voice::hello());
        let side = |own| {
            let mut local = local(0x11, echo());
            local.own = own;
            match role {
                Role::Initiator => Rlpx::initiator(local, fresh(0x12), key(0x42).public()),
                Role::Responder => Rlpx::responder(local, fresh(0x12)),
            }
        };
        let mut patient = side(Some(common::chain()));
        let before = feed(&mut patient, [&quiet.said[..]]);
        assert_eq!(End::of(&before), End::Waits("Status"));
        wake(&mut patient);
        assert!(!feed(&mut patient, []).sent.is_empty());
        // Also if half of the time was over before the channel was ready.
        let mut late = side(Some(common::chain()));
        wake(&mut late);
        assert!(feed(&mut late, [&quiet.said[..]]).sent.len() > before.sent.len());
        // A side without its own chain has nothing to send.
        let mut homeless = side(None);
        let _ = feed(&mut homeless, [&quiet.said[..]]);
        assert_eq!(homeless.wake_at(PATIENCE), None);
    });
}

/// Wakes the side at half of its time, as requested, and checks that it requests no other time.
fn wake(side: &mut Rlpx) {
    assert_eq!(side.wake_at(PATIENCE), Some(PATIENCE / 2));
    side.wake(PATIENCE / 2);
    assert_eq!(side.wake_at(PATIENCE), None);
}

#[test]
fn our_side_says_why_it_leaves() {
    let heard = |peer: &mut Voice, sent: &[u8]| {
        let mut sent = sent.to_vec();
        let mut rx = handshake::Rx::new(&mut sent);
        let mut last = None;
        while let Ok(verack_ethereum::channel::Heard::Message { id, data }) = peer.channel.hear(&mut rx) {
            last = (id == 1).then(|| Reason::read(data));
        }
        last
    };
    for_both(|peer| {
        let role = peer.role;
        // The bytes before the channel.
        let ours_before = match role {
            Role::Initiator => feed(&mut ours(role, status()), []).sent.len(),
            Role::Responder => {
                let mut ack = feed(&mut ours(role, status()), [&Voice::of(role).said[..]]).sent;
                let len = ack.len();
                let mut rx = handshake::Rx::new(&mut ack);
                AckReader::new().read(&key(0x42), &mut rx).expect("ack");
                len - rx.len()
            }
        };
        let leaving = || {
            let mut local = local(0x11, status());
            local.parting = Some(Reason::Quitting);
            match role {
                Role::Initiator => Rlpx::initiator(local, fresh(0x12), key(0x42).public()),
                Role::Responder => Rlpx::responder(local, fresh(0x12)),
            }
        };
        let mut peer = peer.introduced(&Voice::hello()).tells(&common::chain());
        let ended = peer.ended(leaving());
        assert_eq!(End::of(&ended), End::Done);
        assert_eq!(heard(&mut peer, &ended.sent[ours_before..]), Some(Reason::Quitting));
        for (mut peer, reason) in [
            (Voice::of(role).introduced(&Hello { capabilities: Vec::new(), ..Voice::hello() }), Reason::UselessPeer),
            (Voice::of(role).introduced(&Voice::hello()).says(0x10, &[0xc0]), Reason::BreachOfProtocol),
        ] {
            let ended = peer.ended(ours(role, status()));
            assert!(matches!(End::of(&ended), End::Fault(..)));
            assert_eq!(heard(&mut peer, &ended.sent[ours_before..]), Some(reason));
        }
        // A peer that has left gets no Disconnect.
        let mut peer = Voice::of(role).introduced(&Voice::hello()).says(1, &[0xc1, 4]);
        let ended = peer.ended(ours(role, status()));
        assert_eq!(heard(&mut peer, &ended.sent[ours_before..]), None);
    });
}

#[test]
fn without_a_version_of_eth_in_common_there_is_no_status() {
    for_both(|peer| {
        let old = Hello { capabilities: vec![Capability::new("eth", 63)], ..Voice::hello() };
        let peer = peer.introduced(&old);
        assert_eq!(peer.end(), End::Fault("ethereum.no-shared-eth", Mismatch));
        // A side that wants no Status accepts it.
        assert_eq!(peer.end_of(ours(peer.role, Goal::Hello)), End::Done);
    });
}

#[test]
fn a_status_of_another_version_is_the_peers_fault() {
    for_both(|peer| {
        let mut payload = Vec::new();
        common::chain().status(71).write(&mut payload);
        let end = peer.introduced(&Voice::hello()).says(0x10, &payload).end();
        assert_eq!(end, End::Fault("ethereum.eth-version", Peer));
    });
    for_both(|peer| {
        let mut payload = Vec::new();
        common::chain().status(68).write(&mut payload);
        assert_eq!(peer.introduced(&Voice::hello()).says(0x10, &payload).end(), End::Fault("ethereum.malformed", Peer));
    });
}

#[test]
fn a_capability_that_comes_before_eth_moves_its_messages() {
    let offering = |byte| {
        let mut local = local(byte, Goal::Status(OurStatus::Of(common::chain())));
        local.protocols.push(Protocol { capability: Capability::new("bzz", 14), messages: 14 });
        local
    };
    let (a, b) = testing::pair(
        Rlpx::initiator(offering(0x11), fresh(0x12), key(0x42).public()),
        Rlpx::responder(offering(0x42), fresh(0x43)),
    );
    assert_eq!(a.shared.iter().map(|shared| shared.first).collect::<Vec<_>>(), [0x10, 0x1e]);
    assert_eq!(a.status, b.status);
}

#[test]
fn where_it_waits_it_says_for_what_and_what_an_end_means() {
    for role in ROLES {
        let mut ours = ours(role, status());
        let first = if role == Role::Initiator { "ack" } else { "auth" };
        assert_eq!((ours.awaiting(), ours.stage()), (first, Stage::Transport));
        if role == Role::Initiator {
            for end in [Ending::Silent, Ending::Closed] {
                let evidence = Evidence { end, ours: OursRead::Unknown };
                assert!(ours.suspicion(evidence).contains("its key is not the one in its node id"));
            }
        }
        let _ = feed(&mut ours, [&Voice::of(role).said[..]]);
        assert_eq!((ours.awaiting(), ours.stage()), ("Hello", Stage::Hello));
        let mut ours = common::ours(role, status());
        let _ = feed(&mut ours, [&Voice::of(role).introduced(&Voice::hello()).said[..]]);
        assert_eq!((ours.awaiting(), ours.stage()), ("Status", Stage::Ack));
    }
}

/// The progress of a handshake.
#[derive(Clone, Copy, Debug)]
enum Came {
    /// Nothing was received.
    Nowhere,
    /// The keys are agreed.
    ToKeys,
    /// Both have sent Hello. We echo the peer's Status, so ours is not sent.
    ToHelloUnsaid,
    /// Both have sent Hello, and we our Status.
    ToHello,
    /// Both have sent their Status.
    ToStatus,
}

fn came(role: Role, far: Came) -> Rlpx {
    let goal = match far {
        Came::ToHelloUnsaid => echo(),
        _ => Goal::Status(OurStatus::Of(common::chain())),
    };
    let peer = Voice::of(role);
    let peer = match far {
        Came::Nowhere => return ours(role, goal),
        Came::ToKeys => peer,
        Came::ToHelloUnsaid | Came::ToHello => peer.introduced(&Voice::hello()),
        Came::ToStatus => peer.introduced(&Voice::hello()).tells_only(&common::chain()),
    };
    let mut ours = ours(role, goal);
    let _ = feed(&mut ours, [&peer.said[..]]);
    ours
}

#[test]
fn what_an_end_most_likely_means_depends_on_the_role_and_on_how_far_the_handshake_came() {
    use Came::{Nowhere, ToHello, ToHelloUnsaid, ToKeys, ToStatus};
    const EVERY: [OursRead; 4] = [OursRead::NotSaid, OursRead::Nothing, OursRead::NotAll, OursRead::Unknown];
    let broken = "a half-open proxy or a broken node is silent like this";
    let unsaid = [
        "our Status was not sent yet, as we waited for its own; it may have waited for ours",
        "we said no Status either: each side waited for the other's",
    ];
    let judged =
        ["it did not accept our Status, or wanted no more than to see it", "most likely it is not done starting"];
    let wrong_key = "most likely its key is not the one in its node id, or it is no Ethereum node";
    // A node that dials us is neither full nor has it banned us.
    for (far, closed_and_silent) in [
        (
            Nowhere,
            [
                "most likely a port scan, or another protocol",
                "most likely a port scan, or it waits for us to speak first",
            ],
        ),
        (
            ToKeys,
            [
                "it knows our key, and did not introduce itself: a tool that only checks whether we are there closes like this",
                broken,
            ],
        ),
        (ToHelloUnsaid, unsaid),
        (ToHello, judged),
        (ToStatus, judged),
    ] {
        let ours = came(Role::Responder, far);
        for read in EVERY {
            let found = [Ending::Closed, Ending::Silent].map(|end| ours.suspicion(Evidence { end, ours: read }));
            assert_eq!(found, closed_and_silent, "{far:?}, {read:?}");
        }
    }
    let read = "most likely its key is not the one in its node id, it is no Ethereum node, it refuses our address, or it saw \
                us within the last 30 s";
    let unread = "it refuses our address, or saw us within the last 30 s, as geth does";
    for (far, evidence, closed_and_silent) in [
        (Nowhere, OursRead::Unknown, [read, wrong_key]),
        (Nowhere, OursRead::NotAll, [read, wrong_key]),
        (Nowhere, OursRead::Nothing, [unread, wrong_key]),
        (ToKeys, OursRead::Unknown, ["it has the key that it claims; most likely it is full or has banned us", broken]),
        (ToHelloUnsaid, OursRead::Unknown, unsaid),
        (ToHello, OursRead::Unknown, judged),
        (ToStatus, OursRead::Unknown, judged),
    ] {
        let ours = came(Role::Initiator, far);
        let found = [Ending::Closed, Ending::Silent].map(|end| ours.suspicion(Evidence { end, ours: evidence }));
        assert_eq!(found, closed_and_silent, "{far:?}, {evidence:?}");
    }
}

#[test]
fn a_session_answers_pings_skips_what_is_long_and_ends_with_a_disconnect() {
    let (a, mut b) = testing::pair(ours(Role::Initiator, status()), theirs(Role::Initiator, status()));
    let mut said = Vec::new();
    b.channel.ping(&mut said);
    b.channel.say(0x18, &vec![7; 100_000], &mut said);
    b.channel.ping(&mut said);
    b.channel.disconnect(Reason::Quitting, &mut said);
    let ended = feed(&mut Session::new(a.channel).pinging(), said.chunks(100));
    assert_eq!(End::of(&ended), End::Fault("ethereum.disconnect.quitting", Refused));
    let mut answers = ended.sent;
    let mut rx = handshake::Rx::new(&mut answers);
    let mut ids = Vec::new();
    while let Ok(verack_ethereum::channel::Heard::Message { id, .. }) = b.channel.hear(&mut rx) {
        ids.push(id);
    }
    assert_eq!(ids, [2, 3, 3]);
}

#[test]
fn a_session_pings_at_once_and_from_time_to_time() {
    let (a, mut b) = testing::pair(ours(Role::Initiator, status()), theirs(Role::Initiator, status()));
    let mut session = Session::new(a.channel).pinging();
    let mut now = Duration::ZERO;
    for _ in 0..3 {
        let mut said = feed(&mut session, []).sent;
        let heard = b.channel.hear(&mut handshake::Rx::new(&mut said)).unwrap();
        assert!(matches!(heard, verack_ethereum::channel::Heard::Message { id: 2, .. }));
        assert!(feed(&mut session, []).sent.is_empty());
        assert_eq!(session.wake_at(Duration::MAX), Some(now + PING_EVERY));
        // After a late wake-up the next ping comes a full interval later: missed ones are not sent.
        now += 2 * PING_EVERY;
        session.wake(now);
    }
}

#[test]
fn a_whole_session_shows_no_secret() {
    let shown = format!("{:?}", testing::pair(ours(Role::Initiator, status()), theirs(Role::Initiator, status())));
    let shown = shown + &format!("{:?}", ours(Role::Initiator, status()));
    for secret in [0x11, 0x12, 0x14, 0x42, 0x43] {
        let bytes = format!("{:?}", [secret; 32]);
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{secret:#x}");
        assert!(!shown.contains(&format!("{secret:02x}").repeat(32)));
    }
}
