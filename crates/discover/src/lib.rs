//! From a seed to a map: which address to dial next, and which address others see us at.
//!
//! ```text
//!   seeds ─────┐
//!              ▼   learn                next
//!   peers ──▶ Frontier ──▶ Dial(address) · Wait(until) · Idle · Exhausted
//!              ▲   done
//!   dials ─────┘
//! ```
//!
//! [`Frontier`] decides, [`seeds`] are its start, [`external`] evaluates what peers report about our address. Nothing
//! here owns a socket, a clock or a random source: the caller passes the time since a fixed start, and a secret [`Key`]
//! to the constructor. So a crawl of a simulated network can be repeated, and its decisions are tested against a model.
//!
//! ```
//! use std::time::Duration;
//!
//! use verack_discover::{Frontier, Key, Learned, Next, Outcome, Policy, Source};
//!
//! let start = Duration::ZERO;
//! let [seed, peer] = ["1.2.3.4:8333", "5.6.7.8:8333"].map(|address| address.parse().expect("an address"));
//! // Random bytes belong in the place of these.
//! let mut frontier = Frontier::new(Policy::default(), Key::new([7; 16]));
//! frontier.learn(seed, Source::Seed, start);
//!
//! assert_eq!(frontier.next(start), Next::Dial(seed));
//! assert_eq!(frontier.learn(peer, Source::Peer(seed.ip()), start), Learned::New);
//! frontier.done(seed, Outcome::Reached, start);
//! assert_eq!(frontier.next(start), Next::Dial(peer));
//! frontier.done(peer, Outcome::Reached, start);
//! assert_eq!(frontier.next(start), Next::Exhausted);
//! ```

mod exclusions;
pub mod external;
pub mod frontier;
mod group;
mod key;
mod routable;
pub mod seeds;

pub use exclusions::{BadNetwork, Exclusions};
pub use external::{External, Majority};
pub use frontier::{Counts, Frontier, Growing, Learned, Next, Note, Outcome, Pace, Policy, Refusal, Source};
pub use frontier::{HostPorts, MAX_PER_NAME, MAX_PORTS_PER_HOST, Paced, Turn};
pub use group::Group;
pub use key::Key;
pub use routable::{is_bad_port, is_globally_routable};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
