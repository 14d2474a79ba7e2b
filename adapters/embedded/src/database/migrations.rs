//! The tables of each file, as steps from one version of it to the next. A step that has been released is never
//! changed; what comes later is a further step.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::DatabaseError;

/// What leads a file from each version to the next, beginning with an empty one.
pub(crate) type Steps = &'static [&'static str];

/// `platform.db`. Each document table keeps the document as JSON in `body`; the columns beside it are what it is found
/// by.
pub(crate) const PLATFORM: Steps = &[
    "
    CREATE TABLE orders (
        id TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        body TEXT NOT NULL,
        key_hash TEXT NOT NULL UNIQUE,
        email TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        pending INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX orders_by_email ON orders (email, created_at)
        WHERE json_extract(body, '$.game') IS NOT NULL;
    CREATE INDEX orders_pending ON orders (changed_at) WHERE pending > 0;
    CREATE TABLE order_payments (
        payment TEXT PRIMARY KEY,
        order_id TEXT NOT NULL REFERENCES orders (id)
    ) STRICT;
    CREATE TABLE games (
        id TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        body TEXT NOT NULL,
        link_hash TEXT UNIQUE
    ) STRICT;
    CREATE TABLE ledger (
        key TEXT PRIMARY KEY,
        order_id TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX ledger_by_order ON ledger (order_id);
    CREATE TABLE sends (
        key TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE stats (
        game TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        computed_at INTEGER NOT NULL,
        summary TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX stats_by_title ON stats (title, computed_at);
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        queue TEXT NOT NULL,
        class TEXT,
        body TEXT NOT NULL,
        due INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        receipt TEXT UNIQUE
    ) STRICT;
    CREATE INDEX jobs_due ON jobs (queue, due);
    CREATE TABLE dead_jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        key TEXT NOT NULL,
        letter TEXT NOT NULL,
        UNIQUE (queue, key)
    ) STRICT;
    CREATE TABLE till_payments (
        id TEXT PRIMARY KEY,
        order_id TEXT NOT NULL UNIQUE,
        intent TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE till_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        body TEXT NOT NULL,
        due INTEGER NOT NULL,
        tries INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX till_events_due ON till_events (due);
",
    "
    CREATE TABLE stops (
        address TEXT PRIMARY KEY,
        why TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// `rooms.db`. Tables that a file without a version already has are these very ones, and stay. `owners` is written no
/// more: `directory.db` takes it over.
pub(crate) const ROOMS: Steps = &["
    CREATE TABLE IF NOT EXISTS owners (
        room TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        url TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS heads (
        room TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        summary BLOB NOT NULL,
        checkpoint_seq INTEGER,
        checkpoint BLOB
    ) STRICT;
    CREATE TABLE IF NOT EXISTS chunks (
        room TEXT NOT NULL,
        last INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        chunk BLOB NOT NULL,
        PRIMARY KEY (room, last)
    ) STRICT;
"];

/// `directory.db`. A new file is filled from `rooms.db`, attached as `history`, which has an epoch of every room that was
/// ever stored, and in `owners` what the only host of a folder owned before hosts had slots: that was slot 1. An epoch
/// here is never below one the archive has seen. Of a room whose last owner `rooms.db` does not know it is in doubt what
/// its members saw.
pub(crate) const DIRECTORY: Steps = &["
    CREATE TABLE hosts (
        slot INTEGER PRIMARY KEY,
        generation INTEGER NOT NULL,
        journal TEXT,
        journal_since INTEGER NOT NULL,
        region TEXT NOT NULL,
        url TEXT NOT NULL,
        version TEXT NOT NULL,
        beat INTEGER NOT NULL,
        rooms INTEGER NOT NULL,
        connections INTEGER NOT NULL,
        draining INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        withdrawn INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE rooms (
        room TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        slot INTEGER,
        generation INTEGER,
        handed INTEGER NOT NULL,
        doubt INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX rooms_by_slot ON rooms (slot) WHERE slot IS NOT NULL;
    INSERT INTO rooms (room, epoch, slot, generation, handed, doubt)
        SELECT room, epoch, iif(url IS NULL, NULL, 1), iif(url IS NULL, NULL, 0), FALSE, FALSE
        FROM history.owners;
    INSERT INTO rooms (room, epoch, slot, generation, handed, doubt)
        SELECT room, epoch, NULL, NULL, FALSE, TRUE FROM history.heads WHERE TRUE
        ON CONFLICT (room) DO UPDATE
        SET epoch = excluded.epoch, slot = NULL, generation = NULL, doubt = TRUE
        WHERE excluded.epoch > rooms.epoch;
    INSERT INTO hosts (slot, generation, journal, journal_since, region, url, version, beat,
        rooms, connections, draining, lost, withdrawn)
        SELECT 1, 0, NULL, 0, '', max(url), '', 0, 0, 0, FALSE, FALSE, FALSE
        FROM history.owners WHERE url IS NOT NULL HAVING count(*) > 0;
"];

/// Brings a database to the newest version, each step in a transaction with its version number. Several processes may do
/// so at one time: each step is done by the first of them.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    steps: Steps,
    beside: Option<(&str, &Path)>,
) -> Result<(), DatabaseError> {
    let cannot = |source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    };
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(cannot)?;
    // Nothing is to be written, and another process may hold the write lock for a long time.
    if found == known {
        return Ok(());
    }
    if let Some((name, file)) = beside {
        let attach = format!("ATTACH DATABASE ?1 AS {name}");
        connection
            .execute(&attach, [file.to_string_lossy()])
            .map_err(cannot)?;
    }
    for (version, step) in (1_i64..).zip(steps) {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(cannot)?;
        let found: i64 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(cannot)?;
        if found > known {
            return Err(DatabaseError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        if found < version {
            transaction.execute_batch(step).map_err(cannot)?;
            transaction
                .pragma_update(None, "user_version", version)
                .map_err(cannot)?;
        }
        transaction.commit().map_err(cannot)?;
    }
    if let Some((name, _)) = beside {
        let detach = format!("DETACH DATABASE {name}");
        connection.execute(&detach, []).map_err(cannot)?;
    }
    Ok(())
}
