//! The stable reason codes, with blame and an example of the sentence that goes with each.

mod common;

use common::hash;
use testing::{assert_explained, reasons};
use verack_ethereum::error::Malformed;
use verack_ethereum::network::Fork;
use verack_ethereum::snappy::Undecodable;
use verack_ethereum::standing::Unfit;
use verack_ethereum::{Capability, Error, ForkId, Hash, Reason};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_ethereum::REASONS);
}

fn every_error() -> Vec<Error> {
    let malformed = |message, what| Error::Malformed { message, what };
    let theirs = ForkId { hash: [0xbe, 0x46, 0xd5, 0x7c], next: 0 };
    let fork_id = |why| Error::ForkId { theirs, network: "ethereum", why };
    let mut errors = vec![
        Error::NotRlpx(*b"HTTP"),
        Error::NotRlpx(*b"\x16\x03\x01\x02"),
        Error::WrongKey,
        Error::Mac("ack"),
        Error::Mac("frame's header"),
        Error::Mac("frame"),
        Error::Point("key in its auth"),
        Error::Point("ephemeral key in its ack"),
        Error::Point("key that seals its packet"),
        Error::Signature,
        malformed("auth", Malformed::EndsIn("nonce")),
        malformed("Hello", Malformed::Kind("capabilities")),
        malformed("Status", Malformed::Length("genesis")),
        malformed("Status", Malformed::NotCanonical("network id")),
        Error::Snappy { message: "Status", why: Undecodable::TooLong(16 << 20) },
        Error::Snappy { message: "Status", why: Undecodable::Invalid },
        Error::Oversized { message: "Hello", len: 0xff_ffff, max: 2048 },
        Error::Unexpected(2),
        Error::Identity,
        Error::SelfConnect,
        fork_id(Unfit::OtherChain("ethereum-classic")),
        fork_id(Unfit::Stale(Fork { at: 1_764_798_551, name: "osaka" })),
        fork_id(Unfit::Unknown),
        Error::NoSharedEth { theirs: vec![Capability::new("eth", 63), Capability::new("\x1b[2J", 1)] },
        Error::NoSharedEth { theirs: vec![Capability::new("les", 4); 14] },
        Error::NoSharedEth { theirs: Vec::new() },
        Error::EthVersion { said: 67, agreed: 68 },
        Error::NetworkId { theirs: 56, ours: 1 },
        Error::NetworkId { theirs: 424_242, ours: 1 },
        Error::Genesis { theirs: Hash([7; 32]), ours: hash(common::GENESIS) },
    ];
    errors.extend(Reason::all().chain([Reason::Other(Some(0x7f)), Reason::Other(None)]).map(Error::Disconnected));
    errors
}
