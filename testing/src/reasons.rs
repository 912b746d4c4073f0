//! The table of reasons.

use handshake::{Fault, Reason};

/// A line for each error: its stable code, the side to blame, and its sentence.
#[must_use]
pub fn reasons(errors: &[impl Fault]) -> String {
    errors.iter().map(|error| format!("{} | {} | {error}\n", error.code(), error.blame().name())).collect()
}

/// Checks that reasons explain the codes of errors: each error has a reason, and each reason has an error. The blame of
/// a reason is that of its errors, unless its meaning names the exception.
///
/// # Panics
/// If a check fails.
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
