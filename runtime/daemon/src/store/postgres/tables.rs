//! The tables, format by format, in a schema of their own.

use tokio_postgres::{Client, Error, Transaction};

use super::failed;
use crate::store::StoreError;
use crate::store::format::{Format, Step};

/// What daemons that open the store at the same time wait for each other by: `skep`.
const LOCK: i64 = 0x736b_6570;

/// Keys sort by their bytes, as in the other store.
pub(super) const STEPS: &[Step] = &[Step {
    oldest: 1,
    sql: r#"
    CREATE TABLE skep.document (
        shelf text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        version bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (shelf, key)
    );
    CREATE TABLE skep.line (
        log text COLLATE "C" NOT NULL, number bigint NOT NULL, at bigint NOT NULL,
        body bytea NOT NULL, chain bytea NOT NULL, PRIMARY KEY (log, number)
    );
    CREATE TABLE skep.head (
        log text COLLATE "C" PRIMARY KEY, number bigint NOT NULL, chain bytea NOT NULL
    );
    INSERT INTO skep.head SELECT log, 0, decode(repeat('00', 32), 'hex')
        FROM unnest(ARRAY['events', 'audit']) AS log;
    "#,
}];

/// Brings the store to the format that the program knows: all of the way, or nothing of it.
pub(super) async fn migrate(client: &mut Client, steps: &'static [Step]) -> Result<(), StoreError> {
    let step = client.transaction().await.map_err(|e| failed(&e))?;
    let way = found(&step).await.map_err(|e| failed(&e))?.way(steps)?;
    if way.steps.is_empty() {
        return Ok(());
    }
    alone(&step).await.map_err(|e| failed(&e))?;
    // Somebody else may have gone it meanwhile.
    let way = found(&step).await.map_err(|e| failed(&e))?.way(steps)?;
    for one in way.steps {
        step.batch_execute(one.sql).await.map_err(|e| failed(&e))?;
    }
    say(&step, way.to).await.map_err(|e| failed(&e))?;
    step.commit().await.map_err(|e| failed(&e))
}

/// Waits until nobody else is on the way, however long that takes.
async fn alone(step: &Transaction<'_>) -> Result<(), Error> {
    let sql = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;";
    step.batch_execute(&format!("{sql} SELECT pg_advisory_xact_lock({LOCK});"))
        .await?;
    // Who has made the schema may not be allowed to make another.
    let row = step
        .query_one("SELECT to_regnamespace('skep') IS NULL", &[])
        .await?;
    if row.try_get(0)? {
        step.batch_execute("CREATE SCHEMA skep").await?;
    }
    let sql =
        "CREATE TABLE IF NOT EXISTS skep.format (number bigint NOT NULL, oldest bigint NOT NULL)";
    step.batch_execute(sql).await
}

/// What the store says of itself.
async fn found(step: &Transaction<'_>) -> Result<Format, Error> {
    let sql = "SELECT to_regclass('skep.format') IS NULL";
    if step.query_one(sql, &[]).await?.try_get(0)? {
        return Ok(Format::default());
    }
    let sql = "SELECT number, oldest FROM skep.format";
    let Some(row) = step.query_opt(sql, &[]).await? else {
        return Ok(Format::default());
    };
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Format {
        number: number(row.try_get(0)?),
        oldest: number(row.try_get(1)?),
    })
}

async fn say(step: &Transaction<'_>, format: Format) -> Result<(), Error> {
    let Format { number, oldest } = format;
    let sql = "DELETE FROM skep.format";
    step.execute(sql, &[]).await?;
    let sql = "INSERT INTO skep.format VALUES ($1, $2)";
    step.execute(sql, &[&i64::from(number), &i64::from(oldest)])
        .await?;
    Ok(())
}
