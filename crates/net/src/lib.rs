//! Drives any handshake over tokio: the one place with a socket and a clock.
//!
//! [`dial`] or [`Listener`] make the connection, [`run`] has the handshake over it, [`Established`] hands over what
//! comes after, and [`Verdict`] says how it went. Nothing here knows a protocol.

mod dial;
mod failure;
mod files;
mod listen;
mod parting;
mod pulse;
mod run;
mod timer;
mod unread;
mod verdict;

pub use dial::{DialError, dial, dial_timed};
pub use failure::{Cause, Failure};
pub use files::raise_open_files;
pub use handshake::Outcome;
pub use listen::{Accepted, Caps, Listener, Place, Turned};
pub use pulse::Beat;
pub use run::{Established, Limits, Seen, run, run_and_leave, run_beating, run_timed};
pub use timer::Timer;
pub use unread::Unread;
pub use verdict::Verdict;
