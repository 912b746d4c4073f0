//! Our static key has few copies in the program's memory, however many connections are open.

use std::fs::{self, File};
use std::io::BufRead;
use std::net::TcpStream;
use std::os::unix::fs::FileExt;

use crate::common::run;
use crate::keyed::{Listening, report};

/// The number of copies of these bytes in the memory of a process.
fn copies(process: u32, secret: &[u8; 32]) -> usize {
    const CHUNK: usize = 256 * 1024;
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut chunk = vec![0; CHUNK + 31];
    let mut copies = 0;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|digits| usize::from_str_radix(digits, 16).unwrap());
        if !rest.starts_with("rw") {
            continue;
        }
        for at in (start..end).step_by(CHUNK) {
            let len = chunk.len().min(end - at);
            let Ok(read) = memory.read_at(&mut chunk[..len], at as u64) else { continue };
            copies += copies_in(&chunk[..read], secret);
        }
    }
    copies
}

/// The standard library's search for one byte is fast also in a program without optimisation.
fn copies_in(bytes: &[u8], secret: &[u8; 32]) -> usize {
    let (first, others) = secret.split_first().unwrap();
    let (mut rest, mut copies) = (bytes, 0);
    while rest.skip_until(*first).unwrap() > 0 {
        copies += usize::from(rest.starts_with(others));
    }
    copies
}

#[test]
fn connections_do_not_multiply_the_secret_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let path = file.to_str().unwrap();
    assert!(run(["key", path]).status.success());
    let secret = handshake::read_hex(fs::read_to_string(&file).unwrap().trim().as_bytes()).unwrap();
    for (protocol, chain) in [("ethereum", &["-c", "sepolia"][..]), ("lightning", &[]), ("libp2p", &[])] {
        let options = ["--protocol", protocol, "--key", path, "--timeout", "600s", "--per-address", "1000"];
        let mut listening = Listening::start(&[&options[..], chain].concat());
        let answered = || {
            let dialled = report(&[&listening.target]);
            assert_eq!(dialled["outcome"], "ok", "{dialled}");
        };
        answered();
        // Each of these connections holds a key of its own while it waits.
        let address = listening.address.clone();
        let waiting: Vec<_> = (0..200).map(|_| TcpStream::connect(&*address).unwrap()).collect();
        // Connections are accepted in order, so all of these are accepted once this one is answered.
        answered();
        let copies = copies(listening.child.id(), &secret);
        assert!((1..=3).contains(&copies), "{protocol}: {copies} copies");
        drop(waiting);
        listening.child.kill().unwrap();
        listening.child.wait().unwrap();
    }
}
