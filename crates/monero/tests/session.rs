//! A connection after its handshake.

mod common;

use common::{OURS, local, network, their_peers, theirs};
use handshake::{Fault, Rx};
use testing::{End, cut, feed};
use verack_monero::levin::{FrameReader, write_message};
use verack_monero::{Command, Kind, Message, ReturnCode, Session, Tip};

fn said(messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    messages.iter().for_each(|message| message.write(&mut bytes));
    bytes
}

/// The messages that our session sends to a peer with these bytes.
fn hears(session: Session, bytes: &[u8]) -> Result<Vec<Message>, &'static str> {
    let mut session = session;
    let mut ended = feed(&mut session, [bytes]);
    if let Some(Err(fault)) = ended.result {
        return Err(fault.code());
    }
    assert_eq!(ended.taken, bytes.len());
    let (mut rx, mut frames, mut heard) = (Rx::new(&mut ended.sent), FrameReader::after_handshake(), Vec::new());
    while !rx.is_empty() {
        heard.push(match frames.read(&mut rx).expect("sound") {
            verack_monero::levin::Frame::Whole { command, kind, body } => {
                Message::read(command, kind, body).expect("sound")
            }
            verack_monero::levin::Frame::Other { command, kind: Kind::Response(code), .. } => {
                Message::Failure { command, code }
            }
            other => unreachable!("{other:?}"),
        });
    }
    Ok(heard)
}

fn session() -> Session {
    Session::new(local(OURS))
}

#[test]
fn what_a_node_asks_is_answered() {
    let asked = said(&[Message::TimedSyncRequest(theirs().tip), Message::PingRequest, Message::SupportFlagsRequest]);
    let answers = [
        Message::TimedSyncResponse(Tip::genesis(network("monero")), Vec::new().into()),
        Message::PingResponse { status: "OK".into(), peer_id: OURS },
        Message::SupportFlagsResponse(1),
    ];
    assert_eq!(hears(session(), &asked).as_deref(), Ok(&answers[..]));
}

#[test]
fn an_unknown_command_is_answered_with_a_return_code() {
    let mut asked = Vec::new();
    write_message(Command(4242), Kind::Request, &mut asked, |tx| tx.extend_from_slice(&[7; 5000]));
    let no_handler = Message::Failure { command: Command(4242), code: ReturnCode::NO_HANDLER };
    assert_eq!(hears(session(), &asked), Ok(vec![no_handler]));
}

#[test]
fn our_questions_are_said_first_and_in_their_order() {
    let asking = || session().with_ping().with_support_flags().with_timed_sync();
    let answers = [
        Message::PingResponse { status: "OK".into(), peer_id: 7 },
        Message::SupportFlagsResponse(1),
        Message::TimedSyncResponse(theirs().tip, their_peers()),
    ];
    let questions =
        [Message::PingRequest, Message::SupportFlagsRequest, Message::TimedSyncRequest(local(OURS).introduction.tip)];
    assert_eq!(hears(asking(), &said(&answers)).as_deref(), Ok(&questions[..]));
    let [ping, flags, _] = answers.clone();
    assert_eq!(hears(asking(), &said(&[flags, ping.clone()])), Err("monero.unexpected"));
    // An answer without a request, or a second answer.
    assert_eq!(hears(session(), &said(std::slice::from_ref(&ping))), Err("monero.unexpected"));
    assert_eq!(hears(session().with_ping(), &said(&[ping.clone(), ping])), Err("monero.unexpected"));
    // It may fail to answer.
    let failure = Message::Failure { command: Command::PING, code: ReturnCode(-4) };
    assert_eq!(hears(session().with_ping(), &said(&[failure])), Ok(vec![Message::PingRequest]));
}

#[test]
fn what_else_is_told_is_skipped() {
    let mut told = Vec::new();
    // Longer than any message of a handshake may be.
    write_message(Command::NEW_BLOCK, Kind::Notification, &mut told, |tx| tx.extend_from_slice(&[7; 1 << 20]));
    write_message(Command(0), Kind::Fragment, &mut told, |tx| tx.extend_from_slice(&[0; 3000]));
    Message::PingRequest.write(&mut told);
    assert_eq!(hears(session(), &told).map(|heard| heard.len()), Ok(1));
}

#[test]
fn a_second_handshake_ends_it() {
    let again = said(&[Message::HandshakeRequest(theirs())]);
    assert_eq!(hears(session(), &again), Err("monero.unexpected"));
}

#[test]
fn however_a_session_is_cut_it_goes_the_same() {
    let mut bytes = said(&[Message::TimedSyncRequest(theirs().tip)]);
    write_message(Command::NEW_BLOCK, Kind::Notification, &mut bytes, |tx| tx.extend_from_slice(&[7; 90]));
    Message::PingRequest.write(&mut bytes);
    let ended = cut(session, &bytes);
    assert_eq!(ended.taken, bytes.len());
    let fault = cut(session, &[&bytes[..], b"HTTP"].concat()).result.expect("over").expect_err("it is no message");
    assert_eq!(End::Fault(fault.code(), fault.blame()), End::Fault("monero.out-of-sync", handshake::Blame::Peer));
}
