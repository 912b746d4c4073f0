//! A connection after its handshake.

mod common;

use common::{Flight, OURS, hello, local, streams, written};
use handshake::{Conversation, Role, Rx, Step};
use testing::{End, cut, feed};
use verack_libp2p::multistream::HEADER;
use verack_libp2p::yamux::{ACK, FIN, Frame, Kind, RST, Reason, SYN, WINDOW};
use verack_libp2p::{Channel, Error, Event, Farewell, Hello, Message, Session};

const PING: &str = "/ipfs/ping/1.0.0";

/// The bytes that a peer sends after the handshake, and our side that reads them.
struct Kept {
    session: Session,
    peer: Flight,
}

impl Kept {
    fn new(role: Role) -> Self {
        let peer = Flight::to(role).introduces();
        let agreed = feed(&mut hello(role), [&peer.bytes[..]]).result.expect("over").expect("no fault");
        let peer = Flight { bytes: Vec::new(), starts: Vec::new(), ..peer };
        Self { session: Session::new(agreed.connection), peer }
    }

    fn says(self, say: impl FnOnce(Flight) -> Flight) -> Self {
        Self { peer: say(self.peer), ..self }
    }

    /// The frames that our side sends, and how it ends.
    fn run(mut self) -> (Vec<Event>, Option<Error>) {
        let (mut events, mut tx) = (Vec::new(), Vec::new());
        let mut rx = Rx::new(&mut self.peer.bytes);
        loop {
            match self.session.step(&mut rx, &mut tx) {
                Ok(Step::Event(event)) => events.push(event),
                Ok(Step::Need(_)) => return (events, None),
                Ok(Step::Done(never)) => match never {},
                Err(fault) => return (events, Some(fault)),
            }
        }
    }
}

fn frame(kind: Kind, flags: u16, stream: u32, length: u32) -> Event {
    Event::Said(Message::Frame(Frame { kind, flags, stream, length }))
}

#[test]
fn our_stream_is_closed_and_pings_of_the_muxer_are_answered_and_sent() {
    for role in [Role::Initiator, Role::Responder] {
        let [ours, _] = streams(role);
        let mut kept = Kept::new(role).says(|peer| peer.frame(Kind::Ping, SYN, 0, 7).frame(Kind::Ping, ACK, 0, 9));
        kept.session = kept.session.with_ping(9);
        let (events, fault) = kept.run();
        assert_eq!(fault, None);
        assert_eq!(events[..2], [frame(Kind::Window, FIN, ours, 0), frame(Kind::Ping, SYN, 0, 9)]);
        assert_eq!(events[3], frame(Kind::Ping, ACK, 0, 7));
        assert_eq!(events.len(), 5);
    }
}

#[test]
fn pings_on_a_stream_are_answered_as_long_as_the_peer_listens() {
    let role = Role::Initiator;
    let [_, theirs] = streams(role);
    let mut kept = Kept::new(role).says(|peer| peer.names(SYN, theirs, &[HEADER, PING]));
    for nth in 0..9000u32 {
        kept = kept.says(|peer| peer.data(0, theirs, &[nth.to_be_bytes()[3]; 32]));
        // It gets as many bytes as it sends, except for the first and the last thousand.
        if (1000..8000).contains(&nth) {
            kept = kept.says(|peer| peer.frame(Kind::Window, 0, theirs, 32));
        }
    }
    let (events, fault) = kept.says(|peer| peer.frame(Kind::Data, FIN, theirs, 0)).run();
    assert_eq!(fault, None);
    let pongs = events.iter().filter(|&event| *event == frame(Kind::Data, 0, theirs, 32)).count();
    assert_eq!(pongs, 9000);
    // Our side also sends window updates now and then.
    assert_eq!(events.iter().filter(|&event| *event == frame(Kind::Window, 0, theirs, 128 * 1024)).count(), 2);
    assert_eq!(events.last(), Some(&frame(Kind::Window, FIN, theirs, 0)));
}

#[test]
fn a_peer_that_pings_and_does_not_listen_is_not_written_to_without_end() {
    let role = Role::Responder;
    let [_, theirs] = streams(role);
    let mut kept = Kept::new(role).says(|peer| peer.names(SYN, theirs, &[HEADER, PING]));
    for _ in 0..9000 {
        kept = kept.says(|peer| peer.data(0, theirs, &[7; 32]));
    }
    let (events, fault) = kept.run();
    assert_eq!(fault, None);
    let pongs = events.iter().filter(|&event| *event == frame(Kind::Data, 0, theirs, 32)).count();
    // The names took a part of the peer's window.
    assert_eq!(pongs, (256 * 1024 - written(&[HEADER, PING]).len()) / 32);
    assert!(events.contains(&frame(Kind::Window, RST, theirs, 0)));
}

#[test]
fn no_more_is_said_on_a_stream_than_its_window_has_room_for() {
    let role = Role::Initiator;
    let [_, theirs] = streams(role);
    let mut kept = Kept::new(role).says(|peer| peer.names(SYN, theirs, &[HEADER, "/x", PING]));
    for _ in 0..9000 {
        kept = kept.says(|peer| peer.data(0, theirs, &[7; 32]));
    }
    let (events, fault) = kept.run();
    assert_eq!(fault, None);
    let said = events.iter().map(|event| match event {
        Event::Said(Message::Frame(Frame { kind: Kind::Data, stream, length, .. })) if *stream == theirs => *length,
        _ => 0,
    });
    assert!((WINDOW - 32..=WINDOW).contains(&said.sum()), "all of the window, and no more");
}

#[test]
fn who_sends_more_on_a_stream_than_its_window_has_room_for_breaks_the_rules() {
    let beyond = Some(Error::Yamux("it sends more on a stream than its window has room for"));
    for role in [Role::Initiator, Role::Responder] {
        let [ours, theirs] = streams(role);
        // On our stream, which was answered; and on one of the peer's, which we answered.
        let asked = || Kept::new(role).says(|peer| peer.names(SYN, theirs, &[HEADER, "/ipfs/id/1.0.0"]));
        for stream in [ours, theirs] {
            let pours = |times: u8| {
                (0..times).fold(asked(), |kept, _| kept.says(|peer| peer.data(0, stream, &[7; 20_000]))).run().1
            };
            assert_eq!(pours(13), None);
            assert_eq!(pours(14), beyond, "stream {stream}");
        }
        // The header of a frame suffices.
        assert_eq!(asked().says(|peer| peer.frame(Kind::Data, 0, theirs, WINDOW)).run().1, beyond);
        // An unknown stream has no window.
        let elsewhere = (0..27).fold(asked(), |kept, _| kept.says(|peer| peer.data(0, 4242, &[7; 20_000])));
        assert_eq!(elsewhere.run().1, None);
    }
}

#[test]
fn however_much_we_say_of_ourselves_it_fits_into_frames() {
    let role = Role::Responder;
    let mut ours = local(OURS);
    ours.agent = [b'x'; 70_000][..].into();
    let bytes = Flight::to(role).asks().introduces().bytes;
    let ended = feed(&mut Hello::responder(ours), [&bytes[..]]);
    assert!(ended.sent.len() > 70_000);
    assert!(matches!(ended.result, Some(Ok(_))));
}

#[test]
fn who_asks_again_and_again_who_we_are_is_told_four_times() {
    let role = Role::Initiator;
    let mut kept = Kept::new(role);
    for nth in 0..10 {
        let stream = streams(role)[1] + 2 * nth;
        kept =
            kept.says(|peer| peer.names(SYN, stream, &[HEADER, "/ipfs/id/1.0.0"]).frame(Kind::Window, FIN, stream, 0));
    }
    let (events, fault) = kept.run();
    assert_eq!(fault, None);
    let introductions = events.iter().filter(|event| matches!(event, Event::Said(Message::Identify { .. })));
    assert_eq!(introductions.count(), 4);
}

#[test]
fn a_connection_that_is_kept_answers_as_many_bytes_as_it_hears_and_no_more() {
    let role = Role::Responder;
    let pings = (0..1500).fold(Vec::new(), |mut text, value| {
        Frame { kind: Kind::Ping, flags: SYN, stream: 0, length: value }.write(&mut text);
        text
    });
    let answered = |frames: usize| {
        let kept = (0..frames).fold(Kept::new(role), |kept, _| kept.says(|peer| peer.seal(&pings)));
        let (heard, mut session) = (kept.peer.bytes, kept.session);
        (heard.len(), feed(&mut session, [&heard[..]]).sent.len())
    };
    for frames in [1, 10, 50] {
        let (heard, said) = answered(frames);
        assert!(said <= heard + 64 && said > heard / 2, "{said} bytes for {heard}");
    }
}

#[test]
fn a_goodbye_ends_it_and_ours_is_heard() {
    let (_, fault) = Kept::new(Role::Initiator).says(|peer| peer.frame(Kind::GoAway, 0, 0, 1)).run();
    assert_eq!(fault, Some(Error::GoAway(Reason(1))));
    let peer = Flight::to(Role::Initiator).introduces();
    let mut connection = feed(&mut hello(Role::Initiator), [&peer.bytes[..]]).result.unwrap().unwrap().connection;
    connection.go_away(Reason(0));
    let mut said = feed(&mut Session::new(connection), []).sent;
    let mut rx = Rx::new(&mut said);
    let Channel { mut open, .. } = peer.channel;
    // The bytes of our handshake after its last message of Noise.
    let ours = feed(&mut hello(Role::Initiator), [&peer.bytes[..]]).sent;
    let mut asked = ours[62 + 186..].to_vec();
    open.frame(&mut Rx::new(&mut asked)).expect("our question");
    let end_of_our_stream = b"\0\x01\0\x04\0\0\0\x01\0\0\0\0";
    let goodbye = b"\0\x03\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(open.frame(&mut rx).expect("one flight"), [&end_of_our_stream[..], goodbye].concat());
}

#[test]
fn however_a_session_is_cut_it_goes_the_same() {
    let role = Role::Responder;
    let [_, theirs] = streams(role);
    let say = |peer: Flight| {
        let data = [&written(&[HEADER, "/x", PING])[..], &[7; 40]].concat();
        peer.data(SYN, theirs, &data).frame(Kind::Ping, SYN, 0, 1).data(0, theirs, &[7; 24])
    };
    let bytes = Kept::new(role).says(say).peer.bytes;
    let ended = cut(|| Kept::new(role).session, &bytes);
    assert_eq!(ended.taken, bytes.len());
    // A stream that is closed at once, and an invalid frame.
    let ends = |peer: Flight| peer.frame(Kind::Window, SYN | FIN, theirs, 0).seal(&[7; 12]);
    let ended = cut(|| Kept::new(role).session, &Kept::new(role).says(ends).peer.bytes);
    assert!(matches!(ended.result, Some(Err(Error::Yamux(_)))));
    let wrong = [&bytes[..], &[0, 16], &[0; 16]].concat();
    assert!(matches!(cut(|| Kept::new(role).session, &wrong).result, Some(Err(Error::Mac(None)))));
}

#[test]
fn a_visit_is_over_once_the_peer_has_read_who_we_are() {
    for role in [Role::Initiator, Role::Responder] {
        let flight = Flight::to(role).introduces();
        let agreed = feed(&mut hello(role), [&flight.bytes[..]]).result.expect("over").expect("no fault");
        assert!(!agreed.connection.is_known());
        let mut farewell = Farewell::new(agreed.connection);
        assert_eq!(End::of(&feed(&mut farewell, [])), End::Waits("question"));
        let start = flight.bytes.len();
        let [_, theirs] = streams(role);
        let asks = flight.asks();
        let asked = asks.bytes.len();
        let mut bytes = asks.frame(Kind::Window, FIN, theirs, 0).bytes;
        let (question, read) = bytes[start..].split_at_mut(asked - start);
        let (mut rx, mut tx, mut told) = (Rx::new(question), Vec::new(), false);
        while let Step::Event(event) = farewell.step(&mut rx, &mut tx).expect("no fault") {
            told |= matches!(event, Event::Said(Message::Identify { .. }));
        }
        assert!(told, "{role:?}");
        let waits = End::of(&feed(&mut farewell, []));
        assert_eq!(waits, End::Waits("question"), "{role:?}: it may not have read our answer");
        assert_eq!(feed(&mut farewell, [&*read]).result, Some(Ok(())), "{role:?}");
    }
}
