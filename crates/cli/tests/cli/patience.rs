//! Time: one deadline for all of an attempt, and no wait that only the kernels cause.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bitcoin::{Chain, Local, V1};
use handshake::{Handshake, Role, Rx, Step};
use serde_json::Value;

use crate::common::{CHAIN, json_lines, run};
use crate::listen::{listen, output};

/// As the peer of a handshake does that says each of its flights in two writes, and leaves it to Nagle's algorithm when
/// they are sent: the second write waits until the first is acknowledged.
fn shake_in_halves(stream: &mut TcpStream, role: Role) {
    let params = Chain::named(CHAIN).unwrap().params;
    let mut side = V1::new(role, Local::new(params, 1_700_000_000, 77, [0; 32]));
    let (mut kept, mut tx, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    loop {
        let mut rx = Rx::new(&mut kept);
        let step = side.step(&mut rx, &mut tx).unwrap();
        let taken = rx.taken();
        kept.drain(..taken);
        let need = matches!(step, Step::Need(_));
        if need || matches!(step, Step::Done(_)) {
            let (first, second) = tx.split_at(tx.len() / 2);
            if stream.write_all(first).and_then(|()| stream.write_all(second)).is_err() {
                return;
            }
            tx.clear();
        }
        if !need {
            if matches!(step, Step::Done(_)) {
                return;
            }
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(len @ 1..) => kept.extend_from_slice(&buffer[..len]),
            _ => return,
        }
    }
}

/// The milliseconds of the handshake that took least.
fn best<'r>(reports: impl Iterator<Item = &'r Value>) -> f64 {
    reports
        .inspect(|report| assert_eq!(report["outcome"], "ok", "{report}"))
        .map(|report| report["timing_ms"]["handshake"].as_f64().unwrap())
        .fold(f64::INFINITY, f64::min)
}

/// A kernel delays an acknowledgement by 40 ms at least, and here twice.
const FAST: f64 = 20.0;
const RUNS: usize = 50;

#[test]
fn a_peer_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        listener.incoming().for_each(|stream| shake_in_halves(&mut stream.unwrap(), Role::Responder));
    });
    let reports: Vec<_> =
        (0..RUNS).map(|_| json_lines(&run(["-c", CHAIN, "--transport", "v1", "--json", &target])).remove(0)).collect();
    let best = best(reports.iter());
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_caller_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let (child, _log, address) = listen(&["--count", &RUNS.to_string()]);
    for _ in 0..RUNS {
        shake_in_halves(&mut TcpStream::connect(&address).unwrap(), Role::Initiator);
    }
    let (lines, _) = output(child);
    let best = best(lines[..RUNS].iter());
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
