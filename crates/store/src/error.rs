//! What an error of SQLite's means.

use std::path::Path;
use std::sync::Arc;

use peers::{Error, Why};

/// What went wrong with the database in this file.
pub(crate) fn of(path: &Arc<Path>, error: &sqlx::Error) -> Error {
    Error::new(path, why(path, error))
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

/// SQLite does not report why it cannot open a file; the system does.
fn obstacle(path: &Path) -> Why {
    let why = match (std::fs::File::open(path), path.parent()) {
        // The file can be opened, but the files beside it cannot be created.
        (Ok(_), _) => return Why::ReadOnly,
        (Err(error), Some(parent)) if error.kind() == std::io::ErrorKind::NotFound => match parent.metadata() {
            Err(error) if !parent.as_os_str().is_empty() => format!("{}: {error}", parent.display()),
            _ => "the file cannot be made".to_owned(),
        },
        (Err(error), _) => error.to_string(),
    };
    Why::NotOpened(why)
}
