//! The frontier of a crawl: 24 000 peers send 1000 addresses each, nearly all of them known.

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use discover::{Frontier, Key, Next, Outcome, Policy, Source};

/// The number of addresses that Bitcoin's peers were seen to gossip.
const KNOWN: u32 = 544_000;

/// Addresses from one peer.
const TOLD: u32 = 1000;

/// Spread over 16 384 prefixes, without adjacent addresses in any.
fn address(n: u32) -> SocketAddr {
    let [_, _, c, d] = (n / 16_384).to_be_bytes();
    let [_, _, high, low] = (n % 16_384).to_be_bytes();
    SocketAddr::from(([11 + high, low, c, d], 8333))
}

/// In the middle of a crawl.
fn frontier() -> Frontier {
    let mut frontier = Frontier::new(Policy::default(), Key::new([7; 16]));
    for n in 0..KNOWN {
        frontier.learn(address(n), Source::Seed, Duration::ZERO);
    }
    frontier
}

fn learn(c: &mut Criterion) {
    let mut frontier = frontier();
    let mut group = c.benchmark_group("frontier, 544 000 known");
    group.throughput(Throughput::Elements(TOLD.into()));
    let mut random = 1u32;
    group.bench_function("learn 1000 that are known", |b| {
        b.iter(|| {
            for _ in 0..TOLD {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let source = Source::Peer(IpAddr::from([9, 9, 9, 9]));
                black_box(frontier.learn(address(random % KNOWN), source, Duration::ZERO));
            }
        });
    });
    group.finish();
}

fn dial(c: &mut Criterion) {
    let mut group = c.benchmark_group("frontier, 544 000 known");
    group.throughput(Throughput::Elements(KNOWN.into()));
    group.sample_size(10);
    group.bench_function("learn all", |b| b.iter(frontier));
    group.bench_function("dial all, paced by prefix", |b| {
        b.iter_batched_ref(
            frontier,
            |frontier| {
                let mut now = Duration::ZERO;
                loop {
                    match frontier.next(now) {
                        Next::Dial(address) => {
                            now += Duration::from_micros(100);
                            frontier.done(address, Outcome::Reached, now);
                        }
                        Next::Wait(until) => now = until,
                        Next::Idle | Next::Exhausted => break,
                    }
                }
                assert_eq!(frontier.counts().settled, frontier.counts().known);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, learn, dial);
criterion_main!(benches);
