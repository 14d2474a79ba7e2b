//! A table that fails: what is tried again, what the caller is told, and that it goes on afterwards.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use latchkey_cloud::aws::{DIRECTORY, Patience};
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_emulators::DynamoLocal;
use latchkey_emulators::gate::Mishap;
use latchkey_host::ports::{Directory, DirectoryError, Former, HostId, Load, Slot};
use latchkey_protocol::Epoch;

use crate::support::{Gated, PATIENT, config, directory_table, enlist, enlisting, the_room};

/// More than any call tries.
const ALWAYS: u32 = 100;

type Called = Pin<Box<dyn Future<Output = Result<String, DirectoryError>> + Send>>;

/// A call of the port.
struct Call {
    name: &'static str,
    /// The requests it makes, each named once.
    requests: &'static [&'static str],
    /// Makes it as a host.
    of: fn(DynamoDirectory, HostId) -> Called,
}

/// Every call of the port, by host 1 that owns the room under epoch 1.
fn calls() -> Vec<Call> {
    macro_rules! call {
        ($name:literal, $requests:expr, |$directory:ident, $me:ident| $call:expr) => {
            Call {
                name: $name,
                requests: $requests,
                of: |$directory, $me| {
                    Box::pin(async move { $call.await.map(|answer| format!("{answer:?}")) })
                },
            }
        };
    }
    const CHANGE: &[&str] = &["GetItem", "PutItem"];
    const UPDATE: &[&str] = &["UpdateItem"];
    const ONE: Epoch = Epoch(1);
    vec![
        call!("enlist", CHANGE, |d, _me| d.enlist(enlisting(7, 7))),
        call!("renew", UPDATE, |d, me| d.renew(me, 1, Load::default())),
        call!("hosts", &["Query"], |d, _me| d.hosts()),
        call!("mark_lost", UPDATE, |d, me| d.mark_lost(me, 0)),
        call!("drain", UPDATE, |d, me| d.drain(me.slot, true)),
        call!("withdraw", UPDATE, |d, me| d.withdraw(me)),
        call!("claim", CHANGE, |d, me| d.claim(me, the_room(), false)),
        call!("forgotten", CHANGE, |d, me| d.forgotten(
            me,
            the_room(),
            ONE,
            Epoch(5)
        )),
        call!("rebuilt", &["GetItem"], |d, me| d.rebuilt(
            me,
            the_room(),
            ONE
        )),
        call!("hand_over", CHANGE, |d, me| d.hand_over(
            me,
            the_room(),
            ONE,
            Slot(2)
        )),
        call!("release", CHANGE, |d, me| d.release(me, the_room(), ONE)),
    ]
}

/// A directory with two hosts, of which the first has the room.
async fn begun(patience: Patience) -> (Gated, HostId) {
    let gated = Gated::new(patience).await;
    let me = enlist(&gated.beside, 1).await;
    enlist(&gated.beside, 2).await;
    gated.beside.claim(me, the_room(), false).await.unwrap();
    (gated, me)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_fails_once_is_made_again_and_its_caller_never_knows() {
    for mishap in [Mishap::throttled(), Mishap::broken(), Mishap::Cut] {
        for Call { name, requests, of } in calls() {
            let (well, me) = begun(PATIENT).await;
            let expected = of(well.through.clone(), me).await.unwrap();
            for request in requests {
                let (gated, me) = begun(PATIENT).await;
                gated.gate.next(request, 1, mishap.clone());
                let answer = of(gated.through.clone(), me).await;
                assert_eq!(
                    answer.as_ref(),
                    Ok(&expected),
                    "{name}: {request} {mishap:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_answer_is_lost_is_made_again_and_answered_as_if_it_had_been_made_once() {
    for Call { name, requests, of } in calls() {
        let (well, me) = begun(PATIENT).await;
        let expected = of(well.through.clone(), me).await.unwrap();
        for request in requests {
            let (gated, me) = begun(PATIENT).await;
            gated.gate.next(request, 1, Mishap::AnswerLost);
            let answer = of(gated.through.clone(), me).await;
            assert_eq!(answer.as_ref(), Ok(&expected), "{name}: {request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_goes_on_failing_is_told_of_by_what_it_does_and_by_nothing_else() {
    let impatient = Patience {
        backoff: Duration::from_millis(1),
        ..PATIENT
    };
    for (mishap, told) in [
        (
            Mishap::throttled(),
            "DynamoDB throttled the call (ThrottlingException)",
        ),
        (
            Mishap::broken(),
            "DynamoDB failed inside (InternalServerError)",
        ),
        (
            Mishap::Cut,
            "DynamoDB could not be reached, or its connection broke",
        ),
        (
            Mishap::Refused(
                400,
                r#"{"__type": "x#AccessDeniedException", "message": "secret"}"#.into(),
            ),
            "DynamoDB refused the call (AccessDeniedException)",
        ),
        (
            Mishap::Refused(200, "{".into()),
            "DynamoDB answered what cannot be read",
        ),
    ] {
        for Call { name, requests, of } in calls() {
            let (gated, me) = begun(impatient).await;
            gated.gate.next(requests[0], ALWAYS, mishap.clone());
            let error = of(gated.through.clone(), me).await.unwrap_err();
            assert_eq!(error, DirectoryError(told.to_owned()), "{name}");
            gated.gate.clear();
            let answer = of(gated.through.clone(), me).await;
            assert!(answer.is_ok(), "{name} afterwards: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_says_nothing_is_given_up_by_its_client() {
    let gated = Gated::new(DIRECTORY).await;
    gated.gate.next("Query", ALWAYS, Mishap::Silence);
    let hosts = gated.through.hosts().await;
    let told = "DynamoDB did not answer in time";
    assert_eq!(hosts, Err(DirectoryError(told.to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_or_stood_still_is_used_again_with_all_it_had() {
    let server = DynamoLocal::start().await.expect("DynamoDB Local runs");
    let table = directory_table(&server.url()).await;
    let directory = DynamoDirectory::new(&config(&server.url()), &table);
    let patient = DynamoDirectory::with_patience(&config(&server.url()), PATIENT, &table);
    let me = enlist(&patient, 1).await;
    patient.claim(me, the_room(), false).await.unwrap();
    server.pause().unwrap();
    let told = DirectoryError("DynamoDB did not answer in time".to_owned());
    assert_eq!(directory.hosts().await, Err(told));
    server.resume().unwrap();
    let hosts = patient.hosts().await.unwrap();
    assert_eq!(hosts[0].id, me);
    server.kill().unwrap();
    let told = "DynamoDB could not be reached, or its connection broke";
    assert_eq!(
        directory.hosts().await,
        Err(DirectoryError(told.to_owned()))
    );
    server.restart().await.expect("it starts again");
    let claimed = patient.claim(me, the_room(), false).await;
    let owned = latchkey_host::ports::Claim::Owned {
        epoch: Epoch(2),
        former: Former::Itself,
    };
    assert_eq!(claimed, Ok(owned));
}
