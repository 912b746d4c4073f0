//! The stable reason codes, with blame and an example of the sentence that goes with each.

use testing::{assert_explained, reasons};
use verack_monero::error::{Limit, Malformed};
use verack_monero::{Command, Error, Kind, Network, NetworkId, ReturnCode};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_monero::REASONS);
}

fn every_error() -> Vec<Error> {
    let response = Kind::Response(ReturnCode::FINE);
    let malformed = |what| Error::Malformed { command: Command::HANDSHAKE, kind: response, what };
    let id = |name| Network::named(name).expect("in the table").id;
    let ours = id("monero");
    let mut errors = vec![
        Error::NotLevin { found: b'H' },
        Error::NotLevin { found: 0x16 },
        Error::OutOfSync { found: 0xff },
        Error::Version(0),
        Error::Flags { flags: 3, expects: 1 },
        Error::Oversized { command: Command::HANDSHAKE, len: u64::MAX, most: 65_536 },
    ];
    errors.extend(
        [
            Malformed::Signature,
            Malformed::EndsIn("key"),
            Malformed::Type(0x8d),
            Malformed::Bool(2),
            Malformed::Nameless,
            Malformed::Twice,
            Malformed::Missing("node_data"),
            Malformed::Not("my_port", "a number"),
            Malformed::Range("my_port"),
            Malformed::Length("top_id"),
            Malformed::TooMany(Limit::Depth),
            Malformed::TooMany(Limit::Entries),
            Malformed::TooMany(Limit::Sections),
            Malformed::TooMany(Limit::Strings),
            Malformed::TooMany(Limit::Peers),
        ]
        .map(malformed),
    );
    errors.extend([
        Error::Unexpected { command: Command::TIMED_SYNC, kind: Kind::Request },
        Error::Unexpected { command: Command(4242), kind: response },
        Error::Network { theirs: id("monero-stagenet"), ours },
        Error::Network { theirs: NetworkId([0xab; 16]), ours },
        Error::Refused { command: Command::HANDSHAKE, code: ReturnCode(-7) },
        Error::Refused { command: Command::HANDSHAKE, code: ReturnCode(-42) },
        Error::SelfConnect,
    ]);
    errors
}
