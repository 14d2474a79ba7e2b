//! The writer goes on whatever one write does, and a database of another time is recognised.

use super::*;

fn open(folder: &tempfile::TempDir) -> Result<Database, DatabaseError> {
    Database::open(&folder.path().join("platform.db"), migrations::PLATFORM)
}

async fn count(database: &Database) -> i64 {
    let count = |connection: &Connection| {
        Ok(connection.query_row("SELECT count(*) FROM sends", [], |row| row.get(0))?)
    };
    database.read(count).await.unwrap()
}

const INSERT: &str = "INSERT INTO sends (key, revision, body) VALUES ('a', 1, '{}')";

#[tokio::test]
async fn a_write_that_fails_or_panics_leaves_nothing_behind_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let failed: Result<(), _> = database
        .write(|transaction| {
            transaction.execute(INSERT, [])?;
            transaction.execute("INSERT INTO no_such_table VALUES (1)", [])?;
            Ok(())
        })
        .await;
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );
    let panicked: Result<(), _> = database
        .write(|transaction| {
            transaction.execute(INSERT, [])?;
            panic!("the test says so");
        })
        .await;
    assert!(
        matches!(panicked, Err(StoreError::Unavailable(_))),
        "{panicked:?}"
    );
    assert_eq!(count(&database).await, 0);
    database
        .write(|transaction| Ok(transaction.execute(INSERT, [])?))
        .await
        .unwrap();
    assert_eq!(count(&database).await, 1);
}

/// A write that keeps the writer busy until the sender is dropped, so that what is queued meanwhile waits together.
fn held(
    database: &Database,
) -> (
    impl Future<Output = Result<(), StoreError>>,
    std::sync::mpsc::Sender<()>,
) {
    let (release, released) = std::sync::mpsc::channel();
    let hold = move |_: &Transaction<'_>| {
        let _ = released.recv();
        Ok(())
    };
    let database = database.clone();
    (async move { database.write(hold).await }, release)
}

fn insert(
    database: &Database,
    key: &'static str,
) -> impl Future<Output = Result<usize, StoreError>> {
    let sql = "INSERT INTO sends (key, revision, body) VALUES (?1, 1, '{}')";
    database.write(move |transaction| Ok(transaction.execute(sql, [key])?))
}

#[tokio::test]
async fn writes_that_wait_share_a_commit_but_not_their_failures() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let (hold, release) = held(&database);
    let file = folder.path().join("platform.db");
    // What it sees through a connection of its own is what is committed.
    let committed = database.write(move |_| {
        let count = "SELECT count(*) FROM sends";
        Ok(Connection::open(&file)?.query_row(count, [], |row| row.get::<_, i64>(0))?)
    });
    let fails = database.write(|transaction| {
        transaction.execute("DELETE FROM sends", [])?;
        Ok(transaction.execute("INSERT INTO no_such_table VALUES (1)", [])?)
    });
    let panics = database.write(|transaction| {
        transaction.execute("DELETE FROM sends", [])?;
        if true {
            panic!("the test says so");
        }
        Ok(())
    });
    let (held, before, failed, panicked, committed, after, ()) = tokio::join!(
        hold,
        insert(&database, "before"),
        fails,
        panics,
        committed,
        insert(&database, "after"),
        async { drop(release) },
    );
    held.unwrap();
    assert_eq!((before.unwrap(), after.unwrap()), (1, 1));
    assert!(failed.is_err() && panicked.is_err());
    assert_eq!(committed.unwrap(), 0, "a commit came before all had run");
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn every_write_of_a_transaction_that_is_not_committed_is_told_and_the_writer_goes_on() {
    // The first is refused at the commit; the second ends the transaction, as SQLite does after errors of the disk.
    let breaks = [
        "PRAGMA defer_foreign_keys = ON; INSERT INTO order_payments VALUES ('p', 'no such order')",
        "ROLLBACK",
    ];
    for sql in breaks {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).unwrap();
        let (hold, release) = held(&database);
        let (held, before, broke, after, ()) = tokio::join!(
            hold,
            insert(&database, "a"),
            database.write(move |transaction| Ok(transaction.execute_batch(sql)?)),
            insert(&database, "b"),
            async { drop(release) },
        );
        for told in [held, before.map(|_| ()), broke] {
            let Err(StoreError::Unavailable(why)) = told else {
                panic!("{sql}: {told:?}");
            };
            assert!(why.contains("not committed"), "{sql}: {why}");
        }
        // Only a write that comes after the end of the transaction may succeed, in one of its own.
        assert_eq!(after.is_ok(), sql == "ROLLBACK", "{sql}: {after:?}");
        assert_eq!(count(&database).await, i64::from(after.is_ok()), "{sql}");
        assert_eq!(insert(&database, "a").await.unwrap(), 1, "{sql}");
    }
}

#[tokio::test]
async fn a_write_is_done_even_if_its_caller_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let (waiting, wait) = std::sync::mpsc::channel::<()>();
    let blocked = tokio::spawn({
        let database = database.clone();
        async move {
            let blocked = move |_: &Transaction<'_>| {
                let _ = wait.recv();
                Ok(())
            };
            database.write(blocked).await
        }
    });
    let impatient = tokio::spawn({
        let database = database.clone();
        async move {
            database
                .write(|transaction| Ok(transaction.execute(INSERT, [])?))
                .await
        }
    });
    while database.writes.capacity() == WRITES_WAITING {
        tokio::task::yield_now().await;
    }
    while database.writes.max_capacity() - database.writes.capacity() > 1 {
        tokio::task::yield_now().await;
    }
    impatient.abort();
    drop(waiting);
    blocked.await.unwrap().unwrap();
    // The writer works in order: what is answered now was queued after the abandoned write.
    database.write(|_| Ok(())).await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_commit_is_on_the_disk_and_readers_do_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let pragma = |name: &'static str| {
        database.write(move |transaction| {
            Ok(transaction
                .pragma_query_value(None, name, |row| row.get::<_, String>(0))
                .or_else(|_| {
                    transaction.pragma_query_value(None, name, |row| {
                        row.get::<_, i64>(0).map(|number| number.to_string())
                    })
                })?)
        })
    };
    assert_eq!(pragma("journal_mode").await.unwrap(), "wal");
    assert_eq!(pragma("synchronous").await.unwrap(), "2");
}

#[test]
fn a_database_that_is_up_to_date_is_opened_while_another_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap();
    let other = Connection::open(folder.path().join("platform.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(open(&folder).is_ok());
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    drop(open(&folder).expect("opening again migrates nothing"));
    let connection = Connection::open(folder.path().join("platform.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = open(&folder).err().expect("it is not opened").to_string();
    assert!(error.contains("99") && error.contains("newer"), "{error}");
}

#[tokio::test]
async fn a_read_whose_caller_went_away_keeps_its_place_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let permits = database.readers.permits.clone();
    let (begun, begins) = oneshot::channel();
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let reading = tokio::spawn(async move {
        let read = move |_: &Connection| {
            begun.send(()).unwrap();
            waits.recv().unwrap();
            Ok(())
        };
        database.read(read).await
    });
    begins.await.unwrap();
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    assert_eq!(permits.available_permits(), READERS - 1);
    go_on.send(()).unwrap();
    let all = u32::try_from(READERS).unwrap();
    drop(permits.acquire_many(all).await.unwrap());
}

/// As several processes that start at one time on a new folder.
fn open_at_once(folder: &tempfile::TempDir, count: usize) -> Vec<Database> {
    let barrier = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let open = || {
            barrier.wait();
            open(folder)
        };
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(open)).collect();
        let opened = threads.into_iter().map(|thread| thread.join().unwrap());
        opened.collect::<Result<_, _>>().unwrap()
    })
}

#[test]
fn many_processes_may_make_and_migrate_a_database_at_one_time() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let opened = open_at_once(&folder, 10);
        let file = Connection::open(opened[0].path()).unwrap();
        let version = file.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        assert_eq!(version, Ok(2));
        let mode = file.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        assert_eq!(mode.as_deref(), Ok("wal"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_processes_change_one_row_without_losing_a_change_and_readers_see_none_of_it_half_done()
 {
    const CHANGES: i64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let opened = open_at_once(&folder, 5);
    let two = "INSERT INTO sends (key, revision, body) VALUES ('a', 0, '{}'), ('b', 0, '{}')";
    let made = opened[0].write(|transaction| Ok(transaction.execute(two, [])?));
    made.await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for database in opened.clone() {
        tasks.spawn(async move {
            for _ in 0..CHANGES {
                // What was read stays true until the commit, although others wait to write.
                let change = |transaction: &Transaction<'_>| {
                    let read = "SELECT revision FROM sends WHERE key = 'a'";
                    let found: i64 = transaction.query_row(read, [], |row| row.get(0))?;
                    for key in ["a", "b"] {
                        let change = "UPDATE sends SET revision = ?1 WHERE key = ?2";
                        transaction.execute(change, rusqlite::params![found + 1, key])?;
                    }
                    Ok(())
                };
                database.write(change).await.unwrap();
                let read = |connection: &Connection| {
                    let both = "SELECT min(revision), max(revision) FROM sends";
                    let both = connection.query_row(both, [], |row| {
                        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
                    });
                    Ok(both?)
                };
                let (a, b) = database.read(read).await.unwrap();
                assert_eq!(a, b);
            }
        });
    }
    tasks.join_all().await;
    let sum = |connection: &Connection| {
        let last = "SELECT revision FROM sends WHERE key = 'a'";
        Ok(connection.query_row(last, [], |row| row.get::<_, i64>(0))?)
    };
    let all = CHANGES * i64::try_from(opened.len()).unwrap();
    assert_eq!(opened[1].read(sum).await.unwrap(), all);
}

#[tokio::test]
async fn a_process_that_goes_away_takes_nothing_from_those_that_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (staying, going) = (open(&folder).unwrap(), open(&folder).unwrap());
    insert(&going, "a").await.unwrap();
    assert_eq!(count(&going).await, 1);
    drop(going);
    insert(&staying, "b").await.unwrap();
    assert_eq!(count(&staying).await, 2);
    drop(staying);
    assert_eq!(count(&open(&folder).unwrap()).await, 2);
}
