//! What is on the disk: it is there after a restart, whole, and in nobody else's hands.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test stops it as the test itself would"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey_embedded::Embedded;
use latchkey_platform::fakes::{FakePlacement, ManualClock, samples};
use latchkey_platform::mail::{Mailer as _, Outbox as _, Traced};
use latchkey_platform::orders::Orders as _;
use latchkey_platform::queue::{Job, Pulled as _, Queue as _, QueueName};
use latchkey_platform::store::Insert;
use latchkey_platform::titles::{self, Titles as _};

fn open(folder: &Path) -> Embedded {
    let site = "http://site.test".parse().unwrap();
    let clock = Arc::new(ManualClock::default());
    let entropy = Arc::new(latchkey_embedded::machine::OsEntropy);
    Embedded::open_with(folder, site, clock, entropy).unwrap()
}

#[tokio::test]
async fn everything_is_found_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (order, email) = (samples::order(1), samples::email("confirm-1"));
    let job = Job::Confirm {
        order: order.id.clone(),
    };
    let token = {
        let first = open(folder.path());
        assert_eq!(first.orders.insert(&order).await.unwrap(), Insert::Inserted);
        first.queue.send(&job).await.unwrap();
        first.outbox.send(&email).await.unwrap();
        titles::publish(&*first.titles, &samples::bundle("1"), samples::NOW)
            .await
            .unwrap();
        let platform = first.platform(Arc::new(FakePlacement));
        platform.launch.links.token(samples::game_id(1), 1)
    };
    let second = open(folder.path());
    assert_eq!(second.orders.get(&order.id).await.unwrap(), Some(order));
    let hidden = Duration::from_secs(60);
    let next = second.queue.receive(QueueName::Mail, hidden).await;
    assert_eq!(next.unwrap().unwrap().job, job);
    assert_eq!(second.outbox.trace(&email.key).await.unwrap(), Traced::Sent);
    assert_eq!(
        second.outbox.get(&email.key).await.unwrap().unwrap().email,
        email
    );
    let again = titles::publish(&*second.titles, &samples::bundle("1"), samples::NOW).await;
    assert!(!again.unwrap().new);
    let platform = second.platform(Arc::new(FakePlacement));
    assert_eq!(platform.launch.links.token(samples::game_id(1), 1), token);
}

#[tokio::test]
async fn a_job_that_a_dead_process_had_taken_is_due_again_at_once_and_a_waiting_one_still_waits() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = Duration::from_secs(60);
    let job = |number| Job::Confirm {
        order: samples::order_id(number),
    };
    {
        let first = open(folder.path());
        for number in [1, 2] {
            first.queue.send(&job(number)).await.unwrap();
        }
        let failed = first.queue.receive(QueueName::Mail, hidden).await.unwrap();
        let _later = first.queue.retry(&failed.unwrap(), hidden).await;
        let taken = first.queue.receive(QueueName::Mail, hidden).await.unwrap();
        assert_eq!(taken.unwrap().job, job(2));
    }
    let second = open(folder.path());
    let next = || second.queue.receive(QueueName::Mail, hidden);
    assert_eq!(next().await.unwrap(), None);
    assert_eq!(second.queue.take_back().await.unwrap(), 1);
    let again = next().await.unwrap().unwrap();
    assert_eq!((again.job, again.attempt), (job(2), 2));
    assert_eq!(next().await.unwrap(), None);
}

#[tokio::test]
async fn secrets_are_private_random_and_never_replaced() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (open(one.path()), open(two.path()));
    let path = one.path().join("secrets.json");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_ne!(first.secrets.records, second.secrets.records);
    drop(first);
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"{}"] {
        fs::write(&path, damaged).unwrap();
        let opened = Embedded::open(one.path(), "http://site.test".parse().unwrap());
        let error = opened.err().expect("it is not opened").to_string();
        assert!(error.contains("damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn what_a_crash_left_half_published_is_cleared_away_and_never_listed() {
    let folder = tempfile::tempdir().unwrap();
    let half = folder.path().join("titles/.incoming/half/files");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("main.js"), "half").unwrap();
    // The title's folder was made, but the version was not moved into it.
    fs::create_dir_all(folder.path().join("titles/small-game")).unwrap();
    let embedded = open(folder.path());
    assert!(!half.exists());
    assert_eq!(embedded.titles.list().await.unwrap(), []);
    let slug = samples::small_game(1).slug;
    assert_eq!(embedded.titles.newest(&slug).await.unwrap(), None);
    let published = titles::publish(&*embedded.titles, &samples::bundle("1"), samples::NOW).await;
    assert_eq!(published.unwrap().version.number, 1);
    assert_eq!(
        fs::read_dir(folder.path().join("titles/.incoming"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_message_half_written_by_a_crash_counts_as_not_sent_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    let email = samples::email("confirm-1");
    embedded.outbox.send(&email).await.unwrap();
    let outbox = folder.path().join("outbox");
    fs::rename(
        outbox.join("confirm-1.eml"),
        outbox.join(".confirm-1.eml.tmp"),
    )
    .unwrap();
    assert_eq!(
        embedded.outbox.trace(&email.key).await.unwrap(),
        Traced::NotSent
    );
    assert_eq!(embedded.outbox.list(10).await.unwrap(), []);
    embedded.outbox.send(&email).await.unwrap();
    assert_eq!(embedded.outbox.list(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_is_a_standard_one_with_both_alternatives() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    let email = samples::email("confirm-1");
    embedded.outbox.send(&email).await.unwrap();
    embedded.outbox.send(&email).await.unwrap();
    let lines = embedded.outbox.list(10).await.unwrap();
    assert_eq!(lines.len(), 1, "sending again is no second message");
    let eml = embedded.outbox.get(&email.key).await.unwrap().unwrap().eml;
    assert_eq!(
        fs::read(folder.path().join("outbox/confirm-1.eml")).unwrap(),
        eml
    );
    let eml = String::from_utf8(eml).unwrap();
    let (head, body) = eml.split_once("\r\n\r\n").unwrap();
    for header in [
        "From: \"Latchkey\" <games@latchkey.example>",
        "To: <ada@example.org>",
        "Message-ID: <confirm-1@latchkey.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        "Date: Thu, 28 May 2026 20:26:40 +0000",
        "Subject: =?utf-8?",
    ] {
        assert!(head.contains(header), "{header} is not in\n{head}");
    }
    assert!(head.is_ascii() && body.is_ascii());
    let (text, html) = (
        body.find("text/plain").unwrap(),
        body.find("text/html").unwrap(),
    );
    assert!(
        text < html,
        "readers take the last alternative they can show"
    );
}

#[tokio::test]
async fn nothing_about_a_buyer_is_readable_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    embedded
        .outbox
        .send(&samples::email("confirm-1"))
        .await
        .unwrap();
    for name in ["outbox/confirm-1.eml", "outbox/confirm-1.json"] {
        let mode = fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
