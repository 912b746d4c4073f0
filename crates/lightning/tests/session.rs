//! A connection after its handshake.

mod common;

use std::time::Duration;

use common::{Flight, hello, their_init};
use handshake::{Conversation, Fault, Role, Rx, Step};
use testing::{cut, feed};
use verack_lightning::message::{Event, Kind, Notice, Ping};
use verack_lightning::session::PING_EVERY;
use verack_lightning::{Error, Message, Session};

/// The bytes that a peer sends after the handshake, and our side that reads them.
struct Kept {
    session: Session,
    peer: Flight,
}

impl Kept {
    fn new() -> Self {
        let peer = Flight::to(Role::Initiator).init(their_init()).pong();
        let agreed = feed(&mut hello(Role::Initiator), [&peer.bytes[..]]).result.expect("over").expect("no fault");
        // Our init and our ping are the first messages of their direction.
        let mut peer = Flight { bytes: Vec::new(), starts: Vec::new(), ..peer };
        let heard = Flight::to(Role::Initiator).init(their_init()).bytes;
        let ours = feed(&mut hello(Role::Initiator), [&heard[..]]).sent;
        let mut said = ours[50 + 66..].to_vec();
        let mut rx = Rx::new(&mut said);
        while !rx.is_empty() {
            peer.channel.open.open(&mut rx).expect("sound");
        }
        Self { session: Session::new(agreed.channel), peer }
    }

    fn say(self, message: &Message) -> Self {
        Self { peer: self.peer.say(message), ..self }
    }

    /// The events of our side, and the messages that the peer receives.
    fn run(mut self) -> (Vec<Event>, Vec<Message>, Option<Error>) {
        let (mut events, mut tx, mut error) = (Vec::new(), Vec::new(), None);
        let mut rx = Rx::new(&mut self.peer.bytes);
        loop {
            match self.session.step(&mut rx, &mut tx) {
                Ok(Step::Event(event)) => events.push(event),
                Ok(Step::Need(_)) => break,
                Ok(Step::Done(never)) => match never {},
                Err(fault) => {
                    error = Some(fault);
                    break;
                }
            }
        }
        let mut heard = Vec::new();
        let mut rx = Rx::new(&mut tx);
        while !rx.is_empty() {
            let message = self.peer.channel.open.open(&mut rx).expect("whole");
            heard.push(Message::read(message).expect("sound"));
        }
        (events, heard, error)
    }
}

fn ping(pong_len: u16) -> Message {
    Message::Ping(Ping::for_pong_of(pong_len))
}

fn pong(len: u16) -> Message {
    Message::Pong(Ping::for_pong_of(len).pong().expect("short enough"))
}

#[test]
fn pings_are_answered_as_they_ask() {
    let (events, heard, error) = Kept::new().say(&ping(0)).say(&ping(65_532)).say(&ping(7)).say(&ping(65_531)).run();
    assert_eq!(error, None);
    assert_eq!(heard, [pong(0), pong(7), pong(65_531)]);
    assert_eq!(events.len(), 4 + 3);
    assert_eq!(events[..2], [Event::Heard(ping(0)), Event::Said(pong(0))]);
}

#[test]
fn our_ping_is_said_first() {
    let mut kept = Kept::new().say(&pong(3));
    kept.session = kept.session.pinging(Ping::for_pong_of(3));
    let (events, heard, _) = kept.run();
    assert_eq!(events, [Event::Said(ping(3)), Event::Heard(pong(3))]);
    assert_eq!(heard, [ping(3)]);
}

#[test]
fn a_session_pings_at_once_and_from_time_to_time() {
    let Kept { session, .. } = Kept::new();
    let mut session = session.pinging(Ping::for_pong_of(3));
    let (mut tx, mut now) = (Vec::new(), Duration::ZERO);
    for _ in 0..3 {
        let said = session.step(&mut Rx::new(&mut []), &mut tx);
        assert!(matches!(said, Ok(Step::Event(Event::Said(message))) if message == ping(3)));
        assert!(matches!(session.step(&mut Rx::new(&mut []), &mut tx), Ok(Step::Need(_))));
        assert_eq!(session.wake_at(Duration::MAX), Some(now + PING_EVERY));
        // After a late wake-up the next ping comes a full interval later: missed ones are not sent.
        now += 2 * PING_EVERY;
        session.wake(now);
    }
}

#[test]
fn a_peer_that_asks_for_pongs_without_end_is_let_go() {
    let mut kept = Kept::new();
    for _ in 0..1000 {
        kept = kept.say(&ping(65_531));
    }
    let (_, heard, error) = kept.run();
    assert_eq!(heard.len(), 2);
    assert_eq!(error, Some(Error::PingFlood));
}

#[test]
fn short_pings_are_answered_as_long_as_they_come() {
    let mut kept = Kept::new();
    // Over two changes of the keys.
    for _ in 0..1100 {
        kept = kept.say(&ping(16));
    }
    let (_, heard, error) = kept.run();
    assert_eq!((heard.len(), error), (1100, None));
}

#[test]
fn what_else_is_said_is_heard_and_left_at_that() {
    let other = Message::Other { kind: Kind::GOSSIP_TIMESTAMP_FILTER, len: 0 };
    let error = Message::Error(Notice::on_all_channels(b"go away").unwrap());
    let (events, heard, fault) =
        Kept::new().say(&other).say(&error).say(&Message::Init(their_init())).say(&ping(1)).run();
    assert_eq!(events[..2], [Event::Heard(other), Event::Heard(error)]);
    assert_eq!((heard, fault), (vec![pong(1)], None));
}

#[test]
fn the_longest_message_is_heard() {
    let kept = Kept::new();
    let longest = [&[0xff; 2][..], &[7; 65_533]].concat();
    let (events, ..) = Kept { peer: kept.peer.seal(&longest), ..kept }.run();
    assert_eq!(events, [Event::Heard(Message::Other { kind: Kind(0xffff), len: 65_533 })]);
}

#[test]
fn however_a_session_is_cut_it_goes_the_same() {
    let bytes = Kept::new().say(&ping(5)).say(&pong(2)).say(&ping(0)).peer.bytes;
    let ended = cut(|| Kept::new().session, &bytes);
    assert_eq!(ended.taken, bytes.len());
    let wrong = [&bytes[..], &[0; 18]].concat();
    let fault = cut(|| Kept::new().session, &wrong).result.expect("over").expect_err("a wrong tag");
    assert_eq!(fault.code(), "lightning.mac");
}
