//! Time: one deadline for a whole attempt, and no delay that only the kernels cause.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use bitcoin::v2::{Garbage, Keys, Start};
use bitcoin::{Chain, Local, V1, V2};
use ethereum::Rlpx;
use handshake::{Handshake, Role, Rx, Step};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{CHAIN, json_lines, run};
use crate::listen::{listen, output};
use crate::proof::{ethereum_local, fresh, lightning_local};

/// Plays a peer that writes each flight in two parts, the first byte and the rest, under Nagle's algorithm: the kernel
/// sends the second part only after the first is acknowledged. It stays until the other side leaves, since a close
/// would send the delayed bytes at once.
fn shake_in_parts(stream: &mut TcpStream, mut side: impl Handshake) {
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
        let (first, second) = tx.split_at(tx.len().min(1));
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

/// The shortest handshake time, in milliseconds.
fn best<'r>(reports: impl Iterator<Item = &'r Value>) -> f64 {
    reports
        .inspect(|report| assert_eq!(report["outcome"], "ok", "{report}"))
        .map(|report| report["timing_ms"]["handshake"].as_f64().unwrap())
        .fold(f64::INFINITY, f64::min)
}

/// In milliseconds. Kernels delay an acknowledgement by at least 40, so each handshake that waits for one takes longer,
/// while on a busy machine one of many that do not is still faster.
const FAST: f64 = 35.0;
const RUNS: usize = 50;

/// The shortest of [`RUNS`] handshakes with such a peer, which we dial with these options. `named` makes its target.
fn best_as_initiator<H: Handshake>(
    options: &[&str],
    named: impl Fn(SocketAddr) -> String,
    side: impl Fn() -> H + Send + 'static,
) -> f64 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = named(listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| shake_in_parts(&mut stream.unwrap(), side())));
    let options = [options, &["--json", &target]].concat();
    let reports: Vec<_> = (0..RUNS).map(|_| json_lines(&run(options.iter().copied())).remove(0)).collect();
    best(reports.iter())
}

/// The same with such a peer as the caller of our listener with these options.
fn best_as_responder<H: Handshake>(options: &[&str], side: impl Fn() -> H) -> f64 {
    let (child, _log, address) = listen(&[options, &["--count", &RUNS.to_string()]].concat());
    for _ in 0..RUNS {
        shake_in_parts(&mut TcpStream::connect(&address).unwrap(), side());
    }
    let (lines, _) = output(child);
    best(lines[..RUNS].iter())
}

/// A plain-text peer sends all its data in one flight, which any kernel acknowledges at once.
#[test]
fn a_peer_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let options = ["-c", CHAIN, "--transport", "v2"];
    let best = best_as_initiator(&options, |address| address.to_string(), || encrypted(Role::Responder));
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_caller_that_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    let best = best_as_responder(&[], || V1::new(Role::Initiator, local()));
    assert!(best < FAST, "{best} ms");
}

#[test]
fn a_caller_that_writes_in_parts_over_v2_does_not_wait_for_our_acknowledgement() {
    let best = best_as_responder(&[], || encrypted(Role::Initiator));
    assert!(best < FAST, "{best} ms");
}

/// The secret bytes of our key, known to the peers.
const OUR_KEY: [u8; 32] = [0x11; 32];

/// These options, and one for a file with our key.
fn with_our_key<'o>(options: &[&'o str], folder: &'o TempDir, path: &'o mut String) -> Vec<&'o str> {
    *path = folder.path().join("key").display().to_string();
    fs::write(&*path, handshake::Hex(&OUR_KEY).to_string()).unwrap();
    fs::set_permissions(&*path, fs::Permissions::from_mode(0o600)).unwrap();
    [options, &["--key", path]].concat()
}

fn ethereum_side(role: Role) -> Rlpx {
    match role {
        Role::Initiator => {
            Rlpx::initiator(ethereum_local(), fresh(), ethereum::SecretKey::new(OUR_KEY).unwrap().public())
        }
        Role::Responder => Rlpx::responder(ethereum_local(), fresh()),
    }
}

#[test]
fn an_ethereum_node_that_writes_in_parts_does_not_wait_for_our_acknowledgement_in_either_role() {
    let id = ethereum_local().node_id();
    let named = |address| format!("enode://{id}@{address}");
    for status in ["echo", "own"] {
        let options = ["-c", "sepolia", "--status", status];
        let best = best_as_initiator(&options, named, || ethereum_side(Role::Responder));
        assert!(best < FAST, "--status {status}: {best} ms");
        let (folder, mut path) = (tempfile::tempdir().unwrap(), String::new());
        let options = with_our_key(&options, &folder, &mut path);
        let best = best_as_responder(&options, || ethereum_side(Role::Initiator));
        assert!(best < FAST, "listen --status {status}: {best} ms");
    }
}

fn lightning_side(role: Role) -> lightning::Hello {
    let local = lightning_local(0x42, &[9]);
    match role {
        Role::Initiator => lightning::Hello::initiator(local, lightning::SecretKey::new(OUR_KEY).unwrap().node_id()),
        Role::Responder => lightning::Hello::responder(local),
    }
}

#[test]
fn a_lightning_node_that_writes_in_parts_does_not_wait_for_our_acknowledgement_in_either_role() {
    let id = lightning_local(0x42, &[]).static_key.node_id();
    let best = best_as_initiator(&[], |address| format!("{id}@{address}"), || lightning_side(Role::Responder));
    assert!(best < FAST, "{best} ms");
    let (folder, mut path) = (tempfile::tempdir().unwrap(), String::new());
    let options = with_our_key(&["--protocol", "lightning"], &folder, &mut path);
    let best = best_as_responder(&options, || lightning_side(Role::Initiator));
    assert!(best < FAST, "listen: {best} ms");
}

fn libp2p_side(role: Role) -> libp2p::Hello {
    let [s, e] = [0x41, 0x42].map(|byte| libp2p::SecretKey::new([byte; 32]));
    let local = libp2p::Local::new(libp2p::Identity::new([0x40; 32]), s, e, "in-parts/1");
    match role {
        Role::Initiator => libp2p::Hello::initiator(local, None),
        Role::Responder => libp2p::Hello::responder(local),
    }
}

#[test]
fn a_libp2p_node_that_writes_in_parts_does_not_wait_for_our_acknowledgement_in_either_role() {
    let named = |address: SocketAddr| format!("/ip4/{}/tcp/{}", address.ip(), address.port());
    let best = best_as_initiator(&[], named, || libp2p_side(Role::Responder));
    assert!(best < FAST, "{best} ms");
    let best = best_as_responder(&["--protocol", "libp2p"], || libp2p_side(Role::Initiator));
    assert!(best < FAST, "listen: {best} ms");
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
            if n % 2 == 0 {
                // Answer the key with a late close.
                thread::sleep(Duration::from_secs(2));
            } else {
                kept.push(stream);
            }
        }
    });
    // The second key follows one second after the first.
    for (transport, timeout, pause) in [("auto", 5000.0, 0.0), ("v2", 5000.0, 1000.0)] {
        let time = format!("{timeout}ms");
        let output = run(["-c", CHAIN, "--transport", transport, "--json", "--timeout", &time, &target]);
        let report = &json_lines(&output)[0];
        assert_eq!(report["fallback_from"]["transport"], "v2", "{report}");
        let [first, second] = [&report["fallback_from"], report].map(|one| one["timing_ms"]["total"].as_f64().unwrap());
        let left = timeout - first - pause;
        // Timers may be late, but a second connection with the whole time limit would take at least that long.
        assert!(second < f64::midpoint(left, timeout), "{second} ms of {left} that were left: {report}");
    }
}
