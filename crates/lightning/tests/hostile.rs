//! Faulty or malicious peers: how each handshake ends, and the side to blame.

mod common;

use common::{Flight, OURS, ROLES, THEIRS, act, end_of, hash, hello, key, local, their_init, with};
use handshake::Blame::{self, Mismatch, Peer, Refused};
use handshake::{Conversation, Fault, Handshake, Role, Stage};
use testing::{End, feed};
use verack_lightning::acts::{Initiator, SHORT_ACT_LEN};
use verack_lightning::message::{Notice, Ping};
use verack_lightning::{Features, Hello, Init, Local, Message};

#[test]
fn another_protocol_is_told_by_its_first_byte() {
    for role in ROLES {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01", b"\xf9"] {
            assert_eq!(end_of(role, bytes), End::Fault("lightning.version", Mismatch), "{bytes:?}");
        }
        assert_eq!(end_of(role, &[0]), end_of(role, &[]));
    }
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_never_computed_with() {
    let beyond_the_field = [&[2][..], &[0xff; 32]].concat();
    let no_such_x = [&[2][..], &[0; 31], &[5]].concat();
    let uncompressed = [&[4][..], &[7; 32]].concat();
    let infinity = vec![0; 33];
    for role in ROLES {
        for point in [&beyond_the_field, &no_such_x, &uncompressed, &infinity] {
            let bytes = [&[0][..], point, &[0; 16]].concat();
            assert_eq!(bytes.len(), SHORT_ACT_LEN);
            assert_eq!(end_of(role, &bytes), End::Fault("lightning.point", Peer), "{point:?}");
        }
    }
}

#[test]
fn an_act_that_is_cut_is_waited_for() {
    for (role, lens) in [(Role::Initiator, vec![50]), (Role::Responder, vec![50, 116])] {
        let bytes = Flight::to(role).bytes;
        for len in 0..bytes.len() {
            let expected = match (role, lens.iter().filter(|&&end| len >= end).count()) {
                (Role::Initiator, _) => "act two",
                (Role::Responder, 0) => "act one",
                (Role::Responder, _) => "act three",
            };
            assert_eq!(end_of(role, &bytes[..len]), End::Waits(expected));
        }
    }
}

#[test]
fn who_dials_another_nodes_key_is_told_so_and_gets_no_byte() {
    let mut one = Vec::new();
    let [s, e] = THEIRS.map(key);
    let _ = Initiator::new(s, e, key([0x77; 32]).node_id()).act_one(&mut one);
    let ended = feed(&mut hello(Role::Responder), [&one[..]]);
    assert_eq!(End::of(&ended), End::Fault("lightning.mac", Mismatch));
    assert!(ended.sent.is_empty(), "{:02x?}", ended.sent);
}

#[test]
fn a_recorded_handshake_cannot_be_replayed() {
    for role in ROLES {
        let bytes = Flight::to(role).init(their_init()).pong().bytes;
        assert_eq!(end_of(role, &bytes), End::Done);
        // The same node with another fresh key for this connection.
        let mut again = with(role, local([OURS[0], [0x13; 32]]));
        let ended = feed(&mut again, [&bytes[..]]);
        assert_eq!(End::of(&ended), End::Fault("lightning.mac", Peer), "{role:?}");
    }
}

#[test]
fn a_message_cannot_be_replayed() {
    for role in ROLES {
        let flight = Flight::to(role);
        let start = flight.bytes.len();
        let mut bytes = flight.seal(b"").bytes;
        // An empty message is invalid; and a replayed init fails the handshake.
        assert_eq!(end_of(role, &bytes), End::Fault("lightning.malformed", Peer));
        let init = Flight::to(role).init(their_init()).bytes;
        bytes.extend_from_slice(&init[start..]);
        assert_eq!(end_of(role, &bytes), End::Fault("lightning.malformed", Peer));
    }
}

#[test]
fn an_init_of_any_length_that_a_message_can_have_is_heard() {
    // 33 000 features take 4128 bytes; a message has at most 65 535.
    let far = Init { features: Features::of(&[9, 32_973]), ..Init::default() };
    for role in ROLES {
        assert_eq!(end_of(role, &Flight::to(role).init(far.clone()).pong().bytes), End::Done);
        let mut message = vec![0, 16, 0, 0];
        let len = u16::MAX - 6;
        message.extend_from_slice(&len.to_be_bytes());
        // Only odd bits, so nothing is required.
        message.resize(message.len() + usize::from(len), 0xaa);
        assert_eq!(message.len(), 65_535);
        assert_eq!(end_of(role, &Flight::to(role).seal(&message).pong().bytes), End::Done);
    }
}

#[test]
fn a_flood_after_the_acts_ends_at_its_first_message() {
    for role in ROLES {
        let flood = Flight::to(role).raw(&vec![0xaa; 1 << 20]);
        assert_eq!(end_of(role, &flood.bytes), End::Fault("lightning.mac", Peer));
        let mut pings = Flight::to(role);
        for _ in 0..1000 {
            pings = pings.say(&Message::Ping(Ping::for_pong_of(65_531)));
        }
        let ended = feed(&mut hello(role), [&pings.bytes[..]]);
        assert_eq!(End::of(&ended), End::Fault("lightning.unexpected", Peer));
        assert!(ended.sent.len() < 300, "{} bytes", ended.sent.len());
    }
}

#[test]
fn an_error_in_place_of_an_init_or_behind_it_is_reported() {
    let text = b"internal error\x1b[2J\xff";
    let error = Message::Error(Notice::on_all_channels(text).unwrap());
    for role in ROLES {
        for (flight, stage) in [(Flight::to(role), Stage::Hello), (Flight::to(role).init(their_init()), Stage::Ack)] {
            let mut ours = hello(role);
            let ended = feed(&mut ours, [&flight.say(&error).bytes[..]]);
            assert_eq!((End::of(&ended), ours.stage()), (End::Fault("lightning.error", Refused), stage));
            let fault = ended.result.unwrap().unwrap_err();
            assert!(fault.refuses() && fault.to_string().ends_with(": \"internal error\\x1b[2J\\xff\""), "{fault}");
        }
    }
}

#[test]
fn a_warning_ends_nothing_and_explains_a_close_that_follows() {
    let warning = |text: &[u8]| Message::Warning(Notice::on_all_channels(text).unwrap());
    for role in ROLES {
        let warned = || Flight::to(role).say(&warning(b"first")).say(&warning(b"slow down"));
        assert_eq!(end_of(role, &warned().init(their_init()).say(&warning(b"")).pong().bytes), End::Done);
        for flight in [warned(), warned().init(their_init())] {
            let mut ours = hello(role);
            let _ = feed(&mut ours, [&flight.bytes[..]]);
            let fault = ours.ended(handshake::End::Closed, &[]).unwrap();
            assert_eq!((fault.code(), fault.blame()), ("lightning.warning", Refused));
            assert!(fault.to_string().ends_with("\"slow down\""), "{fault}");
            assert!(ours.ended(handshake::End::Silent, &[]).is_none());
        }
    }
}

#[test]
fn a_peer_that_answers_no_ping_is_agreed_with_once_the_time_is_over() {
    for role in ROLES {
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&Flight::to(role).bytes[..]]);
        assert!(ours.settle().is_none(), "it has said nothing");
        let mut ours = hello(role);
        // A pong of another length is not the one that we requested.
        let other = Message::Pong(Ping::for_pong_of(9).pong().unwrap());
        let ended = feed(&mut ours, [&Flight::to(role).init(their_init()).say(&other).bytes[..]]);
        assert_eq!((End::of(&ended), ours.stage()), (End::Waits("pong"), Stage::Ack));
        let agreed = ours.settle().unwrap();
        assert!(!agreed.confirmed && agreed.init == their_init());
        assert!(ours.settle().is_none(), "it can be had once");
    }
}

#[test]
fn a_peer_that_asks_for_pongs_without_end_before_its_own_is_let_go() {
    for role in ROLES {
        let flight = Flight::to(role).init(their_init());
        let ours = feed(&mut hello(role), [&flight.bytes[..]]).sent.len();
        let pings = (0..1000).fold(flight, |flight, _| flight.say(&Message::Ping(Ping::for_pong_of(65_531))));
        let ended = feed(&mut hello(role), [&pings.bytes[..]]);
        assert_eq!(End::of(&ended), End::Fault("lightning.ping-flood", Peer));
        assert!(ended.sent.len() - ours < 3 * 65_600, "{} bytes", ended.sent.len());
    }
}

#[test]
fn a_feature_that_must_be_known_and_is_not_is_a_mismatch() {
    for role in ROLES {
        for (bits, expected) in [
            (vec![998], End::Fault("lightning.feature", Mismatch)),
            (vec![999], End::Done),
            // Every named feature is known.
            (vec![0, 8, 12, 14, 22, 44], End::Done),
        ] {
            let features = Features::of(&bits);
            for init in [
                Init { features: features.clone(), ..Init::default() },
                Init { global_features: features.clone(), ..Init::default() },
            ] {
                assert_eq!(end_of(role, &Flight::to(role).init(init).pong().bytes), expected, "{bits:?}");
            }
        }
        // Features that we offer ourselves are accepted.
        let mut ours = local(OURS);
        ours.init.features = Features::of(&[999]);
        let theirs = Init { features: Features::of(&[998]), ..Init::default() };
        let ended = feed(&mut with(role, ours), [&Flight::to(role).init(theirs).pong().bytes[..]]);
        assert_eq!(End::of(&ended), End::Done);
    }
}

#[test]
fn another_chain_is_a_mismatch_that_is_called_by_its_name() {
    let on = |chains: &[&str]| Init { networks: chains.iter().copied().map(hash).collect(), ..Init::default() };
    for role in ROLES {
        let end = |ours: &[&str], theirs: &[&str]| {
            let local = Local { init: on(ours), ..local(OURS) };
            feed(&mut with(role, local), [&Flight::to(role).init(on(theirs)).pong().bytes[..]])
        };
        for (ours, theirs) in
            [(&["bitcoin"][..], &["litecoin", "bitcoin"][..]), (&[], &["litecoin"]), (&["bitcoin"], &[])]
        {
            assert_eq!(End::of(&end(ours, theirs)), End::Done, "{ours:?} {theirs:?}");
        }
        let other = end(&["bitcoin"], &["litecoin", "bitcoin-signet"]);
        assert_eq!(End::of(&other), End::Fault("lightning.network", Mismatch));
        let sentence = other.result.unwrap().unwrap_err().to_string();
        assert_eq!(sentence, "it is on litecoin and bitcoin-signet, not on bitcoin");
    }
}

#[test]
fn an_init_that_cannot_be_read_is_malformed() {
    for role in ROLES {
        for payload in [&b""[..], b"\0", b"\0\x01", b"\0\0\0\x01", b"\0\0\0\0\x02\x00", b"\0\0\0\0\x01\x01x"] {
            let message = [&[0, 16], payload].concat();
            let end = end_of(role, &Flight::to(role).seal(&message).bytes);
            assert_eq!(end, End::Fault("lightning.malformed", Peer), "{payload:?}");
        }
    }
}

#[test]
fn we_do_not_shake_hands_with_ourselves() {
    let [s, e] = OURS.map(key);
    let mut to_ourselves = Hello::initiator(local(OURS), s.node_id());
    let ended = feed(&mut to_ourselves, []);
    assert_eq!(End::of(&ended), End::Fault("lightning.self-connect", Blame::Local));
    assert!(ended.sent.is_empty(), "{:02x?}", ended.sent);

    let (mut one, mut three) = (Vec::new(), Vec::new());
    let dialling = Initiator::new(s.clone(), e, s.node_id()).act_one(&mut one);
    let mut answering = Hello::responder(local([OURS[0], [0x13; 32]]));
    let two = feed(&mut answering, [&one[..]]).sent;
    let _ = dialling.act_two(&mut act(&two)).unwrap().act_three(&mut three);
    let fault = feed(&mut answering, [&three[..]]).result.unwrap().unwrap_err();
    assert_eq!(fault.code(), "lightning.self-connect");
}

#[test]
fn what_an_end_most_likely_means_depends_on_how_far_the_handshake_came() {
    let meaning = |role: Role, heard: usize| {
        let mut ours = hello(role);
        feed(&mut ours, [&Flight::to(role).bytes[..heard]]);
        let sentences = [handshake::End::Closed, handshake::End::Silent]
            .map(|end| ours.suspicion(handshake::Evidence { end, ours: handshake::OursRead::Unknown }));
        sentences.map(|sentence| sentence.split([',', ':', ';']).next().unwrap_or_default().to_owned())
    };
    let no_more = "a half-open proxy or a broken node is silent like this";
    let rows = [
        (
            Role::Initiator,
            0,
            ["that is what a wrong key looks like", "that is what a wrong key looks like to some nodes"],
        ),
        (Role::Initiator, 50, ["it knows our key now", no_more]),
        (Role::Responder, 0, ["most likely a port scan"; 2]),
        (Role::Responder, 50, ["it knows our key", no_more]),
        (Role::Responder, 116, ["it told us who it is", no_more]),
    ];
    for (role, heard, expected) in rows {
        assert_eq!(meaning(role, heard), expected, "{role:?}, {heard} bytes");
    }
}

#[test]
fn a_fault_does_not_hide_how_far_the_handshake_came() {
    for (role, awaited) in [(Role::Initiator, "act two"), (Role::Responder, "act one")] {
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&[0x48; 50][..]]);
        assert_eq!((ours.stage(), ours.awaiting()), (Stage::Transport, awaited));
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&Flight::to(role).raw(&[0; 18]).bytes[..]]);
        assert_eq!((ours.stage(), ours.awaiting()), (Stage::Hello, "init"));
        assert_eq!(ours.node_id(), Some(key(THEIRS[0]).node_id()));
    }
}
