//! Why the database could not be used. Each error names its file.

use std::path::Path;
use std::sync::Arc;

/// Why the database could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct Error {
    /// The database's file.
    pub path: Arc<Path>,
    /// The reason.
    pub why: Why,
}

/// What is wrong with a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// It is not a database.
    #[error("not a database of SQLite")]
    NoDatabase,
    /// There is no database yet.
    #[error("there is no database yet")]
    Missing,
    /// It belongs to another program.
    #[error("a database of another program, which is left as it is")]
    Foreign,
    /// A later release made it.
    #[error("made by a newer verack: its schema is {found}, and this one knows those up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// The latest schema that this release knows.
        known: i64,
    },
    /// An earlier release made it, and a step of the upgrade failed. All steps are one transaction.
    #[error("its schema {found} cannot be upgraded to {known}, so it is left as it was: {why}")]
    NotUpgraded {
        /// Its schema.
        found: i64,
        /// The schema that this release needs.
        known: i64,
        /// What the database said.
        why: String,
    },
    /// Another process is writing, and did not stop within the time that is waited for it.
    #[error("locked by another process, which did not let go of it in time")]
    Locked,
    /// The file or its directory is read-only.
    #[error("cannot be written to: the file or its directory is read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("no room is left on its disk; what was stored before is kept")]
    Full,
    /// It cannot be opened or created.
    #[error("cannot be opened: {0}")]
    NotOpened(String),
    /// Its contents are damaged.
    #[error("damaged: {0}")]
    Damaged(String),
    /// It was closed.
    #[error("was closed already")]
    Closed,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// What is wrong with this file.
    #[must_use]
    pub fn new(path: &Arc<Path>, why: Why) -> Self {
        Self { path: Arc::clone(path), why }
    }
}
