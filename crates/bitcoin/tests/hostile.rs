//! Bytes that are not what they should be: how each handshake ends, and whose fault that is.

mod common;

use common::{Flight, KINDS, end_on, local, params, version};
use handshake::Blame::{Mismatch, Peer};
use handshake::Fault;
use testing::{End, feed};
use verack_bitcoin::chain::Checksum;
use verack_bitcoin::frame::HEADER_LEN;
use verack_bitcoin::message::{MAX_PAYLOAD_LEN, MAX_WHOLE_LEN};
use verack_bitcoin::{Error, V1};

#[test]
fn the_first_bytes_tell_what_it_is_not() {
    let rows: [(&[u8], End); 10] = [
        (b"HTTP/1.1 400 Bad Request\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"GET / HTTP/1.1\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"\x15\x03\x03\x00\x02\x02\x46", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"SSH-2.0-OpenSSH_9.2\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"220 mail.example.org ESMTP\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"-ERR unknown command\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"{\"id\":1}\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"\x00\x00\x00\x00", End::Fault("bitcoin.magic", Mismatch)),
        (&params("litecoin").magic.0, End::Fault("bitcoin.magic", Mismatch)),
        (b"\xf9\xbe\xb4", End::Waits("version")),
    ];
    for (bytes, expected) in rows {
        assert_eq!(end_on("bitcoin", bytes), expected, "{bytes:?}");
    }
}

#[test]
fn a_node_of_another_network_is_told_by_the_name_of_its_network() {
    for chain in KINDS.iter().filter(|chain| **chain != "bitcoin") {
        let bytes = Flight::on(chain).version(&version(chain)).bytes;
        let fault = fault(&bytes);
        assert_eq!((fault.code(), fault.blame()), ("bitcoin.magic", Mismatch));
        assert!(fault.to_string().contains(chain), "{fault}");
    }
}

#[test]
fn a_length_over_the_limit_fails_on_the_header_alone() {
    for len in [MAX_PAYLOAD_LEN + 1, 32 << 20, u32::MAX] {
        for command in [b"version\0\0\0\0\0", b"inv\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(end_on("bitcoin", &header(command, len)), End::Fault("bitcoin.oversized", Peer), "{len}");
        }
    }
    assert_eq!(end_on("bitcoin", &header(b"inv\0\0\0\0\0\0\0\0\0", MAX_PAYLOAD_LEN)), End::Waits("version"));
}

#[test]
fn a_version_or_verack_too_long_to_be_one_is_not_waited_for() {
    for command in [b"version\0\0\0\0\0", b"verack\0\0\0\0\0\0"] {
        assert_eq!(end_on("bitcoin", &header(command, MAX_WHOLE_LEN)), End::Waits("version"));
        let too_long = header(command, MAX_WHOLE_LEN + 1);
        assert_eq!(end_on("bitcoin", &too_long), End::Fault("bitcoin.oversized", Peer));
    }
}

#[test]
fn a_bad_checksum_is_the_peers_fault_unless_it_is_another_networks_kind() {
    let mut damaged = Flight::on("bitcoin").version(&version("bitcoin")).bytes;
    damaged[20] ^= 1;
    assert_eq!(end_on("bitcoin", &damaged), End::Fault("bitcoin.checksum", Peer));

    for (ours, theirs, kind) in
        [("bitcoin", "groestlcoin", Checksum::Groestl512d), ("groestlcoin", "bitcoin", Checksum::Sha256d)]
    {
        let mut bytes = Flight::on(theirs).version(&version(theirs)).bytes;
        bytes[..4].copy_from_slice(&params(ours).magic.0);
        assert_eq!(end_on(ours, &bytes), End::Fault("bitcoin.checksum", Mismatch));
        let ended = feed(&mut V1::initiator(local(ours)), [&bytes[..]]);
        let hint = ended.result.unwrap().unwrap_err();
        assert!(matches!(hint, Error::Checksum { other: Some(other), .. } if other == kind), "{hint}");
    }
}

#[test]
fn the_checksum_of_a_message_that_nobody_knows_does_not_matter() {
    let mut flight = Flight::on("bitcoin").version(&version("bitcoin")).payload("whatever", b"...");
    *flight.bytes.last_mut().unwrap() ^= 1;
    assert_eq!(end_on("bitcoin", &flight.verack().bytes), End::Done);
}

#[test]
fn a_message_of_four_megabytes_is_skipped() {
    let largest = vec![0; usize::try_from(MAX_PAYLOAD_LEN).unwrap()];
    let flight = Flight::on("bitcoin").version(&version("bitcoin")).payload("block", &largest).verack();
    let ended = feed(&mut V1::initiator(local("bitcoin")), flight.bytes.chunks(16 * 1024));
    assert_eq!((End::of(&ended), ended.taken), (End::Done, flight.bytes.len()));
}

#[test]
fn bytes_out_of_step_after_a_good_message_are_not_another_network() {
    let bytes = Flight::on("bitcoin").version(&version("bitcoin")).raw(&params("litecoin").magic.0).bytes;
    assert_eq!(end_on("bitcoin", &bytes), End::Fault("bitcoin.out-of-sync", Peer));
}

fn header(command: &[u8; 12], len: u32) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..4].copy_from_slice(&params("bitcoin").magic.0);
    header[4..16].copy_from_slice(command);
    header[16..20].copy_from_slice(&len.to_le_bytes());
    header
}

fn fault(bytes: &[u8]) -> Error {
    feed(&mut V1::initiator(local("bitcoin")), [bytes]).result.expect("over").expect_err("a fault")
}
