//! Invalid bytes on the encrypted transport: how each handshake ends, and the side to blame.

mod common;

use common::v2::{Peer, accept, keys, ours};
use common::{Flight, ROLES, params, version};
use handshake::Blame::{Mismatch, Peer as ThePeer};
use handshake::{Conversation, End as Ending, Evidence, Fault, Handshake, OursRead, Role, Rx, Stage};
use testing::{End, cut, feed};
use verack_bitcoin::message::{MAX_WHOLE_LEN, Message};
use verack_bitcoin::v2::{Garbage, MAX_CONTENTS_LEN, MAX_DECOYS_LEN, MAX_GARBAGE_LEN, Packet};
use verack_bitcoin::{Error, ReadError, Transport, v2};

#[test]
fn garbage_is_as_long_as_it_may_be_and_no_longer() {
    for role in ROLES {
        for len in [0, 1, 15, 16, 17, 4094, MAX_GARBAGE_LEN] {
            let peer = Peer::on("bitcoin", role, &vec![0xaa; len]).terminator().packet(false, b"");
            assert_eq!(End::of(&peer.hello(&version("bitcoin")).to(role)), End::Done, "{len}");
        }
        let peer = Peer::on("bitcoin", role, &vec![0xaa; MAX_GARBAGE_LEN + 1]).terminator().packet(false, b"");
        let ended = peer.hello(&version("bitcoin")).to(role);
        assert_eq!(End::of(&ended), End::Fault("bitcoin.v2.no-terminator", Mismatch));
    }
    assert!(Garbage::new(vec![0; MAX_GARBAGE_LEN]).is_some() && Garbage::new(vec![0; MAX_GARBAGE_LEN + 1]).is_none());
}

#[test]
fn garbage_without_an_end_is_waited_for_no_longer_than_4111_bytes() {
    let bytes = Peer::on("bitcoin", Role::Initiator, &[0; MAX_GARBAGE_LEN + 15]).bytes;
    let ended = feed(&mut ours(Role::Initiator), [&bytes[..]]);
    assert_eq!(End::of(&ended), End::Waits("garbage terminator"));
    let ended = feed(&mut ours(Role::Initiator), [&bytes[..], &[0]]);
    assert_eq!(End::of(&ended), End::Fault("bitcoin.v2.no-terminator", Mismatch));
}

#[test]
fn a_terminator_is_found_wherever_the_stream_is_cut_and_whatever_resembles_it_before() {
    for role in ROLES {
        let whole = Peer::on("bitcoin", role, b"").terminator().bytes;
        let terminator = &whole[64..];
        // All but the last byte of the terminator, again and again.
        let garbage = terminator[..15].repeat(20);
        let peer = Peer::on("bitcoin", role, &garbage).terminator().packet(false, b"").hello(&version("bitcoin"));
        assert_eq!(End::of(&cut(|| ours(role), &peer.bytes)), End::Done);
    }
}

#[test]
fn garbage_that_was_changed_is_not_authentic() {
    for role in ROLES {
        let mut bytes = Peer::ready(role).bytes;
        bytes[64] ^= 1;
        assert_eq!(End::of(&feed(&mut ours(role), [&bytes[..]])), End::Fault("bitcoin.v2.tag", ThePeer));
    }
}

#[test]
fn the_first_packet_authenticates_the_garbage_decoy_or_not() {
    for role in ROLES {
        let on = || Peer::on("bitcoin", role, b"garbage").terminator();
        let decoy_first = on().packet(true, b"decoy").packet(false, b"");
        assert_eq!(End::of(&decoy_first.hello(&version("bitcoin")).to(role)), End::Done);
        let mut without = on();
        without.forget_garbage();
        assert_eq!(End::of(&without.packet(true, b"").to(role)), End::Fault("bitcoin.v2.tag", ThePeer));
    }
}

#[test]
fn thousands_of_decoys_are_taken_and_more_than_the_budget_are_not() {
    for role in ROLES {
        let decoys = |count: usize, contents: &[u8]| {
            let peer = Peer::on("bitcoin", role, b"").terminator();
            (0..count).fold(peer, |peer, _| peer.packet(true, contents))
        };
        let most = MAX_DECOYS_LEN / 20;
        assert!(most > 6000);
        let peer = decoys(most, b"").packet(false, b"").hello(&version("bitcoin"));
        assert_eq!(End::of(&peer.to(role)), End::Done);
        assert_eq!(End::of(&decoys(most + 1, b"").to(role)), End::Fault("bitcoin.v2.decoys", ThePeer));
        // Decoys after the version packet count as well.
        let later = (0..=most).fold(Peer::ready(role), |peer, _| peer.packet(true, b""));
        assert_eq!(End::of(&later.to(role)), End::Fault("bitcoin.v2.decoys", ThePeer));
        // A long decoy counts by the length that it claims.
        let long = decoys(1, &vec![0; MAX_DECOYS_LEN]).bytes;
        let ended = feed(&mut ours(role), [&long[..200]]);
        assert_eq!(End::of(&ended), End::Fault("bitcoin.v2.decoys", ThePeer));
        let fits = decoys(1, &vec![0; MAX_DECOYS_LEN - 20]).packet(false, b"").hello(&version("bitcoin"));
        assert_eq!(End::of(&cut_into(16 * 1024, role, &fits.bytes)), End::Done);
    }
}

#[test]
fn a_length_over_the_limit_fails_before_anything_is_waited_for() {
    let most = usize::try_from(MAX_CONTENTS_LEN).unwrap();
    for role in ROLES {
        let long = |len: usize| Peer::ready(role).packet(false, &vec![1; len]).bytes;
        let start = Peer::ready(role).bytes.len();
        let ended = feed(&mut ours(role), [&long(most + 1)[..start + 3]]);
        assert_eq!(End::of(&ended), End::Fault("bitcoin.v2.too-long", ThePeer));
        assert_eq!(End::of(&feed(&mut ours(role), [&long(most)[..start + 3]])), End::Waits("version"));
    }
}

#[test]
fn four_megabytes_are_skipped_unread_and_their_tag_is_checked() {
    let block = [&[2][..], &vec![0; usize::try_from(MAX_CONTENTS_LEN).unwrap() - 1]].concat();
    for role in ROLES {
        let peer = Peer::ready(role).packet(false, &block);
        let before_tag = peer.bytes.len() - 1;
        let mut peer = peer.hello(&version("bitcoin"));
        let ended = cut_into(16 * 1024 - 1, role, &peer.bytes);
        assert_eq!((End::of(&ended), ended.taken), (End::Done, peer.bytes.len()));
        peer.bytes[before_tag] ^= 1;
        assert_eq!(End::of(&cut_into(16 * 1024, role, &peer.bytes)), End::Fault("bitcoin.v2.tag", ThePeer));
        peer.bytes[before_tag] ^= 1;
        peer.bytes[before_tag - 2_000_000] ^= 1;
        assert_eq!(End::of(&cut_into(16 * 1024, role, &peer.bytes)), End::Fault("bitcoin.v2.tag", ThePeer));
    }
}

#[test]
fn however_a_long_packet_is_cut_it_is_skipped() {
    let whole = usize::try_from(MAX_WHOLE_LEN).unwrap() + 13;
    for len in [whole, whole + 1, whole + 15, whole + 16, whole + 17] {
        let contents = [&[14][..], &vec![0; len - 1]].concat();
        let version_packet = Peer::on("bitcoin", Role::Initiator, b"").terminator().packet(false, &contents);
        let peer = version_packet.packet(true, &contents).packet(false, &contents).hello(&version("bitcoin"));
        for piece in [1, 2, 3, 7, 15, 16, 17, 31, 1000, peer.bytes.len()] {
            let ended = cut_into(piece, Role::Initiator, &peer.bytes);
            assert_eq!((End::of(&ended), ended.taken), (End::Done, peer.bytes.len()), "{len} by {piece}");
        }
    }
}

#[test]
fn a_program_may_have_long_packets_whole() {
    let magic = params("bitcoin").magic;
    let session = |role| keys().encode().agree(role, &Peer::encoding(), magic);
    let mut sealed = Vec::new();
    session(Role::Initiator).seal.seal(&[], false, &mut sealed, |tx| tx.resize(tx.len() + 100_000, 7));
    let mut open = keys().encode().share(Role::Initiator, &Peer::encoding()).derive(Role::Responder, magic).open;
    open.wait_for(100_000);
    let (mut start, mut whole) = (sealed[..50_000].to_vec(), sealed);
    assert!(matches!(open.read(&mut Rx::new(&mut start)), Err(ReadError::Short(short)) if short.0 == 50_020));
    let expected = Packet::Whole { ignore: false, contents: &[7; 100_000] };
    assert_eq!(open.read(&mut Rx::new(&mut whole)), Ok(expected));
}

#[test]
fn a_version_or_feature_too_long_to_be_one_is_not_waited_for() {
    let long = usize::try_from(MAX_WHOLE_LEN).unwrap() + 1;
    for role in ROLES {
        let contents = [&b"\0version\0\0\0\0\0"[..], &vec![0; long]].concat();
        let ended = Peer::ready(role).packet(false, &contents).to(role);
        assert_eq!(End::of(&ended), End::Fault("bitcoin.oversized", ThePeer));
        let introduced = Peer::ready(role).say(&Message::Version(version("bitcoin")));
        let ended = introduced.packet(false, &[&[37][..], &vec![0; 12 + long]].concat()).to(role);
        assert_eq!(End::of(&ended), End::Fault("bitcoin.malformed", ThePeer));
    }
}

#[test]
fn a_peer_on_another_network_is_told_by_the_name_of_its_network() {
    for role in ROLES {
        // The peer sends all that it can send before it finds that our garbage has no end.
        let short = Peer::on("testnet4", role, b"garbage").terminator().packet(false, b"");
        let mut side = ours(role);
        let ended = feed(&mut side, [&short.bytes[..]]);
        assert_eq!((End::of(&ended), side.stage()), (End::Waits("garbage terminator"), Stage::Transport));
        let rest = &short.bytes[ended.taken..];
        for end in [Ending::Closed, Ending::Silent] {
            let fault = side.ended(end, rest).expect("its terminator is among the bytes");
            assert_eq!((fault.code(), fault.blame()), ("bitcoin.magic", Mismatch));
            assert!(fault.to_string().contains("testnet4"), "{fault}");
            assert_eq!(side.ended(end, &rest[..rest.len() / 2 - 10]), None);
        }
        let long = Peer::on("testnet4", role, b"garbage").terminator().packet(false, &[0; 5000]);
        assert_eq!(End::of(&long.to(role)), End::Fault("bitcoin.magic", Mismatch));
    }
}

#[test]
fn what_comes_in_place_of_a_key_is_told_by_its_name() {
    let plain = |chain: &str| Flight::on(chain).version(&version(chain)).bytes;
    let rows: [(&[u8], End); 9] = [
        (&plain("bitcoin"), End::Fault("bitcoin.v1-only", Mismatch)),
        (&Flight::on("bitcoin").verack().bytes, End::Fault("bitcoin.v1-only", Mismatch)),
        (&plain("litecoin"), End::Fault("bitcoin.magic", Mismatch)),
        (b"HTTP/1.1 400 Bad Request\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"220 mail.example.org ESMTP\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        // A key may start like that.
        (b"HTTP\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", End::Waits("key")),
        (&params("bitcoin").magic.0, End::Waits("key")),
        (b"\x15\x03\x03\x00\x02\x02\x46", End::Waits("key")),
    ];
    for (bytes, expected) in rows {
        for role in ROLES {
            assert_eq!(End::of(&feed(&mut ours(role), [bytes])), expected, "{bytes:?}");
        }
    }
}

#[test]
fn what_closes_before_its_key_is_whole_is_told_by_its_first_bytes() {
    let mut side = ours(Role::Initiator);
    let alert = b"\x15\x03\x03\x00\x02\x02\x46";
    assert_eq!(End::of(&feed(&mut side, [&alert[..]])), End::Waits("key"));
    assert_eq!(side.ended(Ending::Closed, alert).unwrap().code(), "bitcoin.not-bitcoin");
    assert_eq!(side.ended(Ending::Closed, b"\x01\x02\x03\x04"), None);
}

#[test]
fn a_peer_that_echoes_is_no_node() {
    for role in ROLES {
        let mut side = ours(role);
        let sent = feed(&mut side, [&[][..]]).sent;
        assert_eq!(End::of(&feed(&mut side, [&sent[..]])), End::Fault("bitcoin.v2.echo", Mismatch));
    }
}

#[test]
fn a_connection_closed_on_our_key_may_be_made_again_in_plain_text_unless_a_byte_came() {
    let mut silent = ours(Role::Initiator);
    assert!(!silent.may_fall_back(), "our key is not said");
    assert_eq!(silent.ended(Ending::Closed, b""), None);
    assert_eq!(End::of(&feed(&mut silent, [&[][..]])), End::Waits("key"));
    assert!(silent.may_fall_back());
    assert_eq!(silent.ended(Ending::Closed, b""), Some(Error::V2(v2::Error::ClosedOnKey(v2::Offer::Unknown))));
    assert_eq!(silent.ended(Ending::Silent, b""), None, "it may still be thinking");

    let mut heard = ours(Role::Initiator);
    assert_eq!(End::of(&feed(&mut heard, [&[7][..]])), End::Waits("key"));
    assert!(!heard.may_fall_back());
    assert_eq!(heard.ended(Ending::Closed, &[7]), None);

    let mut responder = ours(Role::Responder);
    assert_eq!(End::of(&feed(&mut responder, [&[][..]])), End::Waits("key"));
    assert!(!responder.may_fall_back(), "the side that dialled may dial again");
    assert_eq!(responder.ended(Ending::Closed, b""), None);
}

#[test]
fn one_port_takes_both_transports_and_neither_of_another_network() {
    let chosen = |bytes: &[u8]| {
        let mut side = accept();
        let ended = feed(&mut side, [bytes]);
        (side.transport(), End::of(&ended), ended.sent.len())
    };
    let plain = Flight::on("bitcoin").version(&version("bitcoin")).bytes;
    assert_eq!(chosen(b""), (None, End::Waits("version or key"), 0));
    for len in 1..16 {
        assert_eq!(chosen(&plain[..len]), (None, End::Waits("version or key"), 0), "{len}");
        let mut differs = plain[..len].to_vec();
        differs[len - 1] ^= 0x80;
        // After the magic, the whole name is waited for: a key is longer.
        let at_once = if len <= 4 {
            (Some(Transport::V2), End::Waits("key"), 75)
        } else {
            (None, End::Waits("version or key"), 0)
        };
        assert_eq!(chosen(&differs), at_once, "{len}");
    }
    let no_name = [&plain[..15], &[0x80]].concat();
    assert_eq!(chosen(&no_name), (Some(Transport::V2), End::Waits("key"), 75));
    assert_eq!(chosen(&plain[..16]), (Some(Transport::V1), End::Waits("version"), 0));
    let litecoin = Flight::on("litecoin").version(&version("litecoin")).bytes;
    assert_eq!(chosen(&litecoin).1, End::Fault("bitcoin.magic", Mismatch));
    assert_eq!(chosen(b"GET / HTTP/1.1\r\n").1, End::Fault("bitcoin.not-bitcoin", Mismatch));
}

#[test]
fn a_peer_in_plain_text_may_say_another_message_before_its_version() {
    // Core treats such a message as a key.
    for first in ["verack", "createstream", "", "wtxidrelay"] {
        let flight = Flight::on("bitcoin").payload(first, b"").version(&version("bitcoin")).verack();
        let concluded = cut(accept, &flight.bytes).result.expect("over").expect("no fault");
        assert_eq!(concluded.channel.transport(), Transport::V1, "{first}");
    }
}

#[test]
fn our_side_waits_for_one_thing_after_the_other() {
    for role in ROLES {
        let bytes = Peer::ready(role).hello(&version("bitcoin")).bytes;
        let after = |len: usize| {
            let mut side = ours(role);
            let ended = feed(&mut side, [&bytes[..len]]);
            assert!(ended.result.is_none());
            (ended.awaiting, side.stage())
        };
        let garbage = 64 + 13 + 16;
        assert_eq!(after(0), ("key", Stage::Transport));
        assert_eq!(after(64), ("garbage terminator", Stage::Transport));
        assert_eq!(after(garbage), ("version packet", Stage::Transport));
        assert_eq!(after(garbage + 20), ("version", Stage::Hello));
        assert_eq!(after(bytes.len() - 1), ("verack", Stage::Ack));
    }
}

#[test]
fn what_an_end_most_likely_means_depends_on_what_the_peer_proved_before() {
    const KEY: usize = 64;
    const TERMINATED: usize = KEY + 13 + 16;
    let has_keys = "its keys fit ours, so it may be a half-open proxy, or a broken node";
    let key = |role| match role {
        Role::Initiator => [
            "most likely another protocol",
            "it may speak only the v1 transport, hang, start up, be on another network, or be no Bitcoin node",
        ],
        Role::Responder => ["most likely a port scan, or another protocol"; 2],
    };
    for role in ROLES {
        let rows = [
            (0, key(role)),
            (
                KEY,
                [
                    "most likely our keys do not fit, as those of two networks would",
                    "a node of another network is silent like this, since its keys do not fit ours",
                ],
            ),
            (TERMINATED, [has_keys; 2]),
        ];
        for (heard, expected) in rows {
            let mut side = ours(role);
            feed(&mut side, [&Peer::ready(role).bytes[..heard]]);
            let ours = OursRead::Unknown;
            let found = [Ending::Closed, Ending::Silent].map(|end| side.suspicion(Evidence { end, ours }));
            assert_eq!(found, expected, "{role:?}, {heard} bytes");
        }
    }
}

/// A node that dials us has space for the connection, and has not banned our address.
#[test]
fn a_peer_that_dialled_us_is_never_said_to_be_full_or_to_have_banned_us() {
    let encrypted = Peer::talkative(Role::Responder, &version("bitcoin")).bytes;
    let plain = Flight::talkative("bitcoin").bytes;
    for heard in [&encrypted, &plain] {
        for len in (0..heard.len()).step_by(13) {
            let mut either = accept();
            feed(&mut either, [&heard[..len]]);
            for end in [Ending::Closed, Ending::Silent] {
                for ours in [OursRead::NotSaid, OursRead::Nothing, OursRead::NotAll, OursRead::Unknown] {
                    let sentence = either.suspicion(Evidence { end, ours });
                    let of_a_host = ["slot", "full", "ban", "refuse"].iter().find(|word| sentence.contains(**word));
                    assert_eq!(of_a_host, None, "{len} bytes, {end:?}, {ours:?}: {sentence}");
                }
            }
        }
    }
}

#[test]
fn a_packet_that_was_cut_short_is_told_with_its_bytes() {
    let introduction = Message::Version(version("bitcoin"));
    for role in ROLES {
        let start = Peer::on("bitcoin", role, b"their garbage").terminator().bytes.len();
        let ready = Peer::ready(role).bytes.len();
        let bytes = Peer::ready(role).say(&introduction).bytes;
        let told = |heard: usize| {
            let mut side = ours(role);
            let taken = feed(&mut side, [&bytes[..heard]]).taken;
            side.unfinished(&bytes[taken..heard]).map(|unfinished| format!("{}: {unfinished}", unfinished.what))
        };
        // Garbage may end anywhere.
        for whole in [0, 64, 64 + 5, start, ready, bytes.len()] {
            assert_eq!(told(whole), None, "{role:?}, {whole} bytes");
        }
        assert_eq!(told(63).unwrap(), "key: 63 of 64 bytes");
        assert_eq!(told(start + 2).unwrap(), "version packet: 2 bytes");
        assert_eq!(told(start + 3).unwrap(), "version packet: 3 of 20 bytes");
        assert_eq!(told(ready - 1).unwrap(), "version packet: 19 of 20 bytes");
        let len = bytes.len() - ready;
        assert_eq!(told(ready + 1).unwrap(), "next packet: 1 byte");
        assert_eq!(told(ready + 60).unwrap(), format!("next packet: 60 of {len} bytes"));
        assert_eq!(told(bytes.len() - 1).unwrap(), format!("next packet: {} of {len} bytes", len - 1));
    }
}

/// Our side, with the bytes split as if they came from a socket.
fn cut_into(len: usize, role: Role, bytes: &[u8]) -> testing::Ended<verack_bitcoin::V2> {
    feed(&mut ours(role), bytes.chunks(len))
}
