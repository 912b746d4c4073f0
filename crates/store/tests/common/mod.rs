//! Peers and attempts for the tests.
#![allow(dead_code, reason = "no test uses all of it")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use handshake::Stage;
use peers::{
    Attempt, Ending, Endpoint, EscapedText, Introduced, Learned, Outcome, Peer, PeerHistory, Sort, SortBy, Time,
    Transports,
};
use tempfile::TempDir;
use verack_store::Store;

pub const CHAIN: &str = "bitcoin";

pub const KNOWN: Sort = Sort { by: SortBy::Known, descending: false };

/// A database in its own directory, which is deleted when dropped.
pub async fn store() -> (Store, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
    (store, directory)
}

pub fn address(nth: u32) -> Endpoint {
    SocketAddr::new(Ipv4Addr::from_bits(0x0102_0304 + nth).into(), 8333).into()
}

pub fn learned(nth: u32, seen: i64, source: &str) -> Learned {
    let seen = Time(seen);
    Learned {
        chain: CHAIN.into(),
        endpoint: address(nth),
        identity: None,
        at: seen,
        seen: Some(seen),
        services: 1,
        source: source.into(),
    }
}

/// An attempt that was concluded.
pub fn good(nth: u32, at: i64, user_agent: &[u8]) -> Attempt {
    Attempt {
        chain: CHAIN.into(),
        endpoint: address(nth),
        identity: None,
        at: Time(at),
        ending: Ending { outcome: Outcome::Ok, stage: Stage::Done, reason: "ok".into() },
        blame: None,
        transports: Transports { v1: None, v2: Some(Outcome::Ok) },
        introduced: Some(Introduced {
            version: 70016,
            services: 0xc09,
            user_agent: EscapedText::of(user_agent),
            height: Some(900_000),
            introduction: None,
        }),
        latency: Some(Duration::from_micros(12_345)),
        source: Some("command line".into()),
    }
}

/// An attempt that got no answer.
pub fn failed(nth: u32, at: i64) -> Attempt {
    Attempt {
        ending: Ending { outcome: Outcome::Failed, stage: Stage::Connect, reason: "connect.timeout".into() },
        blame: Some(handshake::Blame::Network),
        transports: Transports { v1: Some(Outcome::Failed), v2: None },
        introduced: None,
        latency: None,
        ..good(nth, at, b"")
    }
}

/// The one peer at this address.
pub async fn shown(store: &Store, nth: u32) -> PeerHistory {
    let mut shown = store.show(&address(nth)).await.unwrap();
    assert_eq!(shown.len(), 1, "one peer at {}", address(nth));
    shown.remove(0)
}

pub async fn all(peers: peers::Peers) -> Vec<Peer> {
    let mut all = Vec::new();
    peers.for_each(|peer| all.push(peer)).await.unwrap();
    all
}
