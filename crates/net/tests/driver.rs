//! The driver: its writes, its limits, its results, and the kinds of a connection's end.

mod common;

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::time::Duration;

use common::Act::{Hear, Insist, Open, OpenAndRefuse, Refuse, Say};
use common::Did::{Flushed, Got, Wrote};
use common::Read::{Bytes, Error, Fin};
use common::{Act, Read, Refused, Script, Wire};
use handshake::{Blame, Handshake, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use verack_net::{Cause, Driver, Established, Failure, Limits, Outcome, Seen, Tcp, Verdict, run};

const PATIENCE: Duration = Duration::from_secs(5);
const LEAVE: Tcp = Tcp { leave: true, closely: false };

#[tokio::test]
async fn what_is_said_between_two_waits_leaves_in_one_write() {
    let mut wire = Wire::new([Bytes("x"), Bytes("y")]);
    let script = [Say("a"), Say("b"), Hear(1), Say("c"), Say("d"), Hear(1), Say("e"), Say("f")];
    shake(script, &mut wire).await.expect("concluded");
    let wrote = |text: &str| Wrote(text.to_owned());
    assert_eq!(wire.did, [wrote("ab"), Flushed, Got(1), wrote("cd"), Flushed, Got(1), wrote("ef"), Flushed]);
}

#[tokio::test]
async fn what_arrived_together_is_answered_together() {
    let mut wire = Wire::new([Bytes("xy")]);
    shake([Hear(1), Say("a"), Hear(1), Say("b")], &mut wire).await.expect("concluded");
    assert_eq!(wire.did, [Got(2), Wrote("ab".to_owned()), Flushed]);
}

#[tokio::test]
async fn who_has_nothing_to_say_writes_nothing() {
    let mut wire = Wire::new([Bytes("x"), Bytes("y")]);
    shake([Hear(2)], &mut wire).await.expect("concluded");
    assert_eq!(wire.did, [Got(1), Got(1)]);
}

#[tokio::test]
async fn what_was_said_before_a_fault_is_sent_before_it_is_reported() {
    let mut wire = Wire::new([Bytes("x")]);
    let failure = shake([Hear(1), Say("no"), Refuse], &mut wire).await.expect_err("refused");
    assert!(matches!(failure.cause, Cause::Fault(Refused)));
    assert_eq!((failure.sent, failure.received), (2, 1));
    assert_eq!(wire.did, [Got(1), Wrote("no".to_owned()), Flushed]);

    let wire = Wire::new([Bytes("x")]).unwritable(ErrorKind::BrokenPipe);
    let failure = shake([Hear(1), Say("no"), Refuse], wire).await.expect_err("refused");
    assert!(matches!(failure.cause, Cause::Fault(Refused)), "the fault, not the write, is what happened");
    assert_eq!(failure.sent, 0, "nothing of it left");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_means_something_to_the_protocol_is_its_fault() {
    for reads in [vec![Bytes("?"), Fin], vec![Bytes("?"), Error(ErrorKind::ConnectionReset)], vec![Bytes("?")]] {
        let failure = shake([Say("a"), Insist(2)], Wire::new(reads)).await.expect_err("refused");
        assert!(matches!(failure.cause, Cause::Fault(Refused)), "{:?}", failure.cause);
        assert_eq!(failure.rest, b"?", "what had arrived is still there");
    }
    let closed = |acts: [Act; 2], said| async move {
        let failure = shake(acts, Wire::new([Bytes(said), Fin])).await.expect_err("closed");
        assert!(matches!(failure.cause, Cause::Closed), "{:?}", failure.cause);
    };
    closed([Say("a"), Insist(2)], "!").await;
    closed([Say("a"), Hear(2)], "?").await;
}

#[tokio::test]
async fn an_event_comes_with_the_bytes_it_covers() {
    let mut seen = Vec::new();
    let mut script = Script::new([Say("a"), Hear(2), Say("b"), Hear(1)]);
    let wire = Wire::new([Bytes("x"), Bytes("yz")]);
    run(&mut script, wire, Limits::within(PATIENCE), |event| {
        seen.push((event.received.to_vec(), event.sent.to_vec()));
    })
    .await
    .expect("concluded");
    let pairs = [("", "a"), ("xy", ""), ("", "b"), ("z", "")];
    assert_eq!(seen, pairs.map(|(received, sent)| (received.as_bytes().to_vec(), sent.as_bytes().to_vec())));
}

#[tokio::test]
async fn what_came_over_the_wire_is_shown_as_it_came_if_that_is_asked_for() {
    for (captures, shown) in [(false, "XY"), (true, "xy")] {
        let driver = || Driver::new(Limits::within(PATIENCE)).capturing(captures);
        let mut seen = Vec::new();
        let wire = Wire::new([Bytes("x"), Bytes("yza")]);
        let mut script = Script::new([Open(2), OpenAndRefuse(1)]);
        let ended = driver().run(&mut script, wire, |event| seen.extend_from_slice(event.received)).await;
        let failure = ended.expect_err("refused");
        assert_eq!(seen, shown.as_bytes());
        assert_eq!(failure.rest, if captures { b"za" } else { b"Za" });
    }
}

#[tokio::test]
async fn a_reset_is_told_from_a_close_even_where_it_counts_as_one() {
    for (end, reset) in [(Fin, false), (Error(ErrorKind::ConnectionReset), true)] {
        let failure = shake([Say("a"), Hear(1)], Wire::new([end])).await.expect_err("ended");
        assert!(matches!(failure.cause, Cause::Closed), "{:?}", failure.cause);
        assert_eq!(failure.reset, reset);
    }
}

#[tokio::test]
async fn bytes_behind_the_handshake_are_served_before_those_that_come_later() {
    let (mut theirs, ours) = duplex(64);
    theirs.write_all(b"xyz and").await.unwrap();
    let established = shake([Hear(3), Say("a")], ours).await.expect("concluded");
    assert_eq!((established.received, established.sent), (3, 1));
    assert_eq!(established.unread, b" and");

    let (mut stream, ()) = established.into_stream();
    theirs.write_all(b" more").await.unwrap();
    stream.write_all(b"thanks").await.unwrap();
    let (mut said, mut heard) = (String::new(), [0; 7]);
    theirs.read_exact(&mut heard).await.unwrap();
    drop(theirs);
    stream.read_to_string(&mut said).await.unwrap();
    assert_eq!((said.as_str(), &heard), (" and more", b"athanks"));
}

#[tokio::test]
async fn the_connection_can_be_had_with_what_is_still_unread() {
    let established = shake([Hear(1)], Wire::new([Bytes("xyz")])).await.expect("concluded");
    let (mut stream, ()) = established.into_stream();
    assert_eq!(stream.read_u8().await.unwrap(), b'y');
    assert_eq!(stream.into_inner().1, b"z");
}

#[tokio::test]
async fn both_sides_agree_through_a_pipe_one_byte_wide() {
    let (a, b) = duplex(1);
    let (mut first, mut second) =
        (Script::new([Say("hello"), Hear(7), Say("bye")]), Script::new([Hear(5), Say("welcome"), Hear(3)]));
    let limits = Limits::within(PATIENCE);
    let (first, second) = tokio::join!(run(&mut first, a, limits, unheeded), run(&mut second, b, limits, unheeded));
    assert_eq!((first.expect("concluded").sent, second.expect("concluded").received), (8, 8));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_at_the_deadline() {
    for (reads, stage, awaiting) in [(vec![], Stage::Hello, "introduction"), (vec![Bytes("x")], Stage::Ack, "answer")] {
        let mut script = Script::new([Say("a"), Hear(1), Hear(1)]);
        let ended = run(&mut script, Wire::new(reads), Limits::within(PATIENCE), unheeded).await;
        let failure = ended.expect_err("silent");
        assert!(matches!(failure.cause, Cause::Late));
        assert_eq!((script.stage(), failure.awaiting), (stage, awaiting));
        assert_eq!(failure.after.as_secs(), PATIENCE.as_secs());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_drips_gains_no_time_by_it() {
    let (mut theirs, ours) = duplex(64);
    let drip = tokio::spawn(async move {
        while theirs.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let started = Instant::now();
    let failure = shake([Hear(100)], ours).await.expect_err("slow");
    assert!(matches!(failure.cause, Cause::Late));
    assert_eq!(started.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(failure.received, 0);
    assert!((5..=6).contains(&failure.rest.len()), "{} bytes", failure.rest.len());
    drip.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_side_is_woken_whenever_it_wants_to_be_and_loses_nothing_by_it() {
    let side = |len| Script::new([Hear(len)]).speaking_every(Duration::from_secs(2));
    let wrote = |text: &str| Wrote(text.to_owned());

    // Woken after two and after four of five seconds.
    let mut wire = Wire::new([]);
    let failure = run(&mut side(1), &mut wire, Limits::within(PATIENCE), unheeded).await;
    assert!(matches!(failure.expect_err("silence").cause, Cause::Late));
    assert_eq!(wire.did, [wrote("..."), Flushed, wrote("..."), Flushed]);

    // Bytes that arrived in part are kept.
    let (mut theirs, ours) = duplex(64);
    let peer = tokio::spawn(async move {
        for piece in ["x", "y", "z"] {
            theirs.write_all(piece.as_bytes()).await.unwrap();
            sleep(Duration::from_millis(1500)).await;
        }
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.unwrap();
        heard
    });
    let established = run(&mut side(3), ours, Limits::within(PATIENCE), unheeded).await;
    assert_eq!(established.expect("concluded").received, 3);
    assert_eq!(peer.await.unwrap(), "...");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_given_up_at_the_deadline() {
    for script in [vec![Say("more than fits"), Hear(1)], vec![Say("more than fits")]] {
        let (_theirs, ours) = duplex(2);
        let failure = shake(script, ours).await.expect_err("stuck");
        assert!(matches!(failure.cause, Cause::Late));
        assert_eq!(failure.sent, 2, "what did not leave was not sent");
    }
}

#[tokio::test]
async fn a_peer_that_sends_more_than_the_budget_is_flooding() {
    let failure = shake_within(7, [Hear(4), Hear(4)], [Bytes("xxxx"), Bytes("xxxx")]).await.expect_err("too much");
    assert!(matches!(failure.cause, Cause::Flood));
    let established = shake_within(8, [Hear(4), Hear(4)], [Bytes("xxxx"), Bytes("xxxxyyyy")]).await;
    assert_eq!(established.expect("what follows the handshake does not count").unread, b"yyyy");
}

#[tokio::test]
async fn what_waits_for_the_rest_of_a_message_counts_towards_the_budget() {
    let reads = [Bytes("xxxx"), Bytes("xxxx"), Bytes("xxxx")];
    let failure = shake_within(7, [Hear(1000)], reads).await.expect_err("too much");
    assert!(matches!(failure.cause, Cause::Flood));
    assert_eq!((failure.received, failure.rest.len()), (0, 8));
}

#[tokio::test]
async fn however_the_bytes_are_cut_the_budget_ends_them_the_same() {
    for budget in 0..12 {
        for piece in 1..=12 {
            let sent = "xxxxyyyyzzzz".as_bytes().chunks(piece).map(|piece| Bytes(str::from_utf8(piece).unwrap()));
            let failure = shake_within(budget, [Hear(4), Hear(4), Refuse], sent).await.expect_err("refused");
            let refused = matches!(failure.cause, Cause::Fault(Refused));
            assert_eq!(refused, budget >= 8, "a budget of {budget}, {piece} bytes a read");
            assert!(refused || matches!(failure.cause, Cause::Flood));
        }
    }
}

#[tokio::test]
async fn a_close_is_told_with_what_was_waited_for() {
    let rows: [(&[&str], Stage, u64, &[u8]); 4] = [
        (&[], Stage::Hello, 0, b""),
        (&["x"], Stage::Hello, 0, b"x"),
        (&["xy"], Stage::Ack, 2, b""),
        (&["xy", "z"], Stage::Ack, 2, b"z"),
    ];
    for (arrives, stage, received, rest) in rows {
        let reads = arrives.iter().map(|text| Bytes(text)).chain([Fin]);
        let mut script = Script::new([Say("a"), Hear(2), Say("b"), Hear(2)]);
        let ended = run(&mut script, Wire::new(reads), Limits::within(PATIENCE), unheeded).await;
        let failure = ended.expect_err("closed");
        assert!(matches!(failure.cause, Cause::Closed));
        assert_eq!((script.stage(), failure.received), (stage, received), "{arrives:?}");
        assert_eq!(failure.rest, rest);
    }
}

#[tokio::test]
async fn an_abort_counts_as_a_close_once_we_have_sent_anything() {
    let cause = async |script: Vec<Act>, kind| shake(script, Wire::new([Error(kind)])).await.expect_err("broken").cause;
    for kind in [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted] {
        assert!(matches!(cause(vec![Say("a"), Hear(1)], kind).await, Cause::Closed), "{kind}");
    }
    assert!(matches!(cause(vec![Hear(1)], ErrorKind::ConnectionReset).await, Cause::Reset));
    for script in [vec![Hear(1)], vec![Say("a"), Hear(1)]] {
        assert!(matches!(cause(script, ErrorKind::HostUnreachable).await, Cause::Io(_)));
    }
}

#[tokio::test]
async fn a_write_that_fails_does_not_hide_what_the_peer_has_said() {
    let gone = |reads: Vec<Read>| Wire::new(reads).unwritable(ErrorKind::BrokenPipe);
    let script = || [Say("a"), Hear(1), Say("b")];
    shake(script(), gone(vec![Bytes("x"), Fin])).await.expect("all was said and heard");
    let failure = shake(script(), gone(vec![Fin])).await.expect_err("gone");
    assert!(matches!(failure.cause, Cause::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_introduced_itself_and_left_is_a_partial_success() {
    let introduced = || [Say("a"), Hear(1), Hear(1)];
    let rows = [
        (vec![Bytes("x"), Fin], "partial at ack (closed): closed the connection before its answer: it is shy"),
        (vec![Fin], "failed at hello (closed): closed the connection before its introduction: it is shy"),
        (vec![Bytes("x")], "partial at ack (timeout): sent no answer within 5.0 s"),
        (vec![], "failed at hello (timeout): sent no introduction within 5.0 s"),
        (
            vec![Bytes("x"), Error(ErrorKind::TimedOut)],
            "failed at ack (io): the connection broke before its answer: timed out",
        ),
    ];
    for (reads, sentence) in rows {
        let verdict = judge(introduced(), Wire::new(reads), Limits::DEFAULT_BYTES).await;
        assert_eq!(verdict.to_string(), sentence);
        assert_eq!(verdict.blame(), Some(Blame::Network));
    }
}

#[tokio::test]
async fn a_fault_and_a_flood_are_failures_whose_fault_is_known() {
    let verdict = judge([Hear(1), Refuse], Wire::new([Bytes("x")]), Limits::DEFAULT_BYTES).await;
    assert_eq!(verdict.to_string(), "failed at ack (script.refused): we do not like it");
    assert_eq!((verdict.outcome(), verdict.blame()), (Outcome::Failed, Some(Blame::Mismatch)));

    let verdict = judge([Hear(2), Hear(2)], Wire::new([Bytes("xy")]), 1).await;
    assert_eq!(
        verdict.to_string(),
        "failed at hello (flood): sent more than a handshake may take, without its introduction"
    );
    assert_eq!(verdict.blame(), Some(Blame::Peer));

    let verdict = judge([Hear(1)], Wire::new([Error(ErrorKind::ConnectionReset)]), 1).await;
    assert_eq!(verdict.to_string(), "failed at hello (reset): reset the connection before its introduction: it is shy");
}

#[tokio::test]
async fn a_failure_is_an_error_like_any_other_and_leads_to_what_is_behind_it() {
    async fn main(reads: impl IntoIterator<Item = Read>) -> Result<(), Box<dyn StdError + Send + Sync>> {
        shake([Hear(1), Refuse], Wire::new(reads)).await?;
        Ok(())
    }
    let error = main([Bytes("x")]).await.expect_err("refused");
    assert_eq!(error.to_string(), "we do not like it");
    assert!(error.source().expect("the fault").is::<Refused>());

    let error = main([Error(ErrorKind::HostUnreachable)]).await.expect_err("broken");
    assert_eq!(error.to_string(), "the connection broke before its introduction: host unreachable");
    assert!(error.source().expect("the system's").is::<std::io::Error>());

    let error = main([Fin]).await.expect_err("closed");
    assert_eq!(error.to_string(), "closed the connection before its introduction");
    assert!(error.source().is_none());
}

#[tokio::test]
async fn who_leaves_is_heard_to_the_end_even_with_something_unread() {
    const LONG: &str = include_str!("driver.rs");
    for last in ["", "bye", LONG] {
        for hears in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            peer.write_all(b"x").await.unwrap();

            let acts = [Hear(1), Say(last)].into_iter().skip(usize::from(!hears));
            let limits = Limits::within(PATIENCE);
            let left = Driver::new(limits).over_tcp(LEAVE).run(&mut Script::new(acts), stream, unheeded).await;
            let left = left.expect("concluded");
            assert_eq!((left.received, left.sent), (hears.into(), last.len() as u64));
            drop(left);

            let mut heard = vec![0; last.len()];
            peer.read_exact(&mut heard).await.expect("all of it");
            assert_eq!(heard, last.as_bytes());
            assert_eq!(peer.read(&mut [0]).await.expect("an end, no abort"), 0);
        }
    }
}

async fn shake<S>(acts: impl IntoIterator<Item = Act>, stream: S) -> Result<Established<S, ()>, Failure<Refused>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    run(&mut Script::new(acts), stream, Limits::within(PATIENCE), unheeded).await
}

async fn shake_within(
    bytes: u64,
    acts: impl IntoIterator<Item = Act>,
    reads: impl IntoIterator<Item = Read>,
) -> Result<Established<Wire, ()>, Failure<Refused>> {
    let limits = Limits { bytes, ..Limits::within(PATIENCE) };
    run(&mut Script::new(acts), Wire::new(reads), limits, unheeded).await
}

async fn judge(acts: impl IntoIterator<Item = Act>, wire: Wire, bytes: u64) -> Verdict {
    let mut script = Script::new(acts);
    let limits = Limits { bytes, ..Limits::within(PATIENCE) };
    let failure = run(&mut script, wire, limits, unheeded).await.expect_err("not concluded");
    Verdict::of_failure(&script, &failure)
}

fn unheeded(_: Seen<'_, ()>) {}
