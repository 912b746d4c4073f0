//! The laws of every conversation, for SOCKS5 and SAM.

mod common;

use common::{
    HELLO, KINDS, Kind, OUR_HELLO, SESSION_NAME, Scripted, client, destination, destination_text, heard, key_text,
    session, turns,
};
use handshake::Blame;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use testing::{End, Ended, cut, feed, flip, pair, survives};
use verack_proxy::sam::{Accept, Client, Connect, CreateSession, Lookup, Peer};
use verack_proxy::socks;

#[test]
fn however_the_bytes_are_cut_the_connection_is_the_same() {
    for kind in KINDS {
        let bytes = heard(kind);
        let ended = cut(|| client(kind), &[&bytes[..], b"more"].concat());
        assert_eq!((End::of(&ended), ended.taken), (End::Done, bytes.len()));
    }
}

#[test]
fn a_proxy_and_its_client_agree_and_what_follows_is_left() {
    for kind in KINDS {
        let mut turns = turns(kind);
        let client = match kind {
            // What is said early belongs to the protocol above, and a proxy leaves it.
            Kind::Onion => {
                let (said, _) = turns.last_mut().expect("there are two");
                said.truncate(said.len() - b"early".len());
                let isolation = socks::Isolation::numbered([0xab; 8], 7);
                let onion = socks::Destination::name(common::ONION, 8333).expect("it is short");
                socks::Client::tor(onion, isolation, Vec::new())
            }
            other => client(other),
        };
        pair(client, Scripted::new(turns));
    }
}

/// Lines that a router says behind its first one, in the place of these of ours.
fn router(turns: &[(String, String)]) -> Scripted {
    let hello = (OUR_HELLO.to_owned(), HELLO.to_owned());
    let turns = [&[hello], turns].concat();
    Scripted::new(turns.into_iter().map(|(ours, theirs)| (ours.into_bytes(), theirs.into_bytes())).collect())
}

#[test]
fn a_router_and_its_client_agree_and_what_follows_is_left() {
    let (hash, text) = (destination(1).hash(), destination_text(1));
    let ok = || "STREAM STATUS RESULT=OK\n".to_owned();
    let lookup = (format!("NAMING LOOKUP NAME={hash}\n"), format!("NAMING REPLY RESULT=OK NAME={hash} VALUE={text}\n"));
    let connect = (format!("STREAM CONNECT ID={SESSION_NAME} DESTINATION={text} SILENT=false\n"), ok());
    let accept = (format!("STREAM ACCEPT ID={SESSION_NAME} SILENT=false\n"), format!("{}{text}\n", ok()));
    let (found, ()) = pair(Client::new(Lookup::hash(hash)), router(std::slice::from_ref(&lookup)));
    let (reached, ()) = pair(Client::new(Connect::new(session(), Peer::Hash(hash))), router(&[lookup, connect]));
    let (caller, ()) = pair(Client::new(Accept::new(session())), router(&[accept]));
    assert_eq!([found, reached, caller], [1; 3].map(destination));
}

#[test]
fn a_changed_byte_of_a_proxy_is_noticed_unless_it_is_in_the_address() {
    for kind in KINDS {
        let bytes = heard(kind);
        let reply_at = common::before_reply(kind).len();
        flip(
            || client(kind),
            &bytes,
            |at, ended: &Ended<socks::Client>| match End::of(ended) {
                // Nothing says that the address of our own proxy is right. As a name, its length is the fifth byte.
                End::Done => assert!(at >= reply_at + 3, "byte {at}: {}", ended.summary()),
                End::Waits(_) => assert!((reply_at + 3..=reply_at + 4).contains(&at), "byte {at}: {}", ended.summary()),
                End::Fault(..) => {}
            },
        );
    }
}

#[test]
fn a_changed_byte_of_a_router_never_passes_for_another_destination() {
    let (hash, text) = (destination(1).hash(), destination_text(1));
    let lines = format!("{HELLO}NAMING REPLY RESULT=OK NAME={hash} VALUE={text}\nSTREAM STATUS RESULT=OK\n");
    let mut noticed = 0;
    flip(
        || Client::new(Connect::new(session(), Peer::Hash(hash))),
        lines.as_bytes(),
        |at, ended| match End::of(ended) {
            End::Done => {
                let reached = ended.result.as_ref().expect("over").as_ref().expect("no fault");
                assert_eq!(reached, &destination(1), "byte {at}");
            }
            // The end of a line is gone.
            End::Waits(_) => assert_eq!(lines.as_bytes()[at], b'\n', "byte {at}: {}", ended.summary()),
            End::Fault(_, blame) => {
                assert_eq!(blame, Blame::Local, "byte {at}: {}", ended.summary());
                noticed += 1;
            }
        },
    );
    assert!(noticed > 3 * text.len() - 10, "{noticed}");
}

#[test]
fn however_lines_are_cut_the_request_ends_the_same() {
    let text = destination_text(1);
    let key = format!("{HELLO}SESSION STATUS RESULT=OK DESTINATION={} X=\"a \\\" b\"\nmore", key_text(2));
    let ended = cut(|| Client::new(CreateSession::dialling(session())), key.as_bytes());
    assert_eq!((End::of(&ended), ended.taken), (End::Done, key.len() - 4));
    let caller = format!("{HELLO}STREAM STATUS RESULT=OK\n{text} FROM_PORT=1 TO_PORT=2\nmore");
    let ended = cut(|| Client::new(Accept::new(session())), caller.as_bytes());
    assert_eq!((End::of(&ended), ended.taken), (End::Done, caller.len() - 4));
}

#[test]
fn nothing_is_said_twice_and_nothing_after_the_end() {
    let mut socks = client(Kind::Open);
    let first = feed(&mut socks, []).sent;
    assert_eq!((first, feed(&mut socks, []).sent), (b"\x05\x01\x00".to_vec(), Vec::new()));
    assert!(matches!(feed(&mut socks, [&heard(Kind::Open)[..]]).result, Some(Ok(_))));
    let after = feed(&mut socks, [&b"more"[..]]);
    assert!(after.result.is_none() && after.sent.is_empty() && after.taken == 0);
    let mut sam = Client::new(Accept::new(session()));
    assert_eq!(feed(&mut sam, []).sent, OUR_HELLO.as_bytes());
    assert!(feed(&mut sam, []).sent.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_of_a_proxy_are_survived(
        kind in select(&KINDS[..]),
        heard_of in 0usize..12,
        bytes in vec(any::<u8>(), 0..300),
    ) {
        let start = heard(kind);
        let start = &start[..heard_of.min(start.len() - 1)];
        let ended = survives(|| client(kind), &[&[3], start, &bytes].concat());
        if let Some(Err(fault)) = ended.result {
            let text = fault.to_string();
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", text);
        }
    }

    #[test]
    fn any_line_of_a_router_is_survived(
        topic in select(&["", "SESSION STATUS ", "NAMING REPLY RESULT=OK ", "STREAM STATUS ", "STREAM STATUS RESULT=OK\n"][..]),
        words in "[A-Z=\" \\\\]{0,60}",
        bytes in vec(any::<u8>(), 0..100),
    ) {
        let bytes = [&[5], HELLO.as_bytes(), topic.as_bytes(), words.as_bytes(), &bytes, b"\n"].concat();
        survives(|| Client::new(CreateSession::dialling(session())), &bytes);
        survives(|| Client::new(Lookup::hash(destination(1).hash())), &bytes);
        survives(|| Client::new(Connect::new(session(), Peer::Destination(destination(1)))), &bytes);
        survives(|| Client::new(Accept::new(session())), &bytes);
    }

    #[test]
    fn what_follows_a_stream_is_left_untouched(tail in vec(any::<u8>(), 0..300), piece in 1usize..400) {
        let lines = format!("{HELLO}STREAM STATUS RESULT=OK\n");
        let bytes = [lines.as_bytes(), &tail].concat();
        let mut client = Client::new(Connect::new(session(), Peer::Destination(destination(1))));
        let ended = feed(&mut client, bytes.chunks(piece));
        prop_assert_eq!((ended.taken, ended.result), (lines.len(), Some(Ok(destination(1)))));
    }
}
