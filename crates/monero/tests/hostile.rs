//! Faulty or malicious peers: how each handshake ends, and the side to blame.

mod common;

use std::num::NonZeroI64;

use common::{Flight, OURS, ROLES, hello, introduced, local, network, theirs, waits, with};
use handshake::Blame::{self, Mismatch, Peer as ByPeer, Refused};
use handshake::{Conversation, End as Ending, Evidence, Handshake, OursRead, Role, Stage};
use testing::{End, feed};
use verack_monero::hello::MAX_BYTES;
use verack_monero::levin::{HEAD_LEN, MAX_EARLY_LEN, MAX_SYNC_LEN};
use verack_monero::storage::{MAX_DEPTH, MAX_ENTRIES, MAX_SECTIONS, MAX_STRINGS, write_count};
use verack_monero::{Address, Command, Kind, Local, MAX_PEERS, Message, Peer, ReturnCode, storage};

const MALFORMED: End = End::Fault("monero.malformed", ByPeer);
const LIMIT: End = End::Fault("monero.limit", ByPeer);

/// A count in its shortest form.
fn count(count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_count(count as u64, &mut bytes);
    bytes
}

#[test]
fn another_protocol_is_told_by_its_first_byte() {
    for role in ROLES {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01", b"\xf9\xbe"] {
            assert_eq!(Flight::to(role).raw(bytes).end(), End::Fault("monero.not-levin", Mismatch), "{bytes:?}");
        }
        assert_eq!(Flight::to(role).raw(&[0x01]).end(), waits(role));
        let late = Flight::to(role).say(&Message::PingRequest).raw(b"HTTP");
        assert_eq!(late.end(), End::Fault("monero.out-of-sync", ByPeer));
    }
}

#[test]
fn a_head_that_is_wrong_fails_before_its_body_is_waited_for() {
    for role in ROLES {
        let bent = |at: usize, bytes: &[u8]| {
            let mut flight = Flight::to(role).introduce();
            flight.bytes[at..at + bytes.len()].copy_from_slice(bytes);
            flight.bytes.truncate(HEAD_LEN);
            flight.end()
        };
        assert_eq!(bent(0, &[]), waits(role));
        assert_eq!(bent(29, &[2]), End::Fault("monero.version", Mismatch));
        for flags in [3, 7, 16, 255] {
            assert_eq!(bent(25, &[flags]), End::Fault("monero.flags", ByPeer), "{flags}");
        }
        assert_eq!(bent(16, &[2]), End::Fault("monero.flags", ByPeer));
        let len = |len: u64| bent(8, &len.to_le_bytes());
        assert_eq!(len(MAX_SYNC_LEN), waits(role));
        for more in [MAX_SYNC_LEN + 1, 100_000_000, u64::MAX] {
            assert_eq!(len(more), End::Fault("monero.oversized", ByPeer), "{more}");
        }
    }
}

#[test]
fn what_is_skipped_is_bounded_too() {
    for role in ROLES {
        let announced = |len: u64| {
            let mut flight = Flight::to(role).frame(Command::NEW_BLOCK, Kind::Notification, b"");
            flight.bytes[8..16].copy_from_slice(&len.to_le_bytes());
            flight.end()
        };
        assert_eq!(announced(MAX_EARLY_LEN), waits(role));
        assert_eq!(announced(MAX_EARLY_LEN + 1), End::Fault("monero.oversized", ByPeer));
        // The longest messages of each kind, one after the other, are within the driver's budget.
        let longest = Flight::to(role).frame(Command::NEW_BLOCK, Kind::Notification, &[0; 1 << 18]).introduce();
        assert!(longest.bytes.len() as u64 + MAX_SYNC_LEN < MAX_BYTES);
        assert_eq!(longest.end(), End::Done);
    }
}

#[test]
fn sections_inside_each_other_end_at_the_limit() {
    // { a: { a: { ... } } }
    let nested = |depth: usize| [b"\x04\x01a\x0c".repeat(depth - 1), vec![0]].concat();
    for role in ROLES {
        // It is valid, but lacks the fields of a handshake.
        assert_eq!(Flight::to(role).body(&nested(MAX_DEPTH)).end(), MALFORMED);
        for depth in [MAX_DEPTH + 1, 100, 10_000] {
            assert_eq!(Flight::to(role).body(&nested(depth)).end(), LIMIT, "{depth}");
        }
        // A truncated body.
        assert_eq!(Flight::to(role).body(&nested(MAX_DEPTH)[..40]).end(), MALFORMED);
        // { a: [{ a: [ ... ] }] }
        assert_eq!(Flight::to(role).body(&b"\x04\x01a\x8c\x04".repeat(1000)).end(), LIMIT);
    }
}

#[test]
fn a_count_beyond_what_was_sent_costs_nothing() {
    for role in ROLES {
        for kind in 1..=13u8 {
            for claimed in
                [&b"\x03\0\0\0\0\0\0\x40"[..], b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\xfc"]
            {
                let array = [b"\x04\x01a", &[kind | 0x80][..], claimed, b"12345678"].concat();
                assert_eq!(Flight::to(role).body(&array).end(), MALFORMED, "type {kind}, {claimed:?}");
            }
        }
        for claimed in [&b"\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"\xfc", b"\xfe\xff\xff\xff"] {
            assert_eq!(Flight::to(role).body(claimed).end(), MALFORMED, "a section");
            assert_eq!(Flight::to(role).body(&[b"\x04\x01a\x0a", claimed].concat()).end(), MALFORMED, "a string");
        }
    }
}

#[test]
fn more_than_anybody_needs_is_beyond_a_limit() {
    for role in ROLES {
        let array = |kind: u8, values: usize, value: &[u8]| {
            let section = [b"\x04\x01a", &[kind | 0x80][..], &count(values), &value.repeat(values)].concat();
            Flight::to(role).body(&section).end()
        };
        // The root is a section as well.
        assert_eq!(array(12, MAX_SECTIONS - 1, b"\0"), MALFORMED);
        assert_eq!(array(12, MAX_SECTIONS, b"\0"), LIMIT);
        assert_eq!(array(10, MAX_STRINGS, b"\0"), MALFORMED);
        assert_eq!(array(10, MAX_STRINGS + 1, b"\0"), LIMIT);
        assert_eq!(array(8, 60_000, b"\0"), MALFORMED, "numbers are as many as fit");

        let entries = |entries: usize| {
            let keys: Vec<u8> = (1..=entries).flat_map(|n| [1, u8::try_from(n).unwrap(), 8, 0]).collect();
            Flight::to(role).body(&[count(entries), keys].concat()).end()
        };
        assert_eq!(entries(MAX_ENTRIES), MALFORMED);
        assert_eq!(entries(MAX_ENTRIES + 1), LIMIT);
    }
}

#[test]
fn a_key_that_comes_twice_is_malformed() {
    for role in ROLES {
        let kind = if role == Role::Initiator { Kind::Response(ReturnCode(1)) } else { Kind::Request };
        let body = &Flight::to(role).introduce().bytes[HEAD_LEN..];
        // One more entry, with a duplicate key.
        let mut again = body.to_vec();
        again[9] += 4;
        let once = [&again[..], b"\x0cpayload_more\x08\0"].concat();
        assert_eq!(Flight::to(role).frame(Command::HANDSHAKE, kind, &once).end(), End::Done);
        let twice = [&again[..], b"\x0cpayload_data\x08\0"].concat();
        assert_eq!(Flight::to(role).frame(Command::HANDSHAKE, kind, &twice).end(), MALFORMED);
    }
}

#[test]
fn a_body_that_breaks_the_rules_is_malformed() {
    for role in ROLES {
        for section in [
            &b""[..],
            b"\0",
            b"\x04",
            b"\x04\0\x08\x01",
            b"\x04\x01a",
            b"\x04\x01a\x00\0",
            b"\x04\x01a\x0e\0",
            b"\x04\x01a\x0b\x02",
            b"\x04\x01a\x0d\x08\0",
            b"\x04\x01a\x8d\x04\x88\0",
            b"\x04\x09node_data\x08\x01",
            b"\x04\x09node_data\x0c\0",
        ] {
            assert_eq!(Flight::to(role).body(section).end(), MALFORMED, "{section:?}");
        }
        let kind = if role == Role::Initiator { Kind::Response(ReturnCode(0)) } else { Kind::Request };
        for body in [&b""[..], b"\x01\x11\x01\x01\x01\x01\x02\x01\x02\0", b"{\"node_data\":{}}"] {
            assert_eq!(Flight::to(role).frame(Command::HANDSHAKE, kind, body).end(), MALFORMED, "{body:?}");
        }
    }
}

#[test]
fn each_field_is_there_and_is_what_it_must_be() {
    let bent = |from: &[u8], to: &[u8]| {
        let mut flight = Flight::to(Role::Responder).introduce();
        let at = flight.bytes.windows(from.len()).position(|bytes| bytes == from).expect("it is there");
        flight.bytes[at..at + from.len()].copy_from_slice(to);
        flight.end()
    };
    for (key, gone) in [
        (&b"\x09node_data"[..], &b"\x09node_dat."[..]),
        (b"\x0cpayload_data", b"\x0cpayload_dat."),
        (b"\x0anetwork_id", b"\x0anetwork_i."),
        (b"\x07peer_id", b"\x07peer_i."),
        (b"\x07my_port", b"\x07my_por."),
        (b"\x06top_id", b"\x06top_i."),
        (b"\x0ecurrent_height", b"\x0ecurrent_heigh."),
        (b"\x15cumulative_difficulty\x05", b"\x15cumulative_difficult.\x05"),
        // A number for a string, a string for a number, and another length.
        (b"network_id\x0a\x40", b"network_id\x07\x40"),
        (b"top_id\x0a\x80", b"top_id\x0a\x7c"),
    ] {
        assert_eq!(bent(key, gone), MALFORMED, "{gone:?}");
    }
    // A missing optional value counts as its default.
    assert_eq!(bent(b"rpc_port", b"rpc_por."), End::Done);
    assert_eq!(bent(b"support_flags", b"support_flag."), End::Done);
    assert_eq!(bent(b"top_version", b"top_versio."), End::Done);
    // A negative port.
    assert_eq!(bent(b"my_port\x06\xa0\x46\0\0", b"my_port\x02\xff\xff\xff\xff"), MALFORMED);
    // The same number of another type.
    assert_eq!(bent(b"my_port\x06", b"my_port\x02"), End::Done);
}

#[test]
fn more_peers_than_may_be_told_are_beyond_a_limit() {
    let address = Address::Ip("203.0.113.7:18080".parse().unwrap());
    let told = |peers: usize| {
        let body = {
            let mut body = Vec::new();
            storage::write(&mut body, |message| {
                message.sections("local_peerlist_new", &vec![(); peers], |(), section| {
                    section.section("adr", |section| address.write(section));
                    section.u64("id", 7);
                });
                message.section("node_data", |section| {
                    section.u32("my_port", 0);
                    section.string("network_id", &network("monero").id.0);
                    section.u64("peer_id", 7);
                });
                message.section("payload_data", |section| {
                    section.u64("cumulative_difficulty", 1);
                    section.u64("current_height", 1);
                    section.string("top_id", &[7; 32]);
                });
            });
            body
        };
        assert!(body.len() as u64 <= MAX_SYNC_LEN);
        let kind = Kind::Response(ReturnCode(0));
        feed(
            &mut hello(Role::Initiator),
            [&Flight::to(Role::Initiator).frame(Command::HANDSHAKE, kind, &body).bytes[..]],
        )
    };
    let most = told(MAX_PEERS);
    assert_eq!(most.result.unwrap().unwrap().peers.len(), MAX_PEERS);
    assert_eq!(End::of(&told(MAX_PEERS + 1)), LIMIT);
    assert_eq!(End::of(&told(900)), LIMIT);
}

#[test]
fn no_more_peers_are_told_than_are_heard() {
    let address = Address::Ip("203.0.113.7:18080".parse().unwrap());
    let peers = vec![Peer::new(address, 7); MAX_PEERS + 1].into();
    let mut ours = with(Role::Responder, Local { peers, ..local(OURS) });
    let sent = feed(&mut ours, [&Flight::to(Role::Responder).introduce().bytes[..]]).sent;
    let agreed = feed(&mut with(Role::Initiator, local(7)), [&sent[..]]).result.unwrap().unwrap();
    assert_eq!(agreed.peers.len(), MAX_PEERS);
}

#[test]
fn the_longest_peer_list_is_within_the_limit() {
    let host = verack_monero::Host::new(&[b'a'; 63], 18083).unwrap();
    let peer = Peer {
        last_seen: NonZeroI64::new(1),
        pruning_seed: 1,
        rpc_port: 1,
        rpc_credits_per_hash: 1,
        ..Peer::new(Address::Tor(host), u64::MAX)
    };
    let message = Message::HandshakeResponse(theirs(), vec![peer; MAX_PEERS].into());
    assert_eq!(Flight::to(Role::Initiator).say(&message).end(), End::Done);
}

#[test]
fn a_return_code_below_zero_is_a_refusal_whatever_comes_with_it() {
    for code in [-1, -3, -7, i32::MIN] {
        for body in [&b""[..], b"go away"] {
            let kind = Kind::Response(ReturnCode(code));
            let flight = Flight::to(Role::Initiator).frame(Command::HANDSHAKE, kind, body);
            assert_eq!(flight.end(), End::Fault("monero.return-code", Refused), "{code}");
        }
    }
    let mut fine = Flight::to(Role::Initiator).introduce();
    for code in [0, 1, i32::MAX] {
        fine.bytes[21..25].copy_from_slice(&code.to_le_bytes());
        assert_eq!(fine.end(), End::Done, "{code}");
    }
}

#[test]
fn another_network_is_a_mismatch_that_is_called_by_its_name() {
    for role in ROLES {
        let mut other = theirs();
        other.node.network_id = network("monero-testnet").id;
        let ended = feed(&mut hello(role), [&Flight::to(role).say(&introduced(role, other.clone())).bytes[..]]);
        assert_eq!(End::of(&ended), End::Fault("monero.network", Mismatch));
        assert_eq!(ended.result.unwrap().unwrap_err().to_string(), "it is on monero-testnet, not on monero");
        other.node.network_id.0 = [0xab; 16];
        let mut hello = hello(role);
        let ended = feed(&mut hello, [&Flight::to(role).say(&introduced(role, other)).bytes[..]]);
        let sentence = ended.result.unwrap().unwrap_err().to_string();
        assert_eq!(sentence, format!("it is on {}, not on monero", "ab".repeat(16)));
        // The peer's id is known all the same; and a peer of another network does not get our introduction.
        assert_eq!(hello.introduction().unwrap().node.peer_id, common::THEIRS);
        assert_eq!(ended.sent.is_empty(), role == Role::Responder);
    }
}

#[test]
fn we_do_not_shake_hands_with_ourselves() {
    for role in ROLES {
        let flight = Flight::to(role).say(&introduced(role, local(OURS).introduction));
        assert_eq!(flight.end(), End::Fault("monero.self-connect", Blame::Local));
    }
}

#[test]
fn what_has_no_place_in_a_handshake_ends_it() {
    for role in ROLES {
        let swapped = if role == Role::Initiator { Role::Responder } else { Role::Initiator };
        let request = Kind::Request;
        let unexpected = End::Fault("monero.unexpected", ByPeer);
        assert_eq!(Flight::to(role).say(&introduced(swapped, theirs())).end(), unexpected);
        assert_eq!(Flight::to(role).say(&Message::TimedSyncRequest(theirs().tip)).end(), unexpected);
        assert_eq!(Flight::to(role).say(&Message::SupportFlagsResponse(1)).end(), unexpected);
        assert_eq!(Flight::to(role).frame(Command(4242), request, b"").end(), unexpected);
        let answer = Kind::Response(ReturnCode(1));
        assert_eq!(Flight::to(role).frame(Command(4242), answer, b"").end(), unexpected);
    }
}

#[test]
fn questions_without_end_are_answered_by_no_more_than_they_ask() {
    for role in ROLES {
        let mut flight = Flight::to(role);
        for _ in 0..1000 {
            flight = flight.say(&Message::PingRequest).say(&Message::SupportFlagsRequest);
        }
        let ended = feed(&mut hello(role), [&flight.bytes[..]]);
        assert_eq!(End::of(&ended), waits(role));
        assert!(ended.sent.len() < 2 * flight.bytes.len(), "{} bytes", ended.sent.len());
    }
}

#[test]
fn a_fault_does_not_hide_how_far_the_handshake_came() {
    for role in ROLES {
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&b"HTTP"[..]]);
        assert_eq!(ours.stage(), Stage::Hello);
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&Flight::to(role).introduce().bytes[..]]);
        assert_eq!(ours.stage(), Stage::Done);
    }
}

#[test]
fn what_an_end_most_likely_means_depends_on_our_role_and_on_what_came_before() {
    let (closed, silent) = (Ending::Closed, Ending::Silent);
    let another = "most likely a port scan, or another protocol";
    let looks = "a node that only checks whether we are there closes like this";
    let ping = Flight::to(Role::Responder).say(&Message::PingRequest).bytes;
    let full_or_met =
        "that is what a node does that is on another network, has no slot left, or has met our address already";
    let rows = [
        (
            Role::Initiator,
            &[][..],
            closed,
            OursRead::Nothing,
            "most likely all its inbound slots are taken, or it refuses our address",
        ),
        (Role::Initiator, &[], closed, OursRead::NotAll, full_or_met),
        (Role::Initiator, &[], closed, OursRead::Unknown, full_or_met),
        (
            Role::Initiator,
            &[],
            silent,
            OursRead::Unknown,
            "most likely it is another protocol, in which the other side speaks first",
        ),
        (Role::Responder, &[], closed, OursRead::NotSaid, another),
        (Role::Responder, &[], silent, OursRead::NotSaid, another),
        (Role::Responder, &ping, closed, OursRead::Unknown, looks),
        (Role::Responder, &ping, silent, OursRead::Unknown, looks),
    ];
    for (role, heard, end, ours, expected) in rows {
        let mut side = hello(role);
        feed(&mut side, [heard]);
        assert_eq!(side.suspicion(Evidence { end, ours }), expected, "{role:?}, {end:?}, {ours:?}");
    }
}
