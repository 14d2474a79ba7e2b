//! Documents: rows whose body is JSON, read whole, and the answers of the conditional statements that write them.

use latchkey_platform::store::{Insert, Swap};
use rusqlite::{Connection, OptionalExtension as _, Params};
use serde::de::DeserializeOwned;

use super::{Fault, changed};

/// The document in the first column of the only row of `query`; nothing when there is no row.
pub(crate) fn one<T: DeserializeOwned>(
    connection: &Connection,
    query: &str,
    params: impl Params,
) -> Result<Option<T>, Fault> {
    let body: Option<String> = connection
        .query_row(query, params, |row| row.get(0))
        .optional()?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}

/// The documents in the first column of all rows of `query`, in its order.
pub(crate) fn all<T: DeserializeOwned>(
    connection: &Connection,
    query: &str,
    params: impl Params,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare(query)?;
    let bodies = statement.query_map(params, |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| Ok(serde_json::from_str(&body?)?))
        .collect()
}

/// What an `INSERT ... ON CONFLICT DO NOTHING` came to, by the rows it changed.
pub(crate) fn inserted(rows: usize) -> Insert {
    if changed(rows) {
        Insert::Inserted
    } else {
        Insert::Exists
    }
}

/// What a statement conditional on a revision or receipt came to, by the rows it changed.
pub(crate) fn swapped(rows: usize) -> Swap {
    if changed(rows) {
        Swap::Swapped
    } else {
        Swap::Stale
    }
}
