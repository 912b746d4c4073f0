//! Why the database could not be used. Each error names its file.

use std::path::Path;
use std::sync::Arc;

/// Why the database could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct Error {
    /// The database's file.
    pub path: Arc<Path>,
    /// Why.
    pub why: Why,
}

/// What is wrong with a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// It is no database at all.
    #[error("not a database of SQLite")]
    NoDatabase,
    /// Nothing was stored there.
    #[error("there is no database yet")]
    Missing,
    /// Somebody else's.
    #[error("a database of another program, which is left as it is")]
    Foreign,
    /// Made by a later release.
    #[error("made by a newer verack: its schema is {found}, and this one knows those up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// Another process is writing, and did not stop within [`BUSY_TIMEOUT`](crate::BUSY_TIMEOUT).
    #[error("locked by another process, which did not let go of it in time")]
    Locked,
    /// It, or the directory that it is in, cannot be written to.
    #[error("cannot be written to: the file or its directory is read-only")]
    ReadOnly,
    /// No room is left.
    #[error("no room is left on its disk; what was stored before is kept")]
    Full,
    /// It cannot be opened or made.
    #[error("cannot be opened: {0}")]
    NotOpened(String),
    /// Its contents are not what was written.
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
    pub(crate) fn new(path: &Arc<Path>, why: Why) -> Self {
        Self { path: Arc::clone(path), why }
    }

    pub(crate) fn of(path: &Arc<Path>, error: &sqlx::Error) -> Self {
        Self::new(path, why(path, error))
    }
}

fn why(path: &Path, error: &sqlx::Error) -> Why {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
            // The low byte is the primary code. (SQLite: rescode.html)
            match code & 0xff {
                5 | 6 => Why::Locked,
                8 => Why::ReadOnly,
                11 => Why::Damaged(database.message().to_owned()),
                13 => Why::Full,
                14 => obstacle(path),
                26 => Why::NoDatabase,
                _ => Why::Other(database.to_string()),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Why::Damaged(error.to_string()),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Why::Closed,
        error => Why::Other(error.to_string()),
    }
}

/// SQLite does not say why it cannot open a file; the system does.
fn obstacle(path: &Path) -> Why {
    let why = match (std::fs::File::open(path), path.parent()) {
        // It can be opened itself: those beside it cannot be made.
        (Ok(_), _) => return Why::ReadOnly,
        (Err(error), Some(parent)) if error.kind() == std::io::ErrorKind::NotFound => match parent.metadata() {
            Err(error) if !parent.as_os_str().is_empty() => format!("{}: {error}", parent.display()),
            _ => "the file cannot be made".to_owned(),
        },
        (Err(error), _) => error.to_string(),
    };
    Why::NotOpened(why)
}
