//! Time: one deadline for all of an attempt, and no wait that only the kernels cause.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bitcoin::v2::{Garbage, Keys, Start};
use bitcoin::{Chain, Local, V1, V2};
use handshake::{Handshake, Role, Rx, Step};
use serde_json::Value;

use crate::common::{CHAIN, json_lines, run};
use crate::listen::{listen, output};

/// As the peer of a handshake that writes each of its flights in two parts, and leaves it to Nagle's algorithm when they are
/// sent: the second part waits until the first is acknowledged. It stays until the other side leaves, since a close would
/// send at once what is held back.
fn shake_in_halves(stream: &mut TcpStream, mut side: impl Handshake) {
    let (mut kept, mut tx, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    let mut is_over = false;
    loop {
        while !is_over {
            let mut rx = Rx::new(&mut kept);
            let step = side.step(&mut rx, &mut tx).unwrap();
            let taken = rx.taken();
            kept.drain(..taken);
            is_over = matches!(step, Step::Done(_));
            if matches!(step, Step::Need(_)) {
                break;
            }
        }
        let (first, second) = tx.split_at(tx.len() / 2);
        if stream.write_all(first).and_then(|()| stream.write_all(second)).is_err() {
            return;
        }
        tx.clear();
        match stream.read(&mut buffer) {
            Ok(len @ 1..) => kept.extend_from_slice(&buffer[..len]),
            _ => return,
        }
    }
}

fn local() -> Local {
    Local::new(Chain::named(CHAIN).unwrap().params, 1_700_000_000, 77, [0; 32])
}

fn encrypted(role: Role) -> V2 {
    V2::new(role, local(), Start::new(Keys::new([3; 32], [4; 32]).unwrap(), Garbage::default()))
}

/// The milliseconds of the handshake that took least.
fn best<'r>(reports: impl Iterator<Item = &'r Value>) -> f64 {
    reports
        .inspect(|report| assert_eq!(report["outcome"], "ok", "{report}"))
        .map(|report| report["timing_ms"]["handshake"].as_f64().unwrap())
        .fold(f64::INFINITY, f64::min)
}

/// A kernel delays an acknowledgement by 40 ms at least.
const FAST: f64 = 20.0;
const RUNS: usize = 50;

/// The best of so many handshakes with such a peer, which we dial.
fn best_as_initiator<H: Handshake>(transport: &str, side: impl Fn() -> H + Send + 'static) -> f64 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().for_each(|stream| shake_in_halves(&mut stream.unwrap(), side())));
    let options = ["-c", CHAIN, "--transport", transport, "--json", &target];
    let reports: Vec<_> = (0..RUNS).map(|_| json_lines(&run(options)).remove(0)).collect();
    best(reports.iter())
}

/// The same with such a peer that dials us.
fn best_as_responder<H: Handshake>(side: impl Fn() -> H) -> f64 {
    let (child, _log, address) = listen(&["--count", &RUNS.to_string()]);
    for _ in 0..RUNS {
        shake_in_halves(&mut TcpStream::connect(&address).unwrap(), side());
    }
    let (lines, _) = output(child);
    best(lines[..RUNS].iter())
}

/// In plain text all that it has to say fits into one flight, which any kernel acknowledges at once.
#[test]
fn a_peer_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let best = best_as_initiator("v2", || encrypted(Role::Responder));
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_caller_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let best = best_as_responder(|| V1::new(Role::Initiator, local()));
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_caller_that_writes_in_parts_over_v2_does_not_wait_for_our_acknowledgement() {
    let best = best_as_responder(|| encrypted(Role::Initiator));
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_second_connection_has_what_the_first_left_of_the_deadline() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            if n == 0 {
                // The key's answer: a close, late.
                thread::sleep(Duration::from_millis(1000));
            } else {
                kept.push(stream);
            }
        }
    });
    let output = run(["-c", CHAIN, "--transport", "auto", "--json", "--timeout", "1500ms", &target]);
    let report = &json_lines(&output)[0];
    let detail = report["detail"].as_str().unwrap();
    assert_eq!(report["fallback_from"]["transport"], "v2", "{report}");
    let second = report["timing_ms"]["total"].as_f64().unwrap();
    assert!(second <= 1000.0, "the second connection took {second} ms: {detail}");
}
