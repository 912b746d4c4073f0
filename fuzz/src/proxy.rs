//! Proxies: the client of SOCKS5, and that of SAM.
//!
//! ```text
//! choices 1 | length of the pieces 1 | what the proxy or the router sends
//! ```
//! The choices say what our side asks for, and how many of its answers are sound before the input begins, so that every
//! state gets any bytes. What our side says is checked, too: it must be what the other side can read.

use handshake::{Conversation, Fault};
use testing::{Ended, survives};
use verack_proxy::sam::{self, Accept, Connect, CreateSession, Lookup, Name, Peer, PrivateKey, SessionId, SessionKey};
use verack_proxy::socks::{Client, Credentials, Destination, Isolation, UserPassword};

/// Any bytes to the client of SOCKS5, in each of its states.
pub fn socks(input: &[u8]) {
    let Some((&[choices, piece], sent)) = input.split_first_chunk() else {
        return;
    };
    let is_tor = choices & 1 != 0;
    let with_password = choices & 2 != 0;
    let name = if choices & 4 != 0 { "seed.example" } else { "x.onion" };
    let client = || {
        let destination = Destination::name(name, 8333).expect("it is short");
        match is_tor {
            true => Client::tor(destination, Isolation::numbered([7; 8], 1), vec![0xa5; usize::from(choices >> 5)]),
            false => Client::plain(destination, with_password.then(credentials)),
        }
    };
    // How many of its messages are sound: none, the method, or that and the answer to user and password.
    let sound: &[u8] = match (choices >> 3 & 3, is_tor || with_password) {
        (0, _) => b"",
        (1, false) | (2.., false) => b"\x05\x00",
        (1, true) => b"\x05\x02",
        (2.., true) => b"\x05\x02\x01\x00",
    };
    let bytes = [&[piece], sound, sent].concat();
    let ended = survives(client, &bytes);
    check(&ended);
    let said = &ended.sent;
    assert!(said.starts_with(&[5, if with_password && !is_tor { 2 } else { 1 }]));
    match &ended.result {
        Some(Ok(bound)) => {
            assert_printable(&bound.to_string());
            assert!(ended.taken >= 9, "a method and a reply are longer than {} bytes", ended.taken);
            assert!(contains(said, name.as_bytes()));
        }
        // Before the proxy has answered, nothing but the methods is said.
        _ if bytes.len() < 3 => assert!(said.len() <= 4),
        _ => {}
    }
    written(sent);
}

/// Any bytes to the client of SAM, in each of its states.
pub fn sam(input: &[u8]) {
    let Some((&[choices, piece], sent)) = input.split_first_chunk() else {
        return;
    };
    let id = SessionId::new([0x5a; 8]);
    // How many of its lines are sound: none, the first, or that and one more.
    let hello = if choices & 8 != 0 { "HELLO REPLY RESULT=OK VERSION=3.1\n" } else { "" };
    let more = choices & 0x18 == 0x18;
    let with = |line: &str| {
        let sound = if more { [hello, line].concat() } else { hello.to_owned() };
        [&[piece], sound.as_bytes(), sent].concat()
    };
    let ours = destination(1);
    let hash = ours.hash();
    match choices & 7 {
        0 => drop(said(&CreateSession::dialling(id), &with("SESSION STATUS RESULT=OK DESTINATION="))),
        1 => {
            let kept = CreateSession::accepting(id, SessionKey::Kept(key()));
            let made = said(&kept, &with("SESSION STATUS RESULT="));
            assert!(made.is_none_or(|session| session.key.destination() == key().destination()));
        }
        2 => {
            let found = said(&Lookup::hash(hash), &with("NAMING REPLY RESULT=OK NAME=x VALUE="));
            assert!(found.is_none_or(|found| found == ours));
        }
        3 => {
            let name = Name::new("stats.i2p").expect("sound");
            drop(said(&Lookup::name(name), &with("NAMING REPLY RESULT=OK VALUE=")));
        }
        4 => {
            let found = format!("NAMING REPLY RESULT=OK VALUE={ours}\n");
            let reached = said(&Connect::new(id, Peer::Hash(hash)), &with(&found));
            assert!(reached.is_none_or(|reached| reached == ours));
        }
        5 => {
            let reached = said(&Connect::new(id, Peer::Destination(ours.clone())), &with("STREAM STATUS RESULT="));
            assert!(reached.is_none_or(|reached| reached == ours));
        }
        _ => drop(said(&Accept::new(id), &with("STREAM STATUS RESULT=OK\n"))),
    }
    written(sent);
}

/// What came of a request that hears these bytes. All that it says is lines of printable text.
fn said<R: sam::Request + Clone>(request: &R, bytes: &[u8]) -> Option<R::Output>
where
    R::Output: std::fmt::Debug,
{
    let ended = survives(|| sam::Client::new(request.clone()), bytes);
    check(&ended);
    assert!(ended.sent.ends_with(b"\n"));
    ended.sent.split_inclusive(|byte| *byte == b'\n').for_each(|line| {
        let line = String::from_utf8(line.to_vec()).expect("text");
        assert_printable(line.trim_end_matches('\n'));
    });
    ended.result.and_then(Result::ok)
}

/// The codes and sentences of errors are those of this crate.
fn check<C: Conversation>(ended: &Ended<C>) {
    if let Some(Err(fault)) = &ended.result {
        assert!(verack_proxy::REASONS.iter().any(|reason| reason.code == fault.code()), "{}", fault.code());
        assert_printable(&fault.to_string());
    }
}

/// What our side takes from a user is refused, or is written as it is.
fn written(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(destination) = Destination::name(&text, 1) {
        assert_printable(&destination.to_string());
    }
    if let Ok(name) = Name::new(&text) {
        assert_printable(name.as_str());
    }
    if let Ok(destination) = sam::Destination::parse(bytes) {
        assert_eq!(destination.to_string().as_bytes(), bytes);
    }
    if let Ok(key) = PrivateKey::parse(bytes) {
        assert_eq!(key.expose().as_bytes(), bytes);
        assert!(!format!("{key:?}").contains(key.expose()));
    }
}

fn credentials() -> Credentials {
    Credentials::new(UserPassword { user: b"alice", password: b"secret" }).expect("they are short")
}

/// A destination of 391 bytes.
fn destination(fill: u8) -> sam::Destination {
    let text = base64(&[&[fill; 384], &[5, 0, 4, 0, 7, 0, 4][..]].concat());
    sam::Destination::parse(text.as_bytes()).expect("sound")
}

fn key() -> PrivateKey {
    let text = base64(&[&[2; 384], &[5, 0, 4, 0, 7, 0, 4][..], &[3; 288]].concat());
    PrivateKey::parse(text.as_bytes()).expect("sound")
}

/// I2P's base 64.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";
    let group = |chunk: &[u8]| {
        let number = (0..3).fold(0u32, |number, at| number << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        let digit = move |at: usize| match at <= chunk.len() {
            true => char::from(DIGITS[(number >> (18 - 6 * at)) as usize & 63]),
            false => '=',
        };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn assert_printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
}
