//! The stable reason codes, with blame and an example of the sentence that goes with each.

use testing::{assert_explained, reasons};
use verack_bitcoin::chain::{Checksum, Magic};
use verack_bitcoin::error::{Banner, Malformed};
use verack_bitcoin::message::{Command, Reject};
use verack_bitcoin::{Chain, Error, Services, v2};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_bitcoin::REASONS);
}

fn every_error() -> Vec<Error> {
    let expected = Magic([0xf9, 0xbe, 0xb4, 0xd9]);
    let magic = |found: [u8; 4]| Error::Magic { found: Magic(found), expected };
    let checksum =
        |other| Error::Checksum { command: Command::VERSION, said: [0; 4], computed: [0x5d, 0xf6, 0xe0, 0xe2], other };
    let malformed = |command, what| Error::Malformed { command, what };
    let rejected = |code| {
        let reason: &[u8] = match code {
            0x40 => b"required services 0x1 not offered",
            _ => b"Version must be 70215 or greater\x1b[2J",
        };
        let reject = Reject { message: (*b"version").into(), code, reason: reason.into() };
        Error::Rejected { reject, params: Chain::named("bitcoin").expect("it is in the table").params }
    };
    vec![
        magic([0xfb, 0xc0, 0xb6, 0xdb]),
        magic([0xe3, 0xe1, 0xf3, 0xe8]),
        magic([0, 1, 2, 3]),
        magic(*b"PING"),
        Error::NotBitcoin(Banner::Http),
        Error::NotBitcoinCaller(Banner::Http),
        Error::NotBitcoinCaller(Banner::Tls),
        Error::NotBitcoinCaller(Banner::Ssh),
        Error::NotBitcoin(Banner::Tls),
        Error::NotBitcoin(Banner::Ssh),
        Error::NotBitcoin(Banner::Smtp),
        Error::NotBitcoin(Banner::Redis),
        Error::NotBitcoin(Banner::Json),
        Error::NoMessage,
        Error::OutOfSync { found: [0, 1, 2, 3] },
        Error::Oversized { command: Command::VERSION, len: u32::MAX, max: 4_000_000 },
        Error::Oversized { command: Command::VERSION, len: 2049, max: 2048 },
        checksum(None),
        checksum(Some(Checksum::Groestl512d)),
        malformed(Command::VERSION, Malformed::EndsIn("nonce")),
        malformed(Command::VERSION, Malformed::TooLong("user agent")),
        malformed(Command::FEATURE, Malformed::TooShort("feature's name")),
        malformed(Command::VERSION, Malformed::NotCanonical("user agent")),
        malformed(Command::FEATURE, Malformed::Trailing("feature's data")),
        Error::Unexpected(Command::FEATURE),
        Error::Obsolete { version: -1, minimum: 31800 },
        Error::Services {
            missing: Services(0x0100_0009),
            params: Chain::named("ecash").expect("it is in the table").params,
        },
        Error::SelfConnect,
        rejected(0x01),
        rejected(0x10),
        rejected(0x11),
        rejected(0x12),
        rejected(0x40),
        rejected(0x41),
        rejected(0x42),
        rejected(0x43),
        rejected(0x44),
        Error::KeysOf { found: Magic([0x0b, 0x11, 0x09, 0x07]), expected },
        v2::Error::V1Only.into(),
        v2::Error::ClosedOnKey(v2::Offer::Unknown).into(),
        v2::Error::ClosedOnKey(v2::Offer::Lacking).into(),
        v2::Error::ClosedOnKey(v2::Offer::LackingOnNetwork).into(),
        v2::Error::ClosedOnKey(v2::Offer::Made).into(),
        v2::Error::ClosedOnKey(v2::Offer::Reported).into(),
        v2::Error::Echo.into(),
        v2::Error::NoTerminator.into(),
        v2::Error::Tag.into(),
        v2::Error::TooLong { len: 4_000_014 }.into(),
        v2::Error::Decoys.into(),
    ]
}
