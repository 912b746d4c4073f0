//! The memory for the addresses of a crawl.

mod common;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use allocation_counter::measure;
use common::KEY;
use verack_discover::{Frontier, Learned, Next, Outcome, Policy, Source};

/// The number of addresses that Bitcoin's peers were seen to gossip.
const KNOWN: u32 = 544_000;

#[test]
fn all_of_bitcoins_addresses_fit_in_80_mb_wherever_they_are_on_their_way() {
    let mut frontier = Frontier::new(Policy { prefix_pace: None, retries: 1, ..Policy::default() }, KEY);
    let costs = measure(|| {
        (0..KNOWN).for_each(|n| assert_eq!(frontier.learn(address(n), Source::Seed, Duration::ZERO), Learned::New));
        let mut now = Duration::ZERO;
        loop {
            match frontier.next(now) {
                Next::Dial(address) => assert!(frontier.done(address, Outcome::Failed, now)),
                Next::Wait(until) => now = until,
                Next::Idle | Next::Exhausted => break,
            }
        }
    });
    assert_eq!(frontier.counts().given_up, usize::try_from(KNOWN).unwrap());
    assert!(costs.bytes_max < 80_000_000, "{} bytes", costs.bytes_max);
}

#[test]
fn a_million_addresses_of_a_million_prefixes_fit_in_200_mb() {
    let stranger = |n: u32| {
        let [a, b, c, d] = n.to_be_bytes();
        SocketAddr::from(([u16::from_be_bytes([0x2a, b]), u16::from_be_bytes([c, d]), 0, 0, 0, 0, 0, a.into()], 8333))
    };
    let mut frontier = Frontier::new(Policy::default(), KEY);
    let costs = measure(|| {
        (0..1_000_000).for_each(|n| {
            frontier.learn(stranger(n), Source::Seed, Duration::ZERO);
        });
    });
    assert_eq!(frontier.counts().known, Policy::MAX_KNOWN);
    assert!(costs.bytes_max < 200_000_000, "{} bytes", costs.bytes_max);
}

#[test]
fn what_is_known_is_learned_again_without_an_allocation() {
    let mut frontier = Frontier::new(Policy::default(), KEY);
    (0..1000).for_each(|n| assert_eq!(frontier.learn(address(n), Source::Seed, Duration::ZERO), Learned::New));
    let peer = Source::Peer(IpAddr::from([9, 9, 9, 9]));
    let costs = measure(|| {
        (0..1000).for_each(|n| assert_eq!(frontier.learn(address(n), peer, Duration::ZERO), Learned::Known));
    });
    assert_eq!(costs.count_total, 0);
}

/// Spread over 16 384 prefixes.
fn address(n: u32) -> SocketAddr {
    let [_, b, c, d] = (n / 16_384).to_be_bytes();
    let [_, _, high, low] = (n % 16_384).to_be_bytes();
    SocketAddr::from(([11 + high, low, c, d], 8333 + u16::from(b)))
}

#[test]
fn of_addresses_that_are_forgotten_nothing_is_kept() {
    let policy = Policy { max_known: 2000, prefix_pace: None, retries: 0, ..Policy::default() };
    let mut frontier = Frontier::new(policy, KEY);
    let mut told = |addresses: std::ops::Range<u32>| {
        measure(|| {
            for n in addresses {
                // Another address, another prefix, and another source.
                let peer = Source::Peer(IpAddr::from(((n / 4096) << 16).to_be_bytes()));
                frontier.learn(address(n * 7919 % 4_000_000), peer, Duration::ZERO);
                while let Next::Dial(address) = frontier.next(Duration::ZERO) {
                    frontier.dialled_again(address, Duration::ZERO);
                    assert!(frontier.done(address, Outcome::Failed, Duration::ZERO));
                }
            }
        })
    };
    told(0..10_000);
    let costs = told(10_000..100_000);
    assert!(costs.bytes_current < 500_000, "{} bytes more", costs.bytes_current);
    assert_eq!((frontier.counts().known, frontier.counts().dials), (2000, 200_000));
}
