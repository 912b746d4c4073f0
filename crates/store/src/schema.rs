//! Makes a database, brings an older one up to date, and leaves everybody else's alone.

use sqlx::{Connection, Row, SqliteConnection};

use crate::error::Why;

/// Marks a file as ours, whoever looks at it: `file` shows it, too. ("vrck" in ASCII; SQLite: PRAGMA application_id)
const APPLICATION_ID: i64 = 0x7672_636b;

/// One step for each version of the schema. Steps are added, never changed.
const STEPS: [&str; 1] = [include_str!("../schema/1.sql")];

/// The version that this program reads and writes: SQLite's `user_version`.
const VERSION: i64 = STEPS.len() as i64;

/// What was found where a database should be.
enum Found {
    Ours { version: i64 },
    Empty,
    Foreign,
}

/// Makes the schema what [`STEPS`] say, in one transaction.
///
/// # Errors
/// Somebody else's database, one of a newer version, and whatever SQLite says.
pub(crate) async fn prepare(db: &mut SqliteConnection) -> Result<(), Problem> {
    // Nothing is written before we know whose it is, and nothing at all if there is nothing to do.
    let version = known(look(db).await?)?;
    // Readers go on while one writes, and a commit is one sequential write. The mode stays with the file.
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *db).await?;
    if version == VERSION {
        return Ok(());
    }
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have been faster.
    let version = known(look(&mut transaction).await?)?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    )))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

async fn look(db: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let application = number(db, "PRAGMA application_id").await?;
    let version = number(db, "PRAGMA user_version").await?;
    Ok(match application {
        APPLICATION_ID => Found::Ours { version },
        0 if version == 0 && number(db, "SELECT count(*) FROM sqlite_schema").await? == 0 => Found::Empty,
        _ => Found::Foreign,
    })
}

async fn number(db: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query(sql).fetch_one(db).await?.try_get(0)
}

fn known(found: Found) -> Result<i64, Why> {
    match found {
        Found::Ours { version } if version > VERSION => Err(Why::Newer { found: version, known: VERSION }),
        Found::Ours { version } => Ok(version),
        Found::Empty => Ok(0),
        Found::Foreign => Err(Why::Foreign),
    }
}

/// Why a database cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Why(#[from] Why),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}
