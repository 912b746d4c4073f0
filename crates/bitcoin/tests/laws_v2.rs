//! The laws of every handshake, for the encrypted transport in both roles and for the choice between the two.

mod common;

use common::v2::{Peer, accept, keys, local_named, ours, said, start};
use common::{Flight, ROLES, version};
use handshake::{Blame, Conversation, Handshake, Role, Rx, Step};
use testing::{End, cut, feed, flip, pair};
use verack_bitcoin::message::{Event, Message};
use verack_bitcoin::v2::{Garbage, Keys, MAX_GARBAGE_LEN, Phase, Start};
use verack_bitcoin::version::Tail;
use verack_bitcoin::{Accept, Concluded, Transport, V1, V2};

#[test]
fn however_the_bytes_are_cut_the_handshake_ends_the_same() {
    for role in ROLES {
        let bytes = Peer::talkative(role, &version("bitcoin")).bytes;
        let ended = cut(|| ours(role), &bytes);
        let concluded = ended.result.expect("over").expect("no fault");
        assert_eq!(ended.taken, bytes.len());
        assert_eq!(concluded.agreed.version, version("bitcoin"));
        assert!(concluded.agreed.announced.wtxidrelay && concluded.agreed.announced.sendaddrv2);
        let pongs = said(role, &ended.sent).iter().filter(|(_, contents)| contents.starts_with(&[19])).count();
        assert_eq!(pongs, 2, "both pings are answered, with one byte for the name");
    }
}

#[test]
fn however_the_bytes_are_cut_the_transport_that_the_peer_chose_is_taken() {
    let encrypted = Peer::talkative(Role::Responder, &version("bitcoin")).bytes;
    let plain = Flight::talkative("bitcoin").bytes;
    for (bytes, transport) in [(encrypted, Transport::V2), (plain, Transport::V1)] {
        let ended = cut(accept, &bytes);
        let concluded = ended.result.expect("over").expect("no fault");
        assert_eq!((concluded.channel.transport(), ended.taken), (transport, bytes.len()));
    }
}

#[test]
fn however_a_fault_is_cut_it_is_the_same_fault() {
    for role in ROLES {
        let mut damaged = Peer::ready(role).hello(&version("bitcoin")).bytes;
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(End::of(&cut(|| ours(role), &damaged)), End::Fault("bitcoin.v2.tag", Blame::Peer));
    }
    let litecoin = Flight::on("litecoin").version(&version("litecoin")).bytes;
    assert_eq!(End::of(&cut(accept, &litecoin)), End::Fault("bitcoin.magic", Blame::Mismatch));
}

#[test]
fn both_sides_agree_and_leave_what_follows() {
    for (garbage, decoys) in [(0, 0), (1, 3), (MAX_GARBAGE_LEN, 1)] {
        let start = |secret| Start {
            keys: Keys::new([secret; 32], [9; 32]).unwrap(),
            garbage: Garbage::new(vec![secret; garbage]).unwrap(),
            decoys: vec![vec![secret; 50].into(); decoys],
        };
        let initiator = || V2::initiator(local_named("/a/", 1), start(1));
        agree(initiator(), V2::responder(local_named("/b/", 2), start(2)), Transport::V2);
        agree(initiator(), Accept::new(local_named("/b/", 2), start(2)), Transport::V2);
    }
    agree(V1::initiator(local_named("/a/", 1)), Accept::new(local_named("/b/", 2), start()), Transport::V1);
}

/// Both sides conclude over this transport, and pings on the resulting channels pass in both directions.
fn agree<A, B>(initiator: A, responder: B, transport: Transport)
where
    A: Handshake<Output = Concluded>,
    B: Handshake<Output = Concluded>,
{
    let (mut a, mut b) = pair(initiator, responder);
    assert_eq!(a.agreed.version.user_agent.as_bytes(), b"/b/");
    assert_eq!(b.agreed.version.user_agent.as_bytes(), b"/a/");
    assert_eq!([a.channel.transport(), b.channel.transport()], [transport; 2]);
    assert_eq!(a.channel.session_id, b.channel.session_id);
    // Often enough for the keys to change twice.
    for nonce in 0..500 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        a.channel.write(&Message::Ping(Some(nonce)), &Tail::None, &mut there);
        assert_eq!(b.channel.read(&mut Rx::new(&mut there)), Ok(Event::Heard(Message::Ping(Some(nonce)))));
        b.channel.write(&Message::Pong(nonce), &Tail::None, &mut back);
        assert_eq!(a.channel.read(&mut Rx::new(&mut back)), Ok(Event::Heard(Message::Pong(nonce))));
    }
}

#[test]
fn no_changed_byte_goes_unnoticed_and_none_of_them_is_blamed_on_us() {
    for role in ROLES {
        let bytes = Peer::talkative(role, &version("bitcoin")).bytes;
        let check = |at: usize, end: &End| match (at, end) {
            // Another key: the terminator is not found, and 4111 bytes have not come.
            (0..64, End::Waits(_)) => {}
            (64.., End::Waits(_) | End::Fault("bitcoin.v2.tag" | "bitcoin.v2.too-long", Blame::Peer)) => {}
            // A changed length makes a `version` or `feature` of thousands of bytes, which is not waited for.
            (64.., End::Fault("bitcoin.oversized" | "bitcoin.malformed", Blame::Peer)) => {}
            _ => panic!("{role:?}, byte {at}: {end:?}"),
        };
        flip(|| ours(role), &bytes, |at, ended| check(at, &End::of(ended)));
        if role == Role::Responder {
            flip(accept, &bytes, |at, ended| check(at, &End::of(ended)));
        }
    }
}

#[test]
fn each_side_speaks_as_soon_as_it_can() {
    let mut initiator = ours(Role::Initiator);
    assert_eq!(feed(&mut initiator, [&[][..]]).sent.len(), 64 + 11, "the key and the garbage, at once");
    let peer = Peer::on("bitcoin", Role::Initiator, b"").bytes;
    let ended = feed(&mut initiator, [&peer[..]]);
    assert_eq!(ended.awaiting, "garbage terminator");
    // Our version leaves in one write with the proof of the keys: to wait for the peer's would cost a round trip.
    let version = 20 + 13 + 86;
    assert_eq!(ended.sent.len(), 16 + 20 + version);

    let mut responder = accept();
    assert_eq!(feed(&mut responder, [&[][..]]).sent, b"", "a port scan gets nothing");
    let bytes = Peer::on("bitcoin", Role::Responder, b"").bytes;
    assert_eq!(feed(&mut responder, [&bytes[..1]]).sent.len(), 64 + 11, "the first byte that differs is enough");
}

#[test]
fn a_trace_tells_each_thing_that_passes_with_its_bytes() {
    let start = Start { decoys: vec![(*b"decoy").into()], ..start() };
    let mut ours = V2::initiator(common::local("bitcoin"), start);
    let mut bytes = Peer::talkative(Role::Initiator, &version("bitcoin")).bytes;
    let (mut rx, mut tx) = (Rx::new(&mut bytes), Vec::new());
    let mut phases = Vec::new();
    let mut names = Vec::new();
    loop {
        let (taken, said) = (rx.taken(), tx.len());
        let step = ours.step(&mut rx, &mut tx).expect("no fault");
        let (received, sent) = (rx.taken() - taken, tx.len() - said);
        match step {
            Step::Event(Event::Transport(phase)) => {
                assert_eq!((received == 0, sent == 0), (phase.is_sent(), !phase.is_sent()), "{phase:?}");
                phases.push((phase, received.max(sent)));
            }
            Step::Event(Event::Said(message) | Event::Heard(message)) => names.push(message.command().to_string()),
            Step::Event(event) => panic!("{event:?}"),
            Step::Done(concluded) => {
                assert_eq!(concluded.channel.session_id, ours.session_id());
                break;
            }
            Step::Need(_) => panic!("all is there"),
        }
    }
    let session_id = keys().encode().agree(Role::Initiator, &Peer::encoding(), common::params("bitcoin").magic).id;
    let expected = [
        (Phase::SentKey { garbage: 11 }, 75),
        (Phase::ReceivedKey { session_id }, 64),
        (Phase::SentTerminator, 16),
        (Phase::SentDecoy { contents: 5 }, 25),
        (Phase::SentVersionPacket, 20),
        (Phase::ReceivedGarbage { garbage: 13 }, 13 + 16),
        (Phase::ReceivedDecoy { contents: 7 }, 27),
        (Phase::ReceivedVersionPacket { contents: 25 }, 45),
        (Phase::ReceivedDecoy { contents: 0 }, 20),
        (Phase::ReceivedNameless { contents: 0 }, 20),
        (Phase::ReceivedNameless { contents: 8 }, 28),
    ];
    assert_eq!(phases, expected);
    assert_eq!(names[..3], ["version", "version", "wtxidrelay"]);
}
