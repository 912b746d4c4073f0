//! The table of reasons.

use handshake::Fault;

/// A line for each error: its stable code, whose fault it is, and its sentence.
#[must_use]
pub fn reasons(errors: &[impl Fault]) -> String {
    errors.iter().map(|error| format!("{} | {} | {error}\n", error.code(), error.blame().name())).collect()
}
