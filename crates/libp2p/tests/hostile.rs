//! Faulty or malicious peers: how each handshake ends, and the side to blame.

mod common;

use common::{
    Flight, OURS, ROLES, THEIRS, end_of, fault, hello, local, patient, payload_of, streams, their_identify,
    their_payload, with, without_inlining, written,
};
use handshake::Blame::{Local as Us, Mismatch, Peer};
use handshake::{Conversation, Evidence, Fault, Handshake, OursRead, Role, Stage};
use testing::{End, feed};
use verack_libp2p::multistream::{HEADER, NOISE};
use verack_libp2p::protobuf::{write_bytes, write_number};
use verack_libp2p::yamux::{self, Kind, SYN};
use verack_libp2p::{Error, Hello, Identity, Local, Muxer, PublicKey, SecretKey};

#[test]
fn another_protocol_is_told_by_its_first_byte() {
    for role in ROLES {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01", b"\xf9"] {
            assert_eq!(end_of(role, bytes), End::Fault("libp2p.not-libp2p", Mismatch), "{bytes:?}");
        }
        assert_eq!(end_of(role, b"\x13"), end_of(role, &[]));
    }
}

#[test]
fn a_huge_name_is_refused_by_its_length() {
    for role in ROLES {
        for length in [&b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..], b"\x82\x08", &[0xff; 10], b"\x80\x00", b"\x00"]
        {
            let bytes = [&written(&[HEADER])[..], length].concat();
            assert_eq!(end_of(role, &bytes), End::Fault("libp2p.malformed", Peer), "{length:?}");
        }
        // The same on the encrypted connection, in place of an answer.
        let flight = Flight::to(role).data(0, streams(role)[0], &[0xff; 10]);
        assert_eq!(end_of(role, &flight.bytes), End::Fault("libp2p.malformed", Peer));
    }
}

#[test]
fn a_patient_side_asks_a_peer_that_turns_noise_down_for_tls() {
    let no = written(&[HEADER, "na"]);
    let first = fault(hello(Role::Initiator), &no);
    assert_eq!((first.code(), first.blame()), ("libp2p.no-noise", Mismatch));
    let again = || with(Role::Initiator, patient(local(OURS)));
    let ended = feed(&mut again(), [&no[..]]);
    assert_eq!(End::of(&ended), End::Waits("answer to /tls/1.0.0"));
    assert_eq!(ended.sent, written(&[HEADER, NOISE, "/tls/1.0.0"]));
    let knows_tls = fault(again(), &written(&[HEADER, "na", "/tls/1.0.0"]));
    assert_eq!(knows_tls.to_string(), "it does not speak Noise, but /tls/1.0.0");
    let neither = fault(again(), &written(&[HEADER, "na", "na"]));
    assert_eq!(neither.to_string(), "it does not speak Noise");
    for fault in [knows_tls, neither] {
        assert_eq!(fault.code(), "libp2p.no-noise");
    }
}

#[test]
fn who_proposes_what_we_do_not_speak_is_told_no_and_may_go_on() {
    let tls_first =
        [&written(&[HEADER, "/tls/1.0.0"])[..], &Flight::to(Role::Responder).introduces().bytes[20..]].concat();
    let ended = feed(&mut hello(Role::Responder), [&tls_first[..]]);
    assert_eq!(End::of(&ended), End::Done);
    assert!(ended.sent.starts_with(&written(&[HEADER, "na", NOISE])));
    // A peer with no other protocol closes.
    let mut ours = hello(Role::Responder);
    let _ = feed(&mut ours, [&written(&[HEADER, "/tls/1.0.0", "/plaintext/2.0.0"])[..]]);
    let fault = ours.ended(handshake::End::Closed, &[]).expect("it is clear why");
    assert_eq!(fault.to_string(), "it does not speak Noise, but /tls/1.0.0 and /plaintext/2.0.0");
    assert_eq!(ours.ended(handshake::End::Silent, &[]), None);
}

#[test]
fn proposals_without_end_come_to_an_end() {
    let names = vec!["/a"; 1000];
    let bytes = [&written(&[HEADER])[..], &written(&names)].concat();
    let ended = feed(&mut hello(Role::Responder), [&bytes[..]]);
    assert_eq!(End::of(&ended), End::Fault("libp2p.proposals", Mismatch));
    assert!(ended.sent.len() < 100);
    // A peer that always answers `na` gets one or two proposals.
    let bytes = [&written(&[HEADER])[..], &written(&["na"; 1000])].concat();
    for ours in [local(OURS), patient(local(OURS))] {
        assert_eq!(fault(with(Role::Initiator, ours), &bytes).code(), "libp2p.no-noise");
    }
}

#[test]
fn an_answer_that_was_not_asked_for_is_unexpected() {
    for answer in [NOISE, "/tls/1.0.0", HEADER, "/multistream/1.0.1", "ls", ""] {
        let end = end_of(Role::Initiator, &written(&[HEADER, answer]));
        let expected =
            if answer == NOISE { End::Waits("Noise message 2") } else { End::Fault("libp2p.unexpected", Peer) };
        assert_eq!(end, expected, "{answer}");
    }
}

#[test]
fn a_noise_message_that_cannot_hold_its_keys_or_is_too_long_is_refused_by_its_length() {
    for (role, least) in [(Role::Initiator, 96u16), (Role::Responder, 32)] {
        // Too long by our limit only: Noise allows it.
        for (len, blame) in [
            (0, Some(Peer)),
            (least - 1, Some(Peer)),
            (least, None),
            (4096, None),
            (4097, Some(Us)),
            (65_535, Some(Us)),
        ] {
            let bytes = [&written(&[HEADER, NOISE])[..], &u16::to_be_bytes(len)].concat();
            let end = end_of(role, &bytes);
            let expected = blame.map(|blame| End::Fault("libp2p.oversized", blame));
            assert_eq!(matches!(end, End::Fault(..)).then_some(end), expected, "{role:?}, {len} bytes");
        }
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let one = |at| u8::from(at == 0);
    for e in [[0; 32], core::array::from_fn(one)] {
        let two = [&[0, 96][..], &e, &[7; 64]].concat();
        let bytes = [&written(&[HEADER, NOISE])[..], &two].concat();
        assert_eq!(end_of(Role::Initiator, &bytes), End::Fault("libp2p.weak-key", Peer));
        let message = [&[0, 32][..], &e].concat();
        let bytes = [&written(&[HEADER, NOISE])[..], &message].concat();
        let ended = feed(&mut hello(Role::Responder), [&bytes[..]]);
        assert_eq!(End::of(&ended), End::Fault("libp2p.weak-key", Peer));
        // No message that depends on such a key is sent.
        assert_eq!(ended.sent, written(&[HEADER, NOISE]));
    }
}

#[test]
fn a_signature_of_another_key_or_of_another_message_is_wrong() {
    let end = |role, payload: &[u8]| end_of(role, &Flight::with_payload(role, &local(OURS), payload).bytes);
    for role in ROLES {
        // The peer's own signature, with another identity.
        let theirs = their_payload();
        let mut stolen = Vec::new();
        write_bytes(1, Identity::new([9; 32]).public().encoded(), &mut stolen);
        stolen.extend_from_slice(&theirs[38..]);
        assert_eq!(end(role, &stolen), End::Fault("libp2p.signature", Peer));
        // The payload of another connection, recorded.
        let mut another = local(THEIRS);
        another.static_key = SecretKey::new([0x77; 32]);
        assert_eq!(end(role, &payload_of(&another, &[])), End::Fault("libp2p.signature", Peer));
        // A truncated and an empty signature.
        for len in [0, 63] {
            let mut cut = Vec::new();
            write_bytes(1, common::their_key().encoded(), &mut cut);
            write_bytes(2, &theirs[40..40 + len], &mut cut);
            assert_eq!(end(role, &cut), End::Fault("libp2p.signature", Peer));
        }
    }
}

#[test]
fn an_identity_that_is_no_key_is_refused() {
    let end = |kind: u64, key: &[u8]| {
        let (mut identity, mut payload) = (Vec::new(), Vec::new());
        write_number(1, kind, &mut identity);
        write_bytes(2, key, &mut identity);
        write_bytes(1, &identity, &mut payload);
        write_bytes(2, &[7; 64], &mut payload);
        end_of(Role::Initiator, &Flight::with_payload(Role::Initiator, &local(OURS), &payload).bytes)
    };
    let not_a_key = End::Fault("libp2p.key", Peer);
    for (kind, key) in [
        (0, &[0x30; 270][..]),
        (1, &[7; 31]),
        // A key of small order, for which any peer can sign.
        (1, &[0; 32]),
        (2, &[4; 33]),
        (2, &[]),
        (3, &[0x30; 91]),
    ] {
        assert_eq!(end(kind, key), not_a_key, "{kind} {key:?}");
    }
    assert_eq!(end(4, &[7; 32]), End::Fault("libp2p.key-type", Mismatch));
    assert_eq!(end(u64::MAX, &[7; 32]), End::Fault("libp2p.key-type", Mismatch));
}

#[test]
fn what_could_be_written_in_two_ways_is_refused() {
    let theirs = their_payload();
    let end =
        |payload: &[u8]| end_of(Role::Responder, &Flight::with_payload(Role::Responder, &local(OURS), payload).bytes);
    let malformed = End::Fault("libp2p.malformed", Peer);
    assert_eq!(end(&theirs), End::Waits("identify"));
    // A length in two bytes, the identity twice, no identity, no signature, and truncated bytes.
    assert_eq!(end(&[&[0x0a, 0xa4, 0x00], &theirs[2..]].concat()), malformed);
    assert_eq!(end(&[&theirs[..38], &theirs].concat()), malformed);
    assert_eq!(end(&theirs[38..]), malformed);
    assert_eq!(end(&theirs[..38]), malformed);
    assert_eq!(end(&theirs[..100]), malformed);
    assert_eq!(end(&[&theirs[..], &[0x22, 0x81, 0x00, 0x00]].concat()), malformed);
    // The key's own fields in another order, with one more, or with a longer number: its peer id would differ.
    let key = &theirs[2..38];
    for encoded in [[&key[2..], &key[..2]].concat(), [key, &[0x18, 1]].concat(), [&[8, 0x81, 0], &key[2..]].concat()] {
        let mut payload = Vec::new();
        write_bytes(1, &encoded, &mut payload);
        payload.extend_from_slice(&theirs[38..]);
        assert_eq!(end(&payload), malformed);
        assert!(PublicKey::read(&encoded).is_err());
    }
    // Unknown fields are ignored.
    assert_eq!(end(&[&theirs[..], &[0x1a, 1, 7, 0x2a, 1, 7]].concat()), End::Waits("identify"));
}

#[test]
fn who_is_not_the_one_that_was_dialled_is_a_mismatch() {
    let (theirs, another) = (local(THEIRS).identity.peer_id(), Identity::new([9; 32]).peer_id());
    let bytes = Flight::to(Role::Initiator).introduces().bytes;
    let dial = |peer_id| feed(&mut Hello::initiator(local(OURS), Some(peer_id)), [&bytes[..]]);
    assert_eq!(End::of(&dial(theirs.clone())), End::Done);
    let ended = dial(another.clone());
    assert_eq!(End::of(&ended), End::Fault("libp2p.peer-id", Mismatch));
    // The peer does not learn our identity.
    assert_eq!(ended.sent.len(), 62);
    assert_eq!(ended.result.unwrap().unwrap_err().to_string(), format!("it is {theirs}, not {another}"));
}

#[test]
fn we_do_not_shake_hands_with_ourselves() {
    let mut twin = local(THEIRS);
    twin.identity = local(OURS).identity;
    for role in ROLES {
        let bytes = Flight::with_payload(role, &local(OURS), &payload_of(&twin, &[])).bytes;
        assert_eq!(end_of(role, &bytes), End::Fault("libp2p.self-connect", Us));
    }
}

#[test]
fn without_a_muxer_in_common_there_is_no_connection() {
    let mismatch = End::Fault("libp2p.no-muxer", Mismatch);
    for role in ROLES {
        let bytes = Flight::with_payload(role, &local(OURS), &payload_of(&local(THEIRS), &["/mplex/6.7.0"])).bytes;
        assert_eq!(end_of(role, &bytes), mismatch);
        assert_eq!(fault(hello(role), &bytes).to_string(), "it does not speak yamux, but /mplex/6.7.0");
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&bytes[..]]);
        assert_eq!(ours.stage(), Stage::Hello, "as if it had been agreed on by names");
        let both = payload_of(&local(THEIRS), &["/mplex/6.7.0", yamux::NAME]);
        let bytes = Flight::with_payload(role, &local(OURS), &both).introduces().bytes;
        assert_eq!(end_of(role, &bytes), End::Done);
    }
    // By names.
    let named = |role, names: &[&str]| {
        let ours = without_inlining(local(OURS));
        Flight::with_payload(role, &ours, &their_payload()).seal(&written(names)).bytes
    };
    let ours = |role| with(role, without_inlining(local(OURS)));
    assert_eq!(fault(ours(Role::Initiator), &named(Role::Initiator, &[HEADER, "na"])).code(), "libp2p.no-muxer");
    assert_eq!(
        fault(ours(Role::Initiator), &named(Role::Initiator, &[HEADER, "/mplex/6.7.0"])).code(),
        "libp2p.unexpected"
    );
    assert_eq!(fault(ours(Role::Initiator), &named(Role::Initiator, &["na"])).code(), "libp2p.unexpected");
    let many = [&[HEADER][..], &["/mplex/6.7.0"; 100]].concat();
    let mut refusing = ours(Role::Responder);
    let ended = feed(&mut refusing, [&named(Role::Responder, &many)[..]]);
    assert_eq!((End::of(&ended), refusing.stage()), (mismatch, Stage::Hello));
    let mut waiting = ours(Role::Responder);
    let ended = feed(&mut waiting, [&named(Role::Responder, &[HEADER, "/mplex/6.7.0"])[..]]);
    assert_eq!(End::of(&ended), End::Waits("muxer"));
    assert_eq!(waiting.muxer(), None, "nothing is agreed on yet");
    assert_eq!(waiting.ended(handshake::End::Closed, &[]).map(|fault| fault.code()), Some("libp2p.no-muxer"));
}

#[test]
fn a_muxer_is_agreed_on_as_soon_as_both_have_named_it_and_no_sooner() {
    for role in ROLES {
        let muxer = |ours: Local, names: &[&str]| {
            let bytes = Flight::with_payload(role, &ours, &their_payload()).seal(&written(names)).bytes;
            let mut ours = with(role, ours);
            let _ = feed(&mut ours, [&bytes[..]]);
            ours.muxer()
        };
        assert_eq!(muxer(local(OURS), &[]), Some(Muxer::Inlined));
        for (names, agreed) in [
            (&[][..], None),
            (&[HEADER], None),
            (&[HEADER, "na"], None),
            (&[HEADER, yamux::NAME], Some(Muxer::Negotiated)),
        ] {
            assert_eq!(muxer(without_inlining(local(OURS)), names), agreed, "{role:?}, {names:?}");
        }
    }
}

#[test]
fn a_recorded_handshake_cannot_be_replayed() {
    for role in ROLES {
        let bytes = Flight::to(role).introduces().bytes;
        let again = Local { ephemeral_key: SecretKey::new([0x13; 32]), ..local(OURS) };
        assert_eq!(fault(with(role, again), &bytes).code(), "libp2p.mac", "{role:?}");
    }
}

#[test]
fn a_frame_that_is_too_short_for_its_tag_or_said_twice_is_forged() {
    for role in ROLES {
        let forged = End::Fault("libp2p.mac", Peer);
        assert_eq!(end_of(role, &Flight::to(role).raw(&[0, 15]).bytes), forged);
        assert_eq!(end_of(role, &Flight::to(role).raw(&[0, 16]).raw(&[7; 16]).bytes), forged);
        let flight = Flight::to(role).frame(Kind::Ping, SYN, 0, 7);
        let last = flight.bytes[flight.starts[flight.starts.len() - 1]..].to_vec();
        assert_eq!(end_of(role, &flight.raw(&last).bytes), forged);
    }
}

#[test]
fn a_fault_does_not_hide_how_far_the_handshake_came() {
    for (role, awaited) in
        [(Role::Initiator, "multistream-select header"), (Role::Responder, "multistream-select header")]
    {
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&[0x48; 50][..]]);
        assert_eq!((ours.stage(), ours.awaiting()), (Stage::Transport, awaited));
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&Flight::to(role).raw(&[0; 18]).bytes[..]]);
        assert_eq!((ours.stage(), ours.awaiting()), (Stage::Hello, "identify"));
        assert_eq!(ours.public_key(), Some(&common::their_key()));
    }
}

#[test]
fn what_a_peer_says_cannot_do_anything_to_a_terminal() {
    let theirs = "/\x1b[2Jx\n\u{202e}";
    let answer = fault(hello(Role::Initiator), &written(&[HEADER, theirs]));
    assert!(matches!(answer, Error::Answer { .. }));
    let muxers = payload_of(&local(THEIRS), &[theirs, theirs, theirs, theirs]);
    let muxer = fault(hello(Role::Initiator), &Flight::with_payload(Role::Initiator, &local(OURS), &muxers).bytes);
    for sentence in [answer.to_string(), muxer.to_string()] {
        assert!(sentence.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{sentence:?}");
    }
}

/// The progress of a handshake.
#[derive(Clone, Copy, Debug)]
enum Came {
    /// Nothing was received.
    Nowhere,
    /// The peer speaks multistream-select.
    ToAName,
    /// The keys are agreed, and both identities are proved.
    ToKeys,
    /// The peer has introduced itself, and its stream is open.
    ToAnIntroduction,
}

fn came(role: Role, far: Came) -> Hello {
    let keys = Flight::to(role);
    let bytes = match far {
        Came::Nowhere => Vec::new(),
        Came::ToAName => written(&[HEADER]),
        Came::ToKeys => keys.bytes,
        Came::ToAnIntroduction => {
            let mut message = Vec::new();
            their_identify().write(&mut message);
            let answer = keys.answer(&[&message]);
            keys.seal(&answer).bytes
        }
    };
    let mut ours = hello(role);
    let _ = feed(&mut ours, [&bytes[..]]);
    ours
}

#[test]
fn what_an_end_most_likely_means_depends_on_the_role_and_on_how_far_the_handshake_came() {
    use Came::{Nowhere, ToAName, ToAnIntroduction, ToKeys};
    const EVERY: [OursRead; 4] = [OursRead::NotSaid, OursRead::Nothing, OursRead::NotAll, OursRead::Unknown];
    let found = |ours: &Hello, read| {
        [handshake::End::Closed, handshake::End::Silent].map(|end| ours.suspicion(Evidence { end, ours: read }))
    };
    let broken = "a half-open proxy or a broken node is silent like this";
    let not_ended = "it did not end its introduction";
    // A node that dials us is not full, nor does it refuse our address.
    for (far, closed_and_silent) in [
        (Nowhere, ["most likely a port scan, or another protocol"; 2]),
        (ToAName, ["it began a handshake, and did not tell us who it is"; 2]),
        (ToKeys, ["it told us who it is, and left", broken]),
        (ToAnIntroduction, [not_ended; 2]),
    ] {
        let ours = came(Role::Responder, far);
        for read in EVERY {
            assert_eq!(found(&ours, read), closed_and_silent, "{far:?}, {read:?}");
        }
    }
    let no_place = "most likely it has no place for us";
    let unread = "most likely it has no place for us, or refuses our address";
    let unknown = "most likely it has no place for us, is a node of a private network, or is no libp2p node";
    let something_else = "most likely something else listens there";
    for (far, read, closed_and_silent) in [
        (Nowhere, OursRead::Unknown, [unknown, something_else]),
        (Nowhere, OursRead::NotAll, [unknown, something_else]),
        (Nowhere, OursRead::Nothing, [unread, something_else]),
        (ToAName, OursRead::Unknown, [no_place, broken]),
        (ToKeys, OursRead::Unknown, ["it looked at who we are and left", broken]),
        (ToAnIntroduction, OursRead::Unknown, [not_ended; 2]),
    ] {
        assert_eq!(found(&came(Role::Initiator, far), read), closed_and_silent, "{far:?}, {read:?}");
    }
}
