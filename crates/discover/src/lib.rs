//! From a seed to a map: whom to dial next, and what others see us as.
//!
//! ```text
//!   seeds ─────┐
//!              ▼   learn                next
//!   peers ──▶ Frontier ──▶ Dial(address) · Wait(until) · Idle · Exhausted
//!              ▲   done
//!   dials ─────┘
//! ```
//!
//! [`Frontier`] decides, [`seeds`] are where it starts, [`external`] weighs what peers say about ourselves. Nothing here
//! owns a socket, a clock or a random source: time comes in as the time since some start, and a secret [`Key`] through
//! the constructor. So a crawl of a simulated network repeats, and its decisions are tested against a model.

pub mod external;
pub mod frontier;
mod group;
mod key;
mod routable;
pub mod seeds;

pub use external::{External, Majority};
pub use frontier::{Counts, Frontier, Growing, Learned, Next, Note, Outcome, Pace, Policy, Refusal, Source};
pub use group::Group;
pub use key::Key;
pub use routable::is_globally_routable;
