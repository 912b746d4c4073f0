//! Peers that pass Noise, and are faulty or malicious on their streams: how each handshake ends, and the side to blame.

mod common;

use common::{Flight, ROLES, end_of, fault, hello, streams, their_identify, written};
use handshake::Blame::{Local as Us, Mismatch, Peer, Refused};
use testing::{End, feed, survives};
use verack_libp2p::multistream::HEADER;
use verack_libp2p::yamux::{ACK, FIN, Frame, Kind, RST, SYN, WINDOW};
use verack_libp2p::{Identify, Identity};

#[test]
fn a_stream_for_a_protocol_that_we_lack_fails_nothing_else_whatever_is_sent_on_it() {
    for role in ROLES {
        let [_, theirs] = streams(role);
        // Requests directly after the name: too long for a name, without newline, not in the shortest form, empty, and
        // a wrong header.
        let requests: [&[u8]; 5] = [&[0xff; 300], b"\x05hello", b"\x85\0hello", b"\0", b"\x03\x08\x04\x12"];
        for (request, header) in requests.iter().flat_map(|request| [(request, HEADER), (request, "/multistream/2")]) {
            let data = [&written(&[header, "/kad/1.0.0"])[..], request].concat();
            let flight = Flight::to(role).data(SYN, theirs, &data);
            // More of the request is on its way before our answer arrives.
            let flight = flight.data(0, theirs, &[0xee; 5000]).frame(Kind::Window, FIN, theirs, 0);
            let ended = survives(|| hello(role), &[&[50], &flight.introduces().bytes[..]].concat());
            assert_eq!(End::of(&ended), End::Done, "{header}, {request:?}");
        }
    }
}

#[test]
fn what_comes_for_streams_that_are_over_or_never_were_is_passed_over() {
    for role in ROLES {
        let [_, theirs] = streams(role);
        for stream in [theirs, 4242, 4243] {
            let flight = Flight::to(role).frame(Kind::Window, SYN | RST, theirs, 0x1002);
            let flight = flight.data(0, stream, &[7; 5000]).data(ACK | FIN, stream, b"x");
            // Flags that do not exist.
            let flight = flight.frame(Kind::Window, 0xfff0, stream, 9).frame(Kind::Ping, 0xfff0, 7, 9);
            assert_eq!(end_of(role, &flight.introduces().bytes), End::Done, "{stream}");
        }
    }
}

#[test]
fn streams_beyond_those_that_may_be_open_are_reset_one_by_one() {
    for role in ROLES {
        let [_, first] = streams(role);
        let open = |flight: Flight, streams: u32| {
            (0..streams).fold(flight, |flight, nth| flight.frame(Kind::Window, SYN, first + 2 * nth, 0))
        };
        let quiet = feed(&mut hello(role), [&Flight::to(role).bytes[..]]).sent.len();
        for (streams, reset) in [(32, 0), (33, 1), (100, 68)] {
            let ended = feed(&mut hello(role), [&open(Flight::to(role), streams).introduces().bytes[..]]);
            assert_eq!(End::of(&ended), End::Done, "{streams}");
            assert_eq!(ended.sent.len() - quiet, reset * (2 + 12 + 16), "{streams}");
        }
    }
}

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
        // Closed streams do not count.
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
        // Frames of an unknown stream are ignored.
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
        assert_eq!(end(&|flight| asked(flight, b"\x81\x80\x04")), End::Fault("libp2p.oversized", Us));
        assert_eq!(end(&|flight| asked(flight, &[0xff; 10])), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x80\x00")), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x02\x0a\x05")), End::Fault("libp2p.malformed", Peer));
        assert_eq!(end(&|flight| asked(flight, b"\x80\x80\x04")), End::Waits("identify"));
        // An empty message is a valid introduction.
        assert_eq!(end(&|flight| asked(flight, b"\x00").frame(Kind::Window, FIN, ours, 0)), End::Done);
        // With another identity.
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
        let limited = fault(hello(role), &Flight::to(role).frame(Kind::Window, RST, ours, 0x1002).bytes);
        assert_eq!(
            limited.to_string(),
            "it reset the stream on which it was asked for identify: its limit of resources is reached (0x1002)"
        );
    }
}

#[test]
fn pings_in_small_frames_are_answered_by_no_more_bytes_than_they_have() {
    for role in ROLES {
        let quiet = feed(&mut hello(role), [&Flight::to(role).bytes[..]]).sent.len();
        for pings in [1, 7, 100, 1000] {
            let mut text = Vec::new();
            for value in 0..pings {
                Frame { kind: Kind::Ping, flags: SYN, stream: 0, length: value }.write(&mut text);
            }
            let flight = Flight::to(role).seal(&text);
            let asked = flight.bytes.len() - Flight::to(role).bytes.len();
            let answered = feed(&mut hello(role), [&flight.bytes[..]]).sent.len() - quiet;
            assert!(answered <= asked && answered > 0, "{answered} bytes for {asked}");
            assert!(answered <= 4096 + 18, "{answered} bytes");
        }
    }
}

#[test]
fn a_frame_of_noise_that_is_longer_than_we_take_is_refused_by_its_length() {
    for role in ROLES {
        let longest = 20 * 1024 + 16;
        let waits = Flight::to(role).raw(&u16::to_be_bytes(longest));
        assert_eq!(end_of(role, &waits.bytes), End::Waits("identify"));
        let refused = Flight::to(role).raw(&u16::to_be_bytes(longest + 1));
        assert_eq!(end_of(role, &refused.bytes), End::Fault("libp2p.oversized", Us));
    }
}
