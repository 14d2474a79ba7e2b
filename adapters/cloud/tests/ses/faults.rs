//! What failures mean: whether the letter may have gone out, and whether trying again helps.

use latchkey_cloud::ses::Settings;
use latchkey_emulators::ses::Fault;
use latchkey_platform::fakes::{World, samples};
use latchkey_platform::limits::SEND_CLAIM;
use latchkey_platform::mail::{MailError, Mailer as _, SendOnceError, Sent};

use crate::support::{mailer, once, service, settings};

#[derive(Debug, PartialEq, Eq)]
enum Means {
    Later,
    Refused,
    Unknown,
}

fn meaning(error: &MailError) -> Means {
    match error {
        MailError::Later(_) => Means::Later,
        MailError::Refused(_) => Means::Refused,
        MailError::Unavailable(_) => Means::Unknown,
    }
}

#[tokio::test]
async fn every_failure_has_its_meaning_and_is_asked_for_once() {
    for (fault, means) in [
        (Fault::Refused("TooManyRequestsException"), Means::Later),
        (Fault::Refused("ThrottlingException"), Means::Later),
        (Fault::Refused("LimitExceededException"), Means::Later),
        (Fault::Refused("SendingPausedException"), Means::Later),
        (Fault::Refused("AccountSuspendedException"), Means::Later),
        (
            Fault::Refused("MailFromDomainNotVerifiedException"),
            Means::Later,
        ),
        (Fault::Refused("NotFoundException"), Means::Later),
        (Fault::Refused("AccessDeniedException"), Means::Later),
        (Fault::Refused("MessageRejected"), Means::Refused),
        (Fault::Refused("BadRequestException"), Means::Refused),
        (Fault::Broken, Means::Unknown),
        (Fault::Cut, Means::Unknown),
        (Fault::Silence, Means::Unknown),
    ] {
        let service = service().await;
        service.fail(fault);
        let sent = mailer(service.url(), settings())
            .send(&samples::email("confirm-1"))
            .await;
        let error = sent.unwrap_err();
        assert_eq!(meaning(&error), means, "{fault:?}: {error}");
        assert!(!error.to_string().contains("example.org"), "{error}");
        assert_eq!(
            service.asked(),
            1,
            "{fault:?}: who tries again does not know what went out"
        );
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_connected_to_has_surely_sent_nothing() {
    let nobody = mailer("http://127.0.0.1:1", settings());
    let error = nobody.send(&samples::email("confirm-1")).await.unwrap_err();
    assert_eq!(meaning(&error), Means::Later, "{error}");
}

#[tokio::test]
async fn settings_that_do_not_fit_the_account_say_what_to_look_at() {
    let service = service().await;
    let email = samples::email("confirm-1");
    let stranger = Settings {
        from: "games@elsewhere.test".parse().unwrap(),
        ..settings()
    };
    let error = mailer(service.url(), stranger)
        .send(&email)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("domain is not verified"),
        "{error}"
    );
    let unknown = Settings {
        set: "no-such-set".to_owned(),
        ..settings()
    };
    let error = mailer(service.url(), unknown)
        .send(&email)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no configuration set"),
        "{error}"
    );
    assert!(service.inbox().is_empty());
}

#[tokio::test]
async fn a_throttled_letter_goes_out_at_the_next_try() {
    let (world, service) = (World::default(), service().await);
    let once = once(&world, mailer(service.url(), settings()));
    let email = samples::email("confirm-1");
    service.fail(Fault::Refused("TooManyRequestsException"));
    let put_off = once.send(&email).await;
    assert!(
        matches!(put_off, Err(SendOnceError::Mail(MailError::Later(_)))),
        "{put_off:?}"
    );
    assert_eq!(once.send(&email).await.unwrap(), Sent::Now);
    assert_eq!(once.send(&email).await.unwrap(), Sent::Before);
    assert_eq!(service.inbox().len(), 1);
}

#[tokio::test]
async fn a_letter_whose_answer_was_lost_is_not_sent_again() {
    let (world, service) = (World::default(), service().await);
    let once = once(&world, mailer(service.url(), settings()));
    let email = samples::email("confirm-1");
    service.fail(Fault::Cut);
    assert!(once.send(&email).await.is_err());
    world.clock.advance(SEND_CLAIM);
    let unknown = once.send(&email).await;
    assert!(
        matches!(unknown, Err(SendOnceError::Unknown(_))),
        "{unknown:?}"
    );
    assert_eq!(service.inbox().len(), 1);
}
