//! The writer goes on whatever one write does, and a database of another time is recognised.

use super::*;

fn open(folder: &tempfile::TempDir) -> Result<Database, DatabaseError> {
    Database::open(&folder.path().join("platform.db"))
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
