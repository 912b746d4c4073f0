//! Introductions of peers in several messages, or beyond our limits; and our own pushed introduction.

mod common;

use common::{Flight, OURS, ROLES, end_of, hello, local, streams, their_identify, with};
use handshake::{Conversation as _, Handshake as _};
use testing::{End, cut, feed};
use verack_libp2p::identify::{MAX_LEN, MAX_MESSAGES};
use verack_libp2p::yamux::{FIN, Frame, Kind, RST};
use verack_libp2p::{Event, Identify, Local, Message};

fn message(identify: &Identify) -> Vec<u8> {
    let mut message = Vec::new();
    identify.write(&mut message);
    message
}

/// The end of our requesting stream.
fn end(flight: &Flight, flags: u16) -> Vec<u8> {
    let (mut frame, [stream, _]) = (Vec::new(), streams(flight.role));
    Frame { kind: Kind::Window, flags, stream, length: 0 }.write(&mut frame);
    frame
}

#[test]
fn messages_up_to_the_end_of_the_stream_are_read_as_one() {
    let whole = their_identify();
    let first = Identify { protocols: whole.protocols[..1].into(), agent: Some("another/1".into()), ..whole.clone() };
    let second = Identify { protocols: whole.protocols[1..].into(), agent: whole.agent.clone(), ..Identify::default() };
    for role in ROLES {
        let flight = Flight::to(role);
        let text = [flight.answer(&[&message(&first), &message(&second)]), end(&flight, FIN)].concat();
        let ended = cut(|| hello(role), &flight.seal(&text).raw(b"more").bytes);
        assert_eq!(ended.result.expect("over").expect("no fault").identify, whole);
    }
}

#[test]
fn an_introduction_is_over_with_its_stream_and_no_sooner() {
    for role in ROLES {
        let flight = || Flight::to(role);
        let one = flight().answer(&[&message(&their_identify())]);
        let mut ours = hello(role);
        let ended = feed(&mut ours, [&flight().seal(&one).bytes[..]]);
        assert_eq!(End::of(&ended), End::Waits("end of identify"));
        assert_eq!(ours.stage(), handshake::Stage::Ack);
        assert_eq!(ours.identify_so_far(), Some(their_identify()));
        for over in [FIN, RST] {
            let text = [&one[..], &end(&flight(), over)].concat();
            assert_eq!(end_of(role, &flight().seal(&text).bytes), End::Done);
        }
        // A go away ends the introduction.
        let goodbye = flight().seal(&one).frame(Kind::GoAway, 0, 0, 0x1005);
        assert_eq!(end_of(role, &goodbye.bytes), End::Done);
    }
}

#[test]
fn of_a_message_that_is_not_complete_nothing_is_told() {
    for role in ROLES {
        let flight = Flight::to(role);
        let message = message(&their_identify());
        let mut text = flight.answer(&[&message, &message]);
        text.truncate(text.len() - 1);
        let mut ours = hello(role);
        let _ = feed(&mut ours, [&flight.seal(&text).bytes[..]]);
        assert_eq!(ours.identify_so_far(), Some(their_identify()));
    }
}

#[test]
fn messages_without_end_come_to_an_end() {
    for role in ROLES {
        let flight = Flight::to(role);
        let text = flight.answer(&[&[][..]; MAX_MESSAGES - 1]);
        assert_eq!(end_of(role, &flight.seal(&text).bytes), End::Waits("end of identify"));
        let flight = Flight::to(role);
        let text = flight.answer(&[&[][..]; MAX_MESSAGES]);
        assert_eq!(end_of(role, &flight.seal(&text).bytes), End::Done);
    }
}

#[test]
fn of_an_introduction_beyond_what_is_kept_the_start_is_read() {
    // The introduction of a go-libp2p host with 300 protocols, and one beyond the limits of all other programs.
    let many = |protocols: usize| Identify {
        protocols: (0..protocols).map(|nth| (&*format!("/lab/protocol/{nth:040}/1.0.0")).into()).collect(),
        ..their_identify()
    };
    for role in ROLES {
        for (protocols, kept) in [(100, 100), (250, 250), (300, 262), (1000, 262)] {
            let (whole, flight) = (many(protocols), Flight::to(role));
            let message = message(&whole);
            // go-libp2p writes up to 64 KiB into one frame of yamux; here it is split into Noise frames that we accept.
            let text = [flight.answer(&[&message]), end(&flight, FIN)].concat();
            let flight = text.chunks(16 * 1024).fold(flight, Flight::seal);
            let ended = feed(&mut hello(role), [&flight.bytes[..]]);
            let identify = ended.result.expect("over").expect("no fault").identify;
            assert_eq!(identify.omitted.bytes, message.len().saturating_sub(MAX_LEN), "{protocols}");
            assert!(identify.protocols.len().abs_diff(kept) <= 1, "{} of {protocols}", identify.protocols.len());
            assert_eq!(identify.protocols[..], whole.protocols[..identify.protocols.len()]);
        }
    }
}

#[test]
fn we_introduce_ourselves_in_the_flight_of_our_question() {
    for role in ROLES {
        let (mut ours, mut said) = (hello(role), Vec::new());
        let mut bytes = Flight::to(role).bytes;
        let mut rx = handshake::Rx::new(&mut bytes);
        let mut tx = Vec::new();
        while let Ok(handshake::Step::Event(event)) = ours.step(&mut rx, &mut tx) {
            if let Event::Said(message) = event {
                said.push(message);
            }
        }
        let introduced: Vec<_> = said
            .iter()
            .filter_map(|message| match message {
                Message::Identify { stream, identify } => Some((*stream, Identify::clone(identify))),
                _ => None,
            })
            .collect();
        assert_eq!(introduced, [(streams(role)[0] + 2, local(OURS).identify())]);
        let frames = said.iter().filter(|message| matches!(message, Message::Frame(_))).count();
        assert_eq!(frames, 3, "a question, an introduction, and the end of its stream");
        let quiet = Local { pushes: false, ..local(OURS) };
        let silent = feed(&mut with(role, quiet), [&Flight::to(role).bytes[..]]).sent.len();
        assert!(tx.len() > silent + 100);
    }
}

#[test]
fn a_peer_that_does_not_take_our_introduction_unasked_is_none_the_worse() {
    for role in ROLES {
        let [ours, _] = streams(role);
        let flight = Flight::to(role).names(2, ours + 2, &["/multistream/1.0.0", "na"]);
        let flight = flight.frame(Kind::Window, RST, ours + 2, 0x1001);
        assert_eq!(end_of(role, &flight.introduces().bytes), End::Done);
    }
}

#[test]
fn what_was_asked_with_the_introduction_is_answered_before_the_end() {
    for role in ROLES {
        let flight = Flight::to(role);
        let [_, theirs] = streams(role);
        let names = common::written(&["/multistream/1.0.0", "/ipfs/id/1.0.0"]);
        let mut text = Vec::new();
        let length = u32::try_from(names.len()).expect("short");
        Frame { kind: Kind::Data, flags: 1, stream: theirs, length }.write(&mut text);
        text.extend_from_slice(&names);
        let text = [text, flight.answer(&[&message(&their_identify())]), end(&flight, FIN)].concat();
        let quiet = feed(&mut hello(role), [&Flight::to(role).bytes[..]]).sent.len();
        let ended = feed(&mut hello(role), [&flight.seal(&text).bytes[..]]);
        assert_eq!(End::of(&ended), End::Done);
        assert!(ended.sent.len() > quiet + 100, "{} bytes", ended.sent.len() - quiet);
    }
}
