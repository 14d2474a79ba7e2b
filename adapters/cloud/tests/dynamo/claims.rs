//! Claims on messages, stopped addresses and counts: what their ports demand, and one message whatever fails.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use latchkey_cloud::aws::Patience;
use latchkey_cloud::dynamo::{DynamoClaims, DynamoRates};
use latchkey_emulators::gate::{Gate, Mishap};
use latchkey_platform::clock::UnixMs;
use latchkey_platform::contract::Subject;
use latchkey_platform::fakes::{FakeMailer, Faults, ManualClock, samples};
use latchkey_platform::limits::SEND_CLAIM;
use latchkey_platform::mail::{SendClaim, SendOnce, SendOnceError, SendState, Sends, Sent, Stops};
use latchkey_platform::rate::{self, RateLimits};
use latchkey_platform::store::{Insert, StoreError, Swap};
use tokio::task::JoinSet;

use crate::support::{PATIENT, claims_table, config, server};

/// More than any call tries.
const ALWAYS: u32 = 100;

async fn claims() -> DynamoClaims {
    let url = server().await.url();
    let table = claims_table(&url).await;
    DynamoClaims::with_patience(&config(&url), PATIENT, &table)
}

async fn sends() -> Subject<dyn Sends> {
    Subject::of(Arc::new(claims().await), Arc::new(ManualClock::default()))
}

async fn stops() -> Subject<dyn Stops> {
    Subject::of(Arc::new(claims().await), Arc::new(ManualClock::default()))
}

async fn rates() -> Subject<dyn RateLimits> {
    let clock = Arc::new(ManualClock::default());
    let rates = DynamoRates {
        claims: claims().await,
        clock: clock.clone(),
    };
    Subject::of(Arc::new(rates), clock)
}

mod contract {
    latchkey_platform::sends_contract!(crate::claims::sends().await);
    latchkey_platform::stops_contract!(crate::claims::stops().await);
    latchkey_platform::rates_contract!(crate::claims::rates().await);
}

/// Claims with a gate before them, the same without, and one mailer, which cannot tell what it sent.
struct Post {
    gate: Gate,
    through: DynamoClaims,
    beside: DynamoClaims,
    mailer: Arc<FakeMailer>,
    clock: Arc<ManualClock>,
}

impl Post {
    async fn new() -> Self {
        let server = server().await;
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        let gate = Gate::before(behind).await.unwrap();
        let table = claims_table(&server.url()).await;
        let impatient = Patience {
            backoff: std::time::Duration::from_millis(1),
            ..PATIENT
        };
        Self {
            through: DynamoClaims::with_patience(&config(&gate.url()), impatient, &table),
            beside: DynamoClaims::with_patience(&config(&server.url()), PATIENT, &table),
            mailer: Arc::new(FakeMailer::forgetful(&Arc::new(Faults::default()))),
            clock: Arc::default(),
            gate,
        }
    }

    fn sender(&self, claims: &DynamoClaims) -> SendOnce {
        SendOnce {
            sends: Arc::new(claims.clone()),
            stops: Arc::new(claims.clone()),
            mailer: self.mailer.clone(),
            clock: self.clock.clone(),
            alone_since: UnixMs(0),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_that_are_given_the_same_job_one_sends() {
    let post = Post::new().await;
    let mut sending = JoinSet::new();
    for _ in 0..16 {
        let sender = post.sender(&post.beside);
        sending.spawn(async move { sender.send(&samples::email("confirm-1")).await });
    }
    let answers = sending.join_all().await;
    let now = |answer: &&Result<Sent, _>| matches!(answer, Ok(Sent::Now));
    assert_eq!(answers.iter().filter(now).count(), 1, "{answers:?}");
    assert_eq!(post.mailer.sent().len(), 1);
}

/// What a failure at one request leads to: what is sent, and what a later sender is told.
struct Case {
    /// The request, after as many of its kind that are well.
    request: (&'static str, u32),
    mishap: Mishap,
    /// Messages that went out in the end.
    sent: usize,
    /// Whether a person must look.
    unknown: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_failure_of_the_table_sends_a_message_twice() {
    let case = |request, mishap, sent, unknown| Case {
        request,
        mishap,
        sent,
        unknown,
    };
    for Case {
        request: (call, well),
        mishap,
        sent,
        unknown,
    } in [
        // Stopped addresses, and the claim there is, are read first.
        case(("GetItem", 0), Mishap::Cut, 1, false),
        case(("GetItem", 1), Mishap::throttled(), 1, false),
        // The claim is not written: nobody has it.
        case(("PutItem", 0), Mishap::broken(), 1, false),
        // The claim is written and its owner never knows: nobody can tell it from one that sent.
        case(("PutItem", 0), Mishap::AnswerLost, 0, true),
        // It went out, and that cannot be written down.
        case(("PutItem", 1), Mishap::Cut, 1, true),
        case(("PutItem", 1), Mishap::AnswerLost, 1, false),
    ] {
        let told = format!("{call} after {well}: {mishap:?}");
        let post = Post::new().await;
        let email = samples::email("confirm-1");
        post.gate.next(call, well, Mishap::None);
        post.gate.next(call, ALWAYS, mishap);
        let failed = post.sender(&post.through).send(&email).await;
        assert!(matches!(failed, Err(SendOnceError::Store(_))), "{told}");
        post.clock.advance(SEND_CLAIM);
        for _ in 0..2 {
            let later = post.sender(&post.beside).send(&email).await;
            let is_unknown = matches!(later, Err(SendOnceError::Unknown(_)));
            assert_eq!(is_unknown, unknown, "{told}: {later:?}");
            assert!(is_unknown || later.is_ok(), "{told}: {later:?}");
            assert_eq!(post.mailer.sent().len(), sent, "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_made_again_knows_itself() {
    let post = Post::new().await;
    let claim = SendClaim {
        key: samples::email("confirm-1").key,
        revision: 1,
        state: SendState::Sending,
        at: samples::NOW,
    };
    post.gate.next("PutItem", 1, Mishap::AnswerLost);
    let inserted = post.through.insert(&claim).await.unwrap();
    assert_eq!(inserted, Insert::Inserted);
    post.gate.next("PutItem", 1, Mishap::AnswerLost);
    let swapped = post.through.swap(&claim).await.unwrap();
    assert_eq!(swapped, Swap::Swapped);
    // And nobody else's.
    assert_eq!(post.beside.insert(&claim).await.unwrap(), Insert::Exists);
    assert_eq!(post.beside.swap(&claim).await.unwrap(), Swap::Stale);
}

#[tokio::test]
async fn a_table_that_fails_is_told_of_without_whom_it_was_about() {
    let post = Post::new().await;
    let rates = DynamoRates {
        claims: post.through.clone(),
        clock: post.clock.clone(),
    };
    post.gate.next("UpdateItem", ALWAYS, Mishap::throttled());
    let error = rates.take(rate::RESENDS_TO, "ada@example.org").await;
    let Err(StoreError::Unavailable(told)) = error else {
        panic!("{error:?} is not that it is unavailable");
    };
    assert_eq!(told, "DynamoDB throttled the call (ThrottlingException)");
}
