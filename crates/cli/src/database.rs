//! The location of the peer database, and how a command opens it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use etcetera::BaseStrategy;
use peers::{Book, Why};
use store::Store;

use crate::exit::Error;

/// The path in the user's data folder.
const PLACE: &str = "verack/peers.sqlite";

/// Which database.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The peer database [default: verack/peers.sqlite in your data folder, ~/.local/share or $XDG_DATA_HOME]
    #[arg(long, global = true, value_name = "PATH")]
    pub db: Option<PathBuf>,
}

impl Database {
    /// Opens it for writing. Creates it if it does not exist; creates the user's data folder, but not the folder of a
    /// path that the user named.
    pub async fn open(&self) -> Result<Box<dyn Book>, Error> {
        let path = self.path()?;
        if self.db.is_none()
            && let Some(folder) = path.parent()
        {
            make(folder)?;
        }
        Ok(Box::new(Store::open(&path).await?))
    }

    /// Opens it for reading: it must exist, and may be read-only.
    pub async fn open_existing(&self) -> Result<Box<dyn Book>, Error> {
        Ok(Box::new(Store::open_existing(&self.path()?).await?))
    }

    fn path(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.db {
            return Ok(path.clone());
        }
        let folders = etcetera::choose_base_strategy()
            .map_err(|error| Error::local("cannot tell where your data folder is; name a database with --db", error))?;
        Ok(folders.data_dir().join(PLACE))
    }
}

/// Accessible only to its owner: the database shows which nodes the user asked.
fn make(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;

    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::local(format_args!("cannot make {}", folder.display()), error))
}

impl From<peers::Error> for Error {
    /// What is wrong with a database, and what the user can do about it.
    fn from(error: peers::Error) -> Self {
        let remedy = match &error.why {
            Why::Missing => ": 'verack crawl' and 'verack peers import' make one",
            Why::Locked => ": is another verack writing?",
            Why::Newer { .. } => "; use that release, or another file with --db",
            Why::NoDatabase | Why::Foreign => "; name another file with --db",
            Why::Damaged(_) => "; 'sqlite3 FILE .recover' saves what can be read",
            _ => "",
        };
        Self::Local(format!("{error}{remedy}"))
    }
}
