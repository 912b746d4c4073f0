//! Invalid bytes: how each handshake ends, and the side to blame.

mod common;

use common::{Flight, KINDS, ROLES, end_on, local, params, version};
use handshake::Blame::{Mismatch, Peer};
use handshake::{Conversation, End as Ending, Evidence, Fault, Handshake, OursRead, Role, Stage};
use testing::{End, cut, feed};
use verack_bitcoin::chain::Checksum;
use verack_bitcoin::frame::HEADER_LEN;
use verack_bitcoin::message::{MAX_PAYLOAD_LEN, MAX_WHOLE_LEN};
use verack_bitcoin::{Error, V1};

#[test]
fn the_first_bytes_tell_what_it_is_not() {
    let rows: [(&[u8], End); 12] = [
        (b"HTTP/1.1 400 Bad Request\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"GET / HTTP/1.1\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x8a\x11\xd7\x55\x03",
            End::Fault("bitcoin.not-bitcoin", Mismatch),
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"220 mail.example.org ESMTP\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"-ERR unknown command\r\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"{\"id\":1,\"method\":\"server.version\"}\n", End::Fault("bitcoin.not-bitcoin", Mismatch)),
        (b"\x00\x00\x00\x00version\0\0\0\0\0", End::Fault("bitcoin.magic", Mismatch)),
        (b"\x00\x00\x00\x00version\0\0\0\0", End::Waits("version")),
        (
            b"\x72\x82\x86\xc1\x0e\x53\xf0\x1b\x8c\xd2\x91\x4f\x37\xe6\x2a\xbb",
            End::Fault("bitcoin.no-message", Mismatch),
        ),
        (&params("litecoin").magic.0, End::Fault("bitcoin.magic", Mismatch)),
        (b"\xf9\xbe\xb4", End::Waits("version")),
    ];
    for (bytes, expected) in rows {
        assert_eq!(end_on("bitcoin", bytes), expected, "{bytes:?}");
    }
}

#[test]
fn what_ends_before_its_first_bytes_tell_is_told_by_what_came() {
    for role in ROLES {
        let rows: [(&[u8], Option<&str>); 5] = [
            (b"", None),
            (b"\xf9\xbe\xb4", None),
            (b"\x15\x03\x03\x00\x02\x02\x46", Some("bitcoin.not-bitcoin")),
            (b"SSH-2.0-Go\r\n", Some("bitcoin.not-bitcoin")),
            (b"{\"\xc1\x0e\x53\xf0", Some("bitcoin.no-message")),
        ];
        for (bytes, code) in rows {
            let mut side = V1::new(role, local("bitcoin"));
            let ended = cut(|| V1::new(role, local("bitcoin")), bytes);
            assert_eq!((End::of(&ended), ended.taken), (End::Waits("version"), 0));
            assert_eq!(End::of(&feed(&mut side, [bytes])), End::Waits("version"));
            for end in [Ending::Closed, Ending::Silent] {
                assert_eq!(side.ended(end, bytes).as_ref().map(Fault::code), code, "{bytes:02x?}");
            }
        }
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
fn a_feature_too_long_to_be_one_is_malformed_where_features_mean_something() {
    let of = |chain: &str, len: usize| {
        let payload = [&b"\x04abcd\xfd\x00\x02"[..], &vec![0; len]].concat();
        let flight = Flight::on(chain).version(&version(chain)).payload("feature", &payload[..len]).verack();
        end_on(chain, &flight.bytes)
    };
    assert_eq!(of("bitcoin", 1 + 4 + 3 + 512), End::Done);
    let longest = usize::try_from(MAX_WHOLE_LEN).unwrap();
    for len in [1 + 4 + 3 + 512 + 1, longest, longest + 1, 100_000] {
        assert_eq!(of("bitcoin", len), End::Fault("bitcoin.malformed", Peer), "{len}");
        assert_eq!(of("litecoin", len), End::Done, "{len}");
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
fn the_checksum_of_an_unknown_message_does_not_matter() {
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

#[test]
fn what_an_end_most_likely_means_depends_on_our_role_and_on_how_far_the_handshake_came() {
    let closed = Ending::Closed;
    let silent = Ending::Silent;
    let (no_slot, read) = ("most likely all its inbound slots are taken, ", OursRead::Unknown);
    let is_broken = "a half-open proxy or a broken node is silent like this";
    let (nothing, introduced) = (vec![], Flight::on("bitcoin").version(&version("bitcoin")).bytes);
    let rows = [
        (Role::Initiator, &nothing, closed, OursRead::Nothing, format!("{no_slot}or it refuses our address")),
        (
            Role::Initiator,
            &nothing,
            closed,
            OursRead::NotAll,
            format!("{no_slot}it has banned our address, or it is on another network"),
        ),
        (
            Role::Initiator,
            &nothing,
            closed,
            read,
            format!("{no_slot}it has banned our address, or it is on another network"),
        ),
        (
            Role::Initiator,
            &nothing,
            silent,
            read,
            "it may hang, start up, be on another network, be no Bitcoin node, or have discarded our version".into(),
        ),
        (Role::Initiator, &introduced, closed, read, "it looked at who we are and left".into()),
        (Role::Initiator, &introduced, silent, read, is_broken.into()),
        (Role::Responder, &nothing, closed, OursRead::NotSaid, "most likely a port scan, or another protocol".into()),
        (
            Role::Responder,
            &nothing,
            silent,
            OursRead::NotSaid,
            "most likely a port scan, or it waits for us to speak first".into(),
        ),
        (
            Role::Responder,
            &introduced,
            closed,
            read,
            "a feeler closes like this, and so does a node that wants services that we lack".into(),
        ),
        (Role::Responder, &introduced, silent, read, is_broken.into()),
    ];
    for (role, heard, end, ours, expected) in rows {
        let mut side = V1::new(role, local("bitcoin"));
        feed(&mut side, [&heard[..]]);
        assert_eq!(side.stage(), if heard.is_empty() { Stage::Hello } else { Stage::Ack });
        assert_eq!(side.suspicion(Evidence { end, ours }), expected, "{role:?}, {end:?}, {ours:?}");
    }
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
