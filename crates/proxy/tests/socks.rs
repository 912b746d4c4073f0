//! SOCKS5: what proxies were seen to do, and what none may do.

mod common;

use std::net::SocketAddr;

use common::{KINDS, Kind, ONION, before_reply, client, heard, turns};
use handshake::{Blame, Conversation, End as Ended, Fault, Handshake, Rx, Stage, Step};
use testing::{End, cut, feed};
use verack_proxy::socks::{
    Awaited, Bound, Client, Credentials, Destination, Error, Event, Isolation, Malformed, Refusal, Route, UserPassword,
};

/// How a client ends that hears these bytes.
fn end(kind: Kind, bytes: &[u8]) -> End {
    End::of(&cut(|| client(kind), bytes))
}

/// How a client ends that hears this reply.
fn after_reply(kind: Kind, reply: &[u8]) -> End {
    end(kind, &[before_reply(kind), reply].concat())
}

/// The end of a client that hears a reply with this code.
fn refused(kind: Kind, code: u8) -> End {
    after_reply(kind, &[5, code, 0, 1, 0, 0, 0, 0, 0, 0])
}

#[test]
fn each_turn_is_said_when_the_proxy_has_answered_the_one_before() {
    for kind in KINDS {
        let (mut client, mut heard) = (client(kind), Vec::new());
        for (ours, theirs) in turns(kind) {
            // Nothing is over yet, and all of it is said at once.
            let turn = feed(&mut client, [&heard[..]]);
            assert_eq!((turn.result, turn.sent), (None, ours), "{kind:?}");
            heard = theirs;
        }
        let last = feed(&mut client, [&heard[..]]);
        assert!(matches!(last.result, Some(Ok(_))) && last.sent.is_empty());
    }
}

#[test]
fn the_connection_is_handed_over_with_what_came_behind_the_reply() {
    let ip = |text: &str| Bound::Ip(text.parse::<SocketAddr>().expect("an address"));
    for (kind, bound) in [
        (Kind::Open, ip("0.0.0.0:0")),
        (Kind::WithPassword, ip("[2a00::1]:8333")),
        (Kind::Exit, Bound::Name { name: "there".into(), port: 7 }),
        (Kind::Onion, ip("0.0.0.0:0")),
    ] {
        let bytes = heard(kind);
        let ended = cut(|| client(kind), &[&bytes[..], b"early, echoed"].concat());
        assert_eq!((ended.taken, ended.result), (bytes.len(), Some(Ok(bound))));
    }
}

#[test]
fn each_event_covers_what_was_said_or_heard_for_it() {
    let (mut client, mut bytes) = (client(Kind::Onion), heard(Kind::Onion));
    let (mut rx, mut events) = (Rx::new(&mut bytes), Vec::new());
    loop {
        let (mut tx, before) = (Vec::new(), rx.taken());
        match client.step(&mut rx, &mut tx).expect("sound") {
            Step::Event(event) => events.push((event, tx.len(), rx.taken() - before)),
            Step::Need(_) => panic!("everything has come"),
            Step::Done(_) => break,
        }
    }
    let bound = Bound::Ip(([0, 0, 0, 0], 0).into());
    let expected = [
        (Event::SaidMethods, 3, 0),
        (Event::HeardMethod(2), 0, 2),
        (Event::SaidCredentials, 30, 0),
        (Event::SaidRequest, 69, 0),
        (Event::SaidEarly(5), 5, 0),
        (Event::HeardCredentials, 0, 2),
        (Event::HeardReply(bound), 0, 10),
    ];
    assert_eq!(events, expected);
}

#[test]
fn an_ip_address_is_text_to_tor_alone() {
    let ip = || Destination::from(SocketAddr::from(([192, 0, 2, 7], 8333)));
    let said = |mut client, heard| feed(&mut client, [heard]).sent;
    let plain = said(Client::plain(ip(), None), &b"\x05\x00"[..]);
    assert!(plain.ends_with(b"\x05\x01\x00\x01\xc0\x00\x02\x07\x20\x8d"));
    let isolation = Isolation::new(b"w").expect("it is short");
    let tor = said(Client::tor(ip(), isolation, Vec::new()), b"\x05\x02");
    assert!(tor.ends_with(b"\x01\x09<torS0X>0\x01w\x05\x01\x00\x03\x09192.0.2.7\x20\x8d"));
}

#[test]
fn the_longest_words_have_room() {
    let long = "x".repeat(255);
    let pair = UserPassword { user: long.as_bytes(), password: long.as_bytes() };
    let destination = Destination::name(&long, u16::MAX).expect("it is short enough");
    let client = || Client::plain(destination.clone(), Some(Credentials::new(pair).expect("they are short enough")));
    let reply = [&b"\x05\x00\x00\x03\xff"[..], long.as_bytes(), b"\xff\xff"].concat();
    let ended = cut(client, &[b"\x05\x02\x01\x00", &reply[..]].concat());
    assert_eq!(ended.sent.len(), 4 + (3 + 2 * 255) + (5 + 255 + 2));
    assert_eq!(ended.result, Some(Ok(Bound::Name { name: long.as_str().into(), port: u16::MAX })));
}

#[test]
fn every_situation_of_the_facts_is_reported_as_what_it_is() {
    use Blame::{Local, Mismatch, Network};
    for (situation, kind, code, reason, blame) in [
        ("no descriptor", Kind::Onion, 0xf0, "tor.not-found", Network),
        ("no descriptor, without extended errors", Kind::Onion, 0x04, "tor.not-found", Network),
        ("bad checksum, v2 name, wrong length", Kind::Onion, 0xf6, "tor.bad-address", Mismatch),
        ("the same, without extended errors", Kind::Onion, 0x01, "tor.failed", Network),
        ("service stopped", Kind::Onion, 0xf2, "tor.introduction-failed", Network),
        ("service stopped, client had its descriptor", Kind::Onion, 0x06, "tor.timeout", Network),
        ("port that the service does not map", Kind::Onion, 0x05, "tor.port-closed", Network),
        ("mapped port, nothing listens behind it", Kind::Onion, 0x01, "tor.failed", Network),
        ("tor is not bootstrapped", Kind::Onion, 0x06, "tor.timeout", Network),
        ("no exit in the consensus", Kind::Exit, 0x06, "proxy.timeout", Network),
        ("exit: no route, unresolvable name", Kind::Exit, 0x04, "proxy.unreachable", Network),
        ("exit: refused on its own loopback", Kind::Exit, 0x01, "proxy.failed", Network),
        ("exit: refused", Kind::Exit, 0x05, "proxy.refused", Network),
        ("tor reaches no directory", Kind::Exit, 0x03, "local.proxy-offline", Local),
        ("tor reaches no directory, onion", Kind::Onion, 0x03, "local.proxy-offline", Local),
        ("microsocks: refused", Kind::Open, 0x05, "proxy.refused", Network),
        ("microsocks: no route", Kind::Open, 0x03, "proxy.unreachable", Network),
        ("microsocks: unresolvable", Kind::Open, 0x01, "proxy.failed", Network),
    ] {
        assert_eq!(refused(kind, code), End::Fault(reason, blame), "{situation}");
    }
    // Wrong user or password at microsocks; and a user that tor takes for a malformed word of isolation.
    let credentials = End::Fault("local.proxy-credentials", Local);
    assert_eq!(end(Kind::WithPassword, b"\x05\x02\x01\x02"), credentials);
    assert_eq!(end(Kind::Onion, b"\x05\x02\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00"), credentials);
    // A name of an onion service behind a proxy that is not known to be Tor.
    let onion = Destination::name(ONION, 1).expect("it is short");
    let ended = cut(|| Client::plain(onion.clone(), None), b"\x05\x00\x05\xf0\x00\x01\0\0\0\0\0\0");
    assert_eq!(End::of(&ended), End::Fault("proxy.failed", Network));
}

#[test]
fn every_code_of_a_reply_has_a_meaning_on_every_route() {
    for kind in KINDS {
        for code in 1..=u8::MAX {
            let End::Fault(reason, blame) = refused(kind, code) else { panic!("{kind:?} {code:#04x}: no fault") };
            let expected = match (kind, code) {
                (_, 0x02) => ("local.proxy-forbids", Blame::Local),
                (_, 0x07 | 0x08) => ("local.proxy-unsupported", Blame::Local),
                (Kind::Exit | Kind::Onion, 0x03) => ("local.proxy-offline", Blame::Local),
                (Kind::Onion, 0x04 | 0xf0) => ("tor.not-found", Blame::Network),
                (Kind::Onion, 0x05) => ("tor.port-closed", Blame::Network),
                (Kind::Onion, 0x06) => ("tor.timeout", Blame::Network),
                (Kind::Onion, 0xf1) => ("tor.bad-descriptor", Blame::Network),
                (Kind::Onion, 0xf2 | 0xf7) => ("tor.introduction-failed", Blame::Network),
                (Kind::Onion, 0xf3) => ("tor.rendezvous-failed", Blame::Network),
                (Kind::Onion, 0xf4 | 0xf5) => ("tor.needs-authorization", Blame::Refused),
                (Kind::Onion, 0xf6) => ("tor.bad-address", Blame::Mismatch),
                (Kind::Onion, _) => ("tor.failed", Blame::Network),
                (_, 0x03 | 0x04) => ("proxy.unreachable", Blame::Network),
                (_, 0x05) => ("proxy.refused", Blame::Network),
                (_, 0x06) => ("proxy.timeout", Blame::Network),
                _ => ("proxy.failed", Blame::Network),
            };
            assert_eq!((reason, blame), expected, "{kind:?} {code:#04x}");
        }
        assert_eq!(refused(kind, 0), End::Done);
    }
}

#[test]
fn the_number_of_a_reply_is_told() {
    let fault = feed(&mut client(Kind::Onion), [&b"\x05\x02\x01\x00\x05\xf2\x00\x01"[..]]).result.expect("over");
    let fault = fault.expect_err("refused");
    assert_eq!(fault, Error::Refused { code: 0xf2, why: Refusal::OnionIntroduction });
    assert_eq!((fault.number(), Error::NotSocks { found: 4 }.number()), (Some(0xf2), None));
}

#[test]
fn a_failure_is_known_before_the_address_in_its_reply() {
    for kind in KINDS {
        assert_eq!(after_reply(kind, b"\x05\x02\x00\x03"), End::Fault("local.proxy-forbids", Blame::Local));
        assert_eq!(after_reply(kind, b"\x05\x02\x00"), End::Waits("reply to our request"));
    }
}

#[test]
fn only_an_offered_method_is_accepted() {
    for kind in KINDS {
        for method in 0..=u8::MAX {
            let expected = match (kind, method) {
                (Kind::Open | Kind::WithPassword, 0) => End::Waits("reply to our request"),
                (Kind::WithPassword | Kind::Exit | Kind::Onion, 2) => End::Waits("answer to user and password"),
                (_, 0xff) => End::Fault("local.proxy-no-method", Blame::Local),
                _ => End::Fault("local.proxy-malformed", Blame::Local),
            };
            assert_eq!(end(kind, &[5, method]), expected, "{kind:?} {method:#04x}");
        }
    }
}

#[test]
fn every_other_first_byte_is_another_protocol() {
    for kind in KINDS {
        for found in (0..=u8::MAX).filter(|byte| *byte != 5) {
            let ended = cut(|| client(kind), &[found]);
            // Nothing is taken, so that the driver can recognise the service.
            assert_eq!((ended.taken, ended.result), (0, Some(Err(Error::NotSocks { found }))));
        }
    }
}

#[test]
fn the_answer_to_user_and_password_is_1_and_0() {
    for (version, status) in (0..=u8::MAX).flat_map(|version| [0, 1, 2, 0xff].map(|status| (version, status))) {
        let expected = match (version, status) {
            (1, 0) => End::Waits("reply to our request"),
            (1 | 5, 1..) => End::Fault("local.proxy-credentials", Blame::Local),
            _ => End::Fault("local.proxy-malformed", Blame::Local),
        };
        assert_eq!(end(Kind::WithPassword, &[5, 2, version, status]), expected, "{version} {status}");
    }
}

#[test]
fn a_reply_with_a_wrong_byte_is_malformed_whatever_its_code() {
    let fault = |bytes: &[u8]| {
        let bytes = [before_reply(Kind::Onion), bytes].concat();
        cut(|| client(Kind::Onion), &bytes).result.expect("over").expect_err("malformed")
    };
    for byte in 0..=u8::MAX {
        for code in [0, 1, 0xf0] {
            if byte != 5 {
                assert_eq!(fault(&[byte, code, 0, 1]), Error::Malformed(Malformed::Version(byte)));
            }
            if byte != 0 {
                assert_eq!(fault(&[5, code, byte, 1]), Error::Malformed(Malformed::Reserved(byte)));
            }
            if !matches!(byte, 1 | 3 | 4) {
                assert_eq!(fault(&[5, code, 0, byte]), Error::Malformed(Malformed::AddressType(byte)));
            }
        }
    }
}

#[test]
fn a_reply_is_as_long_as_its_type_says() {
    let tail = [7; 300];
    for (kind, head_len, len) in [(1, 4, 10), (4, 4, 22), (3, 5, 5 + 200 + 2), (3, 5, 7)] {
        let name_len = u8::try_from(len - 7).expect("short");
        let head = [5, 0, 0, kind, name_len];
        let reply = [&head[..head_len], &tail[..len - head_len]].concat();
        assert_eq!(reply.len(), len);
        assert_eq!(after_reply(Kind::Onion, &reply), End::Done);
        assert_eq!(after_reply(Kind::Onion, &reply[..len - 1]), End::Waits("reply to our request"));
        let ended = cut(|| client(Kind::Onion), &[before_reply(Kind::Onion), &reply, &tail].concat());
        assert_eq!(ended.taken, 4 + len, "what is behind it is not its own");
    }
}

#[test]
fn an_end_before_the_reply_is_our_proxys_fault_unless_it_was_on_its_way() {
    let ended = |kind, bytes: &[u8], end| {
        let mut client = client(kind);
        feed(&mut client, [bytes]);
        let fault = client.ended(end, &[]).expect("always told");
        (fault.code(), fault.blame(), fault.to_string())
    };
    for kind in KINDS {
        let reply = before_reply(kind);
        for before in [&[][..], &reply[..1], reply] {
            let (code, blame, _) = ended(kind, before, Ended::Closed);
            assert_eq!((code, blame), ("local.proxy-closed", Blame::Local));
        }
        let (code, blame, _) = ended(kind, &[], Ended::Silent);
        assert_eq!((code, blame), ("local.proxy-silent", Blame::Local));
        let (code, blame, _) = ended(kind, reply, Ended::Silent);
        let expected = if kind == Kind::Onion { "tor.timeout" } else { "proxy.timeout" };
        assert_eq!((code, blame), (expected, Blame::Network));
        assert_eq!(client(kind).stage(), Stage::Connect);
    }
    // In place of `05 ff`, microsocks closes.
    let (_, _, sentence) = ended(Kind::Open, &[], Ended::Closed);
    let told = "our proxy closed the connection before its choice of a method; it may want a user and a password";
    assert_eq!(sentence, told);
}

#[test]
fn what_was_not_finished_is_told() {
    let unfinished = |kind, bytes: &[u8], rest: &[u8]| {
        let mut client = client(kind);
        feed(&mut client, [bytes]);
        client.unfinished(rest).map(|begun| (begun.what, begun.got, begun.len))
    };
    assert_eq!(unfinished(Kind::Open, b"", b""), None);
    assert_eq!(unfinished(Kind::Open, b"", b"\x05"), Some(("choice of a method".into(), 1, Some(2))));
    let reply = |got, len| Some(("reply to our request".into(), got, len));
    assert_eq!(unfinished(Kind::Open, b"\x05\x00", b"\x05\x00\x00"), reply(3, None));
    assert_eq!(unfinished(Kind::Open, b"\x05\x00", b"\x05\x00\x00\x03"), reply(4, None));
    assert_eq!(unfinished(Kind::Open, b"\x05\x00", b"\x05\x00\x00\x04"), reply(4, Some(22)));
    assert_eq!(unfinished(Kind::Open, b"\x05\x00", b"\x05\x00\x00\x03\x09x"), reply(6, Some(16)));
}

#[test]
fn the_route_decides_what_a_code_means() {
    assert_eq!(KINDS.map(|kind| client(kind).route()), [Route::Proxy, Route::Proxy, Route::Exit, Route::Onion]);
    assert_eq!(Awaited::Reply.name(), "reply to our request");
}
