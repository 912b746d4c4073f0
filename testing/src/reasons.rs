//! The table of reasons.

use handshake::{Fault, Reason};

/// A line for each error: its stable code, whose fault it is, and its sentence.
#[must_use]
pub fn reasons(errors: &[impl Fault]) -> String {
    errors.iter().map(|error| format!("{} | {} | {error}\n", error.code(), error.blame().name())).collect()
}

/// Checks that reasons explain the codes of errors: each error has one, none is left over, and where one says what is to
/// blame it says so of each error, unless its meaning names the exception.
///
/// # Panics
/// If not.
pub fn assert_explained(errors: &[impl Fault], reasons: &[Reason]) {
    for error in errors {
        let (code, blame) = (error.code(), error.blame());
        let reason = reasons.iter().find(|reason| reason.code == code);
        let reason = reason.unwrap_or_else(|| panic!("{code} is not explained"));
        let is_told = reason.blame() == Some(blame) || reason.meaning.contains(&format!("({}, if", blame.name()));
        assert!(is_told, "{code}: the blame of an error is {}: {error}", blame.name());
    }
    for reason in reasons.iter().filter(|reason| reason.blame().is_some()) {
        let is_known = errors.iter().any(|error| error.code() == reason.code);
        assert!(is_known, "{} is the code of no error", reason.code);
    }
}
