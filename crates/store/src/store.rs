//! Opens the database.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use peers::{Error, Why, Writer};

use crate::error;
use crate::schema::{self, Problem, VERSION};
use crate::writer::SqliteWriter;

/// How long another process may write: about a hundred times as long as a batch takes.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections for reading, each with its own thread: one for a list that is printed, and one for another query.
const READERS: u32 = 2;

/// KiB of pages that a connection caches. For a million peers, a random address is looked up in a tree of 40 MB.
const CACHE_KIB: u32 = 16 * 1024;

/// Pages of the log, 64 MB, after which they are copied into the file and both are synchronised. New addresses touch
/// pages in the whole index: each page is copied once, however often it was changed.
const CHECKPOINT_PAGES: u32 = 16 * 1024;

/// The peer database: one SQLite file, with its `-wal` and `-shm` beside it while it is open.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) readers: SqlitePool,
    pub(crate) path: Arc<Path>,
    options: SqliteConnectOptions,
}

impl Store {
    /// Opens the database in this file, creates it if there is none, and upgrades an older one. The directory must
    /// exist.
    ///
    /// # Errors
    /// If it belongs to another program or a newer release, or cannot be read or written. The error names the file.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path: Arc<Path> = path.as_ref().into();
        make(&path);
        let options = options(&path).create_if_missing(true);
        Self::open_with(path, options, Access::Write).await
    }

    /// Opens an existing database for queries, and creates none. A database that cannot be written, such as one on a
    /// read-only disk, is opened read-only.
    ///
    /// # Errors
    /// If there is none; and the errors of [`open`](Self::open).
    pub async fn open_existing(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path: Arc<Path> = path.as_ref().into();
        if let Ok(false) = path.try_exists() {
            return Err(Error::new(&path, Why::Missing));
        }
        match Self::open_with(Arc::clone(&path), options(&path), Access::Write).await {
            Err(Error { why: Why::ReadOnly, .. }) => {}
            opened => return opened,
        }
        // Without a log beside the file, no process is writing, and the file is complete. Otherwise the log has data
        // that is not in the file yet: then SQLite must read the log, or queries would miss that data.
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let is_whole = fs::metadata(log).map_or(true, |log| log.len() == 0);
        let options = options(&path).read_only(true).immutable(is_whole);
        Self::open_with(path, options, Access::Read).await
    }

    async fn open_with(path: Arc<Path>, options: SqliteConnectOptions, access: Access) -> Result<Self, Error> {
        if path.is_dir() {
            return Err(Error::new(&path, Why::NotOpened("it is a directory".to_owned())));
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            // The connections are threads of this process and cannot be lost.
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        let prepared = async {
            let mut db = readers.acquire().await?;
            match access {
                Access::Write => schema::prepare(&mut db).await,
                Access::Read => schema::check(&mut db).await,
            }
        };
        prepared.await.map_err(|problem| match problem {
            Problem::Why(why) => Error::new(&path, why),
            Problem::Sql(error) => error::of(&path, &error),
            Problem::Upgrade { version, error } => match error::of(&path, &error) {
                Error { why: Why::Other(why), .. } if version > 0 => {
                    Error::new(&path, Why::NotUpgraded { found: version, known: VERSION, why })
                }
                error => error,
            },
        })?;
        Ok(Self { readers, path, options })
    }

    /// Starts the writer task. One is enough: two would wait for each other.
    ///
    /// # Errors
    /// If the file cannot be opened any more.
    pub async fn writer(&self) -> Result<Writer, Error> {
        let db: SqliteConnection = self.options.connect().await.map_err(|error| error::of(&self.path, &error))?;
        Ok(Writer::start(SqliteWriter::new(db, Arc::clone(&self.path)), Arc::clone(&self.path)))
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the file. The last process that closes it removes the files beside it.
    pub async fn close(self) {
        self.readers.close().await;
    }
}

/// Creates the file, if there is none, readable by its owner alone: it shows which peers the owner contacted. SQLite
/// creates the files beside it (`-wal`, `-shm`) with the same permissions. If creation fails, SQLite reports why.
fn make(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// The access to a file.
#[derive(Clone, Copy, Debug)]
enum Access {
    Write,
    Read,
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        // A commit is handed to the kernel before it is acknowledged: a killed process loses none. If the machine loses
        // power, the last commits may be lost, but no others, since checkpoints are synchronised. Results can be
        // measured again, so commits do not wait for the disk.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", format!("-{CACHE_KIB}"))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        // The numbers come from the referenced table in the same transaction; checking each would cost a search.
        .foreign_keys(false)
        // So that returned rows do not wait for the caller.
        .row_buffer_size(256)
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::ConnectOptions;

    use super::Store;
    use crate::writer::SqliteWriter;
    use peers::Why;
    use peers::{Filter, Learned, Time, Writer};

    fn learned(nth: u32) -> Learned {
        let endpoint = std::net::SocketAddr::new(std::net::Ipv4Addr::from_bits(nth).into(), 1).into();
        Learned {
            chain: "bitcoin".into(),
            endpoint,
            identity: None,
            at: Time(1),
            seen: None,
            services: 1,
            source: "seed".into(),
        }
    }

    /// The error of a writer that gets too much data for a database with this setting.
    async fn trouble(setting: &'static str, value: &'static str) -> (Why, u64) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
        let options = store.options.clone().busy_timeout(Duration::from_millis(50)).pragma(setting, value);
        let writer = SqliteWriter::new(options.connect().await.unwrap(), store.path.clone());
        let writer = Writer::start(writer, store.path.clone());
        let mut refused = Ok(());
        for nth in 0..100_000 {
            refused = writer.learned(learned(nth)).await;
            if nth % 1000 == 999 {
                refused = refused.and(writer.flush().await);
            }
            if refused.is_err() {
                break;
            }
        }
        let error = refused.unwrap_err();
        assert_eq!(error.path, store.path);
        assert_eq!(writer.flush().await, Err(error.clone()), "every caller is told");
        assert_eq!(writer.close().await, Err(error.clone()));
        (error.why, store.count(&Filter::default()).await.unwrap())
    }

    #[tokio::test]
    async fn a_database_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
        let writer = store.writer().await.unwrap();
        writer.learned(learned(1)).await.unwrap();
        writer.flush().await.unwrap();
        let mut files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
        files.sort_by_key(std::fs::DirEntry::file_name);
        let modes = files.iter().map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777));
        let expected = ["peers.sqlite", "peers.sqlite-shm", "peers.sqlite-wal"].map(|name| (name.into(), 0o600));
        assert_eq!(modes.collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_what_was_stored_before_is_kept() {
        let (why, kept) = trouble("max_page_count", "200").await;
        assert_eq!(why, Why::Full);
        assert!(kept >= 1000 && kept % 1000 == 0, "{kept} are not whole batches");
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_written_to_is_said() {
        assert_eq!(trouble("query_only", "on").await, (Why::ReadOnly, 0));
    }

    #[tokio::test]
    async fn another_process_that_does_not_let_go_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("peers.sqlite")).await.unwrap();
        let mut other = store.options.connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let options = store.options.clone().busy_timeout(Duration::from_millis(50));
        let writer = SqliteWriter::new(options.connect().await.unwrap(), store.path.clone());
        let writer = Writer::start(writer, store.path.clone());
        writer.learned(learned(1)).await.unwrap();
        assert_eq!(writer.flush().await.unwrap_err().why, Why::Locked);
        // Readers do not wait.
        assert_eq!(store.count(&Filter::default()).await, Ok(0));
    }
}
