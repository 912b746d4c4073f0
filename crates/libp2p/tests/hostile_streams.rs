//! Peers that are known, and then wrong on their streams, or mean harm there: how each handshake ends, and whose fault that
//! is.

mod common;

use common::{Flight, ROLES, end_of, hello, streams, their_identify, written};
use handshake::Blame::{Mismatch, Peer, Refused};
use testing::{End, feed, survives};
use verack_libp2p::multistream::HEADER;
use verack_libp2p::yamux::{ACK, FIN, Kind, RST, SYN, WINDOW};
use verack_libp2p::{Identify, Identity};

#[test]
fn streams_without_end_come_to_an_end() {
    for role in ROLES {
        let [_, first] = streams(role);
        let mut flood = Flight::to(role);
        for nth in 0..1000 {
            flood = flood.names(SYN, first + 2 * nth, &[HEADER, "/ipfs/id/1.0.0"]);
        }
        let ended = survives(|| hello(role), &[&[0], &flood.bytes[..]].concat());
        assert_eq!(End::of(&ended), End::Fault("libp2p.stream-flood", Peer));
        // Those that are over do not count.
        let mut many = Flight::to(role);
        for nth in 0..1000 {
            many = many.frame(Kind::Window, SYN | if nth % 2 == 0 { FIN } else { RST }, first + 2 * nth, 0);
        }
        assert_eq!(end_of(role, &many.introduces().bytes), End::Done);
    }
}

#[test]
fn a_stream_that_asks_for_one_protocol_after_the_other_is_reset() {
    for role in ROLES {
        let [_, theirs] = streams(role);
        let names = [&[HEADER][..], &["/a"; 1000]].concat();
        let bytes = Flight::to(role).names(SYN, theirs, &names).names(0, theirs, &names).introduces().bytes;
        let quiet = feed(&mut hello(role), [&Flight::to(role).bytes[..]]).sent.len();
        let ended = feed(&mut hello(role), [&bytes[..]]);
        assert_eq!(End::of(&ended), End::Done);
        assert!(ended.sent.len() < quiet + 300, "{} bytes", ended.sent.len() - quiet);
    }
}

#[test]
fn windows_and_pings_without_end_cost_no_more_than_they_bring() {
    for role in ROLES {
        let [ours, theirs] = streams(role);
        let mut flight = Flight::to(role).frame(Kind::Window, SYN, theirs, u32::MAX);
        for value in 0..1000 {
            let stream = if value % 2 == 0 { ours } else { theirs };
            flight = flight.frame(Kind::Window, 0, stream, u32::MAX).frame(Kind::Ping, SYN, 0, value);
            flight = flight.frame(Kind::Window, 0, 4242, u32::MAX);
        }
        let ended = survives(|| hello(role), &[&[99], &flight.introduces().bytes[..]].concat());
        assert_eq!(End::of(&ended), End::Done);
    }
}

#[test]
fn a_frame_that_breaks_the_rules_of_yamux_is_a_fault() {
    let broken = End::Fault("libp2p.yamux", Peer);
    for role in ROLES {
        let [ours, theirs] = streams(role);
        let end = |make: &dyn Fn(Flight) -> Flight| end_of(role, &make(Flight::to(role)).bytes);
        assert_eq!(end(&|flight| flight.seal(b"\x01\0\0\0\0\0\0\0\0\0\0\0")), broken);
        assert_eq!(end(&|flight| flight.seal(b"\0\x04\0\0\0\0\0\0\0\0\0\0")), broken);
        assert_eq!(end(&|flight| flight.frame(Kind::Data, SYN, theirs, WINDOW + 1)), broken);
        assert_eq!(end(&|flight| flight.frame(Kind::Data, SYN, 0, 1)), broken);
        assert_eq!(end(&|flight| flight.frame(Kind::Window, SYN, ours + 2, 0)), broken);
        let twice = |flight: Flight| flight.frame(Kind::Window, SYN, theirs, 0).frame(Kind::Window, SYN, theirs, 0);
        assert_eq!(end(&twice), broken);
        // What is of a stream that is not there is passed over.
        let other = |flight: Flight| flight.data(0, 40, &[7; 5000]).frame(Kind::Data, FIN, 41, 0).introduces();
        assert_eq!(end(&other), End::Done);
    }
}

#[test]
fn an_introduction_that_is_none_is_a_fault() {
    for role in ROLES {
        let [ours, _] = streams(role);
        let end = |make: &dyn Fn(Flight) -> Flight| end_of(role, &make(Flight::to(role)).bytes);
        let asked = |flight: Flight, more: &[u8]| {
            flight.data(ACK, ours, &[&written(&[HEADER, "/ipfs/id/1.0.0"])[..], more].concat())
        };
        assert_eq!(end(&|flight| asked(flight, b"\x81\x40")), End::Fault("libp2p.oversized", Peer));
        assert_eq!(end(&|flight| asked(flight, &[0xff; 10])), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x80\x00")), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x02\x0a\x05")), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x80\x40")), End::Waits("identify"));
        // Nothing at all is an introduction, if a short one.
        assert_eq!(end(&|flight| asked(flight, b"\x00")), End::Done);
        // The longest that is allowed.
        let agent = vec![b'x'; 8192 - 3];
        let longest = Identify { agent: Some(agent[..].into()), ..Identify::default() };
        assert_eq!(end(&|flight| flight.introduces_as(&longest)), End::Done);
        // In whoever's name.
        let stolen =
            Identify { public_key: Some(Identity::new([9; 32]).public().encoded().into()), ..their_identify() };
        assert_eq!(end(&|flight| flight.introduces_as(&stolen)), End::Fault("libp2p.identity", Peer));
        let nameless = Identify { public_key: None, ..their_identify() };
        assert_eq!(end(&|flight| flight.introduces_as(&nameless)), End::Done);
    }
}

#[test]
fn who_does_not_introduce_itself_is_told_apart() {
    for role in ROLES {
        let [ours, _] = streams(role);
        let end = |make: &dyn Fn(Flight) -> Flight| end_of(role, &make(Flight::to(role)).bytes);
        let no = |flight: Flight| flight.names(ACK, ours, &[HEADER, "na"]);
        assert_eq!(end(&no), End::Fault("libp2p.no-identify", Mismatch));
        assert_eq!(end(&|flight| flight.frame(Kind::Window, RST, ours, 0)), End::Fault("libp2p.no-identify", Refused));
        assert_eq!(end(&|flight| flight.frame(Kind::Data, FIN, ours, 0)), End::Fault("libp2p.no-identify", Refused));
        assert_eq!(end(&|flight| flight.frame(Kind::GoAway, 0, 0, 0)), End::Fault("libp2p.go-away", Refused));
    }
}
