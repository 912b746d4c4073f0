//! SAM 3.1: what routers were seen to do, and what none may do.

mod common;

use address::Address;
use common::{
    HELLO, OUR_HELLO, SESSION_NAME, base64, destination, destination_bytes, destination_text, key, key_text, session,
};
use handshake::{Blame, Conversation, End as Ended, Fault, Handshake, Rx, Stage, Step};
use sha2::{Digest, Sha256};
use testing::{End, cut, feed};
use verack_proxy::sam::{
    Accept, BadName, Client, Connect, CreateSession, Destination, Error, Event, Hash, Lookup, MAX_LINE, Malformed,
    Name, Peer, Request, Router, SessionKey,
};

/// What a request ends with that hears these lines behind the router's first one.
fn hear<R: Request + Clone>(request: &R, lines: &str) -> (Option<Result<R::Output, Error>>, String)
where
    R::Output: std::fmt::Debug,
{
    let bytes = format!("{HELLO}{lines}").into_bytes();
    let ended = feed(&mut Client::new(request.clone()), [&bytes[..]]);
    let dripped = feed(&mut Client::new(request.clone()), bytes.chunks(1));
    assert_eq!(dripped.summary(), ended.summary());
    (ended.result, String::from_utf8(ended.sent).expect("lines are text"))
}

/// The fault of a request that hears these lines.
fn fault<R: Request + Clone>(request: &R, lines: &str) -> Error
where
    R::Output: std::fmt::Debug,
{
    hear(request, lines).0.expect("over").expect_err("a fault")
}

fn end(error: &Error) -> End {
    End::Fault(error.code(), error.blame())
}

fn connect() -> Connect {
    Connect::new(session(), Peer::Destination(destination(1)))
}

fn by_hash() -> Connect {
    Connect::new(session(), Peer::Hash(destination(1).hash()))
}

fn naming_reply(byte: u8) -> String {
    format!("NAMING REPLY RESULT=OK NAME={} VALUE={}\n", destination(byte).hash(), destination_text(byte))
}

#[test]
fn a_transient_session_is_made_as_core_makes_it() {
    let answer = format!("SESSION STATUS RESULT=OK DESTINATION={}\n", key_text(9));
    let (result, said) = hear(&CreateSession::dialling(session()), &answer);
    let expected = format!(
        "{OUR_HELLO}SESSION CREATE STYLE=STREAM ID={SESSION_NAME} DESTINATION=TRANSIENT SIGNATURE_TYPE=7 \
         i2cp.leaseSetEncType=4,0 inbound.quantity=1 outbound.quantity=1\n"
    );
    assert_eq!(said, expected);
    let made = result.expect("over").expect("made");
    assert_eq!((made.id, made.key.destination()), (session(), &destination(9)));
    assert_eq!(made.key.expose(), key_text(9));
    assert!(!format!("{made:?}").contains(&key_text(9)[..20]));
}

#[test]
fn a_session_that_accepts_keeps_its_key_and_has_more_tunnels() {
    let mut request = CreateSession::accepting(session(), SessionKey::Kept(key(9)));
    request.tunnels.hops = Some(1);
    let (result, said) = hear(&request, &format!("SESSION STATUS RESULT=OK DESTINATION={}\n", key_text(9)));
    let expected = format!(
        "{OUR_HELLO}SESSION CREATE STYLE=STREAM ID={SESSION_NAME} DESTINATION={} i2cp.leaseSetEncType=4,0 \
         inbound.quantity=3 outbound.quantity=3 inbound.length=1 outbound.length=1\n",
        key_text(9)
    );
    assert_eq!(said, expected);
    assert_eq!(result.expect("over").expect("made").key.destination(), &destination(9));
    // Without its key in the answer it is the one that we gave; another one is no session of ours.
    let (result, _) = hear(&request, "SESSION STATUS RESULT=OK\n");
    assert_eq!(result.expect("over").expect("made").key.destination(), &destination(9));
    let other = fault(&request, &format!("SESSION STATUS RESULT=OK DESTINATION={}\n", key_text(8)));
    assert_eq!(other, Error::Malformed(Malformed::OtherDestination));
}

#[test]
fn the_private_key_is_taken_out_of_the_bytes_that_came() {
    let mut client = Client::new(CreateSession::dialling(session()));
    let mut bytes = format!("{HELLO}SESSION STATUS RESULT=OK DESTINATION={}\nrest", key_text(9)).into_bytes();
    let mut rx = Rx::new(&mut bytes);
    while !matches!(client.step(&mut rx, &mut Vec::new()), Ok(Step::Done(_))) {}
    assert_eq!(rx.rest(), b"rest");
    let expected = format!("{HELLO}SESSION STATUS RESULT=OK DESTINATION={}\nrest", "*".repeat(key_text(9).len()));
    assert_eq!(String::from_utf8(bytes).expect("text"), expected);
}

#[test]
fn a_session_that_is_refused_is_our_routers_fault() {
    for (answer, sentence) in [
        ("RESULT=DUPLICATED_ID", "DUPLICATED_ID"),
        ("RESULT=DUPLICATED_DEST", "DUPLICATED_DEST"),
        ("RESULT=INVALID_KEY", "INVALID_KEY"),
        ("RESULT=I2P_ERROR MESSAGE=\"tunnels are not ready\"", "I2P_ERROR: \"tunnels are not ready\""),
        ("RESULT=I2P_ERROR MESSAGE=unquoted words", "I2P_ERROR: \"unquoted\""),
        ("MESSAGE=\"RESULT=OK\" RESULT=X\x1b", "X\\x1b: \"RESULT=OK\""),
    ] {
        let error = fault(&CreateSession::dialling(session()), &format!("SESSION STATUS {answer}\n"));
        assert_eq!(end(&error), End::Fault("local.i2p-session", Blame::Local));
        assert_eq!(
            error.to_string(),
            format!("our I2P router made no session: it answers SESSION CREATE with {sentence}")
        );
    }
}

#[test]
fn a_session_without_a_sound_key_is_none() {
    let malformed = |answer: &str| {
        let error = fault(&CreateSession::dialling(session()), &format!("SESSION STATUS RESULT=OK{answer}\n"));
        assert_eq!(end(&error), End::Fault("local.i2p-malformed", Blame::Local));
        error.to_string()
    };
    assert!(malformed("").ends_with("its reply has no DESTINATION"));
    let wrong_length = "the private key in it is malformed: it has a wrong length";
    assert!(malformed(&format!(" DESTINATION={}", destination_text(9))).ends_with(wrong_length));
    assert!(malformed(" DESTINATION=AAAA").ends_with(wrong_length));
    assert!(malformed(" DESTINATION=+").ends_with("it is not in I2P's base 64"));
}

#[test]
fn a_name_leads_to_the_destination_with_its_hash() {
    let hash = destination(1).hash();
    let (result, said) = hear(&Lookup::hash(hash), &naming_reply(1));
    assert_eq!(said, format!("{OUR_HELLO}NAMING LOOKUP NAME={hash}\n"));
    assert_eq!(result, Some(Ok(destination(1))));
    // The hash is of the bytes, not of the text.
    assert_eq!(hash.0, <[u8; 32]>::from(Sha256::digest(destination_bytes(1))));
    assert_eq!(hash.to_string().parse(), Ok(Address::from(hash)));
    let (result, said) = hear(&Lookup::name(Name::new("stats.i2p").expect("sound")), &naming_reply(2));
    assert_eq!((result, said), (Some(Ok(destination(2))), format!("{OUR_HELLO}NAMING LOOKUP NAME=stats.i2p\n")));
    assert_eq!(fault(&Lookup::hash(hash), &naming_reply(2)), Malformed::OtherDestination.into());
}

#[test]
fn a_name_stays_one_word() {
    let long = "x".repeat(256);
    assert!(Name::new(&long[..255]).is_ok() && Name::new("a=b").is_ok());
    for name in ["", &long, "a b", "a\nSTREAM", "a\"", "a\\", "é", "a\0"] {
        assert_eq!(Name::new(name), Err(BadName), "{name:?}");
    }
}

#[test]
fn a_peer_known_by_its_hash_is_looked_up_on_the_same_connection() {
    let (result, said) = hear(&by_hash(), &format!("{}STREAM STATUS RESULT=OK\n", naming_reply(1)));
    assert_eq!(result, Some(Ok(destination(1))));
    let (hash, text) = (destination(1).hash(), destination_text(1));
    let lookup = format!("NAMING LOOKUP NAME={hash}\n");
    let connect_line = format!("STREAM CONNECT ID={SESSION_NAME} DESTINATION={text} SILENT=false\n");
    assert_eq!(said, format!("{OUR_HELLO}{lookup}{connect_line}"));
    let (result, said) = hear(&connect(), "STREAM STATUS RESULT=OK\n");
    assert_eq!((result, said), (Some(Ok(destination(1))), format!("{OUR_HELLO}{connect_line}")));
}

#[test]
fn a_stream_is_handed_over_with_what_came_behind_the_status() {
    let lines = format!("{HELLO}STREAM STATUS RESULT=OK\n");
    let ended = cut(|| Client::new(connect()), format!("{lines}\nversion").as_bytes());
    assert_eq!((ended.taken, ended.result), (lines.len(), Some(Ok(destination(1)))));
}

#[test]
fn every_situation_of_the_facts_is_reported_as_what_it_is() {
    let not_found = End::Fault("i2p.not-found", Blame::Network);
    let lookup = Lookup::hash(destination(1).hash());
    for result in ["INVALID_KEY", "KEY_NOT_FOUND"] {
        let line = format!("NAMING REPLY RESULT={result} NAME=x\n");
        assert_eq!((end(&fault(&lookup, &line)), end(&fault(&by_hash(), &line))), (not_found, not_found));
    }
    for (result, expected) in [
        ("CANT_REACH_PEER", not_found),
        ("PEER_NOT_FOUND", not_found),
        ("CANT_REACH_PEER MESSAGE=\"lease set not found\"", not_found),
        ("TIMEOUT", End::Fault("i2p.timeout", Blame::Network)),
        ("INVALID_ID", End::Fault("local.i2p-session-gone", Blame::Local)),
        // A destination that is sound to us: our router does not know its kind of key.
        ("INVALID_KEY", End::Fault("local.i2p-error", Blame::Local)),
        ("I2P_ERROR MESSAGE=\"Socket already in use\"", End::Fault("local.i2p-error", Blame::Local)),
        ("SOMETHING_NEW", End::Fault("local.i2p-error", Blame::Local)),
        ("ok", End::Fault("local.i2p-error", Blame::Local)),
    ] {
        let line = format!("STREAM STATUS RESULT={result}\n");
        assert_eq!(end(&fault(&connect(), &line)), expected, "{result}");
        assert_eq!(end(&fault(&by_hash(), &format!("{}{line}", naming_reply(1)))), expected, "{result}");
    }
    assert_eq!(fault(&connect(), "STREAM STATUS RESULT=INVALID_ID\n"), Error::SessionGone);
    // Before our router has said OK, nothing is known of a peer; afterwards its silence is the caller's to tell.
    assert_eq!(end(&Error::NoAnswer(Ended::Closed)), End::Fault("i2p.no-answer", Blame::Network));
}

#[test]
fn only_port_0_can_be_reached() {
    let hash = Hash([7; 32]);
    assert_eq!(Peer::at(hash, 0), Ok(Peer::Hash(hash)));
    for port in [1, 8333, u16::MAX] {
        let error = Peer::at(hash, port).expect_err("it has a port");
        assert_eq!((end(&error), error), (End::Fault("i2p.port", Blame::Mismatch), Error::Port(port)));
    }
}

#[test]
fn a_caller_is_known_by_its_destination() {
    let accept = Accept::new(session());
    let ok = "STREAM STATUS RESULT=OK\n";
    let (waiting, said) = hear(&accept, ok);
    assert_eq!((waiting, said), (None, format!("{OUR_HELLO}STREAM ACCEPT ID={SESSION_NAME} SILENT=false\n")));
    for ports in ["", " FROM_PORT=0 TO_PORT=0", "\r"] {
        let (result, _) = hear(&accept, &format!("{ok}{}{ports}\nversion", destination_text(3)));
        assert_eq!(result, Some(Ok(destination(3))), "{ports:?}");
    }
    let mut client = Client::new(accept.clone());
    let mut bytes = format!("{HELLO}{ok}{}\n", destination_text(3)).into_bytes();
    let (mut rx, mut last) = (Rx::new(&mut bytes), None);
    while let Ok(Step::Event(event)) = client.step(&mut rx, &mut Vec::new()) {
        last = Some(event);
    }
    assert_eq!(last, Some(Event::Called(destination(3).hash())));
}

#[test]
fn a_line_in_the_place_of_a_caller_is_no_caller() {
    let accept = Accept::new(session());
    let after_ok = |line: &str| fault(&accept, &format!("STREAM STATUS RESULT=OK\n{line}\n"));
    assert_eq!(after_ok("STREAM STATUS RESULT=INVALID_ID"), Error::SessionGone);
    assert_eq!(end(&after_ok("STREAM STATUS RESULT=I2P_ERROR")), End::Fault("local.i2p-error", Blame::Local));
    for line in ["", " ", "AAAA", &key_text(3), "GET / HTTP/1.1"] {
        assert_eq!(end(&after_ok(line)), End::Fault("local.i2p-malformed", Blame::Local), "{line:?}");
    }
    assert_eq!(fault(&accept, "STREAM STATUS RESULT=INVALID_ID\n"), Error::SessionGone);
}

#[test]
fn a_router_of_another_version_is_named() {
    let answer = |line: &str| {
        let ended = cut(|| Client::new(connect()), line.as_bytes());
        (ended.result.map(|result| end(&result.expect_err("a fault"))), ended.awaiting)
    };
    let version = (Some(End::Fault("local.i2p-version", Blame::Local)), "HELLO REPLY");
    assert_eq!(answer("HELLO REPLY RESULT=NOVERSION\n"), version);
    assert_eq!(answer("HELLO REPLY RESULT=OK VERSION=3.3\n"), version);
    assert_eq!(answer("HELLO REPLY RESULT=OK VERSION=3.1\n"), (None, "STREAM STATUS"));
    assert_eq!(answer("HELLO REPLY RESULT=OK\n"), (None, "STREAM STATUS"));
    let error = (Some(End::Fault("local.i2p-error", Blame::Local)), "HELLO REPLY");
    assert_eq!(answer("HELLO REPLY RESULT=I2P_ERROR MESSAGE=\"Must start with HELLO VERSION\"\n"), error);
    let malformed = (Some(End::Fault("local.i2p-malformed", Blame::Local)), "HELLO REPLY");
    assert_eq!(answer("HELLO REPLY\n"), malformed);
    assert_eq!(answer("HELLO REPLYRESULT=OK\n"), malformed);
}

#[test]
fn another_service_is_known_by_its_first_bytes() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"\x05", b"hello", b"HELLO REPLX", b"\n"] {
        let ended = cut(|| Client::new(connect()), bytes);
        assert_eq!((ended.taken, ended.result), (0, Some(Err(Error::NotSam))));
    }
}

#[test]
fn another_line_is_not_taken_for_a_reply() {
    for line in
        ["", "STREAM STATUS RESULT=OK", "SESSION STATUS", "NAMING REPLY RESULT=OK", "NAMING REPLY RESULT=OK VALUE=AAAA"]
    {
        let error = fault(&Lookup::hash(Hash([0; 32])), &format!("{line}\n"));
        assert_eq!(end(&error), End::Fault("local.i2p-malformed", Blame::Local), "{line}");
    }
}

#[test]
fn a_line_is_read_up_to_its_limit_and_no_further() {
    let hears = |line: &str| feed(&mut Client::new(connect()), [HELLO.as_bytes(), line.as_bytes()]).result;
    let status = "STREAM STATUS RESULT=OK MESSAGE=";
    let line = |len: usize| format!("{status}{}", "x".repeat(len - status.len()));
    assert_eq!(hears(&format!("{}\n", line(MAX_LINE))), Some(Ok(destination(1))));
    assert_eq!(hears(&line(MAX_LINE)), None);
    let too_long = Some(Err(Malformed::TooLong.into()));
    assert_eq!(hears(&line(MAX_LINE + 1)), too_long);
    assert_eq!(hears(&format!("{}\n", line(MAX_LINE + 1))), too_long);
    // A destination with the longest key that is known fits.
    let longest = base64(&[&[7; 385], &5000u16.to_be_bytes()[..], &[7; 5000]].concat());
    assert!(Destination::parse(longest.as_bytes()).is_ok() && longest.len() < MAX_LINE);
}

#[test]
fn a_long_message_is_cut() {
    let error = fault(&connect(), &format!("STREAM STATUS RESULT={0} MESSAGE=\"{0}\"\n", "x".repeat(300)));
    let Error::Router(Router { result, message, .. }) = error else { panic!("{error}") };
    assert_eq!((result.as_bytes().len(), message.map(|text| text.as_bytes().len())), (200, Some(200)));
}

#[test]
fn an_end_before_the_answer_is_our_routers_fault_unless_it_was_on_its_way() {
    fn ended<R: Request>(request: R, lines: &str, end: Ended) -> Option<(&'static str, Blame)>
    where
        R::Output: std::fmt::Debug,
    {
        let mut client = Client::new(request);
        assert_eq!(client.stage(), Stage::Connect);
        feed(&mut client, [lines.as_bytes()]);
        client.ended(end, &[]).map(|fault| (fault.code(), fault.blame()))
    }
    let closed = Some(("local.i2p-closed", Blame::Local));
    let silent = Some(("local.i2p-silent", Blame::Local));
    let late = Some(("i2p.timeout", Blame::Network));
    let lookup = || Lookup::hash(Hash([0; 32]));
    let create = || CreateSession::dialling(session());
    let accept = || Accept::new(session());
    let accepting = format!("{HELLO}STREAM STATUS RESULT=OK\n");
    assert_eq!((ended(create(), "", Ended::Closed), ended(create(), HELLO, Ended::Closed)), (closed, closed));
    assert_eq!((ended(lookup(), HELLO, Ended::Closed), ended(connect(), HELLO, Ended::Closed)), (closed, closed));
    assert_eq!((ended(accept(), HELLO, Ended::Closed), ended(accept(), &accepting, Ended::Closed)), (closed, closed));
    assert_eq!((ended(connect(), "", Ended::Silent), ended(create(), HELLO, Ended::Silent)), (silent, silent));
    assert_eq!((ended(lookup(), HELLO, Ended::Silent), ended(by_hash(), HELLO, Ended::Silent)), (late, late));
    assert_eq!((ended(connect(), HELLO, Ended::Silent), ended(accept(), HELLO, Ended::Silent)), (late, silent));
    // That no caller came is no failure.
    assert_eq!(ended(accept(), &accepting, Ended::Silent), None);
}
