//! How many files, and so connections, this process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit of open files as far as the system allows, and returns it.
///
/// A connection is an open file, and the usual soft limit of 1024 dates from `select`.
#[must_use]
pub fn raise_open_files() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    let reached = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft };
    reached.unwrap_or(u64::MAX)
}
