//! Peers that send any addresses they like.

#![expect(clippy::panic, reason = "a wrong answer fails its test")]

mod common;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use common::{KEY, address};
use verack_discover::frontier::{Growing, Pace, Refusal, SHARE_LASTS};
use verack_discover::{Frontier, Group, Learned, Next, Outcome, Policy, Source};

#[test]
fn a_peer_that_tells_100_000_addresses_of_one_prefix_gets_its_share() {
    let mut frontier = Frontier::new(Policy::default(), KEY);
    let liar = Source::Peer(IpAddr::from([9, 9, 9, 9]));
    let learned = tell(&mut frontier, liar, hosts([11, 0]).take(100_000));
    let share = Policy::default().max_per_source.try_into().unwrap();
    assert_eq!((learned, frontier.counts().known), (share, share));
    assert_eq!(frontier.counts().refused, 100_000 - u64::from(Policy::default().max_per_source));
}

#[test]
fn a_thousand_peers_that_tell_of_one_prefix_fill_that_prefix_and_no_other() {
    let mut frontier = Frontier::new(Policy::default(), KEY);
    let mut lies = hosts([11, 0]);
    for n in 0..1000u16 {
        let [a, b] = n.to_be_bytes();
        tell(&mut frontier, Source::Peer(IpAddr::from([50 + a, b, 9, 9])), lies.by_ref().take(100));
    }
    assert_eq!(frontier.counts().known, usize::try_from(Policy::default().max_per_prefix).unwrap());
    assert_eq!(frontier.learn(address(2, 1), Source::Seed, Duration::ZERO), Learned::New);
    assert_eq!(frontier.learn(address(0, 1), Source::Seed, Duration::ZERO), Learned::Refused(Refusal::Prefix));
    let full = Learned::Refused(Refusal::Prefix);
    assert_eq!(
        frontier.learn(address(0, 1), Source::Remembered, Duration::ZERO),
        full,
        "nor has what is remembered more"
    );
    assert_eq!(frontier.recall(address(0, 1), true, None, Duration::ZERO), full);
    assert_eq!(frontier.learn(address(0, 1), Source::Named, Duration::ZERO), Learned::New, "the user's own word");
}

#[test]
fn the_addresses_of_one_network_are_one_source() {
    let mut frontier = Frontier::new(Policy { max_per_source: 1, ..Policy::default() }, KEY);
    let source = |[a, b]: [u16; 2], host| Source::Peer(Ipv6Addr::new(0x2a01, a, b, host, 0, 0, 0, host).into());
    let mut learn = |n, source| frontier.learn(address(0, n), source, Duration::ZERO);
    assert_eq!(learn(1, source([1, 1], 1)), Learned::New);
    // Another /64 of the same /48, and another /48 of the same provider.
    assert_eq!(learn(2, source([1, 1], 2)), Learned::Refused(Refusal::Source));
    assert_eq!(learn(2, source([1, 2], 1)), Learned::Refused(Refusal::Source));
    assert_eq!(learn(2, source([2, 1], 1)), Learned::New);
}

#[test]
fn a_host_has_eight_ports_however_many_liars_tell_of_others() {
    let mut frontier = Frontier::new(Policy { prefix_pace: None, retries: 0, ..Policy::default() }, KEY);
    let host = |port| SocketAddr::from(([11, 0, 0, 1], port));
    let mut dialled = 0;
    for liar in 0..40u8 {
        let source = Source::Peer(IpAddr::from([9, liar, 9, 9]));
        tell(&mut frontier, source, (1..=u16::MAX).map(host));
        while let Next::Dial(address) = frontier.next(Duration::ZERO) {
            frontier.done(address, Outcome::Failed, Duration::ZERO);
            dialled += 1;
        }
    }
    assert_eq!((dialled, frontier.counts().known), (8, 8));
    let refused = Learned::Refused(Refusal::Host);
    assert_eq!(frontier.learn(host(60_000), Source::Remembered, Duration::ZERO), refused);
    assert_eq!(frontier.recall(host(60_000), true, None, Duration::ZERO), refused);
    assert_eq!(frontier.learn(host(60_000), Source::Named, Duration::ZERO), Learned::New);
    assert_eq!(frontier.learn(address(0, 2), Source::Seed, Duration::ZERO), Learned::New, "others have theirs");
}

#[test]
fn ports_of_other_services_are_not_dialled_unless_the_user_names_them() {
    let mut frontier = Frontier::new(Policy { allow_private: true, ..Policy::default() }, KEY);
    let ssh = "8.8.8.8:22".parse().unwrap();
    for source in [Source::Remembered, Source::Seed, Source::Peer(IpAddr::from([9, 9, 9, 9]))] {
        assert_eq!(frontier.learn(ssh, source, Duration::ZERO), Learned::Refused(Refusal::Address), "{source:?}");
    }
    assert_eq!(frontier.recall(ssh, true, None, Duration::ZERO), Learned::Refused(Refusal::Address));
    assert_eq!(frontier.learn(ssh, Source::Named, Duration::ZERO), Learned::New);
}

#[test]
fn a_connection_over_another_transport_counts_against_the_pace() {
    let second = Pace { every: Duration::from_secs(1), burst: 1 };
    for (rate, prefix_pace) in [(Some(second), None), (None, Some(second))] {
        let mut frontier = Frontier::new(Policy { rate, prefix_pace, ..Policy::default() }, KEY);
        tell(&mut frontier, Source::Seed, hosts([11, 0]).take(3));
        let first = dial(&mut frontier, Duration::ZERO);
        frontier.dialled_again(first, Duration::ZERO);
        assert_eq!(frontier.next(Duration::ZERO), Next::Wait(Duration::from_secs(if rate.is_some() { 2 } else { 1 })));
        assert!(!matches!(frontier.next(Duration::from_secs(1)), Next::Dial(_)));
        dial(&mut frontier, Duration::from_secs(2));
        assert_eq!(frontier.counts().dials, 3);
    }
}

#[test]
fn a_share_lasts_a_day() {
    let mut frontier = Frontier::new(Policy { max_per_source: 1, ..Policy::default() }, KEY);
    let peer = Source::Peer(IpAddr::from([9, 9, 9, 9]));
    assert_eq!(frontier.learn(address(0, 1), peer, Duration::ZERO), Learned::New);
    let late = SHARE_LASTS - Duration::from_nanos(1);
    assert_eq!(frontier.learn(address(0, 2), peer, late), Learned::Refused(Refusal::Source));
    assert_eq!(frontier.learn(address(0, 2), peer, SHARE_LASTS), Learned::New);
}

#[test]
fn what_cannot_be_dialled_is_not_kept_unless_the_user_names_it() {
    let mut frontier = Frontier::new(Policy::default(), KEY);
    let mut learn = |address: &str, source| frontier.learn(address.parse().unwrap(), source, Duration::ZERO);
    for private in
        ["10.0.0.1:8333", "127.0.0.1:8333", "[::1]:8333", "[fe80::1]:1", "[fc00::1]:1", "[::ffff:10.0.0.1]:1"]
    {
        assert_eq!(learn(private, Source::Seed), Learned::Refused(Refusal::Address), "{private}");
        assert_eq!(learn(private, Source::Remembered), Learned::Refused(Refusal::Address), "{private}");
        assert_eq!(learn(private, Source::Named), Learned::New, "{private}");
    }
    for nowhere in ["8.8.8.8:0", "0.0.0.0:8333", "[::]:8333"] {
        assert_eq!(learn(nowhere, Source::Named), Learned::Refused(Refusal::Address), "{nowhere}");
    }
    assert_eq!(learn("[::ffff:8.8.8.8]:8333", Source::Seed), Learned::New);
    assert_eq!(learn("8.8.8.8:8333", Source::Seed), Learned::Known);
    let mut open = Frontier::new(Policy { allow_private: true, ..Policy::default() }, KEY);
    assert_eq!(open.learn("10.0.0.1:8333".parse().unwrap(), Source::Seed, Duration::ZERO), Learned::New);
}

#[test]
fn a_flood_of_one_prefix_delays_no_other() {
    let mut frontier = Frontier::new(Policy { prefix_pace: None, ..Policy::default() }, KEY);
    tell(&mut frontier, Source::Seed, hosts([11, 0]).take(10_000));
    for prefix in 1..100 {
        frontier.learn(address(prefix, 1), Source::Seed, Duration::ZERO);
    }
    let first: Vec<_> = (0..100).map(|_| dial(&mut frontier, Duration::ZERO)).collect();
    let prefixes: HashMap<Group, usize> = first.iter().fold(HashMap::new(), |mut prefixes, address| {
        *prefixes.entry(Group::of(address.ip())).or_default() += 1;
        prefixes
    });
    assert_eq!(prefixes.len(), 100, "each prefix has its turn before any has two");
}

#[test]
fn a_prefix_is_dialled_no_faster_than_its_pace() {
    let pace = Pace { every: Duration::from_secs(1), burst: 3 };
    let mut frontier = Frontier::new(Policy { prefix_pace: Some(pace), ..Policy::default() }, KEY);
    tell(&mut frontier, Source::Seed, hosts([11, 0]).take(10));
    let mut now = Duration::ZERO;
    let mut seconds = Vec::new();
    loop {
        match frontier.next(now) {
            Next::Dial(_) => seconds.push(now.as_secs()),
            Next::Wait(until) => now = until,
            Next::Idle | Next::Exhausted => break,
        }
    }
    assert_eq!(seconds, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_prefix_keeps_to_its_pace_though_all_its_addresses_were_forgotten_and_no_other_does() {
    let hour = Pace { every: Duration::from_secs(3600), burst: 1 };
    let policy = Policy { max_known: 1, prefix_pace: Some(hour), ..Policy::default() };
    let mut frontier = Frontier::new(policy, KEY);
    for prefix in [0, 2] {
        assert_eq!(frontier.learn(address(prefix, 1), Source::Seed, Duration::ZERO), Learned::New);
        assert_eq!(frontier.next(Duration::ZERO), Next::Dial(address(prefix, 1)));
        frontier.done(address(prefix, 1), Outcome::Unfit, Duration::ZERO);
    }
    assert_eq!(frontier.learn(address(0, 2), Source::Seed, Duration::ZERO), Learned::New);
    assert_eq!(frontier.next(Duration::ZERO), Next::Wait(hour.every));
}

#[test]
fn the_order_cannot_be_told_without_the_key() {
    let order = |key| {
        let mut frontier = Frontier::new(Policy { prefix_pace: None, ..Policy::default() }, key);
        tell(&mut frontier, Source::Seed, hosts([11, 0]).take(50));
        (0..50).map(|_| dial(&mut frontier, Duration::ZERO)).collect::<Vec<_>>()
    };
    assert_eq!(order(KEY), order(KEY));
    assert_ne!(order(KEY), order(verack_discover::Key::new([8; 16])));
}

#[test]
fn what_was_reached_is_looked_at_again_the_later_the_longer_it_lasts() {
    let recheck = Growing { first: Duration::from_secs(60), most: Duration::from_secs(200) };
    let policy = Policy { recheck: Some(recheck), retries: 1, ..Policy::default() };
    let retry = policy.backoff.first.as_secs();
    let mut frontier = Frontier::new(policy, KEY);
    frontier.learn(address(0, 1), Source::Seed, Duration::ZERO);
    let mut now = Duration::ZERO;
    let mut waits = Vec::new();
    use Outcome::{Failed, Reached};
    for outcome in [Reached, Reached, Reached, Failed, Reached, Failed, Failed] {
        let dialled = dial(&mut frontier, now);
        assert!(frontier.done(dialled, outcome, now));
        if let Next::Wait(until) = frontier.next(now) {
            waits.push((until - now).as_secs());
            now = until;
        }
    }
    assert_eq!(waits, [60, 120, 200, retry, 60, retry]);
    assert_eq!((frontier.next(now), frontier.counts().given_up), (Next::Exhausted, 1));
}

#[test]
fn no_more_are_dialled_at_once_than_are_missing() {
    let recheck = Growing { first: Duration::from_secs(60), most: Duration::from_secs(60) };
    for recheck in [None, Some(recheck)] {
        let mut frontier = Frontier::new(Policy { max_peers: Some(2), recheck, ..Policy::default() }, KEY);
        let sources = [Source::Named, Source::Remembered, Source::Seed];
        for (n, source) in (1..10).zip(sources.into_iter().cycle()) {
            assert_eq!(frontier.learn(address(n, 1), source, Duration::ZERO), Learned::New);
        }
        let (good, other) = (dial(&mut frontier, Duration::ZERO), dial(&mut frontier, Duration::ZERO));
        assert_eq!(frontier.next(Duration::ZERO), Next::Idle, "both may be good");
        frontier.done(good, Outcome::Reached, Duration::ZERO);
        assert!(!matches!(frontier.next(Duration::ZERO), Next::Dial(_)));
        frontier.done(other, Outcome::Unfit, Duration::ZERO);
        let second = dial(&mut frontier, Duration::ZERO);
        frontier.done(second, Outcome::Reached, Duration::ZERO);
        let minute = Duration::from_secs(60);
        let next = frontier.next(Duration::ZERO);
        assert_eq!(next, if recheck.is_some() { Next::Wait(minute) } else { Next::Exhausted });
        if recheck.is_some() {
            let again = [dial(&mut frontier, minute), dial(&mut frontier, minute)];
            assert!(again.contains(&good) && again.contains(&second));
            again.into_iter().for_each(|address| assert!(frontier.done(address, Outcome::Failed, minute)));
        }
        assert_eq!(frontier.counts().reached, 2);
    }
}

#[test]
fn those_that_were_reached_can_be_asked_again_and_keep_their_result() {
    let mut frontier = Frontier::new(Policy::default(), KEY);
    frontier.recall(address(5, 1), true, None, Duration::ZERO);
    for n in 1..=3 {
        frontier.learn(address(n, 1), Source::Seed, Duration::ZERO);
        let dialled = dial(&mut frontier, Duration::ZERO);
        frontier.done(dialled, if n < 3 { Outcome::Reached } else { Outcome::Unfit }, Duration::ZERO);
    }
    assert_eq!((frontier.next(Duration::ZERO), frontier.counts().reached), (Next::Exhausted, 3));
    assert_eq!(frontier.ask_again(|_| true, Duration::ZERO), 2, "an earlier run's result stands");
    for outcome in [Outcome::Reached, Outcome::Failed] {
        let dialled = dial(&mut frontier, Duration::ZERO);
        frontier.done(dialled, outcome, Duration::ZERO);
    }
    let counts = frontier.counts();
    assert_eq!((frontier.next(Duration::ZERO), counts.reached, counts.settled), (Next::Exhausted, 3, 3));
}

#[test]
fn strangers_without_end_find_no_room_and_cost_none() {
    let policy = Policy { max_known: 1000, prefix_pace: None, retries: 0, ..Policy::default() };
    let mut frontier = Frontier::new(policy, KEY);
    let stranger = |n: u32| {
        let [a, b, c, d] = n.to_be_bytes();
        SocketAddr::from((Ipv6Addr::from([0x2a, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), 8333))
    };
    for n in 0..20_000 {
        frontier.learn(stranger(n), Source::Seed, Duration::ZERO);
        if n % 10 == 9 {
            let failed = dial(&mut frontier, Duration::ZERO);
            frontier.done(failed, Outcome::Failed, Duration::ZERO);
        }
    }
    let counts = frontier.counts();
    assert_eq!(counts.known, 1000);
    assert!(counts.dials == 2000 && counts.refused > 16_000, "{counts:?}");
}

/// Learns them; returns the number of new ones.
fn tell(frontier: &mut Frontier, source: Source, addresses: impl Iterator<Item = SocketAddr>) -> usize {
    addresses.filter(|address| frontier.learn(*address, source, Duration::ZERO) == Learned::New).count()
}

#[track_caller]
fn dial(frontier: &mut Frontier, now: Duration) -> SocketAddr {
    match frontier.next(now) {
        Next::Dial(address) => address,
        other => panic!("no peer to dial: {other:?}"),
    }
}

/// All sockets of an IPv4 prefix, by host, then by port.
fn hosts(prefix: [u8; 2]) -> impl Iterator<Item = SocketAddr> {
    // None of them is one of `address`.
    (8334..=u16::MAX).flat_map(move |port| {
        (0..=u16::MAX).map(move |host| {
            let [c, d] = host.to_be_bytes();
            SocketAddr::from(([prefix[0], prefix[1], c, d], port))
        })
    })
}
