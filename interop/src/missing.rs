//! The handling of a test whose node cannot run here.

use std::env;

/// Leaves a test out and prints the reason; fails it where real nodes are required.
pub(crate) fn leave_out(why: &str) {
    let required = env::var_os("VERACK_REQUIRE_REAL_NODES").is_some_and(|value| value == "1");
    assert!(!required, "real nodes are required here, but {why}");
    println!("left out: {why}");
}
