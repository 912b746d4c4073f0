//! The stable reason codes, with blame and an example of the sentence that goes with each.

mod common;

use common::hash;
use testing::{assert_explained, reasons};
use verack_lightning::error::{Malformed, Part};
use verack_lightning::message::{Kind, Notice};
use verack_lightning::{Act, ChainHash, Error, Feature};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_lightning::REASONS);
}

fn every_error() -> Vec<Error> {
    let malformed = |what| Error::Malformed { kind: Kind::INIT, what };
    let network = |theirs: &[ChainHash]| Error::Network { theirs: theirs.into(), ours: [hash("bitcoin")].into() };
    let notice = Notice::on_all_channels(b"Unsupported feature 998\x1b[2J").expect("short");
    vec![
        Error::Version { act: Act::One, found: b'G' },
        Error::Version { act: Act::Two, found: 1 },
        Error::Point(Act::One),
        Error::Point(Act::Three),
        Error::Mac(Part::Act(Act::One)),
        Error::Mac(Part::Act(Act::Two)),
        Error::Mac(Part::Act(Act::Three)),
        Error::Mac(Part::Length),
        Error::Mac(Part::Message),
        Error::Typeless(1),
        malformed(Malformed::EndsIn("features")),
        malformed(Malformed::TooLong("list of networks")),
        malformed(Malformed::Length("list of networks")),
        malformed(Malformed::NotMinimal("type of a record")),
        malformed(Malformed::OutOfOrder(1)),
        malformed(Malformed::UnknownRecord(2)),
        Error::Unexpected(Kind::PING),
        Error::Unexpected(Kind(4242)),
        Error::Feature(Feature(998)),
        network(&[hash("litecoin")]),
        network(&[hash("bitcoin-signet"), ChainHash([0xab; 32]), hash("litecoin"), ChainHash([0; 32])]),
        Error::Error(notice.clone()),
        Error::Warning(notice),
        Error::SelfConnect,
        Error::PingFlood,
    ]
}
