//! The stable reason codes, with blame and an example of the sentence that goes with each.

use std::error::Error as StdError;
use std::fmt;

use handshake::{Blame, End, Fault, Reason};
use testing::{assert_explained, reasons};
use verack_proxy::sam::{self, BadDestination, Router};
use verack_proxy::socks::{self, Awaited, Refusal, Route};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_proxy::REASONS);
}

#[test]
fn a_code_says_whose_it_is() {
    for Reason { code, .. } in verack_proxy::REASONS {
        let (family, what) = code.split_once('.').expect("a family and a word");
        let ours = what.starts_with("proxy-") || what.starts_with("i2p-");
        assert!(matches!(family, "tor" | "proxy" | "i2p") || (family == "local" && ours), "{code}");
    }
    for reason in verack_proxy::REASONS {
        assert_eq!(reason.blame() == Some(Blame::Local), reason.code.starts_with("local."), "{}", reason.code);
    }
}

/// An error of either protocol.
#[derive(Debug)]
struct Any(Box<dyn Fault>);

impl fmt::Display for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Any {}

impl Fault for Any {
    fn blame(&self) -> Blame {
        self.0.blame()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }
}

fn every_error() -> Vec<Any> {
    let socks = every_socks_error().into_iter().map(|error| Any(Box::new(error)));
    socks.chain(every_sam_error().into_iter().map(|error| Any(Box::new(error)))).collect()
}

fn every_socks_error() -> Vec<socks::Error> {
    use socks::{Error, Malformed};
    let [without, with] = [false, true].map(|with_credentials| Awaited::Method { with_credentials });
    let mut errors = vec![
        Error::NotSocks { found: b'H' },
        Error::NotSocks { found: 4 },
        Error::NoMethod { with_credentials: false },
        Error::NoMethod { with_credentials: true },
        Error::Credentials { status: 2 },
    ];
    errors.extend(
        [
            Malformed::Method(0x80),
            Malformed::CredentialsVersion(0),
            Malformed::Version(4),
            Malformed::Reserved(0xff),
            Malformed::AddressType(2),
        ]
        .map(Error::Malformed),
    );
    errors.extend([without, with, Awaited::CredentialsStatus, Awaited::Reply].map(|awaited| Error::Closed { awaited }));
    errors.extend([without, with, Awaited::CredentialsStatus].map(|awaited| Error::Silent { awaited }));
    errors.extend([Route::Proxy, Route::Exit, Route::Onion].map(Error::Late));
    errors.extend(
        [
            (0x01, Refusal::Failed),
            (0x02, Refusal::Forbidden),
            (0x03, Refusal::Unreachable),
            (0x05, Refusal::Refused),
            (0x06, Refusal::TimedOut),
            (0x07, Refusal::Command),
            (0x08, Refusal::AddressType),
            (0x09, Refusal::Unassigned),
            (0x03, Refusal::Offline),
            (0x01, Refusal::OnionFailed),
            (0x05, Refusal::OnionPortClosed),
            (0x06, Refusal::OnionTimedOut),
            (0xf0, Refusal::OnionNotFound),
            (0xf1, Refusal::OnionDescriptor),
            (0xf2, Refusal::OnionIntroduction),
            (0xf3, Refusal::OnionRendezvous),
            (0xf4, Refusal::OnionUnauthorized),
            (0xf5, Refusal::OnionWrongAuthorization),
            (0xf6, Refusal::OnionAddress),
            (0xf7, Refusal::OnionIntroductionTimedOut),
            (0xf8, Refusal::OnionUnassigned),
        ]
        .map(|(code, why)| Error::Refused { code, why }),
    );
    errors
}

fn every_sam_error() -> Vec<sam::Error> {
    use sam::{Error, Malformed};
    let router = |request| Router { request, result: "I2P_ERROR".into(), message: Some("not \x1b ready".into()) };
    let mut errors = vec![Error::NotSam, Error::Version];
    errors.extend(
        [
            Malformed::TooLong,
            Malformed::Reply("NAMING REPLY"),
            Malformed::NoResult("NAMING REPLY"),
            Malformed::Missing("VALUE"),
            Malformed::Destination(BadDestination::Base64),
            Malformed::PrivateKey(BadDestination::Length),
            Malformed::OtherDestination,
        ]
        .map(Error::Malformed),
    );
    errors.extend([
        Error::Session(router("SESSION CREATE")),
        Error::Session(Router { request: "SESSION CREATE", result: "DUPLICATED_ID".into(), message: None }),
        Error::SessionGone,
        Error::Router(router("STREAM CONNECT")),
        Error::Closed { awaiting: "STREAM STATUS" },
        Error::Silent { awaiting: "SESSION STATUS" },
        Error::NotFound { result: "CANT_REACH_PEER" },
        Error::TimedOut,
        Error::Late,
        Error::NoAnswer(End::Closed),
        Error::NoAnswer(End::Silent),
        Error::Port(8333),
    ]);
    errors
}
