//! Creates a database, upgrades an older one, and leaves those of other programs unchanged.

use sqlx::{Connection, Row, SqliteConnection};

use peers::{Endpoint, Why};

/// Marks a file as ours; `file` shows it, too. ("vrck" in ASCII; SQLite: PRAGMA application_id)
const APPLICATION_ID: i64 = 0x7672_636b;

/// One step for each version of the schema. Steps are added, never changed.
const STEPS: [&str; 3] =
    [include_str!("../schema/1.sql"), include_str!("../schema/2.sql"), include_str!("../schema/3.sql")];

/// Earlier versions of this program did not verify the checksums of onion names. From this schema on, all are valid.
const VERIFIED: i64 = 3;

/// The version that this program reads and writes: SQLite's `user_version`.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// The kind of file at the database's path.
#[derive(Clone, Copy, Debug)]
enum Found {
    Ours { version: i64 },
    Empty,
    Foreign,
}

/// Upgrades the schema by [`STEPS`], in one transaction.
///
/// # Errors
/// If the database belongs to another program or a newer release, and any error of SQLite.
pub(crate) async fn prepare(db: &mut SqliteConnection) -> Result<(), Problem> {
    // Nothing is written before the owner of the file is known, and nothing if there is nothing to do.
    let version = known(look(db).await?)?;
    // Readers continue while one connection writes, and a commit is one sequential write. The mode is stored in the
    // file.
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *db).await?;
    if version == VERSION {
        return Ok(());
    }
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have upgraded it meanwhile.
    let version = known(look(&mut transaction).await?)?;
    upgrade(&mut transaction, version).await.map_err(|error| Problem::Upgrade { version, error })?;
    transaction.commit().await?;
    Ok(())
}

/// Takes all steps that a database of this version lacks.
async fn upgrade(db: &mut SqliteConnection, version: i64) -> Result<(), sqlx::Error> {
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        sqlx::raw_sql(*step).execute(&mut *db).await?;
    }
    if (1..VERIFIED).contains(&version) {
        forget_invalid_names(db).await?;
    }
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(db).await?;
    Ok(())
}

/// Deletes peers whose name encodes no key. No node can be reached by such a name, so none has ever answered.
async fn forget_invalid_names(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "SELECT id, address FROM peer WHERE network IN (3, 4, 5)";
    let names: Vec<(i64, String)> = sqlx::query_as(sql).fetch_all(&mut *db).await?;
    for (id, _) in names.iter().filter(|(_, address)| address.parse::<Endpoint>().is_err()) {
        for sql in ["DELETE FROM attempt WHERE peer = ?", "DELETE FROM peer WHERE id = ?"] {
            sqlx::query(sql).bind(id).execute(&mut *db).await?;
        }
    }
    Ok(())
}

/// Whether it can be read without changes.
///
/// # Errors
/// If the database belongs to another program or another release, and any error of SQLite.
pub(crate) async fn check(db: &mut SqliteConnection) -> Result<(), Problem> {
    match known(look(db).await?)? {
        VERSION => Ok(()),
        // It would need an upgrade.
        _ => Err(Why::ReadOnly.into()),
    }
}

/// One statement, so that it never sees a database that another process has created by half.
const LOOK: &str = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
     FROM pragma_application_id, pragma_user_version";

async fn look(db: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let row = sqlx::query(LOOK).fetch_one(db).await?;
    let (application, version, tables): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(match (application, version, tables) {
        (APPLICATION_ID, ..) => Found::Ours { version },
        (0, 0, 0) => Found::Empty,
        _ => Found::Foreign,
    })
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
    #[error("the upgrade from schema {version}: {error}")]
    Upgrade { version: i64, error: sqlx::Error },
}
